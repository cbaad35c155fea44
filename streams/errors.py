"""Everything this project raises, sorted by what the runner must do.

AetherError
├── Transient   hold the offset, retry with backoff
├── Poison      dead-letter the record, move on
└── Fatal       stop the process

A leaf says what was tried, on what, and the likeliest cause; `fix` says what to do about it.
"""


class AetherError(Exception):
    """Root of the tree; `fix` is the advice a person is shown below the message."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class Transient(AetherError):
    """The world is away for now; the same attempt may succeed later."""


class Poison(AetherError):
    """This record can never succeed; it is parked with its bytes and never retried by itself."""


class Fatal(AetherError):
    """Going on would falsify or lose something; the process ends without acknowledging."""


class BrokerAway(Transient):
    """Kafka did not answer."""


class RegistryAway(Transient):
    """The schema registry did not answer."""


class ModelAway(Transient):
    """A model's server did not answer."""


class IndexAway(Transient):
    """An index, of memories or of runs, did not answer."""


class StoreAway(Transient):
    """The object store did not answer."""


class Undecodable(Poison):
    """The bytes are not what their schema says."""


class NotStored(Undecodable):
    """The object store answered, and has nothing at that address."""


class UnknownSchema(Poison):
    """The registry answered, and has no schema of that id; or the schema is none of ours."""


class Unacceptable(Poison):
    """Decodable, but a value breaks a rule of the wire, such as an empty key."""


class Misconfigured(Fatal):
    """A setting is missing, wrong or contradicts another."""


class Conflict(Fatal):
    """Something else already holds the port, the directory or the name."""


class IncompatibleSchema(Fatal):
    """The registry refused a schema, or the schema breaks a rule of ours."""


class DeliveryFailed(Fatal):
    """The log refused an event for good; acknowledging its cause would lose it."""


class LogTruncated(Fatal):
    """A reader of history asked for an offset that the log no longer holds."""


class ArchiveDamaged(Fatal):
    """A sealed segment is missing or is not what its chain says; its records are nowhere else."""


class EngineFailed(Fatal):
    """An engine could not be installed, started or kept running."""


class EffectDuringReplay(Fatal):
    """A replay needs an outcome that is not in the record; it must not ask for one."""


class ChecksumMismatch(EngineFailed):
    """A downloaded file is not the one our lock names."""
