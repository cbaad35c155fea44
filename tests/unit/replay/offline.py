"""Replays a history in a process in which every call to the outside ends it; for `test_offline`."""

import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from replay.diff import diff
from replay.fork import Branch, How
from replay.histories import histories
from replay.rebuild import Rebuilder
from replay.travel import Traveller
from replay.verify import Range, verify
from replay.whatif import Change, whatif
from streams.events import sessions as s
from streams.io.snapshots import SnapshotFolder
from streams.topics import SESSIONS
from tests.unit.replay.memory_grid import DECIDERS, PARTITIONS, MemoryGrid
from tests.unit.replay.test_fork import forker, past, recorded

OUTSIDE = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "urllib.")


def forbid(event: str, _: tuple[Any, ...]) -> None:
    """End the process at the first try."""
    if event.startswith(OUTSIDE):
        print(f"a replay called out: {event}", flush=True)
        raise SystemExit(9)


def main(folder: Path) -> None:
    """Make a history, cut the network off, and run it again in every way there is."""
    grid = MemoryGrid(folder)
    runs = [grid.ask(text, who) for text in ("green?", "blue?") for who in "ab"]
    if "alone" in sys.argv:  # in a namespace that has no network at all
        assert [name for _, name in socket.if_nameindex()] == ["lo"]
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), timeout=5)
            raise SystemExit(8)
    else:
        sys.addaudithook(forbid)
    if "call" in sys.argv:
        socket.socket()
    for n in range(PARTITIONS):
        end = grid.log.span(SESSIONS.name, n).end
        compared = [(decider, Range(0, end, end)) for decider in DECIDERS]
        done = verify(compared, n, grid.log, grid.wire, lambda _: True)
        assert [(each.divergences, each.announced) for each in done] == [(0, 0), (0, 0)]
    travels = Traveller(grid.log, grid.wire, grid.snapshots)
    known = travels.known(DECIDERS, "a", travels.moment_now(SESSIONS, "a"))
    assert [each.decider for each in known] == [decider.name for decider in DECIDERS]
    nothing = SnapshotFolder(folder / "none")
    rebuilt = Rebuilder(grid.log, grid.wire, nothing, nothing, {}).rebuild(DECIDERS)
    assert sum(each.keys for each in rebuilt) > 0
    first = past(grid, runs[0])
    at = first.first(s.InferenceRequested)
    assert at is not None
    forked = forker(grid, *runs).fork(first, Branch(at=at, changes={"text": "never asked"}))
    assert forked.count(How.STUBBED) == 1
    assert not diff(first.stream, forked.events).same
    change = Change(kind=s.RequestReceived, fields={"model": "blue-talk"})
    pasts = (p for n in range(PARTITIONS) for p in histories(DECIDERS, grid.log, grid.wire, n))
    assert len(list(whatif(pasts, change, recorded(grid, *runs)))) == len(runs)
    print("told again")


with tempfile.TemporaryDirectory() as place:
    main(Path(place))
