"""Every role that a worker can have, and the parts it consists of: the one place they are wired."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from processors.adapters.chunks import TopicChunks
from processors.adapters.opened import Adapters
from processors.adapters.past import Past
from processors.adapters.topics import KafkaTopics
from processors.deciders import DECIDERS, WATCHING
from processors.decisions import Deciding
from processors.effects import NEVER, Effect, Ended, Performing
from processors.intake import intake_of
from processors.links import Link, Linking
from processors.memory.turns import TURNS
from processors.models.dispatch import DISPATCH, answered_here
from processors.models.effect import Inferring, unheard
from processors.models.judging import Judging
from processors.observer.decider import OBSERVER
from processors.observer.echo import ECHO
from processors.parts import Part
from processors.perception.effect import PerceiveCapabilities, PerceiveMemories, PerceiveRequests
from processors.perception.embedding import EmbedTexts
from processors.perception.gathering import Gathered
from processors.recall.effect import Recalling
from processors.recall.likening import Likening
from processors.registry.adoption import ADOPTION
from processors.subscriptions.links import ANNOUNCING, DELIVERY
from processors.subscriptions.opening import Opening
from processors.tuner.comparing import Comparing
from processors.tuner.hearing import Hearing
from processors.tuner.links import RELEASE, TEACHING
from processors.tuner.releasing import Releasing
from processors.tuner.training import Training
from streams.events.sessions import RunFailed
from streams.io.schemas import event_classes
from streams.io.settings import Settings
from streams.io.snapshots import SnapshotFolder
from streams.io.standing import AnyDecider
from streams.io.wire import Author, Wire
from streams.log import EventLog
from streams.topics import Topic

INTAKE = "intake"
#: Calls to models that may be out at once; texts and searches are quick and need fewer.
MODEL_WIDTH = 256

LINKS: tuple[Link, ...] = (
    ADOPTION,
    TURNS,
    TEACHING,
    RELEASE,
    ANNOUNCING,
    DELIVERY,
    ECHO,
    DISPATCH,
)


class World(NamedTuple):
    """What every part of a worker is made from."""

    settings: Settings
    log: EventLog
    wire: Wire
    adapters: Adapters
    snapshots: SnapshotFolder


class Seat(NamedTuple):
    """A part and the topic it reads."""

    topic: Topic
    part: Part


Make = Callable[[World], Seat]


def _deciding(decider: AnyDecider) -> Make:
    def make(world: World) -> Seat:
        return Seat(decider.topic, Deciding(decider, world.wire, world.snapshots))

    return make


def _linking(link: Link) -> Make:
    def make(world: World) -> Seat:
        author = Author(world.wire, link.name, link.version)
        return Seat(link.topic, Linking(link, author, world.log.partitions))

    return make


def _performing(
    open_effect: Callable[[World], Effect],
    width: int = 64,
    takes: Callable[[Any], bool] = lambda _: True,
    ended: Ended = NEVER,
) -> Make:
    def make(world: World) -> Seat:
        effect = open_effect(world)
        author = Author(world.wire, effect.name, effect.version)
        return Seat(effect.topic, Performing(effect, author, width, takes=takes, ended=ended))

    return make


def _likening(world: World) -> Effect:
    wanted = world.settings.memory
    return Likening(world.adapters.index, wanted.judge or "", is_on=wanted.compare)


def intakes(world: World) -> list[Seat]:
    """Return a part for the inbox of each node that has one."""
    links = [intake_of(node, event_classes()) for node in world.settings.worker.inboxes]
    return [_linking(link)(world) for link in links]


#: The role that calls models.
MODELS = "models"
#: Every role a worker can have, and the parts it consists of; those of the intake are its inboxes'.
ROLES: Mapping[str, Sequence[Make]] = {
    **{decider.name: (_deciding(decider),) for decider in DECIDERS if decider not in WATCHING},
    OBSERVER.name: tuple([_deciding(decider) for decider in WATCHING]),
    **{link.name: (_linking(link),) for link in LINKS},
    "perception": (
        _performing(lambda world: PerceiveRequests(Gathered(world.adapters.encoder))),
        _performing(lambda world: EmbedTexts(world.adapters.encoder)),
        _performing(lambda world: PerceiveMemories(world.adapters.encoder)),
        _performing(
            lambda world: PerceiveCapabilities(
                world.adapters.encoder, KafkaTopics(world.settings).ensure
            )
        ),
    ),
    INTAKE: (),
    "opening": (
        _performing(lambda world: Opening(world.adapters.encoder, KafkaTopics(world.settings)), 1),
    ),
    "hearing": (_performing(lambda world: Hearing(Past(world.log, world.wire))),),
    "training": (
        _performing(lambda world: Training(Past(world.log, world.wire)), 1),
        _performing(lambda world: Comparing(Past(world.log, world.wire)), 1),
        _performing(lambda world: Releasing(Past(world.log, world.wire)), 1),
    ),
    "recall": (
        _performing(lambda world: Recalling(world.adapters.library, world.adapters.encoder)),
        _performing(_likening),
    ),
    MODELS: (
        _performing(
            lambda world: Inferring(
                world.adapters.guarded, TopicChunks(world.log, world.wire), world.adapters.budgets
            ),
            MODEL_WIDTH,
            answered_here,
            Ended((RunFailed,), unheard),
        ),
        _performing(lambda world: Judging(world.adapters.guarded), MODEL_WIDTH),
    ),
}
