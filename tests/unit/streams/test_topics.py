"""Topics: their names follow the convention, and none of their partition counts may ever move."""

from streams import topics as t
from streams.events import AREAS

TOPICS = t.TOPICS


def test_what_is_fixed_for_ever_is_what_it_was() -> None:
    assert [(x.name, x.key, x.partitions, x.retention_ms) for x in TOPICS] == [
        ("aether.sessions.events", "session", 4, None),
        ("aether.memory.events", "scope", 4, None),
        ("aether.registry.events", "capability", 1, None),
        ("aether.tuning.events", "target", 1, None),
        ("aether.subscriptions.events", "node", 1, None),
        ("aether.matches.events", "session", 1, None),
        ("aether.observations.events", "subject", 1, None),
        ("aether.responses.events", "response", 1, None),
        ("aether.forks.events", "fork", 4, None),
        ("aether.archive.events", "topic/partition", 1, None),
        ("aether.probes", "probe", 1, 3_600_000),
        ("aether.chunks", "run", 4, 3_600_000),
    ]
    assert t.SESSIONS.dead_letters == "aether.sessions.events.dlq"
    assert t.GRID_KEY == "@grid"


def test_every_topic_has_an_area_of_events() -> None:
    assert [topic.name.split(".")[1] for topic in TOPICS] == list(AREAS)


def test_the_truth_is_kept_for_ever() -> None:
    assert all(topic.retention_ms is None for topic in t.EVENT_TOPICS)
    assert t.CHUNKS not in t.EVENT_TOPICS


def test_a_nodes_topic_is_named_after_what_it_answers() -> None:
    work = t.work_of("work/poet")
    assert work == t.Topic(name="aether.work.poet", key="session")
    assert work.retention_ms is None
    assert [t.work_of(m) for m in ("poet", "work/", "work/-a", "work/a\n", "work/" + "a" * 64)] == (
        [None] * 5
    )
