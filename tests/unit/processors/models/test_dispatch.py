"""Requests for nodes lie on the topic that nodes read, and no model of the grid's own answers."""

from dataclasses import replace

import pytest

from processors.links import Carried
from processors.models.dispatch import BYTES_MAX, answered_here, carry
from processors.models.effect import Inferring
from processors.models.ports import Piece
from streams.events.sessions import InferenceFailed, InferenceRequested
from streams.ids import ModelName
from tests.given import cause
from tests.unit.processors.examples import asked


def test_a_request_for_a_node_is_carried_to_its_topic_under_the_sessions_key() -> None:
    request = replace(asked(), model=ModelName("work/poet-2"))
    assert not answered_here(request)
    assert list(carry(cause(request, key="ada"), 4)) == [
        Carried("ada", request, topic="aether.work.poet-2")
    ]


@pytest.mark.parametrize("model", ["extractive", "work", "work/", "work/A", "work/a.b", "a/work/b"])
def test_every_other_request_is_for_a_model_of_the_grids_own(model: str) -> None:
    request = replace(asked(), model=ModelName(model))
    assert answered_here(request)
    assert list(carry(cause(request), 4)) == []


async def test_a_request_too_large_for_a_node_is_refused_and_not_left_waiting() -> None:
    request = replace(asked(), model=ModelName("work/poet"), text="ö" * (BYTES_MAX // 2 + 1))
    assert answered_here(request)
    assert list(carry(cause(request), 4)) == []
    (outcome,) = await Inferring({}, Silent()).perform([cause(request)])
    assert (type(outcome), outcome.reason) == (InferenceFailed, "too_large")


class Silent:
    def publish(self, request: InferenceRequested, start: int, piece: Piece) -> None:
        """Nobody listens."""
