"""Serving a capability: requests lie on a topic of its own, answers go to the session.

An answer's id follows from its request: two nodes that answer one request give one event, and a
request is acknowledged only after its answer is durable. Nothing is lost; a crash asks again.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException

from aether_grid.errors import BadEvent, Refused, TimedOut
from aether_grid.ids import of_outcome
from aether_grid.seen import Seen
from aether_grid.wire import Event

if TYPE_CHECKING:
    from aether_grid.grid import Grid

logger = logging.getLogger("aether_grid")

REGISTRY = "aether.registry.events"
OFFERED, REGISTERED, PERCEIVED, REFUSED = (
    f"aether.registry.Capability{word}"
    for word in ("Offered", "Registered", "Perceived", "Refused")
)
REQUESTED, COMPLETED, FAILED = (
    f"aether.sessions.Inference{word}" for word in ("Requested", "Completed", "Failed")
)
#: What went wrong is told in so many characters at most: it must fit, whatever was said.
DETAIL_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Work:
    """A request for a node; `value` is the whole InferenceRequested, `session` its key."""

    text: str
    run_id: str
    session: str
    request_id: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with more than its text; citations are as in `aether.sessions.Citation`."""

    text: str
    citations: Sequence[Mapping[str, Any]] = field(default=())
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0


Handler = Callable[[Work], str | Reply]


def register(
    grid: "Grid", name: str, description: str, examples: Sequence[str], more: Mapping[str, Any]
) -> int:
    """Offer a capability and wait until it is in force; an offer that says nothing new is too."""
    card = {
        "description": description,
        "examples": list(examples),
        "policy": "single",
        "model": f"work/{name}",
        **more,
    }
    offer = grid.produce(OFFERED, name, {"card": card})
    known: Any = None
    versions: dict[int, str] = {}
    wanted: int | None = None
    (first, _), *_ = grid.ends(REGISTRY)
    for event in grid.follow(REGISTRY, {0: first}, timeout_s=grid.timeout_s):
        if event.key != name or event.value is None:
            continue
        if event.name == REFUSED and event.cause_id == offer.event_id:
            raise Refused(event.value["reason"], event.value["detail"])
        if event.name == REGISTERED:
            known = event.value
            wanted = known["version"] if event.cause_id == offer.event_id else wanted
        if event.name == PERCEIVED:
            versions[event.value["version"]] = event.event_id
        if event.event_id == offer.event_id and known and known["card"] == event.value["card"]:
            wanted = known["version"]
        if wanted in versions:
            return int(wanted or 0)
    raise TimedOut(f"{name} is not in force yet")


def serve(grid: "Grid", name: str, handler: Handler, stop: threading.Event) -> None:
    """Answer requests one after the other; more nodes of one name share them by session.

    One that comes again, since it took longer than its group waits, is acknowledged and no more.
    """
    topic, seen = f"aether.work.{name}", Seen()
    with grid.consumer({"group.id": topic, "auto.offset.reset": "earliest"}) as reader:
        reader.consumer.subscribe([topic])
        while not stop.is_set():
            message = reader.poll()
            if message is None:
                continue
            event = grid.read(message)
            if event is None or event.value is None or event.name != REQUESTED:
                logger.error("passed over what is no request", extra={"offset": message.offset()})
            elif seen.first(event.event_id):
                _work(grid, name, handler, event, event.value)
            try:
                reader.consumer.commit(message=message, asynchronous=False)
            except KafkaException as error:  # another node has it now, and gives the same id
                logger.warning("not acknowledged", extra={"error": str(error)})


def _work(
    grid: "Grid", name: str, handler: Handler, event: Event, value: Mapping[str, Any]
) -> None:
    work = Work(
        text=value["text"],
        run_id=event.run_id,
        session=event.key,
        request_id=event.cause_id or event.event_id,
        value=value,
    )
    told: dict[str, Any] = {
        "event_id": of_outcome(work.request_id, name),
        "run_id": work.run_id,
        "cause_id": work.request_id,
        "trace": _trace(event),
    }
    kind, outcome = _outcome(handler, work)
    try:
        grid.produce(kind, work.session, outcome, **told)
    except BadEvent as error:  # nothing was written, and nobody else could write it either
        logger.warning("an answer does not fit", extra={"error": str(error)})
        grid.produce(FAILED, work.session, _failed(work, str(error)), **told)


def _outcome(handler: Handler, work: Work) -> tuple[str, dict[str, Any]]:
    """Return what came of a request: whatever a handler raises is an outcome, too."""
    try:
        said = handler(work)
        reply = Reply(said) if isinstance(said, str) else said
        if not isinstance(reply, Reply):
            raise TypeError(f"a handler returns text or a Reply, not {type(reply).__name__}")
        return COMPLETED, {
            **_about(work),
            "text": reply.text,
            "citations": [dict(each) for each in reply.citations],
            "finish_reason": reply.finish_reason,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
        }
    except Refused as refusal:
        return FAILED, {**_about(work), "reason": refusal.reason, "detail": refusal.detail}
    except Exception as error:
        logger.exception("a handler failed", extra={"run_id": work.run_id})
        return FAILED, _failed(work, f"{type(error).__name__}: {error}")


def _about(work: Work) -> dict[str, Any]:
    return {each: work.value[each] for each in ("run_id", "inference_id", "model")}


def _failed(work: Work, detail: str) -> dict[str, Any]:
    """Return an outcome that can be written whatever `detail` is."""
    fits = detail[:DETAIL_MAX].encode(errors="replace").decode()
    return {**_about(work), "reason": "node_failed", "detail": fits}


def _trace(event: Event) -> dict[str, str]:
    names = ("traceparent", "tracestate")
    return {name: event.headers[name].decode() for name in names if name in event.headers}
