"""Prometheus is given a valid file, and finds every process that shows counters."""

import yaml

from engines.places import INFRA
from streams.io.settings import Settings
from tests.infra.compose_file import SERVICES
from tests.infra.programs import program, run

FILE = INFRA / "prometheus/prometheus.yml"


def test_promtool_accepts_the_file() -> None:
    promtool = program("promtool", "apt install prometheus")
    checked = run([promtool, "check", "config", str(FILE)])
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_replica_of_our_processes_and_of_triton_is_scraped() -> None:
    jobs = yaml.safe_load(FILE.read_text())["scrape_configs"]
    found = {
        (where["names"][0], where["port"])
        for job in jobs
        for where in job.get("dns_sd_configs", ())
    }
    ports = Settings().ports
    assert found == {
        ("gateway", ports.gateway),
        ("worker", ports.worker_metrics),
        ("triton", ports.triton_metrics),
    }
    assert {"gateway", "worker"} < SERVICES.keys()


def test_grafana_asks_that_prometheus() -> None:
    sources = yaml.safe_load((INFRA / "grafana/datasources.yml").read_text())["datasources"]
    assert [source["url"] for source in sources] == ["http://prometheus:9090"]
    assert SERVICES["prometheus"]["ports"] == ["127.0.0.1:9090:9090"]
