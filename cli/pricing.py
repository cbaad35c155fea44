"""What tokens cost, as it is said to commands that compare runs."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from replay.diff import Side
from replay.prices import Price, Prices, unpriced
from streams.errors import Misconfigured

F = TypeVar("F", bound=Callable[..., Any])


def priced(command: F) -> F:
    """Give a command the option `--price`, once for each model; `prices_of` reads it."""
    return click.option(
        "--price",
        "prices",
        multiple=True,
        metavar="MODEL=PROMPT,COMPLETION",
        help="What a million tokens of a model cost.",
    )(command)


def prices_of(said: Iterable[str]) -> Prices:
    """Read `MODEL=0.5,1.5`. Raises Misconfigured for what is no price."""
    return dict(map(_price, said))


def without_price(sides: Iterable[Side], prices: Prices) -> Sequence[str]:
    """Return, as lines, which models the costs leave out."""
    models = unpriced(sides, prices)
    return [f"not in the cost, for want of a price: {', '.join(models)}"] if models else []


def _price(text: str) -> tuple[str, Price]:
    model, _, said = text.rpartition("=")
    try:
        prompt, completion = map(float, said.split(","))
    except ValueError:
        model, prompt, completion = "", 0.0, 0.0
    if not model or not all(math.isfinite(each) and each >= 0 for each in (prompt, completion)):
        raise Misconfigured(f"{text!r} is no price", fix="write it as MODEL=0.5,1.5")
    return model, Price(prompt, completion)
