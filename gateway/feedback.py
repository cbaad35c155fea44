"""`POST /api/feedback`: what a client says of a decision becomes an event for the tuner."""

from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.api.idempotency import Idempotency
from gateway.body import BODIES, Bodies, parsed
from gateway.errors import away, invalid, unknown
from gateway.identified import run_of
from gateway.sender import QueueFull
from streams.errors import BrokerAway, DeliveryFailed
from streams.events.tuning import FeedbackOffered, Verdict
from streams.ids import CapabilityId, RunId
from streams.log import Headers
from streams.topics import ROUTER_KEY, TUNING, Topic

BODY_MAX = 10_000

Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Said(BaseModel):
    """The body; `label` is where the request belongs, `none_of_these` says that nowhere."""

    model_config = ConfigDict(extra="forbid")

    run_id: Name
    verdict: Literal["right", "wrong", "picked"]
    label: Name | None = None
    none_of_these: bool = False

    @model_validator(mode="after")
    def _agrees(self) -> "_Said":
        if self.label is not None and self.none_of_these:
            raise ValueError("a label and none_of_these contradict each other")
        if self.verdict == "right" and (self.label is not None or self.none_of_these):
            raise ValueError("what is right needs no label")
        if self.verdict == "picked" and self.label is None and not self.none_of_these:
            raise ValueError("say what was picked")
        return self


class Door(Protocol):
    """What leads to the log: see `gateway.sender.Sender`."""

    async def send(
        self, run_id: RunId, key: str, event: Any, trace: Headers, *, topic: Topic
    ) -> None:
        """Append an event; return once it is durable."""


class Feedback:
    """The route; whether the feedback is accepted is for the tuner, in the log."""

    def __init__(
        self, sender: Door, answers: Idempotency | None = None, bodies: Bodies = BODIES
    ) -> None:
        self._sender = sender
        self._answers = answers or Idempotency()
        self._bodies = bodies.up_to(BODY_MAX)
        self.routes = [Route("/api/feedback", self.give, methods=["POST"])]

    async def give(self, request: Request) -> Response:
        """Append the feedback; 202 once it is durable."""
        body = await self._bodies.read(request)
        said = _parsed(parsed(body))
        return await self._answers.once(request, body, lambda: self._send(request, said))

    async def _send(self, request: Request, said: _Said) -> Response:
        event = FeedbackOffered(
            run_id=RunId(said.run_id),
            verdict=Verdict(said.verdict),
            label=CapabilityId(said.label) if said.label else None,
            none_of_these=said.none_of_these,
        )
        event_id = run_of(request)
        try:
            await self._sender.send(event_id, ROUTER_KEY, event, [], topic=TUNING)
        except (BrokerAway, QueueFull) as error:
            raise away(str(error)) from error
        except DeliveryFailed as error:
            raise unknown(said.run_id, str(error)) from error
        return JSONResponse({"event_id": event_id, "run_id": said.run_id}, 202)


def _parsed(body: Any) -> _Said:
    try:
        return _Said.model_validate(body)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        param = ".".join(map(str, first["loc"]))
        raise invalid(f"{param}: {first['msg']}".removeprefix(": "), param or None) from None
