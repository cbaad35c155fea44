"""What a node may write is its inbox, and no topic on which anything is decided."""

from streams.access import GRID, READ, WRITE, Resource, Right, of_node
from streams.events.offered import OFFERED
from streams.topics import TOPICS, inbox_of


def written(rights: object) -> set[str]:
    assert isinstance(rights, tuple)
    return {right.name for right in rights if {"write", "all"} & set(right.operations)}


def test_a_node_writes_to_its_inbox_alone() -> None:
    assert written(of_node("poet")) == {inbox_of("poet").name}
    assert not written(of_node("poet")) & {topic.name for topic in TOPICS}


def test_a_node_reads_where_it_may_say_something_and_what_it_is_asked() -> None:
    rights = of_node("poet")
    assert {Right(Resource.TOPIC, topic, READ) for topic in OFFERED} < set(rights)
    assert Right(Resource.TOPIC, "aether.work.poet", READ) in rights
    assert Right(Resource.GROUP, "aether.work.poet", READ) in rights
    assert Right(Resource.TOPIC, inbox_of("poet").name, WRITE) in rights


def test_the_grid_writes_to_every_topic_of_its_own_and_to_no_other() -> None:
    assert written(GRID) == {"aether."}
    assert all(topic.name.startswith("aether.") for topic in TOPICS)
