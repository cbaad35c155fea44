"""A router that was taught a dozen capabilities, and requests like them."""

from typing import Any

from processors.classifier.training import version_of
from processors.router.decider import ROUTER, Routing
from processors.router.table import Table, adopt
from streams.events.sessions import (
    CapabilityAdopted,
    Options,
    PolicyAdopted,
    RequestReceived,
    RouterAdopted,
    TextPerceived,
)
from streams.events.tuning import Unsure
from streams.ids import CapabilityId, ModelName, RunId
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.meanings import (
    ENCODER,
    around,
    directions,
    name_of,
    trained,
    vector,
)

LABELS = 12
MEANS = directions(LABELS + 3)
WEIGHTS = trained(LABELS, 8)
VERSION = version_of(WEIGHTS)


def capability(label: int, version: int = 1) -> CapabilityAdopted:
    return CapabilityAdopted(
        capability=CapabilityId(name_of(label)),
        version=version,
        description=f"does {label}",
        policy="single",
        model=ModelName("extractive"),
        encoder=ENCODER,
        vectors=tuple(around(MEANS[label], 3, 3_000 + label)),
    )


def table(*facts: Any) -> Table:
    grid = Table()
    for fact in facts:
        grid = adopt(grid, fact)
    return grid


CAPABILITIES = [capability(label) for label in range(LABELS)]
ADOPTED = RouterAdopted(version=VERSION, weights=WEIGHTS)
TAUGHT = table(*CAPABILITIES, ADOPTED)


def refusing(threshold: float = 0.5) -> Table:
    return adopt(TAUGHT, PolicyAdopted(unsure=Unsure.REFUSE, threshold=threshold))


def perceived(point: bytes, run: str = "run-1", text: str = "some text") -> TextPerceived:
    return TextPerceived(run_id=RunId(run), text=text, scopes=(), encoder=ENCODER, vector=point)


def received(model: str, run: str = "run-1") -> RequestReceived:
    return RequestReceived(
        run_id=RunId(run), model=ModelName(model), text="t", messages=(), options=Options(),
        scopes=(), remember_in=None, stream=False,
    )  # fmt: skip


def decided(event: Any, grid: Table = TAUGHT, state: Routing = Routing()) -> Any:  # noqa: B008
    (one,) = ROUTER.decide(state, enveloped(event), grid)
    return one


def like(label: int, seed: int = 1) -> bytes:
    return around(MEANS[label], 1, 9_000 + seed)[0]


def between(one: int, other: int, share: float = 0.5) -> bytes:
    return vector(list(share * MEANS[one] + (1 - share) * MEANS[other]))
