"""What every service in containers must hold to, read from the Compose file."""

import json
import re
import tomllib
from typing import Any

import pytest

from cli.grid import MODELS
from engines.places import INFRA, REPOSITORY
from streams.io.settings import read_settings, shown
from tests.infra.compose_file import (
    BROKERS,
    FILE,
    PATH,
    REQUIRED,
    SERVICES,
    environment,
    filled,
    jobs,
    mounted,
    pairs,
)

EVERY = pytest.mark.parametrize("name", SERVICES)
PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?")
OURS = ("topics", "schemas", "capabilities", "worker", "gateway", "archive")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|(ACCESS|API)_KEY|CLUSTER_ID")


# -- every service


@EVERY
def test_a_service_that_stays_says_whether_it_is_well(name: str) -> None:
    assert ("healthcheck" in SERVICES[name]) is (name not in jobs())


@EVERY
def test_who_needs_a_service_waits_until_it_is_well_or_done(name: str) -> None:
    waits = SERVICES[name].get("depends_on", {})
    assert {need: how["condition"] for need, how in waits.items()} == {
        need: "service_completed_successfully" if need in jobs() else "service_healthy"
        for need in waits
    }


@EVERY
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) >= 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "cap_add", "pid", "network_mode", "devices"}


@EVERY
def test_a_service_is_limited(name: str) -> None:
    assert SERVICES[name]["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}


@EVERY
def test_an_image_is_named_by_its_version(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


@EVERY
def test_an_image_of_ours_is_the_projects_version(name: str) -> None:
    service = SERVICES[name]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    built = (service.get("build") or {}).get("target")
    if built or service["image"].startswith("aether-grid/"):
        assert service["image"] == f"aether-grid/{built}:{project['version']}"


@EVERY
def test_a_port_is_open_to_this_machine_alone(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)] == []


@EVERY
def test_only_who_has_a_port_or_asks_models_outside_leaves_the_inner_network(name: str) -> None:
    outside = "edge" in SERVICES[name]["networks"]
    assert outside is ("ports" in SERVICES[name] or name == "worker")
    assert FILE["networks"]["grid"] == {"internal": True}


def opened() -> list[str]:
    """Return every port of this machine that leads into a container."""
    return [port.split(":")[1] for s in SERVICES.values() for port in s.get("ports", ())]


def test_no_two_services_open_the_same_port() -> None:
    assert len(set(opened())) == len(opened())


def test_the_readme_tells_every_port_that_is_open_and_no_other() -> None:
    rows = re.findall(r"^\| (\d[\d, ]+) \|", (INFRA / "README.md").read_text(), re.M)
    told = [port for row in rows for port in row.split(", ")]
    assert sorted(told) == sorted(opened())


def test_every_volume_is_named_and_belongs_to_one_service() -> None:
    used = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if isinstance(volume, str) and ":" in volume
    ]
    assert sorted(used) == sorted(FILE["volumes"])


# -- secrets


def test_every_secret_is_asked_for_and_none_is_written_down() -> None:
    secrets = [
        value
        for name in SERVICES
        for variable, value in environment(name).items()
        if SECRET.search(variable)
    ]
    assert len(secrets) > 10
    assert [value for value in secrets if not REQUIRED.fullmatch(value)] == []


def test_the_example_names_every_required_variable_and_gives_none_a_value() -> None:
    example = pairs((INFRA / "env.example").read_text())
    required = set(REQUIRED.findall(PATH.read_text()))
    assert {name for name, value in example.items() if not value} == required


def test_the_realm_holds_no_secret_and_nobody() -> None:
    realm = json.loads((INFRA / "keycloak/realm.json").read_text())
    assert "users" not in realm
    secrets = [client["secret"] for client in realm["clients"] if not client["publicClient"]]
    assert secrets == ["${AETHER_API_CLIENT_SECRET}"]
    assert "AETHER_API_CLIENT_SECRET" in environment("keycloak")


# -- the same configuration as the embedded engines


