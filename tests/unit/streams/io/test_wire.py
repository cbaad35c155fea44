"""Of records in a row those of some kinds are opened; what cannot be read is passed over."""

from pathlib import Path

import pytest

from streams.errors import RegistryAway
from streams.events.sessions import RequestReceived
from streams.ids import EventId, derived
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.log import Draft
from streams.topics import SESSIONS
from tests.examples import EVENTS
from tests.fakes import NumberedRegistry

RECEIVED, ROUTED = EVENTS["RequestReceived"], EVENTS["RequestRouted"]


def test_events_of_other_kinds_and_what_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    codec = Codec(NumberedRegistry())
    codec.learn(SESSIONS, register=True)
    wire, log = Wire(codec, DirectoryStore(tmp_path)), MemoryLog(MemoryBroker({SESSIONS.name: 1}))
    drafts = [
        wire.root(
            event, component="test", topic=SESSIONS.name, key="k",
            event_id=EventId(derived(str(at))), at_ms=0,
        )
        for at, event in enumerate((RECEIVED, ROUTED, RECEIVED))
    ]  # fmt: skip
    value = drafts[0].value
    assert value is not None
    broken = (None, b"", b"not avro", value[:9], value[:5])
    for draft in (*[Draft(SESSIONS.name, 0, b"k", one, []) for one in broken], *drafts):
        log.broker.land(draft)
    records = log.broker.records[SESSIONS.name, 0]
    opened = list(wire.opened(records, (RequestReceived,)))
    assert [one.event for one in opened] == [RECEIVED, RECEIVED]


class Away(NumberedRegistry):
    """A registry that does not answer."""

    def schema(self, schema_id: int) -> str:
        raise RegistryAway("gone")


def test_a_registry_that_is_away_is_not_passed_over(tmp_path: Path) -> None:
    wire, log = (
        Wire(Codec(Away()), DirectoryStore(tmp_path)),
        MemoryLog(MemoryBroker({SESSIONS.name: 1})),
    )
    log.broker.land(Draft(SESSIONS.name, 0, b"k", b"\0\0\0\0\x07", []))
    with pytest.raises(RegistryAway):
        list(wire.opened(log.broker.records[SESSIONS.name, 0], (RequestReceived,)))
