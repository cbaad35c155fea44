"""What runs cost: tokens of models, at prices that somebody named."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from replay.diff import Side

PER = 1_000_000


class Price(NamedTuple):
    """What a million tokens of a model cost, in any currency."""

    prompt: float
    completion: float


#: By model; a model without one costs nothing.
Prices = Mapping[str, Price]


def cost_of(side: Side, prices: Prices) -> float:
    """Return what all calls of a run cost."""
    calls = ((prices.get(call.model), call) for call in side.spent)
    return sum(
        (price.prompt * call.prompt_tokens + price.completion * call.completion_tokens) / PER
        for price, call in calls
        if price is not None
    )


def unpriced(sides: Iterable[Side], prices: Prices) -> list[str]:
    """Return the models that were called and have no price, though others have one."""
    called = {call.model for side in sides for call in side.spent}
    return sorted(called - prices.keys()) if prices else []
