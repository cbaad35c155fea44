"""How far the grid's workers are behind the log, partition by partition."""

from typing import Any

from streams.io.kafka.groups import Groups
from streams.log import EventLog
from streams.topics import EVENT_TOPICS


def lag_of(group: str, groups: Groups, log: EventLog) -> list[dict[str, Any]]:
    """Return a row for each partition that the group has committed to."""
    rows = []
    for topic in EVENT_TOPICS:
        committed = groups.committed(group, topic.name, log.partitions(topic.name))
        for partition, offset in sorted(committed.items()):
            end = log.span(topic.name, partition).end
            place = {"group": group, "topic": topic.name, "partition": partition}
            rows.append({**place, "committed": offset, "end": end, "lag": max(0, end - offset)})
    return rows
