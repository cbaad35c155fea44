"""What was judged of recall teaches once a question, in the order in which it was judged first."""

from cli.recalling import distinct
from streams.events.memory import RecallJudged
from streams.ids import MemoryId, ScopeId
from tests.unit.processors.envelopes import enveloped


def judged(question: str, memory: str, scope: str = "grid") -> RecallJudged:
    return RecallJudged(question=question, scopes=(ScopeId(scope),), useful=(MemoryId(memory),))


def test_a_question_judged_again_counts_once_as_it_was_judged_last() -> None:
    said = [
        judged("who?", "a"),
        judged("when?", "b"),
        judged("who?", "c"),
        judged("who?", "d", "user:ada"),
    ]
    events = [enveloped(event) for event in said]
    assert distinct(reversed(events)) == [said[2], said[1], said[3]]
