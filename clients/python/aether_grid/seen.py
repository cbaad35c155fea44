"""The ids that came lately: a repeat follows its first soon, and a log is longer than a memory."""

#: Another worker took over and did the same again, or a node was put out of its group.
REMEMBERED = 10_000


class Seen:
    """Ids, of which the oldest are forgotten."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def first(self, event_id: str) -> bool:
        """Remember an id, and tell whether it is new."""
        if event_id in self._ids:
            return False
        self._ids[event_id] = None
        if len(self._ids) > REMEMBERED:
            del self._ids[next(iter(self._ids))]
        return True
