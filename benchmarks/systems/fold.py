"""Folds every partition of the sessions as `aether rebuild` does, and says what it took."""

import json
import sys
from pathlib import Path

from benchmarks.systems.history import DECIDERS, open_wire
from benchmarks.systems.job import now
from replay.rebuild import Rebuilder
from streams.io.kafka.log import KafkaLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.topics import SESSIONS


def main(bootstrap: str, folder: Path) -> None:
    """Rebuild."""
    log, wire = KafkaLog(bootstrap), open_wire(DirectoryStore(folder / "objects"))
    ends = {
        (SESSIONS.name, place): log.span(SESSIONS.name, place).end
        for place in range(SESSIONS.partitions)
    }
    fresh = SnapshotFolder(folder / "snapshots")
    positions = {(str(d.name), *place): end for d in DECIDERS for place, end in ends.items()}
    rebuilder = Rebuilder(log, wire, SnapshotFolder(folder / "before"), fresh, positions)
    began = now()
    rebuilt = list(rebuilder.rebuild(DECIDERS))
    ended = now()
    names = {"records": sum(ends.values()), "keys": sum(state.keys for state in rebuilt)}
    seconds, cpu_s = (after - before for after, before in zip(ended, began, strict=True))
    print(json.dumps({**names, "seconds": seconds, "cpu_s": cpu_s}))
    log.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
