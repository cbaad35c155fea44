"""Probes go out at a pace, are answered by whoever reads them, and are missed when they are not."""

from processors.links import Carried
from processors.observer.echo import ECHO
from processors.observer.probing import EVERY_MS, PATIENCE_MS, Probing
from streams.events.probes import ProbeAnswered, ProbeLost, ProbeSent
from streams.lag.probes import Probes, heard
from tests.given import cause

NOW = 1_700_000_000_000


def test_a_probe_goes_out_every_few_seconds() -> None:
    probing, sent = Probing(), []
    for second in range(11):
        sent += probing.due(NOW + second * 1_000)
    numbers = [NOW, NOW + EVERY_MS, NOW + 2 * EVERY_MS]
    assert sent == [ProbeSent(number=number) for number in numbers]
    assert (probing.sent, probing.lost) == (3, 0)


def test_a_probe_that_is_not_answered_in_time_is_lost_once() -> None:
    probing = Probing()
    probing.due(NOW)
    late = NOW + PATIENCE_MS + 1
    assert ProbeLost(number=NOW, waited_ms=PATIENCE_MS + 1) in probing.due(late)
    assert probing.due(late + 1) == []
    assert probing.lost == 1


def test_a_probe_that_was_answered_is_not_lost() -> None:
    probing = Probing()
    probing.due(NOW)
    probing.answered(NOW)
    assert probing.due(NOW + PATIENCE_MS + 1) == [ProbeSent(number=NOW + PATIENCE_MS + 1)]


def test_a_worker_answers_a_probe_with_the_brokers_time_of_it() -> None:
    asked = cause(ProbeSent(number=7), key="probe")
    answer = ProbeAnswered(number=7, sent_at_ms=asked.recorded_at_ms)
    assert ECHO.carry(asked, 1) == [Carried("probe", answer)]


def test_the_round_trip_is_told_by_the_brokers_clock() -> None:
    known = heard(Probes(), ProbeAnswered(number=7, sent_at_ms=NOW), NOW + 4)
    assert known == Probes(answered=1, lost=0, round_trip_s=0.004, at_ms=NOW + 4)
    assert heard(known, ProbeLost(number=8, waited_ms=10_001), NOW + 20_000).lost == 1
