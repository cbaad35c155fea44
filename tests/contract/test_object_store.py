"""One suite for every ObjectStore: what `streams/io/objects` promises holds for each of them."""

import errno
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engines.ports import LOOPBACK, free_port
from streams.envelope import DATA_REFERENCE
from streams.errors import Misconfigured, StoreAway, Unacceptable, Undecodable
from streams.events.registry import CapabilityOffered
from streams.io.codec import PREFIX, Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects import OBJECT_MAX, ObjectStore, address_of, name_in
from streams.io.objects.directory import DirectoryStore
from streams.io.objects.s3 import S3Store
from streams.io.wire import CLAIM_MIN, Wire
from streams.topics import REGISTRY
from tests.contract.s3_server import ACCESS, BUCKET, SECRET, S3Server, s3_running
from tests.examples import CARD
from tests.fakes import NumberedRegistry

CONTENT = b"what was said" * 1_000
EMPTY_ADDRESS = "sha256:" + "0" * 64


class Place(NamedTuple):
    """A store, where its objects lie as files, and the same store when its world is away."""

    store: ObjectStore
    root: Path
    away: Callable[[], ObjectStore]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_running(tmp_path_factory.mktemp("s3")) as server:
        yield server


def bucket(
    endpoint: str, name: str = BUCKET, access: str = ACCESS, secret: str = SECRET
) -> S3Store:
    return S3Store.at(endpoint, name, access, secret, secure=False)


@pytest.fixture(params=["directory", pytest.param("s3", marks=pytest.mark.integration)])
def place(request: Any, tmp_path: Path) -> Place:
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3")
        nowhere = f"{LOOPBACK}:{free_port()}"
        return Place(bucket(server.endpoint), server.root / BUCKET, lambda: bucket(nowhere))
    (tmp_path / "a file").write_bytes(b"")
    root = tmp_path / "objects"
    return Place(DirectoryStore(root), root, lambda: DirectoryStore(tmp_path / "a file"))


def test_what_is_put_is_got_under_the_hash_of_its_content(place: Place) -> None:
    address = place.store.put(CONTENT)
    assert address == address_of(CONTENT)
    assert place.store.get(address) == CONTENT
    assert (place.root / name_in(address)).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [b"", b"\0", bytes(range(256))])
def test_any_bytes_come_back(place: Place, content: bytes) -> None:
    assert place.store.get(place.store.put(content)) == content


def test_to_put_the_same_again_changes_nothing(place: Place) -> None:
    assert place.store.put(CONTENT) == place.store.put(CONTENT)
    assert place.store.get(address_of(CONTENT)) == CONTENT


def test_many_may_put_the_same_and_others_at_once(place: Place) -> None:
    contents = [CONTENT + bytes([n % 4]) for n in range(32)]
    with ThreadPoolExecutor(8) as workers:
        addresses = list(workers.map(place.store.put, contents))
    assert addresses == [address_of(content) for content in contents]
    assert [place.store.get(a) for a in addresses] == contents


def test_what_is_not_there_is_undecodable(place: Place) -> None:
    with pytest.raises(Undecodable, match=EMPTY_ADDRESS):
        place.store.get(EMPTY_ADDRESS)


def test_what_was_altered_is_undecodable(place: Place) -> None:
    address = place.store.put(b"to be altered")
    (place.root / name_in(address)).write_bytes(b"altered")
    with pytest.raises(Undecodable, match="was altered"):
        place.store.get(address)


@pytest.mark.parametrize(
    "address",
    ["", "sha256:", "sha256:abc", "md5:" + "0" * 64, "0" * 64, "sha256:" + "A" * 64,
     "sha256:../../" + "0" * 58, "sha256:" + "0" * 63 + "\0", "sha256:" + "0" * 65],
)  # fmt: skip
def test_what_is_no_address_is_undecodable(place: Place, address: str) -> None:
    with pytest.raises(Undecodable, match="content address"):
        place.store.get(address)


