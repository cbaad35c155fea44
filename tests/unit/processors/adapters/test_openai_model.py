"""The adapter of OpenAI-compatible servers, against a real server that says what a test says."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from starlette.responses import JSONResponse, Response

from processors.adapters.model_server import ModelServer
from processors.adapters.openai_model import LATER, REFUSALS, OpenAIModel
from processors.models.ports import Answer, Piece, Refusal, Said
from streams.errors import ModelAway
from streams.events.sessions import Options
from tests.unit.processors.adapters.model_endpoint import (
    KEY,
    Endpoint,
    completion,
    endpoint,
    frames,
    streamed,
)
from tests.unit.processors.examples import PASSAGES, asked, inference

__all__ = ["endpoint"]


async def test_an_answer_is_read_with_its_citations_and_tokens(endpoint: Endpoint) -> None:
    pieces: list[Piece] = []
    answer = await endpoint.model().answer(asked(), pieces.append)
    assert isinstance(answer, Answer)
    assert answer[:1] + answer[2:] == ("324 m [1].", "length", 7, 2, (), ())
    assert [c.memory_id for c in answer.citations] == [PASSAGES[0].memory_id]
    assert pieces == []


async def test_a_request_says_all_and_nothing_more(endpoint: Endpoint) -> None:
    await endpoint.model().answer(asked(passages=()), print)
    ((body, headers),) = endpoint.asked
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "How tall?"}],
        "temperature": 0.5,
        "stream": False,
    }
    assert headers["idempotency-key"] == inference()
    assert headers["authorization"] == f"Bearer {KEY}"


async def test_the_same_request_has_the_same_idempotency_key(endpoint: Endpoint) -> None:
    for _ in range(2):
        await endpoint.model().answer(asked(), print)
    assert len({headers["idempotency-key"] for _, headers in endpoint.asked}) == 1


async def test_a_stream_is_handed_on_piece_by_piece(endpoint: Endpoint) -> None:
    endpoint.answer = streamed(*frames("324 ", "m ", "[1]."))
    pieces: list[Piece] = []
    answer = await endpoint.model().answer(asked(stream=True), pieces.append)
    assert pieces == [Said("324 "), Said("m "), Said("[1].")]
    assert isinstance(answer, Answer)
    assert answer[:1] + answer[2:] == ("324 m [1].", "stop", 7, 2, (), ())
    assert len(answer.citations) == 1
    assert endpoint.asked[0][0]["stream_options"] == {"include_usage": True}


async def test_a_stream_is_read_however_its_bytes_are_cut(endpoint: Endpoint) -> None:
    whole = b": a comment\r\nevent: x\r\n" + b"".join(frames("a\u00e9", "b"))
    emoji = b'data: {"choices": [{"delta": {"content": "\\ud83d"}}]}\n\n'
    emoji += b'data: {"choices": [{"delta": {"content": "\\ude00"}}]}\r\n\r\n'
    endpoint.answer = streamed(*((emoji + whole)[at : at + 1] for at in range(len(emoji + whole))))
    answer = await endpoint.model().answer(asked(stream=True), print)
    assert isinstance(answer, Answer)
    assert answer.text == "\U0001f600a\u00e9b"


async def test_connections_are_kept_for_the_next_request(endpoint: Endpoint) -> None:
    for stream in (False, True, False):
        endpoint.answer = streamed(*frames("a")) if stream else JSONResponse(completion())
        await endpoint.model().answer(asked(stream=stream), print)
    assert len(set(endpoint.peers)) == 1


async def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        body = json.dumps(completion()).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        server = ModelServer("http://models.invalid/v1", KEY)
        assert isinstance(await OpenAIModel(server, "m").answer(asked(), print), Answer)
        await server.close()
    assert lines == [b"POST http://models.invalid/v1/chat/completions HTTP/1.1\r\n"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "invalid_request"),
        (401, "model_key_refused"),
        (402, "model_refused"),
        (403, "model_key_refused"),
        (404, "model_not_found"),
        (409, "model_conflict"),
        (413, "model_refused"),
        (422, "invalid_request"),
    ],
)
async def test_what_would_be_refused_again_is_a_refusal(
    status: int, reason: str, stream: bool, endpoint: Endpoint
) -> None:
    said = f"no, and your key is {KEY}"
    endpoint.answer = JSONResponse({"error": {"message": said}}, status)
    answer = await endpoint.model().answer(asked(stream=stream), print)
    assert isinstance(answer, Refusal)
    assert answer.reason == reason
    assert "no, and your key is [key]" in answer.detail


def reasons(body: dict[str, Any]) -> Response:
    """Answer as OpenAI's models that reason do."""
    said = (
        "Unsupported parameter: 'max_tokens' is not supported with this model."
        " Use 'max_completion_tokens' instead."
    )
    if "max_tokens" in body:
        error = {"message": said, "param": "max_tokens", "code": "unsupported_parameter"}
        return JSONResponse({"error": error}, 400)
    return streamed(*frames("yes")) if body["stream"] else JSONResponse(completion())


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_calls_the_bound_otherwise_is_told_it_so_from_then_on(
    stream: bool, endpoint: Endpoint
) -> None:
    endpoint.answer, model = reasons, endpoint.model()
    request = asked(stream=stream, options=Options(max_tokens=9))
    for _ in range(2):
        assert isinstance(await model.answer(request, lambda _: None), Answer)
    bounds = [{k: v for k, v in body.items() if k.startswith("max_")} for body, _ in endpoint.asked]
    assert bounds == [{"max_tokens": 9}, *[{"max_completion_tokens": 9}] * 2]


