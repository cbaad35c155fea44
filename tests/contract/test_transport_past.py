"""A group reads on where the broker no longer has its next record: the archive has it, or it stops.

For our own transport; Faust's others begin where the broker's log does.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.archive.seal import Limits, Sealer
from streams.errors import LogTruncated
from streams.io.archive.log import ArchivedLog
from streams.io.codec import Codec
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.kafka.topics import create_topics
from streams.io.kafka.trimming import KafkaTrimming
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.topics import ARCHIVE, Topic
from tests.contract.test_transport import OURS
from tests.contract.transport_members import PARTITIONS, Grounds, Member, until
from tests.fakes import NumberedRegistry

pytestmark = [
    pytest.mark.integration,
    pytest.mark.parametrize("grounds", OURS, indirect=True),
]
KEYS = 16
SEGMENT = 70


class Vault:
    """The log of one topic, and its archive."""

    def __init__(self, grounds: Grounds, topic: Topic) -> None:
        codec = Codec(NumberedRegistry())
        codec.learn(ARCHIVE, register=True)
        create_topics(grounds.bootstrap, {}, topics=[ARCHIVE])
        self.topic = topic
        self.store = DirectoryStore(grounds.folder / "segments")
        self.wire = Wire(codec, self.store)
        self._grounds = grounds
        self._trimming = KafkaTrimming(grounds.bootstrap, {})

    @property
    def log(self) -> ArchivedLog:
        """What a worker opens."""
        return ArchivedLog(KafkaLog(self._grounds.bootstrap, PROCESSOR), self.wire, self.store)

    def seal(self) -> None:
        """Seal all there is."""
        sealer = Sealer(self._grounds.log, self.wire, self.store, Limits(records=SEGMENT))
        for partition in range(PARTITIONS):
            assert list(sealer.seal(self.topic.name, partition))

    def trim(self) -> None:
        """Leave nothing of the log, whoever has yet to read it."""
        for partition, end in self._grounds.ends(self.topic).items():
            self._trimming.delete_before(self.topic.name, partition, end)
            assert self._grounds.log.span(self.topic.name, partition).first == end

    def numbers(self) -> dict[bytes, list[int]]:
        """Return what was decided by key, from archive and log."""
        live, self._grounds.log = self._grounds.log, self.log  # type: ignore[assignment]
        try:
            return self._grounds.numbers(self.topic)
        finally:
            self._grounds.log.close()
            self._grounds.log = live


@pytest.fixture
def grounds(request: Any, kafka_bootstrap: str, tmp_path: Path) -> Iterator[Grounds]:
    made = Grounds(kafka_bootstrap, request.param.format(kafka_bootstrap), tmp_path)
    yield made
    made.log.close()


def every(count: int) -> dict[bytes, list[int]]:
    """Return the numbers of `count` inputs dealt to the keys."""
    return {f"k{n}".encode(): list(range(1, 1 + count // KEYS)) for n in range(KEYS)}


async def test_a_new_group_begins_where_the_archive_does(grounds: Grounds) -> None:
    vault = Vault(grounds, grounds.topic())
    grounds.tell(vault.topic, range(1_600))
    vault.seal()
    vault.trim()
    async with Member(grounds, vault.topic, log=vault.log):
        await grounds.considered(vault.topic)
        assert vault.numbers() == every(1_600)
        grounds.tell(vault.topic, range(160))  # and goes on with what the broker has
        await grounds.considered(vault.topic)
    assert vault.numbers() == every(1_760)


async def test_a_group_that_fell_behind_a_trimmed_log_reads_on(grounds: Grounds) -> None:
    vault = Vault(grounds, grounds.topic())
    grounds.tell(vault.topic, range(320))
    async with Member(grounds, vault.topic, log=vault.log):
        await grounds.considered(vault.topic)
    grounds.tell(vault.topic, range(320))
    vault.seal()
    vault.trim()
    grounds.tell(vault.topic, range(320))
    async with Member(grounds, vault.topic, log=vault.log, name="another"):
        await grounds.considered(vault.topic)
    assert vault.numbers() == every(960)


async def test_what_is_neither_in_the_log_nor_sealed_is_not_passed_over(grounds: Grounds) -> None:
    vault = Vault(grounds, grounds.topic())
    grounds.tell(vault.topic, range(320))
    async with Member(grounds, vault.topic, log=vault.log):
        await grounds.considered(vault.topic)
    considered = grounds.committed(vault.topic)
    grounds.tell(vault.topic, range(320))
    vault.trim()
    member = Member(grounds, vault.topic, log=vault.log, name="another")
    with pytest.raises(LogTruncated, match="has considered only what is before"):
        async with member:
            await until(lambda: member.shell.app.crashed)
    assert grounds.committed(vault.topic) == considered
