"""The sections of the settings: what each part of a grid can be told, with its defaults.

Frozen; secrets do not show in a repr.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from streams.topics import NODE

LOOPBACK = "127.0.0.1"
_ROOT = Path(__file__).parents[2]
#: A relative path in a file of settings means from the repository on, to every process of a grid.
Place = Annotated[Path, AfterValidator(lambda path: _ROOT / path.expanduser())]
#: In place of an address: the models run inside the worker.
IN_PROCESS = "in-process"
#: A body's last text is in its event twice, with what was recalled; all of it must be one object.
BODY_MAX = 15 * 1024 * 1024

#: The user and password in a URL.
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")
MASK = "**********"


def _expression(text: str) -> str:
    """Return a regular expression. Raises ValueError for what is none."""
    try:
        re.compile(text)
    except re.error as exc:
        raise ValueError(f"no regular expression: {exc}") from None
    return text


Port = Annotated[int, Field(ge=1, le=65_535)]
HostName = Annotated[str, Field(pattern=r"^[^\s/:]+$")]
Node = Annotated[str, Field(pattern=f"^{NODE}$")]


def masked(text: str) -> str:
    """Return a text without the user and password of any URL in it."""
    return _CREDENTIALS.sub(MASK, text)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, masked(value) if isinstance(value, str) else value


class Ports(_Part):
    """Where the parts of an embedded grid listen, on the loopback address."""

    kafka: Port = 9092
    kafka_controller: Port = 9093
    registry: Port = 8081
    registry_management: Port = 8082
    triton_http: Port = 8000
    triton_grpc: Port = 8001
    triton_metrics: Port = 8002
    gateway: Port = 8080
    worker_metrics: Port = 9101


class Kafka(_Part):
    """The log; `options` are librdkafka's, such as `sasl.password`."""

    bootstrap: str | None = Field(None, description="host:port of brokers; none starts one")
    options: dict[str, SecretStr] = {}


class Registry(_Part):
    """The schema registry."""

    url: str | None = Field(
        None, pattern="^https?://.+", description="a Confluent-compatible API; none starts one"
    )


class Triton(_Part):
    """The model server."""

    address: str | None = Field(None, description="host:port of gRPC; none starts one")
    packages: Place | None = Field(None, description="what in-process models import")


class Qdrant(_Part):
    """The memory index: Qdrant's engine inside the worker, or a server."""

    url: str | None = Field(None, description="a Qdrant server; none embeds the engine")
    api_key: SecretStr | None = None


class Objects(_Part):
    """Where large payloads lie: a directory of the data directory, or a bucket."""

    s3_endpoint: str | None = None
    s3_bucket: str = "aether"
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_secure: bool = True


class Runs(_Part):
    """The index that says where a run lies: a file of the data directory, or a server's."""

    url: str | None = Field(
        None,
        pattern="^postgres(ql)?://.+",
        description="a PostgreSQL database for it alone; none makes a file",
    )


class Archive(_Part):
    """When the log is sealed into the object store by itself, and what of it may go then.

    A record waits `seal_after_s` at most, or until `seal_records` do; what is sealed is proven
    every `verify_every_s`. The log is trimmed only where `trim_older_s` is set.
    """

    keep: bool = Field(True, description="whether the grid seals at all, or you by hand")
    every_s: float = Field(10.0, gt=0, description="how often there is a look at what is due")
    seal_after_s: float = Field(3_600.0, gt=0)
    seal_records: int = Field(50_000, gt=0)
    verify_every_s: float = Field(86_400.0, gt=0)
    trim_older_s: float | None = Field(
        None, ge=0, description="what is sealed, proven and older leaves the log; none keeps all"
    )


class Gateway(_Part):
    """The doors; a request that is not answered in time is reported as unknown."""

    host: str = LOOPBACK
    timeout_s: float = Field(120.0, gt=0)
    body_bytes_max: int = Field(10_485_760, gt=0, le=BODY_MAX)
    console: Place | None = Field(None, description="the console's built files; none serves none")
    body_timeout_s: float = Field(30.0, gt=0, description="how long a client may take to send it")
    hosts: tuple[HostName, ...] = Field(
        (), description="its names besides localhost, such as a proxy's; it answers to no other"
    )


class Worker(_Part):
    """How workers share the work, and where they show what they count."""

    metrics_host: str = LOOPBACK
    group: str = "aether.grid"
    folder: Place | None = Field(
        None,
        description="a worker's own snapshots and index; none puts them into the data directory",
    )
    transport: str = Field("rdkafka", pattern="^(rdkafka|aiokafka)$")
    session_s: float = Field(6.0, gt=0)
    heartbeat_s: float = Field(1.0, gt=0)
    snapshot_every: int = Field(50_000, gt=0)
    inboxes: tuple[Node, ...] = Field((), description="nodes that send to an inbox of their own")
    node_patience_s: float = Field(300.0, gt=0, description="how long a node may take to answer")

    @model_validator(mode="after")
    def _is_heard_in_time(self) -> Self:
        if self.heartbeat_s >= self.session_s:
            raise ValueError("heartbeat_s must be shorter than session_s, a third of it or less")
        return self


class Observer(_Part):
    """How often every consumer group is looked at, and what is told of it."""

    every_s: float = Field(1.0, gt=0)
    kafka_metrics: bool = Field(True, description="false where a kafka_exporter runs")
    ignored: Annotated[str, AfterValidator(_expression)] = Field(
        r"apicurio-[0-9a-f-]{36}",
        description="groups of these names (a regular expression) are not looked at: every start of"
        " their reader makes another, and leaves the last one behind",
    )


class Endpoint(_Part):
    """An OpenAI-compatible model server: `model` is its own name for the model."""

    base_url: str
    model: str
    api_key_env: str | None = None
    timeout_s: float = Field(60.0, gt=0)
    description: str = ""
    context_tokens: int = Field(3_000, gt=0, description="how much of what is recalled it is told")


class Memory(_Part):
    """What becomes of memories that are near each other; nothing follows from nearness alone."""

    compare: bool = Field(True, description="propose to merge what seems to be remembered twice")
    judge: str | None = Field(
        None, description="one of `models`, that says whether a newer fact replaces an older one"
    )
