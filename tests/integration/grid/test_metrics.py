"""What rules and dashboards ask for is what a running grid tells, asked by a real Prometheus."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest
import yaml

from engines.places import INFRA
from engines.ports import free_port
from tests.infra.boards import expressions, named_metrics
from tests.infra.programs import program
from tests.integration.grid.front import Front, until
from tests.integration.grid.lag_world import Scrape

pytestmark = pytest.mark.integration

JOBS = {"gateway": "gateway", "worker": "worker_metrics", "triton": "triton_metrics"}
#: What the public dashboard of kafka_exporter asks (its variables filled in).
EXPORTERS = (
    'sum(rate(kafka_topic_partition_current_offset{topic=~".*"}[1m])) by (topic)',
    'sum(kafka_consumergroup_lag{topic=~".*"}) by (consumergroup, topic)',
    'sum(delta(kafka_topic_partition_current_offset{topic=~".*"}[5m])/5) by (topic)',
    'sum(delta(kafka_consumergroup_current_offset{topic=~".*"}[5m])/5) by (consumergroup, topic)',
    'sum by(topic) (kafka_topic_partitions{topic=~".*"})',
    'count by (topic) (kafka_topic_partition_current_offset{topic!="__consumer_offsets"})',
)

Ask = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def asked(started: Front) -> Front:
    """A grid that has answered something."""
    started.run("ask", "What is measured?")
    return started


def test_every_metric_that_rules_and_dashboards_name_is_told_by_the_grid(asked: Front) -> None:
    def missing() -> set[str]:
        scrapes = [Scrape(asked.ports[port]) for port in JOBS.values()]
        return named_metrics().difference(*(scrape.names() for scrape in scrapes))

    until(lambda: not missing(), "every metric is told")


@pytest.fixture(scope="module")
def ask(asked: Front, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Return what asks a Prometheus that scrapes the grid with our rules."""
    prometheus = program("prometheus", "apt install prometheus")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_config(asked)))
    command = [prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    command.append(f"--web.listen-address=127.0.0.1:{port}")
    with Path(folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as child:

        def get(path: str) -> Any:
            try:
                with urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=10) as answer:
                    return json.load(answer)["data"]
            except OSError:
                return {"result": []}

        def ask(query: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = get(f"query?query={quote(query)}")["result"]
            return found

        try:
            until(lambda: len(ask("count_over_time(up[1m]) > 3")) == len(JOBS), "it has scraped")
            yield ask
        finally:
            child.terminate()


def _config(front: Front) -> dict[str, Any]:
    jobs = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{front.ports[port]}"]}]}
        for job, port in JOBS.items()
    ]
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(INFRA / "prometheus/rules.yml")],
        "scrape_configs": jobs,
    }


def test_every_process_is_scraped(ask: Ask) -> None:
    assert {(row["metric"]["job"], row["value"][1]) for row in ask("up")} == {
        (job, "1") for job in JOBS
    }


def test_kafka_exporters_dashboard_gets_sensible_answers(ask: Ask) -> None:
    for query in EXPORTERS:
        assert ask(query), query
    lags = ask('sum(kafka_consumergroup_lag{consumergroup="aether.grid"}) by (topic)')
    assert "aether.sessions.events" in {row["metric"]["topic"] for row in lags}


def test_every_panel_shows_something_where_something_happens(ask: Ask) -> None:
    quiet = {"models: Failures"}
    silent = {where for where, query in expressions() if not ask(query)}
    assert silent - quiet == set()


def test_a_grid_that_is_well_wakes_nobody(ask: Ask) -> None:
    assert ask('ALERTS{alertstate="firing", severity="critical"}') == []
