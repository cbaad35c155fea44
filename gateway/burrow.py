"""Burrow's two paths on a consumer group, in its JSON, for what was made to ask Burrow.

Burrow knows no `empty`: to it a reader that is gone has stopped.
"""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.board import Board
from streams.events.lag import Status, Verdict
from streams.lag.figures import GONE_MS, GroupFigures, PartitionFigures, figures
from streams.lag.window import Commit

GROUP = "/v3/kafka/{cluster}/consumer/{group}"

_VERDICTS = {verdict: verdict.value.upper() for verdict in Verdict} | {Verdict.EMPTY: "STOP"}
_STATUSES = {status: status.value.upper() for status in Status} | {Status.EMPTY: "ERR"}


def now_ms() -> int:
    """Return the time."""
    return int(time.time() * 1000)


class Burrow:
    """The routes; `cluster` is this grid's node."""

    def __init__(self, board: Board, cluster: str) -> None:
        self._board = board
        self._cluster = cluster
        self.routes = [
            Route(f"{GROUP}/status", self.status),
            Route(f"{GROUP}/lag", self.lag),
        ]

    async def status(self, request: Request) -> Response:
        """Tell a group's status, with the partitions that are not well."""
        return self._answer(request, every=False)

    async def lag(self, request: Request) -> Response:
        """Tell a group's status, with all of its partitions."""
        return self._answer(request, every=True)

    def _answer(self, request: Request, *, every: bool) -> Response:
        groups = {group.group: group for group in figures(self._board.known.lags)}
        silent_ms = now_ms() - max((group.at_ms for group in groups.values()), default=0)
        if groups and silent_ms > GONE_MS:  # what was well then says nothing of now
            said = f"no consumer was looked at for {silent_ms // 1000} s: the observer is away"
            return _refused(request, 503, said)
        group = groups.get(request.path_params["group"])
        if group is None or request.path_params["cluster"] != self._cluster:
            return _refused(request, 404, "cluster or consumer not found")
        return JSONResponse(
            {
                "error": False,
                "message": "consumer status returned",
                "status": self._status(group, every=every),
                "request": _asked(request),
            }
        )

    def _status(self, told: GroupFigures, *, every: bool) -> dict[str, Any]:
        rows = told.partitions
        worst = max(rows, key=lambda row: row.lag, default=None)
        complete = [row.window.complete for row in rows]
        return {
            "cluster": self._cluster,
            "group": told.group,
            "status": _STATUSES[told.total.status],
            "complete": sum(complete) / len(complete) if complete else 0.0,
            "partitions": [
                _partition(row) for row in rows if every or row.verdict is not Verdict.OK
            ],
            "partition_count": len(rows),
            "maxlag": None if worst is None else _partition(worst),
            "totallag": told.total.lag,
        }


def _refused(request: Request, status: int, said: str) -> Response:
    return JSONResponse({"error": True, "message": said, "request": _asked(request)}, status)


def _asked(request: Request) -> dict[str, Any]:
    return {"url": request.url.path, "host": request.url.hostname}


def _partition(row: PartitionFigures) -> dict[str, Any]:
    commits = row.window.commits
    return {
        "topic": row.topic,
        "partition": row.partition,
        "owner": "",
        "client_id": "",
        "status": _VERDICTS[row.verdict],
        "start": _commit(commits[0]),
        "end": _commit(commits[-1]),
        "current_lag": row.lag,
        "complete": row.window.complete,
    }


def _commit(commit: Commit) -> dict[str, int]:
    return {
        "offset": commit.offset,
        "timestamp": commit.at_ms,
        "observedAt": commit.at_ms,
        "lag": commit.lag,
    }
