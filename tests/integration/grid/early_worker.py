"""A worker that acknowledges before delivery: what the kill test must catch."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Any

from processors.app import Worker
from processors.line import Entry
from processors.runner import Runner
from streams.io.settings import read_settings
from streams.log import Draft


class AcknowledgesEarly(Runner):
    """Nothing is held until it is delivered."""

    def _send(self, drafts: Sequence[Draft], entry: Entry, landed: Any = None) -> int:
        return self._log.append(drafts, lambda _: landed and landed())


async def main(roles: Sequence[str]) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Worker(read_settings(), roles, runner=AcknowledgesEarly).run(stop)


asyncio.run(main(sys.argv[1:]))
