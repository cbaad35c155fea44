"""Bad input on a real grid: it is parked with its bytes and the reason, and everything goes on.

One worker reads everything here; it is never restarted, and every good event behind a bad one is
recorded.
"""

import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from cli.apart import environment
from engines.install import Installed
from streams import dead_letters as dl
from streams.envelope import CAUSE, DATA_REFERENCE, ID, PROCESSOR
from streams.errors import DeliveryFailed
from streams.io.avro_parts import varint
from streams.io.client import Client
from streams.io.kafka.log import DOOR, KafkaLog
from streams.io.objects import address_of, name_in
from streams.io.wire import CLAIM_MIN, Wire
from streams.log import Record
from streams.topics import MEMORY, SESSIONS
from tests.integration.grid.bad_records import (
    KEY,
    PARTITION,
    WORKER,
    Bad,
    Grid,
    aether,
    append,
    await_recorded,
    framed,
    letters,
    listed,
    offered,
    ours_with,
    parked,
    register,
    registry_away,
    texts,
)
from tests.integration.grid.harness import Role, grid_running, running, wait_until

pytestmark = pytest.mark.integration

#: What the topic takes, less what a record is wrapped in: its letter is larger.
LARGEST = 2_097_152 - 130


@pytest.fixture(scope="module")
def grid(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    with grid_running(tmp_path_factory.mktemp("bad"), installed, models=False) as made:
        role = made.role(WORKER, "-m", "cli.main", "worker", "memory")
        with running(role), Client(made.settings) as client:
            yield Grid(made.settings, made.supervisor, client, role)


def reason(letter: Record) -> tuple[str, str]:
    head = dict(letter.headers)
    return head[dl.EXCEPTION].decode(), head[dl.MESSAGE].decode()


Make = Callable[[Grid], Bad]


def recursive(grid: Grid) -> Bad:
    node = {"name": "next", "type": ["null", "aether.memory.MemoryOffered"], "default": None}
    return Bad(framed(register(grid.settings, "foreign-deep", ours_with(node)), b"\2" * 5_000))


def bomb(grid: Grid) -> Bad:
    field = {"name": "bomb", "type": {"type": "array", "items": "null"}, "default": []}
    body = b"\xfe\xff\xff\xff\xff\xff\x0f"
    return Bad(framed(register(grid.settings, "foreign-bomb", ours_with(field)), body))


def uncounted(grid: Grid) -> Bad:
    field = {"name": "flags", "type": {"type": "array", "items": "boolean"}, "default": []}
    number = register(grid.settings, "foreign-flags", ours_with(field))
    return Bad(framed(number, grid.value()[5:] + varint(2**60)))


def doubled(grid: Grid) -> Bad:
    kind: object = "null"
    for level in range(10):
        again = f"L{level - 1}" if level else "null"
        fields = [{"name": "a", "type": kind}, {"name": "b", "type": again}]
        kind = {"type": "record", "name": f"L{level}", "fields": fields}
    number = register(grid.settings, "foreign-twice", ours_with({"name": "twice", "type": kind}))
    return Bad(framed(number, grid.value()[5:]))


def with_headers(*headers: tuple[str, bytes | None]) -> Make:
    return lambda grid: Bad(grid.value(), headers=list(headers))  # type: ignore[arg-type]


def tampered(grid: Grid) -> Bad:
    address = grid.store.put(b"what was said")
    (grid.store.root / name_in(address)).write_bytes(b"what was not")
    return Bad(grid.value()[:5], headers=[(DATA_REFERENCE, address.encode())])


def missing(grid: Grid) -> Bad:
    address = address_of(b"nobody kept this").encode()
    return Bad(grid.value()[:5], headers=[(DATA_REFERENCE, address)])


SIGNED = (PROCESSOR, b"memory/1")

CASES: dict[str, tuple[Make, str, str]] = {
    "null": (lambda _: Bad(None), "Undecodable", "None"),
    "empty": (lambda _: Bad(b""), "Undecodable", "b''"),
    "json": (lambda _: Bad(b'{"text": "x"}'), "Undecodable", "wire format"),
    "as large as may be": (lambda _: Bad(b"\xff" * LARGEST), "Undecodable", "wire format"),
    "other magic": (lambda grid: Bad(b"\1" + grid.value()[1:]), "Undecodable", "wire format"),
    "cut": (lambda grid: Bad(grid.value()[:-3]), "Undecodable", "MemoryOffered"),
    "trailing": (lambda grid: Bad(grid.value() + b"\0"), "Undecodable", "1 bytes do not belong"),
    "no UTF-8": (lambda grid: Bad(grid.value("\x7f" * 9).replace(b"\x7f", b"\xff")),
                 "Undecodable", "UnicodeDecodeError"),
    "unknown id": (lambda _: Bad(framed(987_654, b"x")), "UnknownSchema", "987654"),
    "recursive": (recursive, "UnknownSchema", "contains itself"),
    "bomb": (bomb, "UnknownSchema", "no bytes"),
    "doubled": (doubled, "UnknownSchema", "no bytes"),
    "uncounted": (uncounted, "Undecodable", "MemoryOffered"),
    "no key": (lambda grid: Bad(grid.value(), key=None), "Unacceptable", "has no key"),
    "empty key": (lambda grid: Bad(grid.value(), key=b""), "Unacceptable", "has no key"),
    "key no UTF-8": (lambda grid: Bad(grid.value(), key=b"\xff"), "Unacceptable", "not UTF-8"),
    "id no UTF-8": (with_headers((ID, b"\xff\xfe")), "Unacceptable", "not UTF-8"),
    "cause": (with_headers(SIGNED, (CAUSE, b"\xffgarbage")), "Unacceptable", CAUSE),
    "forged cause": (with_headers(SIGNED, (CAUSE, b"999999/0/1")), "Unacceptable", CAUSE),
    "null reference": (with_headers((DATA_REFERENCE, None)), "Undecodable", "content address"),
    "reference": (with_headers((DATA_REFERENCE, b"\xff/../")), "Undecodable", DATA_REFERENCE),
    "missing": (missing, "NotStored", "is not in"),
    "tampered": (tampered, "Undecodable", "was altered"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_read_is_parked_with_its_bytes_and_the_reason(grid: Grid, name: str) -> None:
    make, exception, message = CASES[name]
    told = reason(parked(grid, make(grid)))
    assert told[0] == exception
    assert message in told[1]


def test_attempts_that_are_no_number_are_the_first(grid: Grid) -> None:
    parked(grid, Bad(b"bad", headers=[(dl.ATTEMPT, b"many")]))


def test_a_deep_record_of_somebody_elses_recursive_schema_concerns_nobody(grid: Grid) -> None:
    fields = [{"name": "next", "type": ["null", "Node"]}]
    node = {"type": "record", "name": "Node", "fields": fields}
    value = framed(register(grid.settings, "foreign-node", node), b"\2" * 5_000)
    record = append(grid.client, Bad(value).draft)
    grid.goes_on()
    assert letters(grid.client, record) == []


def test_a_payload_in_the_object_store_is_read_from_there(grid: Grid) -> None:
    wire = Wire(grid.client.wire.codec, grid.store)
    event = offered("x" * (CLAIM_MIN + 1))
    draft = wire.draft(MEMORY.name, PARTITION, KEY, event, [])
    assert (draft.value or b"")[5:] == b""
    record = append(grid.client, draft)
    grid.goes_on()
    assert letters(grid.client, record) == []


def test_a_record_that_is_too_large_is_refused_before_it_is_sent(grid: Grid) -> None:
    with pytest.raises(DeliveryFailed) as told:
        grid.client.log.append([Bad(bytes(3_000_000)).draft], lambda _: None)
    assert "max.message.bytes" in told.value.fix


def test_a_record_that_the_broker_finds_too_large_is_reported(grid: Grid) -> None:
    log = KafkaLog(grid.settings.bootstrap, DOOR, {"message.max.bytes": 9_000_000})
    told: list[DeliveryFailed | None] = []
    log.append([Bad(bytes(3_000_000)).draft], told.append)
    assert log.flush(30) == 0
    log.close()
    (error,) = told
    assert error is not None
    assert "max.message.bytes" in error.fix


def test_a_request_of_11_mb_is_refused_at_the_door(grid: Grid) -> None:
    log = grid.settings.data_dir / "logs" / "gateway.log"
    door = Role("gateway", ["-m", "cli.main", "gateway"], environment(grid.settings), log)
    url = grid.settings.gateway_url

    def is_open() -> bool:
        try:
            return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def pieces() -> Iterator[bytes]:
        yield from (b"x" * 1_000_000 for _ in range(11))

    with running(door):
        wait_until(is_open, 90, "the gateway is not ready")
        end = grid.client.log.span(SESSIONS.name, 0).end
        for body in (b"x" * 11_000_000, pieces()):
            answer = httpx.post(f"{url}/v1/chat/completions", content=body, timeout=60)
            assert answer.status_code == 413
            assert answer.json()["error"]["type"] == "invalid_request_error"
        assert httpx.get(f"{url}/livez", timeout=30).status_code == 200
        assert grid.client.log.span(SESSIONS.name, 0).end == end


def test_dead_letters_are_listed_shown_and_retried_once_their_cause_is_mended(grid: Grid) -> None:
    text = f"mended {uuid.uuid4()}"
    content = grid.value(text)[5:]
    reference = (DATA_REFERENCE, address_of(content).encode())
    letter = parked(grid, Bad(grid.value()[:5], headers=[reference]))
    name = f"{MEMORY.dead_letters}/{PARTITION}@{letter.offset}"

    (row,) = [r for r in listed(grid.settings, "dlq", "list") if r["letter"] == name]
    assert (row["by"], row["attempt"], row["error"]) == ("intake", "1", "NotStored")
    shown = aether(grid.settings, "dlq", "show", name)
    assert grid.value()[:5].hex(" ") in shown.stdout
    assert "is not in" in shown.stdout

    again = aether(grid.settings, "dlq", "retry", name, "--yes")
    assert (again.returncode, again.stdout) == (0, "")
    wait_until(lambda: second_attempt(grid, content), 60, "the retried record is not parked again")

    assert text not in texts(grid.client)
    grid.store.put(content)
    assert aether(grid.settings, "dlq", "retry", name, "--yes").returncode == 0
    await_recorded(grid.client, text)
    grid.goes_on()


def second_attempt(grid: Grid, content: bytes) -> bool:
    end = grid.client.log.span(MEMORY.dead_letters, PARTITION).end
    heads = [
        dict(letter.headers)
        for batch in grid.client.log.read(MEMORY.dead_letters, PARTITION, 0, end)
        for letter in batch
    ]
    reference = address_of(content).encode()
    return any((h.get(DATA_REFERENCE), h[dl.ATTEMPT]) == (reference, b"2") for h in heads)


def test_a_letter_that_is_none_is_a_mistake_of_who_names_it(grid: Grid) -> None:
    for name in ("nonsense", f"{MEMORY.dead_letters}/{PARTITION}@999999"):
        ended = aether(grid.settings, "dlq", "show", name)
        assert ended.returncode == 2
        assert "aether dlq list" in ended.stderr


def test_a_registry_that_is_away_is_waited_for(grid: Grid) -> None:
    added = {"name": "mood", "type": "string", "default": ""}
    number = register(grid.settings, "foreign-mood", ours_with(added))
    text = f"patience {uuid.uuid4()}"
    value = framed(number, grid.value(text)[5:] + b"\0")
    with registry_away(grid):
        waiting = grid.worker.tail().count('"waiting"')
        record = append(grid.client, Bad(value).draft)
        wait_until(
            lambda: grid.worker.tail().count('"waiting"') > waiting, 60, "it waits for no registry"
        )
        assert text not in texts(grid.client)
    await_recorded(grid.client, text)
    assert letters(grid.client, record) == []
    grid.goes_on()
