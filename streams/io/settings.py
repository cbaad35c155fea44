"""Everything that can be set: `AETHER_*` variables over `aether.toml` over the defaults here.

Read once, frozen, all mistakes told together. Secrets do not show in a repr; model keys are not
even here: a model names the variable that holds its key.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import (
    Field,
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
from streams.io.sections import (
    LOOPBACK,
    Archive,
    Endpoint,
    Gateway,
    Kafka,
    Memory,
    Objects,
    Observer,
    Place,
    Ports,
    Qdrant,
    Registry,
    Runs,
    Triton,
    Worker,
    masked,
)
from streams.io.variables import CONFIG_VARIABLE, NESTED, PREFIX

ROOT = Path(__file__).parents[2]


class Settings(BaseSettings):
    """The whole of them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, frozen=True, extra="forbid"
    )

    data_dir: Place = ROOT / ".aether"
    node: str = Field("local", pattern="^[a-z0-9-]+$", description="this grid's name in events")
    ports: Ports = Ports()
    kafka: Kafka = Kafka()
    registry: Registry = Registry()
    triton: Triton = Triton()
    qdrant: Qdrant = Qdrant()
    objects: Objects = Objects()
    archive: Archive = Archive()
    runs: Runs = Runs()
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
    def worker_home(self) -> Path:
        """Where a worker keeps what is its own, and can be made again."""
        return self.worker.folder or self.data_dir

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
