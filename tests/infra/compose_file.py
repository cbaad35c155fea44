"""The Compose file as YAML says it: anchors resolved, variables as they are written."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from engines.places import INFRA

PATH = INFRA / "docker-compose.kafka.yml"
FILE: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
BROKERS = tuple(name for name in SERVICES if name.startswith("kafka-"))
REQUIRED = re.compile(r"\$\{([A-Z0-9_]+):\?[^}]+\}")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?::-([^}]*)|:\?[^}]+)\}")


def environment(service: str) -> dict[str, str]:
    """Return what a service is given beside its files."""
    given: dict[str, str] = SERVICES[service].get("environment", {})
    return given


def filled(service: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return a service's environment with the variables replaced, as Compose does it."""

    def value(found: re.Match[str]) -> str:
        return values.get(found[1]) or found[2] or ""

    return {name: _VARIABLE.sub(value, text) for name, text in environment(service).items()}


def jobs() -> set[str]:
    """Return the services that somebody waits for to end."""
    return {
        need
        for service in SERVICES.values()
        for need, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }


def mounted(service: str) -> Iterator[tuple[str, str]]:
    """Yield each file of ours that a service sees, relative to `infra/`, and where it sees it."""
    for mount in SERVICES[service].get("configs", ()):
        yield FILE["configs"][mount["source"]]["file"], mount["target"]


def pairs(text: str) -> dict[str, str]:
    """Return what a file of `name=value` lines says."""
    lines = (line.strip() for line in text.splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
