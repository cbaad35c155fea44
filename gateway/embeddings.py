"""`/v1/embeddings`: texts as vectors, asked for and answered by events like everything else."""

from array import array
from base64 import b64encode
from sys import byteorder
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import chat
from gateway.asked import heard_until
from gateway.asking import LARGE, Asking, trace_of, while_connected
from gateway.body import Bodies
from gateway.errors import failed, invalid
from gateway.identified import run_of
from gateway.named import SESSION_HEADER, named
from gateway.unheeded import named_in_header, unread
from streams.events.sessions import EmbeddingCompleted, EmbeddingFailed, EmbeddingRequested
from streams.ids import ModelName
from streams.log import Headers
from streams.scopes import NAME_MAX
from streams.text import is_wellformed

#: As many texts as OpenAI takes at once.
TEXTS_MAX = 2_048


class EmbeddingsRequest(BaseModel):
    """The body of `POST /v1/embeddings`."""

    model_config = ConfigDict(extra="allow", strict=True)

    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    input: str | list[str]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(gt=0, lt=chat.LONG)] | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts, in their order."""
        return (self.input,) if isinstance(self.input, str) else tuple(self.input)


class Embeddings:
    """The route."""

    def __init__(self, asking: Asking, bodies: Bodies) -> None:
        self._asking = asking
        self._bodies = bodies
        self.routes = [Route("/v1/embeddings", self.embed, methods=["POST"])]

    async def embed(self, request: Request) -> Response:
        """Answer with a vector per text."""
        body = parse(await self._bodies.json(request))
        session = named(request, body).session or run_of(request)
        event = EmbeddingRequested(
            run_id=run_of(request),
            model=ModelName(body.model),
            texts=body.texts,
            dimensions=body.dimensions,
        )
        asking = self._made(event, session, trace_of(request))
        written = shown(await while_connected(request, asking), body.encoding_format or "float")
        headers = {SESSION_HEADER: session.encode().decode("latin-1")}  # UTF-8 on its way
        headers |= named_in_header(unread(body))
        return Response(written, media_type="application/json", headers=headers)

    async def _made(
        self, event: EmbeddingRequested, session: str, head: Headers
    ) -> EmbeddingCompleted:
        deadline = self._asking.deadline()
        with self._asking.runs.waiting(event.run_id) as news:
            large = sum(map(len, event.texts)) > LARGE
            await self._asking.append(event.run_id, session, event, head, large=large)
            outcome = await heard_until(deadline, news, event.run_id)
        if isinstance(outcome, EmbeddingFailed):
            raise failed(outcome)
        made: EmbeddingCompleted = outcome
        return made


def parse(body: Any) -> EmbeddingsRequest:
    """Read a body. Raises ApiError naming the first field that is wrong."""
    if not isinstance(body, dict):
        raise invalid("the body is not a JSON object")
    if isinstance(given := body.get("input"), list) and any(type(i) in (int, list) for i in given):
        told = "tokens are not taken, whose numbers mean another word to every encoder; send text"
        raise invalid(f"input: {told}", "input")
    try:
        request = EmbeddingsRequest.model_validate(body)
    except ValidationError as exc:
        param, message = chat.wrong(body, exc)
        raise invalid(f"{param}: {message}", param) from None
    if not 0 < len(request.texts) <= TEXTS_MAX:
        raise invalid(f"input: there are {len(request.texts)} texts, of 1 to {TEXTS_MAX}", "input")
    for number, text in enumerate(request.texts):
        at = "input" if isinstance(request.input, str) else f"input[{number}]"
        if not text:
            raise invalid(f"{at}: the text is empty", at)
        if not is_wellformed(text):
            raise invalid(f"{at}: holds characters that are no Unicode text", at)
    return request


def shown(made: EmbeddingCompleted, encoding: str) -> bytes:
    """Return vectors as OpenAI writes them; the model's name says which weights made them."""
    write = _numbers if encoding == "float" else _base64
    data = [
        {"object": "embedding", "index": index, "embedding": write(vector)}
        for index, vector in enumerate(made.vectors)
    ]
    usage = {"prompt_tokens": made.tokens, "total_tokens": made.tokens}
    return orjson.dumps({"object": "list", "data": data, "model": made.encoder, "usage": usage})


def _numbers(vector: bytes) -> list[float]:
    numbers = array("f", vector)
    if byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def _base64(vector: bytes) -> str:
    return b64encode(vector).decode()
