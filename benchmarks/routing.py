"""Routing by meaning: accuracy, none-of-these, calibration and time, beside semantic-router.

`--train` and `--test` are CSV files with a text and a label a line (`oos` is none of the labels),
or CLINC150's JSON. Both systems get the same vectors. `--sessions` is a CSV with a column `session`
as well: its rows are routed in order, each in its session, and once more each by itself.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path as File
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks._report import OURS, count, options, say, show
from benchmarks._routing_path import Path, Told, described
from benchmarks._texts import OUTSIDE, Row, learnable, read, read_sessions, teachable
from benchmarks._vectors import KeptEncoder
from engines.environment import Environment
from engines.places import REQUIREMENTS, cache_directory
from engines.progress import Console
from processors.classifier.training import LABELS_MIN

PEER = "semantic_router"
BINS = 15
REPLAY_SHOTS = 5


def main() -> None:
    """Measure as asked."""
    parser = options("routing by meaning, beside semantic-router")
    parser.add_argument("--train", type=File, required=True)
    parser.add_argument("--test", type=File, required=True)
    parser.add_argument("--shots", type=count, help="learn from so many examples a label")
    parser.add_argument("--samples", type=count, default=3, help="draw the shots so often")
    parser.add_argument("--inside", action="store_true", help="learn from no `oos` examples")
    parser.add_argument(
        "--sessions", type=File, metavar="FILE", help="route these too, each row in its `session`"
    )
    parser.add_argument("--alone", action="store_true", help="leave the peer out")
    parser.add_argument(
        "--replay", type=count, metavar="N", help="start with 5 shots, then learn from N requests"
    )
    parser.add_argument(
        "--verdicts", action="store_true", help="with --replay: only say right or wrong"
    )
    asked = parser.parse_args()
    figures = asyncio.run(_measure(asked))
    show(figures, asked, title=f"Routing {asked.test}", drawn="accuracy")


async def _measure(asked: argparse.Namespace) -> dict[str, dict[str, float | None]]:
    test = read(asked.test, "test")
    train = teachable(read(asked.train, "train"), asked.train)
    if asked.inside:
        train = [row for row in train if row[1] != OUTSIDE]
    _tell_unknown(train, test)
    replay = beginning(train, asked.shots) if asked.replay is not None else None
    encoder = KeptEncoder()
    sessions = read_sessions(asked.sessions) if asked.sessions is not None else []
    rows = [*train, *test, *itertools.chain(*sessions)]
    await encoder.learn([text for text, _ in rows])
    if replay is not None:
        return {OURS: await _replay(encoder, *replay, test, asked)}
    rounds = [
        await _round(encoder, drawn(train, asked.shots, seed), test, sessions, alone=asked.alone)
        for seed in range(asked.samples if asked.shots else 1)
    ]
    return {
        system: {name: mean([one[system][name] for one in rounds]) for name in figures}
        for system, figures in rounds[0].items()
    }


def _tell_unknown(train: Sequence[Row], test: Sequence[Row]) -> None:
    """Say what can never be right, so that nobody takes it for a mistake of the router."""
    unknown = {label for _, label in test} - {label for _, label in train} - {OUTSIDE}
    if unknown:
        named = ", ".join(sorted(unknown)[:5])
        say(f"{len(unknown)} labels to test are in no training row and count as wrong: {named}")


def beginning(train: Sequence[Row], shots: int | None) -> tuple[list[Row], list[Row]]:
    """Return what a replay is taught at first, and what is left to be asked."""
    known = list(dict.fromkeys(row for row in train if row[1] != OUTSIDE))
    start = drawn(known, shots or REPLAY_SHOTS, 0)
    requests = sorted(set(known) - set(start))
    if len(learnable(start)) < LABELS_MIN or not requests:
        raise SystemExit(
            f"--replay: of {len(start)} examples {len(learnable(start))} labels have two, and"
            f" {len(requests)} are left to ask; want {LABELS_MIN} labels (--shots 2) and some"
        )
    random.Random(0).shuffle(requests)
    return start, requests


async def _replay(
    encoder: KeptEncoder,
    start: Sequence[Row],
    requests: Sequence[Row],
    test: Sequence[Row],
    asked: argparse.Namespace,
) -> dict[str, float | None]:
    from benchmarks._routing_replay import replayed  # it needs the engines

    inside = [row for row in test if row[1] != OUTSIDE]
    taught = requests[: asked.replay]
    return await replayed(encoder, start, taught, inside, verdicts=asked.verdicts)


async def _round(
    encoder: KeptEncoder,
    train: Sequence[Row],
    test: Sequence[Row],
    sessions: Sequence[Sequence[Row]],
    *,
    alone: bool,
) -> dict[str, dict[str, float | None]]:
    path = Path(encoder)
    await path.offer(train)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await path.learn()
    seconds = loop.time() - began
    say(f"{len(train)} examples learned in {seconds:.1f} s")
    found = {OURS: figures(await path.route([text for text, _ in test]), test)}
    found[OURS]["train_s"] = seconds
    found[OURS] |= await _strayed(path, test)
    if sessions:
        found[OURS] |= await _conversed(path, sessions)
    if not alone:
        found[PEER] = {**figures(await _peer(encoder, train, test), test), "ece": None}
        found[PEER]["joint"] = None  # it has no threshold of its own
    return found


async def _conversed(path: Path, sessions: Sequence[Sequence[Row]]) -> dict[str, float | None]:
    """Return how often a session's requests are understood in it, and each by itself."""
    rows = [row for session in sessions for row in session]
    inside = [told for s in sessions for told in await path.converse([text for text, _ in s])]
    apart = await path.route([text for text, _ in rows])
    return {
        "sessions_accuracy": figures(inside, rows)["accuracy"],
        "sessions_accuracy_apart": figures(apart, rows)["accuracy"],
    }


