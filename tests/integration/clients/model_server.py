"""A model behind OpenAI's API that does what it is told, for clients of any language.

`echo` answers with the request as it came, `measure` calls the tool that was offered, `slowly`
waits in the middle of its answer until `GET /release`, `late` before it, and `refuse`, `decline`
and `collide` are answered with errors.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
ARGUMENTS = json.dumps({"what": "Größe"})
LATE_S = 120.0
STATUSES = {"refuse": 400, "decline": 402, "collide": 409}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.released = threading.Event()

    def wait(self) -> None:
        """Wait until somebody says that it is enough, once."""
        assert self.released.wait(LATE_S)
        self.released.clear()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Let go of whoever waits in the middle of an answer."""
        self.server.released.set()
        self._whole({"released": True})

    def do_POST(self) -> None:
        """Answer a chat request."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = body["messages"][-1]["content"]
        if said == "late":
            self.server.wait()
        if said in STATUSES:
            self._whole({"error": {"message": "I will not"}}, STATUSES[said])
        elif body["stream"]:
            self._stream(body)
        else:
            choices = [
                {"index": index, "message": {"role": "assistant", **made}, "finish_reason": finish}
                for index, (made, finish) in enumerate(_answers(body))
            ]
            self._whole({**_about(body, "chat.completion"), "choices": choices, "usage": USAGE})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _whole(self, said: Any, status: int = 200) -> None:
        written = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def _stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        about = _about(body, "chat.completion.chunk")
        for index, (made, finish) in enumerate(_answers(body)):
            for number, delta in enumerate(_deltas(made)):
                if number and body["messages"][-1]["content"] == "slowly":
                    self.server.wait()
                self._frame(about, index, delta, None)
            self._frame(about, index, {}, finish)
        self._event({**about, "choices": [], "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def _frame(self, about: Any, index: int, delta: Any, finish: str | None) -> None:
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        self._event({**about, "choices": [choice]})

    def _event(self, said: Any) -> None:
        self.wfile.write(b"data: " + json.dumps(said).encode() + b"\n\n")
        self.wfile.flush()


def _about(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "c", "object": kind, "created": 1, "model": body["model"]}


def _answers(body: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield as many answers as are wanted, with what ended each."""
    last = body["messages"][-1]
    for number in range(body.get("n", 1)):
        if last["role"] == "tool":
            yield {"content": f"It is {last['content']}."}, "stop"
        elif last["content"] == "measure":
            name = body["tools"][0]["function"]["name"]
            function = {"name": name, "arguments": ARGUMENTS}
            call = {"id": f"call_{number}", "type": "function", "function": function}
            yield {"content": None, "tool_calls": [call]}, "tool_calls"
        elif last["content"] == "slowly":
            yield {"content": "one two"}, "stop"
        else:
            yield {"content": json.dumps({**body, "number": number})}, "stop"


def _deltas(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an answer in pieces."""
    for call in made.get("tool_calls", ()):
        function = call["function"]
        begun = {**call, "index": 0, "function": {**function, "arguments": ""}}
        yield {"role": "assistant", "content": None, "tool_calls": [begun]}
        for piece in (function["arguments"][:4], function["arguments"][4:]):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
    if text := made["content"]:
        yield {"role": "assistant", "content": text[:4]}
        yield {"content": text[4:]}


@contextmanager
def model_served() -> Iterator[str]:
    """Serve the model; yields its base URL."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
