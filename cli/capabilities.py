"""`aether capability`: what the grid can be asked for, and what it can do from the start.

That is to answer from memory, and to speak with the models that are set: offered at every start, by
`aether up` or a job of its own. An offer that says nothing new changes nothing.
"""

import os
import time
from typing import Any

import click

from cli.answers import answered, told
from cli.output import emit, emit_one, formatted, say
from processors.adapters.opened import EXTRACTIVE
from streams.errors import Misconfigured
from streams.events.registry import (
    CapabilityOffered,
    CapabilityRegistered,
    CapabilityWithdrawn,
    Card,
    WithdrawalRequested,
)
from streams.ids import EventId, ModelName, minted
from streams.io.client import Client
from streams.io.settings import Settings, read_settings
from streams.topics import REGISTRY

ANSWER = "answer"

CARDS = {
    ANSWER: Card(
        description=(
            "Answers questions from what the grid remembers: documents, notes and conversations,"
            " quoted with their sources."
        ),
        examples=(
            "What does the documentation say about this?",
            "Where is that described?",
            "How does it work, according to the notes?",
            "Who said that, and when?",
        ),
        policy="single",
        model=EXTRACTIVE,
    )
}
TALK = (
    "Writes, explains, translates, reasons and codes in free conversation"
    " with a large language model."
)


@click.group()
def capability() -> None:
    """What the grid can be asked for."""


@capability.command("list")
@formatted
def list_(output: str) -> None:
    """List what is registered, by name; a withdrawn capability is not."""
    with Client(read_settings()) as client:
        found = sorted(registered(client).items())
    emit(output, [_row(name, known) for name, known in found], _COLUMNS)


@capability.command()
@click.argument("name")
@click.option("--reason", default="", help="Why, for the history.")
@formatted
def withdraw(name: str, reason: str, output: str) -> None:
    """Route nothing to NAME any more, until somebody offers it again."""
    with Client(read_settings()) as client:
        known = registered(client)
        if name not in known:
            raise Misconfigured(
                f"no capability is called {name!r}",
                fix=f"one of {', '.join(sorted(known)) or 'none'}: see `aether capability list`",
            )
        asked = WithdrawalRequested(reason=reason)
        done = answered(client, REGISTRY, name, asked, (CapabilityWithdrawn,), lambda _: True)
    emit_one(output, {"capability": name, "version": done.version}, f"{name} is withdrawn")


@capability.command()
def offer() -> None:
    """Offer answers from memory, and every model that is set."""
    settings = read_settings()
    offer_capabilities(settings)
    say(f"offered {', '.join((*CARDS, *settings.models))}")


def offer_capabilities(settings: Settings) -> None:
    """Offer the built-in capabilities and one for each model that is set."""
    cards = dict(CARDS)
    for name, endpoint in settings.models.items():
        cards[name] = Card(
            description=endpoint.description or TALK,
            examples=(),
            policy="single",
            model=ModelName(name),
        )
    with Client(settings, [REGISTRY]) as client:
        for capability, card in cards.items():
            event_id = EventId(minted(int(time.time() * 1000), os.urandom(10)))
            client.send(REGISTRY, capability, CapabilityOffered(card=card), event_id)
        client.flush()


def registered(client: Client) -> dict[str, CapabilityRegistered]:
    """Return the capabilities that were registered last and not withdrawn, by name."""
    found = dict[str, CapabilityRegistered]()
    for envelope in told(client, REGISTRY, (CapabilityRegistered, CapabilityWithdrawn)):
        if isinstance(envelope.event, CapabilityRegistered):
            found[envelope.key] = envelope.event
        else:
            found.pop(envelope.key, None)
    return found


_COLUMNS = [
    "capability", "version", "model", "effect", "cost", "latency_ms", "examples", "description",
]  # fmt: skip


def _row(name: str, known: CapabilityRegistered) -> dict[str, Any]:
    card = known.card
    return {
        "capability": name,
        "version": known.version,
        "model": card.model,
        "policy": card.policy,
        "effect": card.effect.value,
        "cost": card.cost,
        "latency_ms": card.latency_ms,
        "examples": len(card.examples),
        "description": card.description,
    }
