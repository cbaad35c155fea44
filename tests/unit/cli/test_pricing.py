"""Comparisons say what runs cost, at prices that are prices, and what they leave out."""

import pytest

from cli.diff import as_row, as_text
from cli.pricing import prices_of, without_price
from replay.diff import Diff, Side, Spent
from replay.prices import Price
from streams.errors import Misconfigured

GRAY = Side("completed", "", 100, (Spent("gray", 1_000, 10),))
BLUE = Side("completed", "", 200, (Spent("blue", 1_000, 20), Spent("gray", 500, 0)))
COMPARED = Diff((), GRAY, BLUE)


def test_a_diff_says_what_both_sides_cost() -> None:
    prices = prices_of(["gray=0.5,1.5", "blue=2,4"])
    row = as_row(COMPARED, prices)
    assert row["left"]["cost"] == pytest.approx(0.000515)
    assert row["right"]["cost"] == pytest.approx(0.00233)
    lines = as_text(COMPARED, prices).splitlines()
    assert lines[1].split() == ["outcome", "tokens", "cost", "ms"]
    assert [line.split()[2:] for line in lines[2:]] == [
        ["1010", "0.0005", "100"],
        ["1520", "0.0023", "200"],
    ]


def test_a_model_without_a_price_is_said_to_be_left_out() -> None:
    prices = prices_of(["gray=0.5,1.5"])
    assert as_row(COMPARED, prices)["right"]["cost"] == pytest.approx(0.00025)
    assert as_text(COMPARED, prices).endswith("not in the cost, for want of a price: blue")


def test_without_prices_nobody_asked_for_a_cost() -> None:
    assert without_price([GRAY, BLUE], {}) == []


def test_a_model_may_have_a_name_with_the_mark_in_it() -> None:
    assert prices_of(["a=b=1,2"]) == {"a=b": Price(1.0, 2.0)}


@pytest.mark.parametrize("text", ["x", "x=1", "=1,2", "x=1,2,3", "x=a,b", "x=nan,1", "x=1,-1"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="is no price"):
        prices_of([text])
