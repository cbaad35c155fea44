"""What the worker of this machine says of itself."""

import re
from contextlib import closing
from http.client import HTTPConnection, HTTPException

from engines.ports import LOOPBACK
from streams.io.settings import Settings

_POSITION = re.compile(r'^aether_index_position\{partition="(\d+)"\} (\S+)$', re.MULTILINE)
TIMEOUT_S = 2.0


def indexed_positions(settings: Settings) -> dict[int, int]:
    """Return up to which offset the memory index is filled, per partition.

    Raises ConnectionError if no worker answers.
    """
    port = settings.ports.worker_metrics
    try:
        with closing(HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
    except (OSError, HTTPException) as exc:
        raise ConnectionError(f"no worker answers on port {port}: {exc}") from exc
    return {int(partition): int(float(at)) for partition, at in _POSITION.findall(text)}
