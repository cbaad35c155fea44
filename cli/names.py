"""How people name topics: whole, or by their area."""

from streams.topics import TOPICS

#: Topics by their area, `memory` for `aether.memory.events`.
AREAS = {topic.name.split(".")[1]: topic.name for topic in TOPICS}


def topic_named(name: str) -> str:
    """Return the name of the topic that is meant."""
    return AREAS.get(name, name)
