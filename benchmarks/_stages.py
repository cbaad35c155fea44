"""Where the time of a request goes, stage by stage, as the log's append times tell it."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from benchmarks._load import Answered
from streams.io.client import Client
from streams.io.settings import Settings
from streams.topics import SESSIONS

#: What lies on the way from question to answer, in order.
PATH = (
    "RequestReceived",
    "TextPerceived",
    "ContextRecalled",
    "InferenceRequested",
    "InferenceCompleted",
    "ResponseCompleted",
)


def stages(settings: Settings, alone: Sequence[Answered]) -> dict[str, float]:
    """Return the milliseconds between a request's events, on average over many requests.

    The broker's clock ticks in whole ms; that cancels out between events, and costs half a ms at
    both ends, which is added here.
    """
    first, last = alone[0].sent * 1_000, alone[-1].answered * 1_000
    times: dict[str, dict[str, int]] = defaultdict(dict)
    with Client(settings) as client:
        for place in range(client.log.partitions(SESSIONS.name)):
            for records in client.log.read(
                SESSIONS.name, place, *client.log.span(SESSIONS.name, place)
            ):
                for record in records:
                    if first <= record.timestamp_ms + 1 and record.timestamp_ms <= last:
                        event = client.wire.open(record)
                        times[event.run_id][type(event.event).__name__] = record.timestamp_ms
    whole = sorted((t for t in times.values() if set(PATH) <= set(t)), key=lambda t: t[PATH[0]])
    asked = [max(one for one in alone if one.sent * 1_000 <= t[PATH[0]] + 1) for t in whole]
    named = {f"{a} to {b}": _mean(t[b] - t[a] for t in whole) for a, b in pairwise(PATH)}
    ends = list(zip(asked, whole, strict=True))
    return {
        f"client to {PATH[0]}": _mean(t[PATH[0]] + 0.5 - one.sent * 1_000 for one, t in ends),
        **named,
        f"{PATH[-1]} to client": _mean(one.answered * 1_000 - t[PATH[-1]] - 0.5 for one, t in ends),
        "whole": _mean(one.seconds * 1_000 for one in alone),
    }


def _mean(values: Iterator[float]) -> float:
    return statistics.fmean(values)
