"""semantic-router on given vectors: `python _peer_semantic_router.py IN.npz OUT.json`.

Runs in the environment of requirements/peer-semantic-router.txt, where nothing of ours is. The
router is used as its documentation shows it, with every default.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from semantic_router import IndexedRouter, Route
from semantic_router.encoders import DenseEncoder


class Given(DenseEncoder):  # type: ignore[misc]
    """An encoder that looks its texts' vectors up."""

    vectors: dict[str, Any]

    def __call__(self, docs: list[str]) -> list[list[float]]:
        """Return the vectors of known texts."""
        return [self.vectors[text] for text in docs]


def main() -> None:
    """Route every test vector, and write down what was chosen, how surely and how fast."""
    given = np.load(sys.argv[1])
    labels = given["labels"].tolist()
    # By number: the library drops a text that it has seen.
    vectors = {f"example {at}": vector for at, vector in enumerate(given["train"].tolist())}
    by_label: dict[str, list[str]] = {}
    for text, label in zip(vectors, labels, strict=True):
        by_label.setdefault(label, []).append(text)
    asked = {f"request {at}": vector for at, vector in enumerate(given["test"].tolist())}
    router = IndexedRouter(
        encoder=Given(name="given", vectors=vectors | asked),
        routes=[Route(name=label, utterances=mine) for label, mine in sorted(by_label.items())],
    )
    chosen, scores, seconds = [], [], []
    for text in asked:
        began = time.perf_counter()
        choice: Any = router(text)
        seconds.append(time.perf_counter() - began)
        chosen.append(choice.name)
        scores.append(choice.confidence)
    told = {"chosen": chosen, "scores": scores, "seconds": seconds}
    Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
