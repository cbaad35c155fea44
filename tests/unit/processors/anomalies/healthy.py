"""Healthy traffic for the detectors: a day's rhythm, noise, bursts, restarts, and nothing wrong."""

import math
import random
from collections.abc import Iterator

from processors.anomalies.watched import Sampled
from streams.events.lag import LagSampled, PartitionSample, Phase, TopicSample
from streams.events.series import Point, SeriesSampled

START_MS = 1_700_006_400_000  # midnight
EVERY_S, LAG_EVERY_S, DAY_S = 10, 5, 86_400
#: How many of each kind of event a request makes.
KINDS = {
    "RequestReceived": 1.0, "TextPerceived": 1.0, "RequestRouted": 0.98, "ContextRecalled": 1.0,
    "PlanMade": 0.98, "InferenceRequested": 1.1, "InferenceCompleted": 1.09,
    "ResponseCompleted": 0.97, "RequestRefused": 0.02, "RunFailed": 0.005,
}  # fmt: skip
PRODUCERS = {"gateway": 1.0, "perception": 1.0, "router": 1.0, "orchestrator": 3.0, "models": 1.1}
FAILS = 0.02


class Traffic:
    """Requests by the hour of the day; every restart and burst is one of many."""

    def __init__(self, seed: int, per_second: float = 4.0) -> None:
        self._chance = random.Random(seed)
        self._per_second = per_second
        self._burst_s = self._restart_s = 0
        self._ended = self._failed = 0

    def seconds(self, first: int, last: int) -> Iterator[Sampled]:
        """Yield what is sampled in these seconds: lag in every fifth, series in every tenth."""
        for second in range(first, last):
            self._turn()
            if second % LAG_EVERY_S == 0:
                yield self._lag(second)
            if second % EVERY_S == 0:
                yield self._series(second)

    def _turn(self) -> None:
        """Begin a burst every twenty minutes or so, and a restart every half hour."""
        self._burst_s, self._restart_s = max(0, self._burst_s - 1), max(0, self._restart_s - 1)
        if self._chance.random() < 1 / 1_200:
            self._burst_s = self._chance.randint(20, 120)
        if self._chance.random() < 1 / 1_800:
            self._restart_s = self._chance.randint(2, 12)

    def _rate(self, second: int) -> float:
        day = 1 - 0.8 * math.cos(second % DAY_S * math.tau / DAY_S)
        return self._per_second * day * (3.0 if self._burst_s else 1.0)

    def _lag(self, second: int) -> LagSampled:
        chance, at_ms = self._chance, START_MS + second * 1_000
        rebalances = self._restart_s > 0
        behind_s = chance.uniform(0, 12) if rebalances else chance.expovariate(5)
        waits = rebalances or chance.random() < 0.3
        partition = PartitionSample(
            partition=0, first=0, end=100, committed=90 if waits else 100, committed_at_ms=at_ms,
            oldest_at_ms=at_ms - round(behind_s * 1_000) if waits else None,
        )  # fmt: skip
        return LagSampled(
            group="workers",
            at_ms=at_ms,
            phase=Phase.REBALANCING if rebalances else Phase.STABLE,
            members=1,
            topics=(TopicSample(topic="t", identity="i", partitions=(partition,)),),
        )

    def _series(self, second: int) -> SeriesSampled:
        chance = self._chance
        requests = _poisson(chance, self._rate(second) * EVERY_S)
        counts = {f"events/{kind}": _poisson(chance, requests * n) for kind, n in KINDS.items()}
        counts |= {
            f"producers/{who}": _poisson(chance, requests * n) for who, n in PRODUCERS.items()
        }
        points = {}
        if requests:
            slow = 4.0 if self._restart_s else 1.5 if self._burst_s else 1.0
            points = {
                "latency_ms/answer": _mean(chance, requests, 400 * slow, 0.6),
                "tokens/answer": _mean(chance, requests, 180, 0.8),
                "cost/answer": 0.002,
                "routing_confidence": min(1.0, chance.gauss(0.86, 0.1 / math.sqrt(requests))),
            }
        self._ended += requests
        self._failed += sum(chance.random() < FAILS for _ in range(requests))
        if self._ended >= 5:
            points["failed_share"] = self._failed / self._ended
            self._ended = self._failed = 0
        return SeriesSampled(
            at_ms=START_MS + second * 1_000,
            span_ms=EVERY_S * 1_000,
            points=tuple(Point(series=name, value=value) for name, value in points.items()),
            counts=tuple(Point(series=name, value=float(n)) for name, n in counts.items()),
        )


def _mean(chance: random.Random, number: int, center: float, spread: float) -> float:
    return sum(center * chance.lognormvariate(0, spread) for _ in range(number)) / number


def _poisson(chance: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    at, number = chance.expovariate(1), 0
    while at < mean:
        at, number = at + chance.expovariate(1), number + 1
    return number
