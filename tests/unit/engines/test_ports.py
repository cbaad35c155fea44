"""Ports are free when they are said to be, and a taken one is named with who took it."""

import os
import socket
from pathlib import Path

import pytest

from engines.ports import LOOPBACK, _outside, free_port, require_free
from streams.errors import Conflict


def test_free_ports_can_be_bound_and_are_never_given_twice() -> None:
    ports = {free_port() for _ in range(2000)}
    assert len(ports) == 2000, "so many that some would be drawn twice"
    for port in list(ports)[:50]:
        with socket.create_server((LOOPBACK, port)):
            pass


def test_no_free_port_is_one_the_kernel_gives_to_outgoing_connections() -> None:
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not any(low <= free_port() <= high for _ in range(200))


def test_a_kernel_that_gives_all_ports_to_outgoing_connections_leaves_no_choice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "range").write_text("1024\t65535\n")
    monkeypatch.setattr("engines.ports._EPHEMERAL", tmp_path / "range")
    _outside.cache_clear()
    try:
        require_free(free_port(), "Kafka", "ports.kafka")
    finally:
        _outside.cache_clear()


def test_a_free_port_passes() -> None:
    require_free(free_port(), "Kafka", "ports.kafka")


def test_a_port_left_by_a_closed_connection_passes() -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, port)) as server:
        client = socket.create_connection((LOOPBACK, port))
        accepted, _ = server.accept()
        accepted.close()  # the server closes first, so its port is left in TIME_WAIT
        client.close()
    require_free(port, "Kafka", "ports.kafka", patience_s=0)


def test_a_taken_port_is_named_with_its_holder_and_the_setting() -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, port)), pytest.raises(Conflict) as refused:
        require_free(port, "Kafka", "ports.kafka", patience_s=0)
    assert f"Kafka needs port {port}" in str(refused.value)
    assert f"process {os.getpid()} (" in str(refused.value)
    assert "ports.kafka" in refused.value.fix