@pytest.mark.parametrize("name", BROKERS)
def test_a_broker_reads_the_file_of_the_embedded_one_and_only_adds_to_it(name: str) -> None:
    assert list(mounted(name)) == [
        ("kafka/broker.properties", "/mnt/shared/config/server.properties")
    ]
    common = pairs((INFRA / "kafka/broker.properties").read_text())
    added = {
        variable.removeprefix("KAFKA_").lower().replace("_", ".")
        for variable in environment(name)
        if variable.startswith("KAFKA_")
    }
    assert added & common.keys() == set()


def test_the_registry_reads_the_file_of_the_embedded_one_and_only_adds_to_it() -> None:
    assert SERVICES["registry"]["env_file"] == ["apicurio/registry.env"]
    common = pairs((INFRA / "apicurio/registry.env").read_text())
    assert environment("registry").keys() & common.keys() == set()


@pytest.mark.parametrize("name", ["triton-cpu", "triton-gpu"])
def test_triton_serves_our_repository_as_the_embedded_one_does(name: str) -> None:
    service = SERVICES[name]
    assert service["volumes"] == [
        {"type": "bind", "source": "../triton_models", "target": "/models", "read_only": True}
    ]
    command = service["command"]
    assert [a for a in command if a.startswith("--load-model")] == [
        f"--load-model={model}" for model in MODELS
    ]
    assert {"--model-repository=/models", "--disable-auto-complete-config"} < set(command)


def test_three_brokers_keep_every_record_and_two_must_have_it() -> None:
    assert len(BROKERS) == 3
    for name in BROKERS:
        given = environment(name)
        assert given["KAFKA_DEFAULT_REPLICATION_FACTOR"] == "3"
        assert given["KAFKA_MIN_INSYNC_REPLICAS"] == "2"
    replicated = [v for k, v in environment(BROKERS[0]).items() if k.endswith("REPLICATION_FACTOR")]
    assert replicated == ["3", "3", "3", "3"]


# -- our own processes


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_a_process_is_one_that_it_knows(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = dict.fromkeys(REQUIRED.findall(PATH.read_text()), "0" * 16)
    given = {k: v for k, v in filled(name, secrets).items() if k.startswith("AETHER_")}
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    origins = {origin for _, _, origin in shown(read_settings())}
    assert given.keys() == {origin for origin in origins if origin.startswith("AETHER_")}


def test_a_worker_in_a_container_shares_its_index_and_shows_its_counters() -> None:
    worker = environment("worker")
    assert worker["AETHER_QDRANT__URL"] == "http://qdrant:6333"
    assert worker["AETHER_WORKER__METRICS_HOST"] == "0.0.0.0"
    assert environment("gateway")["AETHER_GATEWAY__HOST"] == "0.0.0.0"


def test_the_gateway_answers_to_what_the_network_calls_it_and_its_proxy() -> None:
    """And to addresses, by which Prometheus asks; any other name may be a page's (rebinding)."""
    assert json.loads(environment("gateway")["AETHER_GATEWAY__HOSTS"]) == ["gateway", "nginx"]


def test_the_archive_is_kept_and_nothing_is_trimmed() -> None:
    assert SERVICES["archive"]["command"] == ["archive", "keep"]
    assert not {name for name in environment("archive") if "TRIM" in name}
    assert SERVICES["archive"]["volumes"] == ["archive:/data"]  # the heads it saw stay known


def test_jobs_prepare_the_log_before_anything_works_on_it() -> None:
    commands: dict[str, Any] = {name: SERVICES[name]["command"] for name in jobs()}
    assert commands == {
        "topics": ["topic", "create"],
        "schemas": ["schema", "register"],
        "capabilities": ["capability", "offer"],
    }
    for name in ("worker", "gateway", "capabilities", "archive"):
        assert SERVICES[name]["depends_on"].keys() >= {"topics", "schemas"}
    assert "capabilities" in SERVICES["gateway"]["depends_on"]


def test_who_speaks_with_models_and_who_offers_them_read_the_same_file() -> None:
    readers = {name for name in OURS if "env_file" in SERVICES[name]}
    assert readers == {"worker", "capabilities"}
    assert SERVICES["worker"]["env_file"] == SERVICES["capabilities"]["env_file"]
