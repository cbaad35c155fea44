"""What the commands of history share: the deciders, and the effects as a replay sees them.

A replay knows of an effect only what it reads, what its outcome depends on, and what stands where
nothing was recorded. Only a live fork opens one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from processors.deciders import DECIDERS, SNAPSHOTS_FOLDER
from processors.effects import Effect
from processors.models.effect import Inferring
from processors.models.ports import Piece
from processors.perception.effect import PerceiveRequests
from processors.recall.effect import Recalling
from replay.figures import Told
from replay.judged import judgements
from replay.outcomes import WholeRecord
from replay.recorded import Outside, Recorded
from replay.travel import Traveller
from streams.envelope import Envelope, author_of
from streams.errors import Transient
from streams.events.sessions import InferenceRequested
from streams.ids import RunId
from streams.io.client import Client
from streams.io.settings import Settings
from streams.io.snapshots import SnapshotFolder
from streams.io.standing import AnyDecider
from streams.topics import SESSIONS

if TYPE_CHECKING:
    from processors.adapters.opened import Adapters  # slow to import, and few open any


class Unwatched:
    """Nobody watches an answer being made again."""

    def publish(self, request: InferenceRequested, start: int, piece: Piece) -> None:
        """Drop a piece."""


#: The effects of a session, and how each is opened where somebody asks for it to be called.
EFFECTS: Mapping[type[Effect], "Callable[[Adapters], Effect]"] = {
    PerceiveRequests: lambda adapters: PerceiveRequests(adapters.encoder),
    Recalling: lambda adapters: Recalling(adapters.library, adapters.encoder),
    Inferring: lambda adapters: Inferring(adapters.models, Unwatched()),
}
OUTCOMES_FOLDER = "outcomes"
NOT_RECORDED = Transient("not in the record, and a replay calls nobody")


def deciders_of(topic: str) -> list[AnyDecider]:
    """Return the deciders that live in a topic."""
    return [decider for decider in DECIDERS if decider.topic.name == topic]


def traveller(settings: Settings, client: Client) -> Traveller:
    """Return what goes back in the log, with the workers' snapshots to shorten the way."""
    return Traveller(
        client.log, client.wire, SnapshotFolder(settings.worker_home / SNAPSHOTS_FOLDER)
    )


def outside(effect: type[Effect]) -> Outside:
    """Return an effect as a replay sees it."""
    return Outside(
        name=effect.name,
        reads=effect.reads,
        writes=effect.writes,
        depends_on=effect.depends_on,
        safety=effect.safety,
        missing=lambda request: effect.give_up(request, NOT_RECORDED),
    )


def recorded_in(streams: Iterable[Sequence[Envelope[object]]]) -> Recorded:
    """Return the record of what effects did in some streams, each in the order of the log."""
    made = Recorded(map(outside, EFFECTS))
    for stream in streams:
        for envelope in stream:
            made.learn(envelope, author_of(envelope.head))
    return made


def whole_record(
    settings: Settings, client: Client, ends: Mapping[int, int] | None = None
) -> WholeRecord:
    """Return the record of what effects did in every session, up to some ends or those of now."""
    folder, log = settings.data_dir / OUTCOMES_FOLDER, client.log
    if ends is None:
        places = range(log.partitions(SESSIONS.name))
        ends = {place: log.span(SESSIONS.name, place).end for place in places}
    return WholeRecord(map(outside, EFFECTS), log, client.wire, ends, folder)


def told_of_runs(client: Client) -> Mapping[RunId, Told]:
    """Return what people said of runs; of two things said of one the later counts."""
    said = judgements(client.log, client.wire)
    return {run_id: judgement.told for run_id, judgement in said.items()}
