"""A node at work, and what the conformance suite asks of every client: see docs/clients.md.

agent.py KAFKA REGISTRY ask MODEL SESSION TEXT
agent.py KAFKA REGISTRY serve NAME
agent.py KAFKA REGISTRY flood COUNT KEYS AUTHOR
agent.py KAFKA REGISTRY drain
"""

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable

from aether_grid import Grid, Refused, RunFailed, Work
from aether_grid.errors import GridError
from aether_grid.wire import Place

EVENT, TOPIC = "aether.memory.RecallJudged", "aether.memory.events"


def say(**told: object) -> None:
    """Print one line of JSON."""
    print(json.dumps(told), flush=True)


def ask(grid: Grid, model: str, session: str, text: str) -> None:
    """Ask, watch, and show the answer."""
    run = grid.ask(text, session=session, model=model)
    kinds = [event.name for event in run.events(120)]
    try:
        answer = run.answer()
    except RunFailed as failed:
        return say(failed=failed.reason, detail=failed.detail)
    return say(run=run.run_id, text=answer["text"], capability=answer["capability"], events=kinds)


def serve(grid: Grid, name: str) -> None:
    """Answer in this language until standard input is closed."""

    def handle(work: Work) -> str:
        if "refuse" in work.text:
            raise Refused("not_today", "python will not")
        return f"python heard: {work.text}"

    version = grid.register(name, f"Repeats in python what it is told, as {name}.", [name])
    say(serving=name, version=version)
    stop = threading.Event()
    serving = threading.Thread(target=grid.serve, args=(name, handle, stop))
    serving.start()
    sys.stdin.read()
    stop.set()
    serving.join()


def flood(grid: Grid, count: str, keys: str, author: str) -> None:
    """Produce many events, in order within each key."""
    lost: list[GridError] = []

    def delivered(what: Place | GridError) -> None:
        if isinstance(what, GridError):
            lost.append(what)

    began = time.monotonic()
    for number in range(int(count)):
        value = {"question": author, "scopes": [], "useful": [str(number)]}
        grid.send(EVENT, f"ключ-{number % int(keys)}", value, delivered)
    grid.close()
    say(sent=int(count), lost=len(lost), seconds=time.monotonic() - began)


def drain(grid: Grid) -> None:
    """Read everything that was flooded, and say what it comes to."""
    total, digest = 0, hashlib.sha256()
    for partition, (first, end) in enumerate(grid.ends(TOPIC)):
        if first == end:
            continue
        for event in grid.follow(TOPIC, {partition: first}, timeout_s=120):
            if event.name == EVENT and event.value is not None:
                said, (number,) = event.value["question"], event.value["useful"]
                line = [partition, event.offset, event.key, event.event_id, said, number]
                digest.update(("\t".join(map(str, line)) + "\n").encode())
                total += 1
            if event.offset == end - 1:
                break
    say(count=total, digest=digest.hexdigest())


COMMANDS: dict[str, Callable[..., None]] = {
    "ask": ask,
    "serve": serve,
    "flood": flood,
    "drain": drain,
}

if __name__ == "__main__":
    kafka, registry, command, *arguments = sys.argv[1:]
    with Grid(kafka, registry) as connected:
        COMMANDS[command](connected, *arguments)
