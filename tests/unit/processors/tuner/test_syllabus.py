"""What there is to learn from: each run once, as it was spoken of last."""

from dataclasses import replace

from processors.classifier.training import Lesson
from processors.tuner.comparing import judge_of
from processors.tuner.decider import COMPARE_EVERY
from processors.tuner.state import REFIT_EVERY
from processors.tuner.syllabus import READS, Syllabus
from streams.events import tuning as t
from streams.ids import CapabilityId
from tests.unit.processors.meanings import name_of
from tests.unit.processors.tuner.lessons import LABELS, Grid, examples, feedback, registered


def syllabus(grid: Grid) -> Syllabus:
    return Syllabus(e for e in grid.log if type(e.event) in READS)


def test_what_is_said_of_a_run_last_is_its_one_lesson() -> None:
    grid = registered()
    first = feedback(1)
    for label in (3, 1, 4):
        grid.say(replace(first, label=CapabilityId(name_of(label))))
    grid.say(feedback(2))
    lessons = [lesson for _, lesson in syllabus(grid).said()]
    assert lessons == [Lesson(first.vector, name_of(4)), Lesson(feedback(2).vector, name_of(2))]


def test_a_run_that_was_spoken_of_before_is_nothing_new() -> None:
    grid = registered()
    grid.say(feedback(1))
    since = grid.log[-1].offset
    grid.say(feedback(2))
    grid.say(feedback(1))
    assert [lesson.label for _, lesson in syllabus(grid).said(since)] == [name_of(2)]


def test_what_a_small_capability_says_of_itself_is_taught_beside_what_others_say_of_it() -> None:
    grid = registered()
    small = examples(0, version=2, shots=1)
    grid.say(small)
    own = [Lesson(vector, small.capability) for vector in small.vectors]
    assert not set(own) & set(syllabus(grid).lessons())
    grid.say(feedback(0))
    grid.say(feedback(LABELS))
    said = [Lesson(feedback(n).vector, small.capability) for n in (0, LABELS)]
    assert [one for one in syllabus(grid).lessons() if one.label == small.capability] == own + said


def dropped(label: int, version: int) -> t.ExamplesDropped:
    return t.ExamplesDropped(capability=CapabilityId(name_of(label)), version=version)


def test_what_is_withdrawn_teaches_nothing_and_competes_with_nothing() -> None:
    grid = registered()
    weights = grid.all(t.WeightsReleased)[-1].weights
    grid.say(feedback(0))
    grid.say(feedback(1, chosen=CapabilityId(name_of(0)), label=None))
    grid.say(dropped(0, version=3))
    grid.say(examples(0, version=2))  # understood late
    known = syllabus(grid)
    assert name_of(0) not in {one.label for one in known.lessons()}
    assert [*known.said()] == []
    assert judge_of(known, weights).labels == [name_of(label) for label in range(1, LABELS)]
    grid.say(examples(0, version=4))
    assert name_of(0) in {one.label for one in syllabus(grid).lessons()}
    assert len([*syllabus(grid).said()]) == 2


def test_one_judgement_said_often_passes_no_gate() -> None:
    grid = registered()
    first = grid.state.in_force
    for number in range(REFIT_EVERY):
        grid.say(feedback(number))
    for _ in range(3 * COMPARE_EVERY):
        grid.say(feedback(REFIT_EVERY))
    assert [compared.judged for compared in grid.all(t.WeightsCompared)] == [1, 0, 0]
    assert grid.state.in_force == first
