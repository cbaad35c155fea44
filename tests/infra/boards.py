"""The dashboards and rules as Grafana and Prometheus read them, and the metrics that they name."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from engines.places import INFRA

FOLDER = INFRA / "grafana/dashboards"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.json"))
}
_METRIC = re.compile(r"\b(?:aether|kafka|nv)_[a-z0-9_]+")


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every query of the dashboards, variables filled in, and where it stands."""
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                filled = re.sub(r"\$(group|topic)\b", ".*", target["expr"])
                yield f"{name}: {panel['title']}", filled


def named_metrics() -> set[str]:
    """Return every metric that a dashboard or a rule names."""
    texts = [expr for _, expr in expressions()]
    texts += [v["query"] for board in BOARDS.values() for v in board["templating"]["list"]]
    rules = yaml.safe_load((INFRA / "prometheus/rules.yml").read_text(encoding="utf-8"))
    texts += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return {name for text in texts for name in _METRIC.findall(text)}
