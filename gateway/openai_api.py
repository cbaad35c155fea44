"""OpenAI's doors: `/v1/chat/completions`, plain and streamed, and `/v1/models`."""

from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway import answers, chat
from gateway.asking import Asking, said_beside, trace_of, while_connected
from gateway.body import Bodies
from gateway.capabilities import Capabilities
from gateway.errors import ApiError
from gateway.frames import Frames, frames_of
from gateway.named import named


class OpenAI:
    """The routes under `/v1` that answer at once."""

    def __init__(self, asking: Asking, capabilities: Capabilities, bodies: Bodies) -> None:
        self._asking = asking
        self._capabilities = capabilities
        self._bodies = bodies
        self.routes = [
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{name:path}", self.model, methods=["GET"]),
            Route("/v1/chat/completions", self.complete, methods=["POST"]),
        ]

    async def models(self, _: Request) -> Response:
        """List what can be asked for by name; the first one routes by meaning."""
        return JSONResponse({"object": "list", "data": self._capabilities.listed()})

    async def model(self, request: Request) -> Response:
        """Return one of them."""
        name = request.path_params["name"]
        for model in self._capabilities.listed():
            if model["id"] == name:
                return JSONResponse(model)
        message = f"nothing here is called {name!r}"
        raise ApiError(404, "invalid_request_error", "model_not_found", message, "model")

    async def complete(self, request: Request) -> Response:
        """Answer a chat request with what its run comes to."""
        body = chat.parse(await self._bodies.json(request))
        asked = self._asking.begin(request, named(request, body), body)
        headers, trace = said_beside(asked), trace_of(request)
        if body.stream:
            frames = self._asking.stream(asked, trace, frames_of)
            # what fails before the first piece is an answer with a status
            first = await while_connected(request, anext(frames))
            return Frames(first, frames, headers, partial(self._asking.leave, asked))
        event = await while_connected(request, self._asking.whole(asked, trace))
        written = orjson.dumps(answers.answer(event, asked.created, asked.session))
        return Response(written, media_type="application/json", headers=headers)
