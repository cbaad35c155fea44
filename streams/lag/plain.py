"""Lag as JSON: what `GET /api/lag` and `aether lag -o json` say, in the same words."""

from typing import Any

from streams.lag.figures import GroupFigures, PartitionFigures, Totals
from streams.lag.probes import Probes

JsonObject = dict[str, Any]


def group_json(group: GroupFigures) -> JsonObject:
    """Return a group with its topics and their partitions; rates are records a second."""
    return {
        "group": group.group,
        "at_ms": group.at_ms,
        "phase": group.phase.value,
        "members": group.members,
        "status": group.total.status.value,
        **_totals(group.total),
        "topics": [
            {
                "topic": topic,
                **_totals(total),
                "partitions": [_partition(row) for row in rows],
            }
            for topic, total, rows in group.topics()
        ],
    }


def probes_json(probes: Probes) -> JsonObject:
    """Return what became of the probes of the last minutes."""
    return {
        "round_trip_s": _rounded(probes.round_trip_s),
        "answered": probes.answered,
        "lost": probes.lost,
    }


def _totals(total: Totals) -> JsonObject:
    return {
        "verdict": total.verdict.value,
        "trend": total.trend.value,
        "lag": total.lag,
        "seconds": _rounded(total.seconds),
        "in_per_s": round(total.in_rate, 2),
        "out_per_s": round(total.out_rate, 2),
        "catch_up_s": _rounded(total.catch_up_s),
    }


def _partition(row: PartitionFigures) -> JsonObject:
    return {
        "partition": row.partition,
        "verdict": row.verdict.value,
        "reason": row.reason,
        "first": row.first,
        "end": row.end,
        "committed": row.committed,
        "lag": row.lag,
        "seconds": _rounded(row.seconds),
        "method": row.method.value,
        "in_per_s": round(row.in_rate, 2),
        "out_per_s": round(row.out_rate, 2),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
