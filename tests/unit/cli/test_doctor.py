"""The doctor looks at everything, and whatever is missing comes with what to do about it."""

import socket
from pathlib import Path

import pytest

from cli.doctor import Finding, examine
from engines.ports import LOOPBACK, free_port
from streams.io.sections import Ports


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AETHER_DATA_DIR", str(tmp_path / "data"))
    for name in Ports.model_fields:
        monkeypatch.setenv(f"AETHER_PORTS__{name.upper()}", str(free_port()))
    return monkeypatch


def found() -> dict[str, Finding]:
    return {finding.check: finding for finding in examine()}


def test_nothing_is_missing_and_looking_leaves_nothing(
    variables: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    findings = found()
    assert findings["settings"].state == findings["data"].state == "ok"
    assert {f.state for check, f in findings.items() if check.startswith("port ")} == {"ok"}
    assert not list(tmp_path.iterdir())


def test_settings_that_are_wrong_are_the_first_thing_to_mend(
    variables: pytest.MonkeyPatch,
) -> None:
    variables.setenv("AETHER_NODE", "A B")
    (finding,) = examine()
    assert (finding.check, finding.state) == ("settings", "missing")
    assert finding.fix


def test_a_data_directory_below_a_file_is_missing(
    variables: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    variables.setenv("AETHER_DATA_DIR", str(tmp_path / "file" / "data"))
    assert found()["data"].state == "missing"
    assert "AETHER_DATA_DIR" in found()["data"].fix


def test_a_port_in_use_is_named_with_its_setting(variables: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        variables.setenv("AETHER_PORTS__GATEWAY", str(server.getsockname()[1]))
        finding = found()["port gateway"]
    assert finding.state == "missing"
    assert "`ports.gateway`" in finding.fix


def test_ports_of_what_runs_elsewhere_are_not_needed(variables: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        variables.setenv("AETHER_PORTS__KAFKA", str(server.getsockname()[1]))
        assert found()["port kafka"].state == "missing"
        variables.setenv("AETHER_KAFKA__BOOTSTRAP", "broker:9092")
        variables.setenv("AETHER_REGISTRY__URL", "http://registry:8081")
        checked = {check for check in found() if check.startswith("port ")}
    assert not any("kafka" in check or "registry" in check for check in checked)
    assert {"port gateway", "port triton_grpc"} <= checked


def test_a_model_without_its_key_names_the_variable(variables: pytest.MonkeyPatch) -> None:
    for name, value in {"base_url": "http://m", "model": "m", "api_key_env": "M_KEY"}.items():
        variables.setenv(f"AETHER_MODELS__BIG__{name.upper()}", value)
    assert found()["models"].fix == "export M_KEY=…"
