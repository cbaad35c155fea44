"""`aether ask`: one question through the same door that every client uses."""

from http import HTTPStatus
from typing import Any

import click
import httpx2

from cli.output import emit_one, formatted
from streams.errors import ModelAway
from streams.io.settings import Settings, read_settings

MARGIN_S = 10.0


@click.command()
@click.argument("question")
@click.option("--model", default="aether", help="A capability or a model by name.")
@click.option("--session", help="A conversation to come back to.")
@click.option("--user", help="Who asks: what is remembered of them is recalled too.")
@formatted
def ask(question: str, model: str, session: str | None, user: str | None, output: str) -> int:
    """Ask the grid a question; exit code 6 if it refuses, 5 if no answer came in time."""
    answer = ask_grid(read_settings(), question, model, session, user)
    emit_one(output, answer, as_text(answer))
    return 0


def ask_grid(
    settings: Settings,
    question: str,
    model: str = "aether",
    session: str | None = None,
    user: str | None = None,
) -> dict[str, Any]:
    """Return the answer as the gateway gives it.

    Raises ConnectionError, TimeoutError, PermissionError and ModelAway, by what the gateway says.
    """
    headers = {"x-aether-session": session} if session else {}
    body = {"model": model, "messages": [{"role": "user", "content": question}], "user": user}
    try:
        answered = httpx2.post(
            f"{settings.gateway_url}/v1/chat/completions",
            json=body,
            headers=headers,
            timeout=settings.gateway.timeout_s + MARGIN_S,
        )
    except httpx2.ConnectError as exc:
        raise ConnectionError(
            f"no gateway at {settings.gateway_url}; start the grid with `aether up`"
        ) from exc
    except httpx2.TimeoutException as exc:
        raise TimeoutError(f"the gateway at {settings.gateway_url} does not answer") from exc
    if answered.is_success:
        told: dict[str, Any] = answered.json()
        return told
    raise _refusal(answered)


def as_text(answer: dict[str, Any]) -> str:
    """Return an answer for a person: its words, then where they come from."""
    beside = answer["aether"]
    lines = [answer["choices"][0]["message"]["content"]]
    if beside["citations"]:
        lines.append("")
    lines += [
        f"[{c['marker']}] {c['title'] or 'untitled'}  {c['uri']}" for c in beside["citations"]
    ]
    lines += ["", f"run {beside['run_id']}  (aether run show {beside['run_id']})"]
    return "\n".join(lines)


def _refusal(answered: httpx2.Response) -> Exception:
    try:
        message = answered.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = answered.text[:500]
    if answered.status_code == HTTPStatus.GATEWAY_TIMEOUT:
        return TimeoutError(message)
    if answered.is_client_error:
        return PermissionError(message)
    if answered.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return ConnectionError(message)
    return ModelAway(message)
