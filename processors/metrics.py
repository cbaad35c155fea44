"""What a worker counts, read from its runners when somebody asks."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from processors.recall.projection import IndexProjection
from processors.runner import Runner


class WorkerMetrics(Collector):
    """Turns the runners' tallies into Prometheus metrics."""

    def __init__(
        self,
        runners: Sequence[Runner],
        projection: IndexProjection | None,
        partitions: Callable[[], int],
    ) -> None:
        self._runners = runners
        self._projection = projection
        self._partitions = partitions

    def collect(self) -> Iterable[Metric]:
        """Yield every metric of this worker."""
        counters = {
            name: CounterMetricFamily(f"aether_worker_{name}", text, labels=["topic"])
            for name, text in (
                ("records_read", "Records that concerned a processor here."),
                ("records_repeated", "Records that had been read before."),
                ("records_parked", "Records that became dead letters."),
                ("records_appended", "Records appended to the log."),
                ("records_recalled", "Records read again to rebuild state."),
            )
        }
        flying = GaugeMetricFamily(
            "aether_worker_records_in_flight", "Appended, not yet delivered.", labels=["topic"]
        )
        for runner in self._runners:
            for name, count in runner.tally._asdict().items():
                counters[f"records_{name}"].add_metric([runner.topic], count)
            flying.add_metric([runner.topic], runner.in_flight)
        held = GaugeMetricFamily("aether_worker_partitions", "Partitions this worker reads.")
        held.add_metric([], self._partitions())
        yield held
        yield from counters.values()
        yield flying
        yield from self._indexed()

    def _indexed(self) -> Iterable[Metric]:
        if self._projection is not None:
            positions = GaugeMetricFamily(
                "aether_index_position",
                "Up to which offset the memory index is filled.",
                labels=["partition"],
            )
            for partition, at in self._projection.progress.positions.items():
                positions.add_metric([str(partition)], at)
            yield positions
            put = CounterMetricFamily("aether_index_memories_put", "Memories put into the index.")
            put.add_metric([], self._projection.progress.put)
            yield put


def serve(collectors: Iterable[Collector], port: int, host: str) -> None:
    """Serve the metrics at `/metrics` until the process ends."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    start_http_server(port, host, registry)
