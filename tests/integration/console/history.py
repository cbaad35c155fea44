"""A history to look at: runs as the grid would have written them, sent straight to the log."""

import time
from collections.abc import Iterator
from typing import Any

from streams.errors import DeliveryFailed
from streams.events import sessions as s
from streams.ids import CapabilityId, EventId, InferenceId, ModelName, RunId
from streams.io.client import Client
from streams.topics import SESSIONS

Said = tuple[EventId, str, Any]


def send(client: Client, said: Iterator[Said]) -> None:
    """Send events as the gateway and the deciders head them; wait until they are durable."""
    failed: list[DeliveryFailed | None] = []
    for event_id, key, event in said:
        draft = client.wire.root(
            event, component="gateway", topic=SESSIONS.name, key=key, event_id=event_id,
            at_ms=int(time.time() * 1000), run_id=event.run_id,
        )  # fmt: skip
        while not client.log.append([draft], failed.append):
            client.log.serve(0.05)
    client.flush()
    assert not any(failed)


def runs(count: int) -> Iterator[Said]:
    """Yield many short runs, every hundredth of which fails."""
    for at in range(count):
        run_id = RunId(f"run-{at:06d}")
        yield asked(run_id, f"Question number {at}?")
        yield ended(run_id, at % 100 == 99)


def long_run(run_id: RunId, events: int) -> Iterator[Said]:
    """Yield one run that asks its model again and again."""
    yield asked(run_id, "How long can this go on?")
    for at in range(events - 2):
        event = s.InferenceCompleted(
            run_id=run_id, inference_id=InferenceId(f"i-{at}"), model=ModelName("extractive"),
            text=f"Part {at}.", citations=(), finish_reason="stop", prompt_tokens=1,
            completion_tokens=1,
        )  # fmt: skip
        yield EventId(f"{run_id}-{at}"), run_id, event
    yield ended(run_id, False)


def asked(run_id: RunId, text: str) -> Said:
    """Return the question of a run; its session has the run's name."""
    event = s.RequestReceived(
        run_id=run_id, model=ModelName("aether"), text=text,
        messages=(s.Message(role="user", content=text),), options=s.Options(), scopes=(),
        remember_in=None, stream=False,
    )  # fmt: skip
    return EventId(run_id), run_id, event


def ended(run_id: RunId, failed: bool) -> Said:
    """Return the end of a run."""
    event: Any = s.ResponseCompleted(
        run_id=run_id, text="An answer.", citations=(), capability=CapabilityId("answer"),
        model=ModelName("extractive"), finish_reason="stop", prompt_tokens=7, completion_tokens=2,
    )  # fmt: skip
    if failed:
        event = s.RunFailed(run_id=run_id, reason="model_failed", detail="the model broke")
    return EventId(f"{run_id}-end"), run_id, event
