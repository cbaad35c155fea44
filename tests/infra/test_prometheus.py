"""Prometheus is given valid files, finds every process, and wakes people when it should."""

import re
from typing import Any

import pytest
import yaml

from engines.places import INFRA
from streams.io.settings import ROOT, Settings
from tests.infra.compose_file import SERVICES
from tests.infra.programs import program, run

FILE, RULES = INFRA / "prometheus/prometheus.yml", INFRA / "prometheus/rules.yml"
TESTS = INFRA / "prometheus/rules_test.yml"
FIX = "apt install prometheus"


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_promtool_accepts_the_file() -> None:
    promtool = program("promtool", FIX)
    checked = run([promtool, "check", "config", str(FILE)])
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    "arguments", [("check", "rules", RULES), ("test", "rules", TESTS)], ids=str
)
def test_promtool_accepts_the_rules_and_they_pass_their_tests(arguments: tuple[Any, ...]) -> None:
    promtool = program("promtool", FIX)
    checked = run([promtool, *map(str, arguments)])
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_rules_are_read() -> None:
    assert yaml.safe_load(FILE.read_text())["rule_files"] == [RULES.name]


def test_every_alert_has_a_page_that_says_what_to_do_and_every_page_an_alert() -> None:
    pages = {rule["annotations"]["runbook_url"] for rule in alerts()}
    assert pages == {f"docs/runbooks/{p.name}" for p in (ROOT / "docs/runbooks").glob("*.md")}
    for rule in alerts():
        words = re.sub(r"(?<!^)([A-Z])", r"-\1", rule["alert"]).lower()
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{words}.md"
        text = (ROOT / rule["annotations"]["runbook_url"]).read_text(encoding="utf-8")
        for part in ("**What it means.**", "**Look.**", "**Do.**"):
            assert part in text, rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]


def test_every_alert_is_tested_to_fire_and_to_be_silent() -> None:
    cases = [
        case
        for test in yaml.safe_load(TESTS.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    for rule in alerts():
        mine = [case for case in cases if case["alertname"] == rule["alert"]]
        assert any("exp_alerts" in case for case in mine), rule["alert"]
        assert any("exp_alerts" not in case for case in mine), rule["alert"]


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
