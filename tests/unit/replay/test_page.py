"""The page of a what-if says what its report says, and runs nothing that a run said."""

import pytest

from replay.diff import Side, Spent
from replay.figures import Report, Row, Told, put_together
from replay.page import page
from replay.prices import Price
from streams.ids import RunId

PRICES = {"small": Price(1_000_000.0, 0.0)}


def row(number: int, after: str, text: str, covered: bool = True) -> Row:
    recorded = Side("completed", "it was so", 100 * number, (Spent("small", number, 0),))
    forked = Side("completed", text, 200 * number, (Spent("small", 2 * number, 0),))
    told = Told(1.0, "gray") if number == 1 else Told(None, None)
    name = RunId(f"run-{number}")
    question = "<script>why?</script>"
    return Row(name, question, "gray", after, 0.5, recorded, forked, covered, after != "", told)


def report() -> Report:
    rows = [row(3, "gray", "it was so", covered=False), row(1, "blue", "it is not"), None]
    return put_together([*rows, row(2, "gray", "it was so")], PRICES)


def test_its_figures_are_those_of_the_covered_runs() -> None:
    made = report()
    assert [each.run_id for each in made.rows] == ["run-1", "run-2", "run-3"]
    assert (made.recorded.tokens, made.forked.tokens) == (3, 6)
    assert (made.recorded.cost, made.forked.cost) == (3.0, 6.0)
    assert (made.forked.p50_ms, made.forked.p95_ms) == (200, 400)
    written = page("What if?", made)
    for part in ("gray \u2192 blue", "3.0000", "6.0000", "67 %", "0 : 1"):
        assert part in written, part


@pytest.mark.parametrize(
    ("runs", "p50", "p95"), [(1, 100, 100), (2, 100, 200), (3, 200, 300), (20, 1000, 1900)]
)
def test_half_of_all_took_no_longer_than_the_median(runs: int, p50: int, p95: int) -> None:
    took = put_together([row(n, "gray", "") for n in range(1, runs + 1)], PRICES).recorded
    assert (took.p50_ms, took.p95_ms) == (p50, p95)


def test_a_run_that_the_record_could_not_route_is_said_to_be_left_out() -> None:
    written = page("What if?", put_together([row(1, "", "", covered=False)], PRICES))
    assert "Nobody else answers any run." in written
    assert "Runs of which the record does not say who would answer: 1." in written
    assert "gray \u2192 ?" in written
    assert "0 : 0" in written


def test_nothing_that_a_run_said_becomes_part_of_the_page() -> None:
    written = page("<b>", report())
    assert "<script" not in written
    assert "&lt;script&gt;why?" in written
    assert "<title>&lt;b&gt;</title>" in written


def test_it_loads_nothing() -> None:
    written = page("What if?", report())
    assert not any(part in written for part in ("src=", "href=", "url(", "@import", "http"))


def test_it_says_what_is_known_of_the_reward() -> None:
    """One run was judged, and went from who should have answered to another."""
    written = page("What if?", report())
    assert "Reward 1.000 as logged, 0.000 under the change, by what people said" in written
    assert "0.000 to 0.975" in written
    assert "No logged run that was left to chance went where it would go." in written


def test_what_has_no_price_is_said_to_be_left_out() -> None:
    assert "for want of a price" not in page("What if?", report())
    other = put_together(report().rows, {"large": Price(1.0, 1.0)})
    assert "for want of a price: small" in page("What if?", other)


def test_what_is_not_known_of_the_reward_is_said_in_words() -> None:
    unsaid = row(1, "blue", "it is not")._replace(told=Told(0.0, None))
    written = page("What if?", put_together([unsaid], PRICES))
    assert '<td class="n">not known</td><td class="n">0.000 to 1.000</td>' in written
    assert not any(word in written for word in ("nan", "inf "))


def test_what_was_left_to_chance_is_weighed() -> None:
    same = [row(n, "gray", "it was so")._replace(told=Told(1.0, "gray")) for n in (1, 2)]
    written = page("What if?", put_together(same, PRICES))
    assert "Weighed by chance: 2 runs, as good as 2 of the change's own." in written
    assert "SNIPS" in written


def test_a_report_of_nothing_is_a_page() -> None:
    written = page("What if?", Report())
    assert "Reward not known: nobody said" in written
    assert "The record could answer none of these runs." in written
    assert "Nobody else answers any run." in written
