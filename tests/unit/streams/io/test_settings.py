"""Where settings come from, what is wrong with them, and that no secret is told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.config import config
from streams.errors import Misconfigured
from streams.io.registry import ConfluentRegistry
from streams.io.settings import ROOT, Settings, read_settings, shown
from streams.io.variables import CONFIG_VARIABLE, PREFIX, anchor_paths

Write = Callable[[str], Path]
SECRET = "hunter2"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return what writes `aether.toml`; nothing else of the world is seen."""
    import os

    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    path = tmp_path / "aether.toml"
    path.write_text("")
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))

    def written(text: str) -> Path:
        path.write_text(text)
        return path

    return written


def wrong() -> Misconfigured:
    with pytest.raises(Misconfigured) as told:
        read_settings()
    assert told.value.__cause__ is None or SECRET not in str(told.value.__cause__)
    return told.value


def origins() -> dict[str, tuple[str, str]]:
    return {name: (value, origin) for name, value, origin in shown(read_settings())}


def test_the_environment_stands_over_the_file_and_the_file_over_the_defaults(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write('node = "file"\n[ports]\nkafka = 1111\nregistry = 2222\n')
    monkeypatch.setenv("AETHER_PORTS__KAFKA", "3333")
    settings = read_settings()
    assert (settings.node, settings.ports.kafka, settings.ports.registry) == ("file", 3333, 2222)
    assert settings.ports.gateway == 8080
    told = origins()
    assert told["node"] == ("file", str(path))
    assert told["ports.kafka"] == ("3333", "AETHER_PORTS__KAFKA")
    assert told["ports.registry"] == ("2222", str(path))
    assert told["ports.gateway"] == ("8080", "default")


def test_relative_paths_mean_from_where_the_command_was_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    monkeypatch.setenv("AETHER_DATA_DIR", "here/data")
    monkeypatch.setenv("AETHER_WORKER__FOLDER", "~/mine")
    anchor_paths()
    monkeypatch.chdir("/")
    settings = read_settings()
    assert settings.data_dir == tmp_path / "here" / "data"
    assert settings.worker.folder == Path.home() / "mine"


def test_a_relative_path_in_the_file_means_from_the_repository_on(write: Write) -> None:
    write('data_dir = "kept"\n')
    assert read_settings().data_dir == ROOT / "kept"


def test_what_a_program_gives_stands_over_everything(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AETHER_NODE", "environment")
    assert read_settings(node="given").node == "given"


def test_a_group_given_as_one_variable_is_its_origin(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("aether_kafka__options", '{"linger.ms": "5"}')
    assert read_settings().kafka_options == {"linger.ms": "5"}
    assert origins()["kafka.options.linger.ms"][1] == "aether_kafka__options"


def test_all_mistakes_are_told_together(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        'node = "Not Allowed"\nfuture = 1\n[ports]\nkafka = 99999\nregsitry = 1\n'
        '[registry]\nurl = "registry:8081"\n[worker]\nsession_s = 1.0\nheartbeat_s = 3.0\n'
    )
    monkeypatch.setenv("AETHER_GATEWAY__TIMEOUT_S", "soon")
    monkeypatch.setenv("AETHER_WORKER__TRANSPORT", "pigeon")
    told = wrong()
    lines = [line.strip().partition(":")[0] for line in str(told).splitlines()[1:]]
    assert sorted(lines) == [
        "future",
        "gateway.timeout_s",
        "node",
        "ports.kafka",
        "ports.regsitry",
        "registry.url",
        "worker.transport",
    ]
    assert "aether.toml" in told.fix


def test_a_heartbeat_slower_than_the_session_is_a_contradiction(write: Write) -> None:
    write("[worker]\nsession_s = 1.0\nheartbeat_s = 3.0\n")
    assert "heartbeat_s must be shorter" in str(wrong())


@pytest.mark.parametrize("text", ["node = ", "[[ports]]\n[ports]", "node = 'a'\nnode = 'b'"])
def test_a_file_that_is_not_toml_is_told_by_name(write: Write, text: str) -> None:
    path = write(text)
    assert str(path) in str(wrong())


def test_a_file_of_other_bytes_or_none_is_told_by_name(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("")
    path.write_bytes(b"node = '\xff'")
    assert str(path) in str(wrong())
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "nothing.toml"))
    assert "does not exist" in str(wrong())


def test_a_variable_that_is_no_json_is_told_without_its_value(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AETHER_KAFKA__OPTIONS", f"sasl.password={SECRET}")
    told = str(wrong())
    assert "kafka" in told
    assert SECRET not in told


@pytest.mark.parametrize("wrong_value", [f'["{SECRET}"]', "7"])
def test_a_secret_of_a_wrong_type_is_not_told(write: Write, wrong_value: str) -> None:
    write(f"[objects]\ns3_secret_key = {wrong_value}\n")
    told = str(wrong())
    assert "objects.s3_secret_key" in told
    assert SECRET not in told


SECRETS = f"""
[kafka.options]
"sasl.password" = "{SECRET}"
[registry]
url = "https://ada:{SECRET}@registry.example/apis"
[qdrant]
api_key = "{SECRET}"
[objects]
s3_access_key = "{SECRET}"
s3_secret_key = "{SECRET}"
"""


def test_no_secret_shows_in_a_repr_or_in_config_show(write: Write) -> None:
    write(SECRETS)
    settings = read_settings()
    assert settings.kafka_options == {"sasl.password": SECRET}
    assert settings.registry_url.startswith(f"https://ada:{SECRET}@")
    for told in (
        repr(settings),
        str(settings),
        repr(settings.registry),
        str(list(shown(settings))),
    ):
        assert SECRET not in told
    for output in ("text", "json"):
        ended = CliRunner().invoke(config, ["show", "--origin", "-o", output])
        assert ended.exit_code == 0
        assert SECRET not in ended.output
        assert "**********" in ended.output


def test_a_registrys_password_is_not_told_in_its_errors(write: Write) -> None:
    registry = ConfluentRegistry(f"http://ada:{SECRET}@127.0.0.1:1/apis", timeout_s=0.2)
    with pytest.raises(Exception, match="no answer") as told:
        registry.schema(1)
    assert SECRET not in str(told.value)
    registry.close()


def test_settings_cannot_be_changed(write: Write) -> None:
    settings: Settings = read_settings()
    with pytest.raises(Exception, match="frozen"):
        settings.node = "other"  # type: ignore[misc]


def test_names_to_ignore_that_are_no_regular_expression_are_refused(write: Write) -> None:
    write('[observer]\nignored = "apicurio-("\n')
    assert "observer.ignored" in str(wrong())
    assert "no regular expression" in str(wrong())
