"""semantic-router on given vectors: `python _peer_semantic_router.py IN.npz OUT.json`.

Runs in the environment of requirements/peer-semantic-router.txt, where nothing of ours is.
"""

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from semantic_router import Route
from semantic_router.encoders import DenseEncoder
from semantic_router.routers import SemanticRouter


class Given(DenseEncoder):  # type: ignore[misc]
    """An encoder that looks its texts' vectors up."""

    vectors: dict[str, Any]

    def __call__(self, docs: list[str]) -> list[list[float]]:
        """Return the vectors of known texts."""
        return [self.vectors[text] for text in docs]


def main() -> None:
    """Route every test vector, and write down what was chosen, how surely and how fast."""
    logging.disable(logging.WARNING)
    given = np.load(sys.argv[1])
    texts = [f"{at}" for at in range(len(given["labels"]))]  # the library drops equal texts
    encoder = Given(
        name="given",
        score_threshold=0.0,
        vectors=dict(zip(texts, given["train"].tolist(), strict=True)),
    )
    by_label: dict[str, list[str]] = {}
    for text, label in zip(texts, given["labels"].tolist(), strict=True):
        by_label.setdefault(label, []).append(text)
    routes = [Route(name=label, utterances=mine) for label, mine in sorted(by_label.items())]
    router = SemanticRouter(encoder=encoder, routes=routes, auto_sync="local")
    chosen, scores, seconds = [], [], []
    for vector in given["test"].tolist():
        began = time.perf_counter()
        choice: Any = router(vector=vector)
        seconds.append(time.perf_counter() - began)
        chosen.append(choice.name)
        scores.append(choice.similarity_score or 0.0)
    told = {"chosen": chosen, "scores": scores, "seconds": seconds}
    Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
