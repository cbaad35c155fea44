"""`aether worker` and `aether gateway`: the grid's own processes, as containers run them too."""

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable

import click

from streams.io.settings import read_settings


@click.command()
@click.argument("roles", nargs=-1)
def worker(roles: tuple[str, ...]) -> None:
    """Run processors: every role, or those named (`aether worker router memory`)."""
    from processors.app import Worker

    log_as_json()
    settings = read_settings()
    asyncio.run(_until_signalled(Worker(settings, roles).run))


@click.command()
def gateway() -> None:
    """Run the HTTP doors."""
    from gateway.serve import serve

    log_as_json()
    asyncio.run(_until_signalled(lambda stop: serve(read_settings(), stop)))


async def _until_signalled(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Work until SIGTERM or SIGINT asks for the end."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(stop)


class _Json(logging.Formatter):
    """One object a line: constant messages, facts as fields."""

    _KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        facts = {name: value for name, value in vars(record).items() if name not in self._KNOWN}
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        said = {
            "time": f"{at}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **facts,
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)


def log_as_json() -> None:
    """Log to stderr; what nobody thought of belongs into the log with its traceback."""
    sys.excepthook = sys.__excepthook__
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("processors").setLevel(logging.INFO)
    logging.getLogger("gateway").setLevel(logging.INFO)
