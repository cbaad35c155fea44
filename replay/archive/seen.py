"""What was last seen of every chain: without it nobody could tell that a chain was set back.

A cache in everything but this: deleting it costs that one proof.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from replay.archive.audit import Seen
from streams.errors import Misconfigured
from streams.events.archive import SegmentSealed
from streams.io.archive.chains import Place
from streams.plain import form_of, text_of

FORM = form_of(SegmentSealed)
#: Where it is, below the data directory.
SEEN_FILE = "archive/seen.json"


class SeenFile(NamedTuple):
    """The heads as they were seen last, in a file."""

    path: Path

    def read(self) -> Seen:
        """Return them; none if there is no file. Raises Misconfigured if it is none of ours."""
        try:
            heads = [FORM.load(plain) for plain in json.loads(self.path.read_text())]
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as exc:
            raise Misconfigured(
                f"{self.path} does not hold heads of an archive: {exc!r}",
                fix="restore it; to delete it gives up telling whether a chain was set back",
            ) from exc
        return {Place(head.topic, head.identity, head.partition): head for head in heads}

    def add(self, heads: Iterable[SegmentSealed]) -> None:
        """Remember these heads in place of older ones of their chains."""
        known = dict(self.read())
        for head in heads:
            place = Place(head.topic, head.identity, head.partition)
            if place not in known or known[place].end <= head.end:
                known[place] = head
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(f".{os.getpid()}")  # a command and the grid may both
        unfinished.write_text(text_of([FORM.dump(head) for _, head in sorted(known.items())]))
        unfinished.replace(self.path)