@pytest.mark.parametrize(
    ("options", "times"),
    [
        (Options(max_tokens=9), 2),
        (Options(verbatim='{"max_tokens": 9}'), 1),  # its client's own words, not to be changed
        (Options(), 1),
    ],
)
async def test_a_model_that_refuses_every_bound_is_not_asked_without_end(
    options: Options, times: int, endpoint: Endpoint
) -> None:
    endpoint.answer = JSONResponse({"error": {"message": "no max_completion_tokens"}}, 400)
    answer = await endpoint.model().answer(asked(options=options), print)
    assert isinstance(answer, Refusal)
    assert len(endpoint.asked) == times


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 529])
async def test_what_may_pass_is_asked_again_later(
    status: int, stream: bool, endpoint: Endpoint
) -> None:
    endpoint.answer = JSONResponse({"error": {"message": f"busy {KEY}"}}, status)
    with pytest.raises(ModelAway, match=f"m answered {status}") as caught:
        await endpoint.model().answer(asked(stream=stream), print)
    assert KEY not in str(caught.value)
    assert len(endpoint.asked) == 1


def garbage() -> Iterator[Any]:
    yield Response(b"{not json", media_type="application/json")
    yield Response(b"<html>", media_type="text/html")
    yield JSONResponse([])
    yield JSONResponse(None)
    yield JSONResponse({})
    yield JSONResponse(completion(choices=[]))
    yield JSONResponse(completion(choices=None))
    yield JSONResponse(completion(text=7))
    yield JSONResponse(completion(choices=[{"index": 0}]))
    yield JSONResponse(completion(choices=[{"message": {"tool_calls": [7]}}]))
    yield JSONResponse(completion(choices=[{"message": {"tool_calls": [{"function": "f"}]}}]))


@pytest.mark.parametrize("answer", list(garbage()), ids=lambda r: r.body.decode()[:40])
async def test_what_is_no_completion_is_no_answer(answer: Response, endpoint: Endpoint) -> None:
    endpoint.answer = answer
    with pytest.raises(ModelAway):
        await endpoint.model().answer(asked(), print)


@pytest.mark.parametrize(
    "made",
    [completion(None), completion(usage=None), completion(usage={"prompt_tokens": None})],
)
async def test_what_a_server_leaves_out_is_nothing(made: Any, endpoint: Endpoint) -> None:
    endpoint.answer = JSONResponse(made)
    answer = await endpoint.model().answer(asked(), print)
    assert isinstance(answer, Answer)
    assert (type(answer.text), type(answer.prompt_tokens)) == (str, int)


@pytest.mark.parametrize(
    "broken",
    [
        streamed(frames("a")[0], b"data: {not json\n\n"),
        streamed(frames("a")[0], b'data: {"error": {"message": "overloaded"}}\n\n'),
        streamed(frames("a")[0], dies=True),
        streamed(frames("a")[0], b'data: {"choices": [{"index": 0}]}\n\n'),
        streamed(frames("a")[0], b"data: 7\n\n"),
    ],
)
async def test_a_stream_that_breaks_is_asked_for_again(broken: Any, endpoint: Endpoint) -> None:
    endpoint.answer = broken
    with pytest.raises(ModelAway):
        await endpoint.model().answer(asked(stream=True), print)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_server_that_takes_too_long_is_away(stream: bool, endpoint: Endpoint) -> None:
    endpoint.answer = 30.0
    server = ModelServer(f"http://127.0.0.1:{endpoint.port}/v1", timeout_s=0.1)
    with pytest.raises(ModelAway):
        await OpenAIModel(server, "m").answer(asked(stream=stream), print)
    await server.close()


async def test_a_server_that_is_not_there_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = Endpoint(port)
    with pytest.raises(ModelAway, match=r"no answer about m from 127.0.0.1"):
        await gone.model().answer(asked(), print)
    await gone.server.close()


def _below(kind: type) -> set[type]:
    return {kind}.union(*map(_below, kind.__subclasses__()))


def test_every_status_that_the_official_client_knows_is_a_refusal_or_may_pass() -> None:
    said = [str(vars(kind).get("__annotations__")) for kind in _below(openai.APIStatusError)]
    known = {int(status) for text in said for status in re.findall(r"Literal\[(\d+)\]", text)}
    assert known - LATER == set(REFUSALS)
