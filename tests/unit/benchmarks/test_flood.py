"""What is wrong with a flooded log is seen: lost, doubled, misplaced and disordered events."""

from benchmarks import _flood as flood
from streams.events.memory import RecallJudged
from streams.ids import EventId, MemoryId, RunId
from streams.partitioner import partition_of

KEY = "ключ-1"
HOME = partition_of(KEY.encode(), 4)


def judged(author: str, number: int, partition: int = HOME) -> flood.Judged:
    event = RecallJudged(question=author, scopes=(), useful=(MemoryId(str(number)),))
    name = EventId(f"{author}-{number}")
    return flood.Judged(event, name, KEY, "t", partition, number, 0, RunId(""), {})


def test_a_log_that_holds_everything_once_has_no_fault() -> None:
    found = [judged(author, number) for number in range(3) for author in ("go", "rust")]
    assert flood._lost(found, ["go", "rust"], 3) == []
    assert flood._misplaced(found) == flood._disordered(found) == []


def test_what_is_lost_or_there_twice_is_named() -> None:
    found = [judged("go", 0), judged("go", 0), judged("go", 5)]
    assert sorted(flood._lost(found, ["go"], 2)) == [
        "0 times ('go', '1')",
        "1 times ('go', '5')",
        "2 times ('go', '0')",
    ]


def test_what_lies_elsewhere_is_named() -> None:
    elsewhere = (HOME + 1) % 4
    assert flood._misplaced([judged("go", 0, elsewhere)]) == [
        f"{KEY} of go is in partition {elsewhere}"
    ]


def test_what_overtook_another_of_its_key_and_author_is_named() -> None:
    found = [judged("go", 1), judged("rust", 0), judged("go", 0)]
    assert flood._disordered(found) == [f"0 of ('go', '{KEY}') comes after 1"]
