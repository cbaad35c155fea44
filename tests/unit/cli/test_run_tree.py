"""A run is shown from cause to effect, with who did what when."""

from typing import Any

from cli.run import tree
from streams.envelope import CAUSATION, PROCESSOR, Envelope
from streams.events.sessions import PerceptionFailed, RunFailed
from streams.ids import EventId, RunId

RUN = RunId("run-1")


def event(number: int, cause: int | None, at_ms: int, what: Any, by: bytes = b"") -> Envelope[Any]:
    head = {} if cause is None else {CAUSATION: f"event-{cause}".encode()}
    if by:
        head[PROCESSOR] = by
    event_id = EventId(f"event-{number}")
    return Envelope(what, event_id, "ada", "t", 0, number, 1_000 + at_ms, RUN, head)


def test_each_event_stands_under_its_cause() -> None:
    away = PerceptionFailed(run_id=RUN, detail="away")
    over = RunFailed(run_id=RUN, reason="perception", detail="no encoder")
    events = [
        event(1, None, 0, away),
        event(2, 1, 5, away, b"perception/1"),
        event(3, 1, 7, over, b"orchestrator/1"),
        event(4, 2, 12, over, b"router/2"),
    ]
    assert [line.split() for line in tree(events).splitlines()] == [
        ["run", "run-1", "session", "ada", "4", "events", "12", "ms"],
        ["└─", "PerceptionFailed", "gateway", "0", "ms", "away"],
        ["├─", "PerceptionFailed", "perception", "5", "ms", "away"],
        ["│", "└─", "RunFailed", "router", "12", "ms", "perception:", "no", "encoder"],
        ["└─", "RunFailed", "orchestrator", "7", "ms", "perception:", "no", "encoder"],
    ]


def test_an_event_whose_cause_is_not_there_is_a_root() -> None:
    over = RunFailed(run_id=RUN, reason="r", detail="d")
    lines = tree([event(1, None, 0, over), event(3, 2, 1, over)]).splitlines()
    assert [line[:12] for line in lines[1:]] == ["├─ RunFailed", "└─ RunFailed"]


def test_a_long_chain_is_drawn_whole() -> None:
    over = RunFailed(run_id=RUN, reason="r", detail="d")
    chain = [event(n, n - 1 or None, n, over) for n in range(1, 30)]
    assert len(tree(chain).splitlines()) == 30
