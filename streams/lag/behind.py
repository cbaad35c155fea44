"""How far behind a group is by one sample alone: where the samples before are not at hand."""

from streams.events.lag import LagSampled


def behind_s(sampled: LagSampled) -> float | None:
    """Return how long the first record that is not read has waited; None where nobody knows."""
    oldest = list[int]()
    for topic in sampled.topics:
        for partition in topic.partitions:
            if partition.committed >= partition.end:
                continue
            if partition.oldest_at_ms is None:
                return None
            oldest.append(partition.oldest_at_ms)
    return max(0, sampled.at_ms - min(oldest)) / 1000 if oldest else 0.0
