"""The official Python client against a whole grid: real encoder, real log, a model of ours."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest

from streams.envelope import CAUSATION, Envelope
from streams.events.sessions import (
    CancellationRequested,
    EmbeddingCompleted,
    EmbeddingRequested,
    InferenceCompleted,
    InferenceRequested,
    RequestReceived,
    ResponseCompleted,
    RunFailed,
)
from streams.ids import RunId
from streams.io.client import Client as Door
from streams.io.runs import events_of
from tests.integration.clients.model_server import ARGUMENTS
from tests.integration.grid.front import Front
from tests.packages import installed_package

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ENCODER = "all-MiniLM-L6-v2"
DIMENSIONS = 384


@pytest.fixture
def client(front: Front) -> Iterator[openai.OpenAI]:
    url = f"http://127.0.0.1:{front.ports['gateway']}/v1"
    with openai.OpenAI(base_url=url, api_key="none", timeout=120, max_retries=0) as opened:
        yield opened


def events(front: Front, run: str | None) -> list[Envelope[Any]]:
    assert run is not None
    with Door(front.settings) as door:
        return events_of(RunId(run), door.log, door.wire)


def test_texts_become_vectors_and_both_are_in_the_log(front: Front, client: openai.OpenAI) -> None:
    texts = ["The tower is 324 m tall.", "How tall is the tower?", "Tea is at four."]
    made = client.embeddings.create(model=ENCODER, input=texts)  # base64 on the wire
    plain = client.embeddings.create(model="aether", input=texts, encoding_format="float")
    tower, question, tea = rows = np.array([e.embedding for e in made.data], np.float32)
    np.testing.assert_array_equal(rows, np.array([e.embedding for e in plain.data], np.float32))
    assert rows.shape == (3, DIMENSIONS)
    assert question @ tower > 0.5 > question @ tea
    assert made.model.startswith(f"{ENCODER}@")
    assert made.usage.prompt_tokens == made.usage.total_tokens == 9 + 8 + 7
    assert ENCODER in [model.id for model in client.models.list()]

    raw = client.embeddings.with_raw_response.create(model=ENCODER, input=texts)
    asked, answered = events(front, raw.headers["x-request-id"])
    assert isinstance(asked.event, EmbeddingRequested)
    assert isinstance(answered.event, EmbeddingCompleted)
    assert answered.head[CAUSATION].decode() == asked.event_id
    assert asked.event.texts == tuple(texts)
    assert b"".join(answered.event.vectors) == rows.astype("<f4").tobytes()


def test_more_texts_than_one_record_holds_become_vectors(client: openai.OpenAI) -> None:
    texts = [f"note {number}" for number in range(300)]
    made = client.embeddings.create(model=ENCODER, input=texts)
    alone = client.embeddings.create(model=ENCODER, input=texts[-1])
    assert len(made.data) == 300
    assert made.data[-1].embedding == alone.data[0].embedding


def test_what_the_encoder_cannot_do_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="not embedded by 'text-embedding-3-small'"):
        client.embeddings.create(model="text-embedding-3-small", input="a")
    with pytest.raises(openai.BadRequestError, match="have 384, and are not shortened"):
        client.embeddings.create(model=ENCODER, input="a", dimensions=256)
    with pytest.raises(openai.BadRequestError, match="send text"):
        client.embeddings.create(model=ENCODER, input=[[15496, 995]])


# -- a language model behind the gateway

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "measure",
        "description": "Measures a thing.",
        "parameters": {"type": "object", "properties": {"what": {"type": "string"}}},
    },
}
FORM: Any = {
    "type": "json_schema",
    "json_schema": {"name": "said", "schema": {"type": "object", "properties": {"z": {}, "a": {}}}},
}


def user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_whatever_is_asked_of_a_model_reaches_it_and_stands_in_the_log(
    front: Front, client: openai.OpenAI
) -> None:
    made = client.chat.completions.with_raw_response.create(
        model="puppet",
        messages=user("echo"),
        n=2,
        stop=["\n", "END"],
        seed=7,
        temperature=0.5,
        top_p=0.25,
        max_completion_tokens=90,
        presence_penalty=1.0,
        frequency_penalty=-1.0,
        logit_bias={"7": -100},
        response_format=FORM,
        tools=[TOOL],
        tool_choice="none",
        parallel_tool_calls=False,
        logprobs=True,
    )
    assert made.headers["x-aether-ignored"] == "logprobs"
    said = [json.loads(choice.message.content or "") for choice in made.parse().choices]
    assert [each.pop("number") for each in said] == [0, 1]
    told, again = said
    assert told == again
    assert told.pop("messages")[-1] == {"role": "user", "content": "echo"}
    assert list(told["response_format"]["json_schema"]["schema"]["properties"]) == ["z", "a"]
    verbatim = {
        "presence_penalty": 1.0, "frequency_penalty": -1.0, "logit_bias": {"7": -100.0},
        "response_format": FORM, "tools": [TOOL], "tool_choice": "none",
        "parallel_tool_calls": False,
    }  # fmt: skip
    assert told == {
        **verbatim,
        "model": "puppet-1", "stream": False, "n": 2, "stop": ["\n", "END"], "seed": 7,
        "temperature": 0.5, "top_p": 0.25, "max_tokens": 90,
    }  # fmt: skip
    found = {type(e.event): e.event for e in events(front, made.headers["x-request-id"])}
    for kind in (RequestReceived, InferenceRequested):
        options = found[kind].options
        assert (options.n, options.seed, options.stop) == (2, 7, ("\n", "END"))
        assert json.loads(options.verbatim) == verbatim
    answered, completed = found[InferenceCompleted], found[ResponseCompleted]
    assert len(completed.alternatives) == 1
    assert answered.alternatives == completed.alternatives


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_what_it_says_is_answered(
    stream: bool, front: Front, client: openai.OpenAI
) -> None:
    asked: Any = {"model": "puppet", "tools": [TOOL]}
    turns = user("measure")
    if stream:
        with client.chat.completions.stream(messages=turns, **asked) as told:
            names = [event.type for event in told]
            (choice,) = told.get_final_completion().choices
        assert (
            names.count("tool_calls.function.arguments.delta") == 3
        )  # its beginning, and two pieces
    else:
        (choice,) = client.chat.completions.create(messages=turns, **asked).choices
    assert choice.finish_reason == "tool_calls"
    message = choice.message.model_dump(exclude={"parsed"})
    (call,) = message["tool_calls"]
    assert (call["id"], call["function"]["name"]) == ("call_0", "measure")
    assert call["function"]["arguments"] == ARGUMENTS
    said = {"role": "tool", "tool_call_id": call["id"], "content": "324 m"}
    function = {"name": "measure", "arguments": ARGUMENTS}
    calls = [{"id": "call_0", "type": "function", "function": function}]
    turns = [*turns, {"role": "assistant", "content": None, "tool_calls": calls}, said]
    done = client.chat.completions.with_raw_response.create(messages=turns, **asked)
    assert done.parse().choices[0].message.content == "It is 324 m."
    request = events(front, done.headers["x-request-id"])[0].event
    assert request.messages[1].tool_calls[0].arguments == ARGUMENTS
    assert request.messages[2].tool_call_id == "call_0"


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_calls_a_tool_and_goes_on_with_what_it_says(
    stream: bool, client: openai.OpenAI
) -> None:
    asked: Any = {"model": "puppet", "tools": [{"type": "function", **TOOL["function"]}]}
    first: Any
    if stream:
        with client.responses.stream(input="measure", **asked) as told:
            first = told.get_final_response()
    else:
        first = client.responses.create(input="measure", **asked)
    (call,) = first.output
    assert (call.type, call.name, call.arguments) == ("function_call", "measure", ARGUMENTS)
    said: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "324 m"}
    done = client.responses.create(input=[said], previous_response_id=first.id, **asked)
    assert done.output_text == "It is 324 m."


def release(model_url: str) -> None:
    """Let the model go on that waits in the middle of its answer."""
    urllib.request.urlopen(model_url.removesuffix("v1") + "release").close()


def test_tokens_come_as_they_are_made_and_usage_when_asked_for(
    client: openai.OpenAI, model_url: str
) -> None:
    stream = client.chat.completions.create(
        model="puppet", messages=user("slowly"), stream=True, stream_options={"include_usage": True}
    )
    told = [next(stream), next(stream)]
    assert [chunk.choices[0].delta.content for chunk in told] == ["", "one "]
    release(model_url)
    told += stream  # nothing of the rest was made before
    assert "".join(c.choices[0].delta.content or "" for c in told if c.choices) == "one two"
    assert [c.usage and c.usage.total_tokens for c in told] == [*[None] * (len(told) - 1), 9]


def test_who_hangs_up_in_a_stream_ends_its_run_and_holds_nobody_up(
    front: Front, client: openai.OpenAI, model_url: str
) -> None:
    asked: Any = {"model": "puppet", "extra_headers": {"x-aether-session": "hangs-up"}}
    stream = client.chat.completions.create(messages=user("slowly"), stream=True, **asked)
    told = [next(stream), next(stream)]
    stream.close()
    try:  # the model waits in the middle of its answer, and nobody for the model
        said = client.chat.completions.create(messages=user("echo"), **asked)
    finally:
        release(model_url)
    assert json.loads(said.choices[0].message.content or "")["messages"]
    kinds = [type(e.event) for e in events(front, told[0].id.removeprefix("chatcmpl-"))]
    assert CancellationRequested in kinds
    assert kinds[-1] is RunFailed


def test_what_a_model_or_the_answerer_refuses_is_the_clients_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="I will not"):
        client.chat.completions.create(model="puppet", messages=user("refuse"))
    wanted: Any
    for wanted in ({"tools": [TOOL]}, {"response_format": {"type": "json_object"}}, {"n": 2}):
        (name,) = wanted
        with pytest.raises(openai.BadRequestError, match=f"{name}: the extractive answerer only"):
            client.chat.completions.create(model="answer", messages=user("How tall?"), **wanted)


def test_a_running_response_is_cancelled_and_deleted_and_the_log_keeps_it(
    front: Front, client: openai.OpenAI, model_url: str
) -> None:
    stream = client.responses.create(model="puppet", input="slowly", stream=True, background=True)
    told: list[Any] = []
    while not told or told[-1].type != "response.output_text.delta":
        told.append(next(stream))
    name = told[0].response.id
    try:
        done = client.responses.cancel(name)
    finally:
        release(model_url)
    assert (done.status, done.background, done.error) == ("cancelled", True, None)
    last: Any = list(stream)[-1]
    assert (last.type, last.response.status) == ("response.failed", "cancelled")
    assert client.responses.retrieve(name).status == "cancelled"
    client.responses.delete(name)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(name)
    kinds = [type(e.event) for e in events(front, name.removeprefix("resp_"))]
    assert kinds.count(RunFailed) == kinds.count(CancellationRequested) == 1
    assert (kinds[0], kinds[-1]) == (RequestReceived, RunFailed)


def test_the_official_node_client_makes_the_same_calls(front: Front, model_url: str) -> None:
    package = installed_package(Path(__file__).parent / "openai_node")
    gateway = f"http://127.0.0.1:{front.ports['gateway']}"
    done = package.run("test", GATEWAY=gateway, MODEL=model_url)
    assert done.returncode == 0, done.stdout + done.stderr
