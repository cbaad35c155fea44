"""Exit codes: what the end of a command means to a script."""

from collections.abc import Mapping

from streams.errors import (
    AetherError,
    BrokerAway,
    Conflict,
    IncompatibleSchema,
    IndexAway,
    Misconfigured,
    ModelAway,
    RegistryAway,
    StoreAway,
)

OK, FAILED, USAGE, CHECK, CONNECT, TIMEOUT, REFUSED, CONFLICT = range(8)
INTERRUPTED = 130

#: What an error means; the first class that fits counts.
CODES: Mapping[type[Exception], int] = {
    Misconfigured: USAGE,
    IncompatibleSchema: CHECK,
    BrokerAway: CONNECT,
    RegistryAway: CONNECT,
    ModelAway: CONNECT,
    IndexAway: CONNECT,
    StoreAway: CONNECT,
    Conflict: CONFLICT,
    AetherError: FAILED,
    ConnectionError: CONNECT,
    TimeoutError: TIMEOUT,
    PermissionError: REFUSED,
    OSError: FAILED,
}


def code_of(error: Exception) -> int:
    """Return the exit code of a known error."""
    if isinstance(error, PermissionError) and error.errno is not None:
        return FAILED  # the file system refused, not the grid
    return next(code for kind, code in CODES.items() if isinstance(error, kind))
