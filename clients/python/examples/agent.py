"""A node at work, and what the conformance suite asks of every client: see docs/clients.md.

agent.py KAFKA REGISTRY ask MODEL SESSION TEXT
agent.py KAFKA REGISTRY serve NAME
agent.py KAFKA REGISTRY flood COUNT KEYS AUTHOR
agent.py KAFKA REGISTRY drain
agent.py KAFKA REGISTRY echo KEY
agent.py KAFKA REGISTRY hear PARTITION
agent.py KAFKA REGISTRY show

Who it is stands in variables: AETHER_SASL is SCRAM-SHA-512 or OAUTHBEARER, AETHER_USER and
AETHER_PASSWORD are a user or a client, AETHER_TOKEN_URL gives the latter tokens. AETHER_CA is a
file with who vouches for brokers over TLS. AETHER_INBOX is the node to whose inbox all goes.
"""

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable

from aether_grid import Denied, Grid, Refused, Reply, RunFailed, Work
from aether_grid.errors import GridError
from aether_grid.wire import Place

EVENT, TOPIC = "aether.memory.RecallJudged", "aether.memory.events"
TOO_LARGE = 3_000_000


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

    def handle(work: Work) -> str | Reply:
        if "refuse" in work.text:
            raise Refused("not_today", "python will not")
        if "overflow" in work.text:
            return "x" * TOO_LARGE
        if "nonsense" in work.text:
            return Reply("", citations=[{}])
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


def echo(grid: Grid, key: str) -> None:
    """Produce an event, and follow it."""
    place = grid.produce(EVENT, key, {"question": key, "scopes": [], "useful": []})
    event = next(grid.follow(TOPIC, {place.partition: place.offset}, timeout_s=60))
    same = event.event_id == place.event_id
    say(key=event.key, same=same, partition=place.partition)


def hear(grid: Grid, partition: str) -> None:
    """Follow what is there, without a word."""
    say(key=next(grid.follow(TOPIC, {int(partition): 0}, timeout_s=60)).key)


def show(grid: Grid) -> None:
    """Print what could be printed by mistake."""
    say(shown=repr((grid, grid.schemas)))


def credentials() -> dict[str, str]:
    """Return librdkafka's options for who this is."""
    kind, user, password, url = (
        os.environ.get(f"AETHER_{name}", "") for name in ("SASL", "USER", "PASSWORD", "TOKEN_URL")
    )
    secured = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": kind}
    if authority := os.environ.get("AETHER_CA"):
        secured |= {"security.protocol": "SASL_SSL", "ssl.ca.location": authority}
    if kind == "OAUTHBEARER":
        return {
            **secured,
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": user,
            "sasl.oauthbearer.client.secret": password,
            "sasl.oauthbearer.token.endpoint.url": url,
        }
    return {**secured, "sasl.username": user, "sasl.password": password} if kind else {}


COMMANDS: dict[str, Callable[..., None]] = {
    "ask": ask,
    "serve": serve,
    "flood": flood,
    "drain": drain,
    "echo": echo,
    "hear": hear,
    "show": show,
}

if __name__ == "__main__":
    kafka, registry, command, *arguments = sys.argv[1:]
    inbox = os.environ.get("AETHER_INBOX", "")
    with Grid(
        kafka, registry, node=inbox or "local", kafka=credentials(), inbox=bool(inbox)
    ) as connected:
        try:
            COMMANDS[command](connected, *arguments)
        except Denied as denied:
            say(denied=str(denied))
