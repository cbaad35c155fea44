"""Sends one event of a command, and waits until the log holds it."""

import os
import time
from typing import Any

from streams.ids import EventId, minted
from streams.io.client import Client
from streams.topics import Topic


def send(client: Client, topic: Topic, key: str, event: Any) -> EventId:
    """Send one event, and return its id once it is durable."""
    event_id = EventId(minted(int(time.time() * 1000), os.urandom(10)))
    client.send(topic, key, event, event_id)
    client.flush()
    return event_id
