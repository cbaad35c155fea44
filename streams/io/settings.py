"""Everything that can be set: `AETHER_*` variables over `aether.toml` over the defaults here.

Read once, frozen, all mistakes told together. Secrets do not show in a repr; model keys are not
even here: a model names the variable that holds its key.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from streams.errors import Misconfigured

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"
#: In place of an address: the models run inside the worker.
IN_PROCESS = "in-process"
#: A body's last text is in its event twice, with what was recalled; all of it must be one object.
BODY_MAX = 15 * 1024 * 1024
PREFIX, NESTED = "AETHER_", "__"
CONFIG_VARIABLE = "AETHER_CONFIG"


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
    packages: Path | None = Field(None, description="what in-process models import")


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
    console: Path | None = Field(None, description="the console's built files; none serves none")
    body_timeout_s: float = Field(30.0, gt=0, description="how long a client may take to send it")


class Worker(_Part):
    """How workers share the work, and where they show what they count."""

    metrics_host: str = LOOPBACK
    group: str = "aether.grid"
    transport: str = Field("rdkafka", pattern="^(rdkafka|aiokafka)$")
    session_s: float = Field(6.0, gt=0)
    heartbeat_s: float = Field(1.0, gt=0)
    snapshot_every: int = Field(50_000, gt=0)

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


class Settings(BaseSettings):
    """The whole of them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, frozen=True, extra="forbid"
    )

    data_dir: Path = ROOT / ".aether"
    node: str = Field("local", pattern="^[a-z0-9-]+$", description="this grid's name in events")
    ports: Ports = Ports()
    kafka: Kafka = Kafka()
    registry: Registry = Registry()
    triton: Triton = Triton()
    qdrant: Qdrant = Qdrant()
    objects: Objects = Objects()
    archive: Archive = Archive()
    gateway: Gateway = Gateway()
    worker: Worker = Worker()
    observer: Observer = Observer()
    models: dict[str, Endpoint] = {}
    memory: Memory = Memory()

    @model_validator(mode="after")
    def _has_its_judge(self) -> Self:
        judge = self.memory.judge
        if judge is not None and not (self.memory.compare and judge in self.models):
            known = ", ".join(sorted(self.models)) or "none"
            raise ValueError(
                f"memory.judge, {judge!r}, must be one of models ({known}), and memory.compare on"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment stand over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses."""
        return self.kafka.bootstrap or f"{LOOPBACK}:{self.ports.kafka}"

    @property
    def registry_url(self) -> str:
        """The registry's Confluent API."""
        return self.registry.url or f"http://{LOOPBACK}:{self.ports.registry}/apis/ccompat/v7"

    @property
    def triton_address(self) -> str:
        """Triton's gRPC address."""
        return self.triton.address or f"{LOOPBACK}:{self.ports.triton_grpc}"

    @property
    def gateway_url(self) -> str:
        """Where the gateway is reached from this machine."""
        return f"http://{LOOPBACK}:{self.ports.gateway}"

    @property
    def kafka_options(self) -> dict[str, str]:
        """librdkafka's options in clear, for its clients alone."""
        return {name: value.get_secret_value() for name, value in self.kafka.options.items()}


def config_file() -> Path:
    """Return the file of settings, which need not exist."""
    return Path(os.environ.get(CONFIG_VARIABLE, ROOT / "aether.toml"))


def read_settings(**given: Any) -> Settings:
    """Read the settings; `given` stands over everything. Raises Misconfigured for all mistakes."""
    path = config_file()
    if CONFIG_VARIABLE in os.environ and not path.exists():
        raise Misconfigured(
            f"{CONFIG_VARIABLE} names {path}, which does not exist", fix="create it or unset it"
        )
    try:
        return Settings(**given)
    except ValidationError as exc:
        lines = [f"  {_name(error['loc'])}: {error['msg']}" for error in exc.errors()]
        raise Misconfigured(
            "the settings are wrong:\n" + "\n".join(lines),
            fix=f"mend them in {path} or in the environment",
        ) from None  # pydantic's own text would show the values
    except SettingsError as exc:
        raise Misconfigured(
            f"the settings are wrong: {exc}", fix="write it as JSON, or set its parts one by one"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise Misconfigured(f"{path} is not TOML: {exc}", fix="mend it") from None
    except OSError as exc:
        raise Misconfigured(f"{path} cannot be read: {exc}", fix="mend its rights") from exc


def shown(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield every setting's dotted name, value with secrets masked, and where it came from."""
    path = config_file()
    file = tomllib.loads(path.read_text()) if path.exists() else {}
    for name, value in _leaves(settings.model_dump(), ()):
        origin = _variable(name) or (str(path) if _holds(file, name) else "default")
        yield ".".join(name), masked(str(value)), origin


def _variable(name: tuple[str, ...]) -> str | None:
    """Return the variable that sets a value, alone or with all that stands beside it."""
    given = {variable.upper(): variable for variable in os.environ}
    for length in range(len(name), 0, -1):
        variable = PREFIX + NESTED.join(name[:length]).upper()
        if variable in given:
            return given[variable]
    return None


def _leaves(value: Any, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for part, inner in value.items():
            yield from _leaves(inner, (*name, str(part)))
    else:
        yield name, value


def _holds(table: Any, name: tuple[str, ...]) -> bool:
    for part in name:
        if not isinstance(table, Mapping) or part not in table:
            return False
        table = table[part]
    return True


def _name(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))
