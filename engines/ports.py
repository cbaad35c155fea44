"""TCP ports of this machine, on the loopback address only.

No port of ours lies where the kernel picks the ports of outgoing connections: there a client that
keeps asking whether a server is up yet can be given the server's own port, and then connects to
itself and keeps the server from binding. A kernel that picks from all of them leaves no choice.
"""

import functools
import random
import socket
import time
from pathlib import Path

from streams.errors import Conflict

LOOPBACK = "127.0.0.1"
_LOWEST = 10_000
_ATTEMPTS = 1000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LISTEN = "0A"  # the state of a listening socket in /proc/net/tcp
_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody uses now and that this process was not given before."""
    for _ in range(_ATTEMPTS):
        port = random.choice(_outside())  # noqa: S311 - nothing secret about it
        if port not in _given and _bindable(port):
            _given.add(port)
            return port
    raise Conflict("no free port is left on this machine", fix="stop something that listens")


@functools.cache
def _outside() -> tuple[int, ...]:
    low, high = map(int, _EPHEMERAL.read_text().split())
    every = range(_LOWEST, 65_536)
    return tuple(port for port in every if not low <= port <= high) or tuple(every)


def require_free(port: int, what: str, setting: str, patience_s: float = 1.0) -> None:
    """Raise Conflict, naming who holds `port` and the setting of ours to change.

    Waits for `patience_s` first: a process that was just killed may hold its port a moment longer.
    """
    deadline = time.monotonic() + patience_s
    while not _bindable(port):
        if time.monotonic() > deadline:
            raise Conflict(
                f"{what} needs port {port} of {LOOPBACK}, which {_owner(port)} holds",
                fix=f"stop it, or choose another port: `{setting}`",
            )
        time.sleep(0.05)


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _owner(port: int) -> str:
    """Name the process that listens on `port`, as far as this user may see it."""
    wanted = {f"socket:[{inode}]" for inode in _listening(port)}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) not in wanted:
                continue
            name = (link.parents[1] / "comm").read_text().strip()
        except OSError:
            continue  # it ended meanwhile, or it is not ours to look at
        return f"process {link.parts[2]} ({name})"
    return "a process of another user"


def _listening(port: int) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net", table)
        for row in path.read_text().splitlines()[1:] if path.exists() else []:
            columns = row.split()
            if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(columns[9])
    return inodes
