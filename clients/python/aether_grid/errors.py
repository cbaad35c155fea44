"""Everything this client raises.

GridError
├── Denied        credentials or rights are refused; nothing was written, nor will be by trying
├── Unreachable   a broker or the registry did not answer; nothing was written
├── Unknown       an event was sent and not acknowledged in time; it may still be there
├── TimedOut      a run had not ended in time; it goes on
├── BadEvent      a value does not fit its schema or the log; or bytes do not fit theirs
├── Refused       the grid, or a node, says no: `reason` is a code, `detail` words
└── RunFailed     a run ended without an answer, the same way
"""


class GridError(Exception):
    """Root of the tree."""


class Denied(GridError, PermissionError):
    """Kafka refuses these credentials, or what they may do, or nobody vouches for it.

    To try again does not help.
    """


class Unreachable(GridError):
    """A broker or the registry did not answer; nothing was written."""


class Unknown(GridError):
    """An event was sent and not acknowledged in time: it may or may not be in the log."""


class TimedOut(GridError, TimeoutError):
    """What was waited for did not come in time."""


class BadEvent(GridError, ValueError):
    """A value does not fit its schema, or is too large, or bytes are not what their schema says."""


class Refused(GridError):
    """The answer is no; a handler raises it to refuse what it was asked."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class RunFailed(Refused):
    """A run ended without an answer."""
