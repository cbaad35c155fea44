"""Text to vector, once and for all readers: the vectors stand in the log.

A vector depends on its text and the weights alone, to the last bit on one machine: neither what
else is in the batch nor the number of threads changes it. Every Python string has a vector.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from .graph import DIMENSIONS, TOKENS_MAX, minilm

Vectors = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int32]

_NAME = "all-MiniLM-L6-v2"
_TOKENIZER_SHA256 = "be50c3628f2b"
# 256 tokens reach past this only in text of very long words or much white space; without a limit a
# megabyte would cost half a second.
_CHARACTERS_MAX = 16_384
# Every text is padded to a multiple of this, also when it is alone: what is computed for it then
# has the same shape in every batch, and so the same bits.
_PADDED_TO = 4
# Past this many tokens at once, a larger batch is no faster.
_RUN_TOKENS_MAX = 1024


class WeightsDiffer(ValueError):
    """The files are not those that the vectors in the log were made with."""


class Encoder:
    """Frozen all-MiniLM-L6-v2 in float32. Threads may share one."""

    def __init__(self, weights_dir: Path | str, *, expected: str = "", threads: int = 1) -> None:
        """Load from `weights_dir`; raises WeightsDiffer if `expected` is given and not its name."""
        folder = Path(weights_dir)
        self.name = f"{_NAME}@{_sha256(folder / 'model.safetensors')}"
        _require(folder / "model.safetensors", expected, self.name)
        self._tokenizer = _tokenizer(folder / "tokenizer.json")
        self._session = _session(folder / "model.safetensors", threads)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors float32[n, 384] in the order of `texts`, each of its first 256 tokens."""
        return self.counted(texts)[0]

    def counted(self, texts: Sequence[str]) -> tuple[Vectors, Counts]:
        """The same, with how many tokens each vector was made of: int32[n]."""
        tokens = [self._tokens(text) for text in texts]
        vectors = np.empty((len(tokens), DIMENSIONS), np.float32)
        for run in _runs([len(ids) for ids in tokens]):
            vectors[run] = self._vectors([tokens[place] for place in run])
        return vectors, np.array([len(ids) for ids in tokens], np.int32)

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(_valid(text[:_CHARACTERS_MAX])).ids
        return ids

    def _vectors(self, run: Sequence[list[int]]) -> Vectors:
        width = _padded(len(run[0]))
        ids = np.zeros((len(run), width), np.int64)
        mask = np.zeros((len(run), width), np.float32)
        for row, tokens in enumerate(run):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        vectors: Vectors = self._session.run(["vector"], {"ids": ids, "mask": mask})[0]
        return vectors


def _valid(text: str) -> str:
    """Halves of surrogate pairs are joined, lone ones become U+FFFD: tokenizers refuses them."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _padded(length: int) -> int:
    return -(-length // _PADDED_TO) * _PADDED_TO


def _runs(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of texts that are computed together: those of one padded length."""
    alike: dict[int, list[int]] = defaultdict(list)
    for place, length in enumerate(lengths):
        alike[_padded(length)].append(place)
    for width, places in alike.items():
        size = _RUN_TOKENS_MAX // width
        for first in range(0, len(places), size):
            yield places[first : first + size]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _require(path: Path, expected: str, found: str) -> None:
    if expected and found != expected:
        raise WeightsDiffer(
            f"{path} is {found}, but the vectors in the log are made by {expected}; most likely "
            "another model or a damaged download lies in its place"
        )


def _tokenizer(path: Path) -> Tokenizer:
    _require(path, _TOKENIZER_SHA256, _sha256(path))
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS_MAX)
    return tokenizer


def _session(weights: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A waiting thread sleeps: spinning would take the core from Kafka and the processors.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    graph = minilm(load_file(weights)).SerializeToString()
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
