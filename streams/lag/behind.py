"""How far behind a group is by one sample alone: where the samples before are not at hand."""

from streams.events.lag import LagSampled


def behind_s(sampled: LagSampled) -> float:
    """Return how long the first record that is not read has waited, where its time is known."""
    oldest = [
        partition.oldest_at_ms
        for topic in sampled.topics
        for partition in topic.partitions
        if partition.oldest_at_ms is not None and partition.committed < partition.end
    ]
    return max(0, sampled.at_ms - min(oldest)) / 1000 if oldest else 0.0
