"""What links carry to the tuner, and from it to everybody."""

from processors.tuner.links import RELEASE, TEACHING
from streams.events import tuning as t
from streams.events.registry import CapabilityPerceived, CapabilityWithdrawn, Card
from streams.events.sessions import PolicyAdopted, RouterAdopted
from streams.ids import CapabilityId, ModelName
from streams.topics import GRID_KEY, ROUTER_KEY
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.meanings import ENCODER, vector
from tests.unit.processors.tuner.lessons import registered


def test_what_a_capability_is_known_by_reaches_the_tuner() -> None:
    card = Card(description="d", examples=("e",), policy="single", model=ModelName("m"))
    perceived = CapabilityPerceived(
        version=3, card=card, encoder=ENCODER, vectors=(vector([1.0]), vector([2.0]))
    )
    ((key, event, *_),) = TEACHING.carry(enveloped(perceived, "weather"), 1)
    assert key == ROUTER_KEY
    assert event == t.ExamplesLearned(
        capability=CapabilityId("weather"), version=3, encoder=ENCODER, vectors=perceived.vectors
    )


def test_a_withdrawal_reaches_the_tuner() -> None:
    withdrawn = CapabilityWithdrawn(version=4, reason="retired")
    ((key, event, *_),) = TEACHING.carry(enveloped(withdrawn, "weather"), 1)
    assert key == ROUTER_KEY
    assert event == t.ExamplesDropped(capability=CapabilityId("weather"), version=4)


def test_what_is_in_force_reaches_every_partition() -> None:
    weights = registered().all(t.WeightsReleased)[-1]
    policy = t.PolicySet(unsure=t.Unsure.ASK, threshold=0.3)
    carried = [list(RELEASE.carry(enveloped(event), 3)) for event in (weights, policy)]
    assert [[(one.key, one.partition) for one in each] for each in carried] == [
        [(GRID_KEY, 0), (GRID_KEY, 1), (GRID_KEY, 2)]
    ] * 2
    assert carried[0][0].event == RouterAdopted(version=weights.version, weights=weights.weights)
    assert carried[1][0].event == PolicyAdopted(unsure=t.Unsure.ASK, threshold=0.3)
