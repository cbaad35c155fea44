"""What a grid can do from the start: answer from memory, and speak with the models that are set.

Offered at every start, by `aether up` or a job of its own; an offer that says nothing new changes
nothing.
"""

import os
import time

import click

from cli.output import say
from processors.adapters.opened import EXTRACTIVE
from streams.events.registry import CapabilityOffered, Card
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