async def _strayed(path: Path, test: Sequence[Row]) -> dict[str, float | None]:
    """Return how often what is none of the labels' is answered: first in a session, and second.

    The request before is one of the labels', drawn by chance, and about something else.
    """
    inside = [text for text, label in test if label != OUTSIDE]
    outside = [text for text, label in test if label == OUTSIDE]
    if not inside or not outside:
        return {"oos_taken": None, "oos_taken_in_session": None}
    before = random.Random(0).choices(inside, k=len(outside))
    second = [(await path.converse(both))[1] for both in zip(before, outside, strict=True)]
    return {
        "oos_taken": 100 * fmean(told.taken for told in await path.route(outside)),
        "oos_taken_in_session": 100 * fmean(told.taken for told in second),
    }


def figures(told: Sequence[Told], test: Sequence[Row]) -> dict[str, float | None]:
    """Return what counts, in per cent, and the median time of a decision in milliseconds.

    `accuracy` and `ece` concern what is one of the labels', `joint` everything: right, or refused.
    """
    pairs = [(t, label) for t, (_, label) in zip(told, test, strict=True)]
    inside = [(t, t.label == label) for t, label in pairs if label != OUTSIDE]
    outside = [t for t, label in pairs if label == OUTSIDE]
    joint = [t.taken and right for t, right in inside] + [not t.taken for t in outside]
    return {
        "accuracy": 100 * fmean(right for _, right in inside) if inside else None,
        "oos_auroc": 100 * auroc([t.confidence for t, _ in inside], [t.confidence for t in outside])
        if inside and outside
        else None,
        "joint": 100 * fmean(joint) if outside else None,
        "ece": calibration_error([(t.confidence, right) for t, right in inside])
        if inside
        else None,
        "decision_ms_p50": 1000 * median(t.seconds for t in told),
    }


def auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Return how likely an inside score is above an outside one; equal ones count half."""
    values, places = np.unique([*inside, *outside], return_inverse=True)
    ours = np.bincount(places[: len(inside)], minlength=len(values))
    theirs = np.bincount(places[len(inside) :], minlength=len(values))
    below = np.cumsum(theirs) - theirs
    return float((ours * (below + theirs / 2)).sum() / len(inside) / len(outside))


def calibration_error(told: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error over equally wide bins (Guo et al. 2017)."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in told:
        bins.setdefault(min(BINS - 1, int(confidence * BINS)), []).append((confidence, right))
    gaps = [len(b) * abs(fmean(c for c, _ in b) - fmean(r for _, r in b)) for b in bins.values()]
    return sum(gaps) / len(told)


async def _peer(encoder: KeptEncoder, train: Sequence[Row], test: Sequence[Row]) -> list[Told]:
    """Let the peer route the same vectors, in its own environment."""
    lock = REQUIREMENTS / "peer-semantic-router.txt"
    home = Environment("peer-semantic-router", (lock,), cache_directory(os.environ))
    inside = [row for row in train if row[1] != OUTSIDE]
    # What our capabilities say of themselves is an utterance to the peer: both know the same.
    inside += [(described(label), label) for label in sorted({label for _, label in inside})]
    with TemporaryDirectory() as folder:
        given, told = File(folder) / "given.npz", File(folder) / "told.json"
        np.savez(
            given,
            train=await _vectors(encoder, inside),
            labels=np.array([label for _, label in inside]),
            test=await _vectors(encoder, test),
        )
        script = File(__file__).with_name("_peer_semantic_router.py")
        command = [str(home.ready(Console(sys.stderr))), "-I", str(script), str(given), str(told)]
        await asyncio.to_thread(subprocess.run, command, check=True)
        answered = json.loads(told.read_text())
    rows = zip(answered["chosen"], answered["scores"], answered["seconds"], strict=True)
    return [Told(chosen, True, score, seconds) for chosen, score, seconds in rows]


async def _vectors(encoder: KeptEncoder, rows: Sequence[Row]) -> "np.ndarray[tuple[int, ...], Any]":
    encoded = await encoder.encode([text for text, _ in rows])
    return np.frombuffer(b"".join(encoded.vectors), "<f4").reshape(len(rows), -1)


def drawn(rows: Sequence[Row], shots: int | None, seed: int) -> list[Row]:
    """Return so many examples of each label, or all of them."""
    if shots is None:
        return list(rows)
    by_label: dict[str, list[Row]] = {}
    for row in rows:
        by_label.setdefault(row[1], []).append(row)
    chance = random.Random(seed)
    return [
        row
        for _, mine in sorted(by_label.items())
        for row in chance.sample(mine, min(shots, len(mine)))
    ]


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of what is known."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


if __name__ == "__main__":
    main()
