"""How commands speak to the tuner, and read what it decided."""

from collections.abc import Callable, Iterator
from typing import Any

from cli import answers
from streams.envelope import Envelope
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import ROUTER_KEY, TUNING


def heard(event: Any, awaited: tuple[type, ...], mine: Callable[[Any], bool]) -> Any:
    """Send an event to the tuner and return its answer. Raises TimeoutError if none comes."""
    with Client(read_settings()) as client:
        return answers.answered(client, TUNING, ROUTER_KEY, event, awaited, lambda e: mine(e.event))


def tell(client: Client, event: Any) -> None:
    """Send an event to the tuner, durably."""
    answers.tell(client, TUNING, ROUTER_KEY, event)


def told(client: Client, kinds: tuple[type, ...]) -> Iterator[Envelope[Any]]:
    """Return the tuner's past, repeats dropped."""
    return answers.told(client, TUNING, kinds)