def test_what_is_too_large_is_neither_kept_nor_read(place: Place) -> None:
    with pytest.raises(Unacceptable, match="are allowed"):
        place.store.put(bytes(OBJECT_MAX + 1))
    path = place.root / name_in(EMPTY_ADDRESS)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(OBJECT_MAX + 1)
    with pytest.raises(Unacceptable, match="are allowed"):
        place.store.get(EMPTY_ADDRESS)
    path.unlink()


def test_a_store_that_is_away_is_no_verdict_on_the_content(place: Place) -> None:
    store = place.away()
    with pytest.raises(StoreAway) as told:
        store.put(CONTENT)
    assert told.value.fix
    with pytest.raises(StoreAway):
        store.get(EMPTY_ADDRESS)


def large_wire(store: ObjectStore) -> tuple[Wire, CapabilityOffered]:
    """Return a wire over a store, and an event that is too large for a record."""
    codec = Codec(NumberedRegistry())
    codec.learn(REGISTRY, register=True)
    card = replace(CARD, description="x" * (CLAIM_MIN + 1))
    return Wire(codec, store), CapabilityOffered(card=card)


def test_a_large_payload_goes_through_the_store(place: Place) -> None:
    wire, event = large_wire(place.store)
    log = MemoryLog(MemoryBroker({REGISTRY.name: 1}))
    draft = wire.draft(REGISTRY.name, 0, b"k", event, [])
    assert draft.value is not None
    assert len(draft.value) == PREFIX.size
    assert log.append([draft], lambda _: None) == 1
    log.flush(1)
    ((record,),) = log.read(REGISTRY.name, 0, 0, 1)
    assert wire.open(record).event == event
    address = dict(record.headers)[DATA_REFERENCE].decode()
    assert wire.codec.encode(event)[PREFIX.size :] == place.store.get(address)


def test_a_payload_is_durable_before_its_record_and_put_again_after_a_crash(place: Place) -> None:
    wire, event = large_wire(place.store)
    draft = wire.draft(REGISTRY.name, 0, b"k", event, [])  # and the process dies here
    address = dict(draft.headers)[DATA_REFERENCE].decode()
    assert place.store.get(address) == wire.codec.encode(event)[PREFIX.size :]
    again = wire.draft(REGISTRY.name, 0, b"k", event, [])
    assert again == draft


def test_a_record_is_never_written_for_a_payload_that_could_not_be_kept(place: Place) -> None:
    wire, event = large_wire(place.away())
    with pytest.raises(StoreAway):
        wire.draft(REGISTRY.name, 0, b"k", event, [])


# -- what only one of them has


@pytest.mark.integration
@pytest.mark.parametrize(
    ("name", "access", "secret", "advice"),
    [
        (BUCKET, "nobody", SECRET, "s3_access_key"),
        (BUCKET, ACCESS, "not the secret", "s3_secret_key"),
        ("no-such-bucket", ACCESS, SECRET, "create the bucket"),
        ("..", ACCESS, SECRET, "s3_bucket"),
    ],
)
def test_wrong_keys_and_a_bucket_that_is_not_there_are_settings_to_mend(
    s3: S3Server, name: str, access: str, secret: str, advice: str
) -> None:
    store = bucket(s3.endpoint, name, access, secret)
    for attempt in (lambda: store.put(CONTENT), lambda: store.get(EMPTY_ADDRESS)):
        with pytest.raises(Misconfigured) as told:
            attempt()
        assert advice in told.value.fix
        assert secret not in str(told.value)


def test_an_endpoint_that_is_no_address_is_a_setting_to_mend() -> None:
    with pytest.raises(Misconfigured) as told:
        bucket("http://host/with/path")
    assert "s3_endpoint" in told.value.fix


def test_a_folder_that_may_not_be_written_is_away_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "objects").symlink_to(tmp_path / "objects")  # a loop: no rights needed to refuse
    with pytest.raises(StoreAway, match=str(errno.ELOOP)):
        DirectoryStore(tmp_path / "objects").put(CONTENT)
