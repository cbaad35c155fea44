"""One assignment of one partition: its line, its posts, and which records are repeats."""

from collections.abc import Iterable, Sequence

from processors.line import Act, Line
from processors.parts import Assignment, Part, Post
from streams.envelope import origin_of
from streams.io.snapshots import SnapshotFolder
from streams.io.standing import marks_place
from streams.ledger import Marks
from streams.log import Record


class Tenure:
    """What a worker holds of a partition until the next rebalance.

    The marks are those of the first input's offset, whatever the posts have recalled beyond it.
    """

    def __init__(
        self,
        generation: int,
        assignment: Assignment,
        posts: Sequence[tuple[Part, Post]],
        snapshots: SnapshotFolder,
    ) -> None:
        self.generation = generation
        self.line = Line()
        self._posts = [post for _, post in posts]
        self._readers = _by_kind((part.reads, post) for part, post in posts)
        self._recallers = _by_kind((part.recalls, post) for part, post in posts)
        self._known = self._readers.keys() | self._recallers.keys()
        self._assignment = assignment
        self._snapshots = snapshots
        self._place = marks_place(assignment.topic, assignment.identity, assignment.partition)
        taken = snapshots.load(self._place, assignment.span.first, assignment.start)
        self.marks = Marks(map(tuple, taken.items) if taken else ())
        self._marked = taken.position if taken else assignment.span.first
        self._position = self._saved = assignment.start

    @property
    def since(self) -> int:
        """From which offset on the log must be recalled."""
        return min([self._marked, *(post.since for post in self._posts)])

    @property
    def busy(self) -> bool:
        """Whether the world is asked for something that is in line."""
        return any(post.busy for post in self._posts)

    def recall(self, record: Record, kind: type | None) -> None:
        """Take note of a record of the past.

        Raises Poison for headers that cannot be read.
        """
        if kind is None or kind not in self._known:
            return
        _, _, offset, _, key, _, headers = record
        head = dict(headers)
        origin = origin_of(head, offset)
        if kind in self._readers and self._marked <= offset < self._assignment.start:
            self.marks.note(origin, key)
        for post in self._recallers.get(kind, ()):
            if offset >= post.since:
                post.recall(record, kind, head, origin)

    def readers(self, kind: type) -> Sequence[Post]:
        """Return the posts that handle a kind of event."""
        return self._readers[kind]

    def advance(self, position: int) -> int:
        """Everything below `position` was handled; return how much since the last snapshot."""
        self._position = position
        return position - self._saved

    def snapshot(self) -> Act:
        """Return what writes down all that is known now."""
        position, marks = self._position, self.marks.plain()
        self._saved = position
        acts = [act for post in self._posts if (act := post.snapshot(position)) is not None]

        def write() -> None:
            self._snapshots.save(self._place, position, marks)
            for act in acts:
                act()

        return write

    def close(self) -> None:
        """End it; nothing of it is acknowledged any more."""
        self.line.close()
        for post in self._posts:
            post.close()


def _by_kind(posts: Iterable[tuple[frozenset[type], Post]]) -> dict[type, list[Post]]:
    found: dict[type, list[Post]] = {}
    for kinds, post in posts:
        for kind in kinds:
            found.setdefault(kind, []).append(post)
    return found
