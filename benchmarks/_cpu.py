"""What processes have used of the cores, with all their children; Linux's /proc says it."""

import os
from collections.abc import Iterable
from pathlib import Path

_NANO = 1e-9
_TICK = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(roots: Iterable[int]) -> float:
    """Return the CPU seconds of these processes and of whatever they started and still runs."""
    parents, used = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended just now
        pid = int(path.parent.name)
        parents[pid], used[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    wanted, grew = set(roots), True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in wanted} - wanted
        wanted |= more
        grew = bool(more)
    return sum(used.get(pid, 0) for pid in wanted) * _TICK


def kept_waiting_s() -> float:
    """Return the seconds this process was ready to run and others had the cores."""
    stats = Path("/proc/self/task").glob("*/schedstat")
    return sum(int(path.read_text().split()[1]) for path in stats) * _NANO
