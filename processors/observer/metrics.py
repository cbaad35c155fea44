"""Lag for Prometheus: in kafka_exporter's words, so that its dashboards work, and in ours.

Only the worker that looks tells of it: two of them would count everything twice.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from processors.observer.watch import Watch
from streams.events.lag import Status, Verdict
from streams.io.kafka.survey import ClusterNow, PartitionNow
from streams.lag.figures import GroupFigures, Method, figures
from streams.lag.probes import Probes


class LagMetrics(Collector):
    """What a watch knows; `kafka` says whether kafka_exporter's part is told."""

    def __init__(self, watch: Watch, *, kafka: bool) -> None:
        self._watch = watch
        self._kafka = kafka

    def collect(self) -> Iterable[Metric]:
        """Yield every metric; none while another worker looks."""
        known = self._watch.known
        if known is None:
            return
        look, groups = known.look, figures(known.observed.lags)
        if self._kafka:
            yield from _exporters_cluster(look.cluster)
            yield from _exporters_groups(groups)
        yield from _ours(groups)
        yield from self._probes(known.observed.probes)
        at_s = look.at_ms / 1000
        yield _gauge(
            "aether_lag_sampled_timestamp_seconds", "When it was looked.", (), [((), at_s)]
        )

    def _probes(self, probes: Probes) -> Iterable[Metric]:
        probing = self._watch.probing
        for name, text, count in (
            ("sent", "Probes sent to whoever answers.", probing.sent),
            ("lost", "Probes that nobody answered in time.", probing.lost),
        ):
            counter = CounterMetricFamily(f"aether_probes_{name}", text)
            counter.add_metric([], count)
            yield counter
        if probes.round_trip_s is not None:
            text = "From the append of the last probe to that of its answer."
            yield _gauge("aether_probe_round_trip_seconds", text, (), [((), probes.round_trip_s)])


def _exporters_cluster(cluster: ClusterNow) -> Iterable[Metric]:
    yield _gauge("kafka_brokers", "Brokers in the cluster.", (), [((), cluster.brokers)])
    topics = cluster.topics.items()
    yield _gauge("kafka_topic_partitions", "Partitions of a topic.", ("topic",), (
        ((name,), len(topic.partitions)) for name, topic in topics
    ))  # fmt: skip
    rows = [
        ((name, number), now) for name, topic in topics for number, now in topic.partitions.items()
    ]
    labels = "topic", "partition"
    told: Sequence[tuple[str, str, Callable[[PartitionNow], float]]] = (
        ("current_offset", "Where a partition ends.", lambda now: now.span.end),
        ("oldest_offset", "Where a partition begins.", lambda now: now.span.first),
        ("in_sync_replica", "Brokers that have all of a partition.", lambda now: now.in_sync),
        ("replicas", "Brokers that should have it.", lambda now: now.replicas),
        (
            "under_replicated_partition",
            "1 if a broker lacks records.",
            lambda now: now.in_sync < now.replicas,
        ),
    )
    for name, text, value in told:
        yield _gauge(
            f"kafka_topic_partition_{name}", text, labels, [(at, value(now)) for at, now in rows]
        )


def _exporters_groups(groups: Sequence[GroupFigures]) -> Iterable[Metric]:
    rows = [((g.group, p.topic, p.partition), p) for g in groups for p in g.partitions]
    sums: dict[tuple[str, str], list[int]] = {}
    for (group, topic, _), row in rows:
        offset, lag = sums.get((group, topic), (0, 0))
        sums[group, topic] = [offset + row.committed, lag + row.lag]
    by_partition, by_topic = ("consumergroup", "topic", "partition"), ("consumergroup", "topic")
    prefix = "kafka_consumergroup"
    yield _gauge(f"{prefix}_current_offset", "Up to where a group committed.", by_partition, [
        (at, row.committed) for at, row in rows
    ])  # fmt: skip
    yield _gauge(f"{prefix}_current_offset_sum", "Up to where, over all partitions.", by_topic, [
        (at, offset) for at, (offset, _) in sums.items()
    ])  # fmt: skip
    yield _gauge(f"{prefix}_lag", "Records that a group has not read.", by_partition, [
        (at, row.lag) for at, row in rows
    ])  # fmt: skip
    yield _gauge(f"{prefix}_lag_sum", "Records it has not read, over all partitions.", by_topic, [
        (at, lag) for at, (_, lag) in sums.items()
    ])  # fmt: skip
    yield _gauge(f"{prefix}_members", "Members of a group.", ("consumergroup",), [
        ((g.group,), g.members) for g in groups
    ])  # fmt: skip


def _ours(groups: Sequence[GroupFigures]) -> Iterable[Metric]:
    rows = [((g.group, p.topic, p.partition), p) for g in groups for p in g.partitions]
    labels = "consumergroup", "topic", "partition"
    yield _gauge(
        "aether_consumergroup_lag_seconds",
        "How long the first record that a group has not read waits; none where nobody knows.",
        labels,
        [(at, row.seconds) for at, row in rows if row.seconds is not None],
    )
    yield _gauge(
        "aether_consumergroup_lag_seconds_max",
        "The longest wait in a group.",
        ("consumergroup",),
        [((g.group,), g.total.seconds) for g in groups if g.total.seconds is not None],
    )
    yield _gauge(
        "aether_consumergroup_status",
        "1 for what holds of a group: ok, warn, empty or err.",
        ("consumergroup", "status"),
        [((g.group, s.value), g.total.status is s) for g in groups for s in Status],
    )
    yield _gauge(
        "aether_partition_status",
        "1 for the verdict on a group in a partition.",
        (*labels, "status"),
        [((*at, v.value), row.verdict is v) for at, row in rows for v in Verdict],
    )
    yield _gauge(
        "aether_lag_estimate_method",
        "1 for how the seconds of a partition are known.",
        (*labels, "method"),
        [((*at, m.value), row.method is m) for at, row in rows for m in Method],
    )


def _gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[Any]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric([str(each) for each in values], float(value))
    return family
