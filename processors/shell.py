"""The Faust shell: one application is one consumer group, and only feeds the runners.

Acknowledgement, order and rebalances follow Faust's public interface; whatever decides or appends
lives in the runner.
"""

import asyncio
import gc
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import faust
from faust.exceptions import ConsumerNotStarted
from faust.streams import Stream
from faust.tables.manager import TableManager
from faust.types import TP, EventT

from processors.batch import Batch, Filling
from processors.passed_over import PassedOver
from processors.runner import Runner
from streams.errors import AetherError, Fatal
from streams.io.kafka.follower import to_record
from streams.io.kafka.groups import Groups
from streams.log import EventLog, Record, filled

logger = logging.getLogger(__name__)

STREAM_BATCHES_MAX = 16
STREAM_RECORDS_MAX = 4_096
STOP_S = 10.0
#: The driver that comes with Faust.
FAUSTS_OWN = "aiokafka"
NOT_YET_S = 0.01
#: How often deliveries are asked for while some are awaited, and while none is.
SERVE_S, IDLE_S = 0.004, 0.02
#: A backlog is many live objects and no cycles: at its defaults the cyclic collector walks them
#: over and over, which took a third of the time per record.
COLLECTOR = (200_000, 20, 100)


class Membership(NamedTuple):
    """How a worker takes part in its group.

    A member unheard of for `session_s` loses its partitions; `grace_s` is how long it may finish
    what is in flight when they are taken away.
    """

    group: str
    broker: str
    session_s: float = 6.0
    heartbeat_s: float = 1.0
    grace_s: float = 1.0
    options: Mapping[str, str] = {}  # librdkafka's; they may hold secrets, so no URL has them


class Raw(faust.Schema[Any, Any]):
    """Bytes as they are: decoding belongs to the runner, which parks what cannot be read."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:
        """Return the key's bytes."""
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        """Return the value's bytes, or the batch."""
        return message.value


class NoTables(TableManager):
    """Faust's keeper of tables, of which there are none.

    It asks the consumer what it owns; aiokafka's may not have begun, and the worker died of that.
    One that has ended never begins: whoever stops does not wait for it.
    """

    async def _update_channels(self) -> None:
        while not self.app.should_stop:
            try:
                await super()._update_channels()
                return
            except ConsumerNotStarted:
                await asyncio.sleep(NOT_YET_S)


class Shell:
    """A worker process: its Faust application, the runners, and the log they append to."""

    def __init__(
        self,
        membership: Membership,
        runners: Sequence[Runner],
        log: EventLog,
        scratch: Path,
    ) -> None:
        self.membership = membership
        self.app = _application(membership, scratch)
        self.app.log_behind = log
        self.app.runners = runners
        self._runners = runners
        self._log = log
        for runner in runners:
            topic = self.app.topic(runner.topic, schema=Raw())
            reader = _reader(runner, _filling(membership, runner.topic, log))
            self.app.agent(topic, name=f"{membership.group}:{runner.topic}")(reader)
        self.app.on_partitions_revoked.connect(cast(Any, self._revoked))

    @property
    def partitions(self) -> int:
        """How many partitions this worker reads now."""
        return len(self.assigned)

    @property
    def assigned(self) -> frozenset[tuple[str, int]]:
        """Which partitions this worker reads now."""
        consumer = self.app.consumer if self.app.started else None
        try:
            return frozenset(() if consumer is None else consumer.assignment())
        except ConsumerNotStarted:  # aiokafka's lives in a thread that takes its time
            return frozenset()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set.

        Raises what made a runner or the application fail; nothing unfinished is acknowledged.
        """
        gc.freeze()
        gc.set_threshold(*COLLECTOR)
        serving = asyncio.create_task(self._serve())
        try:
            await self.app.start()
            await self._until(stop)
            await self._hand_over()
        finally:
            serving.cancel()
            self._log.flush(STOP_S)
        self._raise()

    async def _until(self, stop: asyncio.Event) -> None:
        ends = [asyncio.create_task(stop.wait()), asyncio.create_task(self._crash())]
        ends += [asyncio.create_task(runner.failed.wait()) for runner in self._runners]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def _crash(self) -> None:
        while not self.app.crashed:
            await asyncio.sleep(0.1)

    async def _hand_over(self) -> None:
        """Finish what is in flight, commit, leave the group."""
        if self.app.consumer is not None:
            self.app.consumer.stop_flow()
        await self._release()
        stopping = asyncio.create_task(self.app.stop())
        if stopping not in (await asyncio.wait({stopping}, timeout=STOP_S))[0]:
            stopping.cancel()  # it may not heed that: nobody waits for it
            raise Fatal(f"the application did not stop within {STOP_S:g} s")
        await stopping
        for runner in self._runners:
            runner.reset()

    async def _release(self) -> None:
        grace = self.membership.grace_s
        await asyncio.gather(*(runner.release(grace) for runner in self._runners))

    async def _revoked(self, app: Any, revoked: Any, **_: Any) -> None:
        """Partitions are about to be taken away; Faust waits for this."""
        await self._release()
        await app.commit({runner.topic for runner in self._runners})
        for runner in self._runners:
            runner.reset()

    async def _serve(self) -> None:
        while True:
            served = self._log.serve()
            awaited = any(runner.in_flight for runner in self._runners)
            await asyncio.sleep(0 if served else SERVE_S if awaited else IDLE_S)

    def _raise(self) -> None:
        for runner in self._runners:
            if runner.failure is not None:
                raise runner.failure
        if self.app.crashed:
            reason = self.app.crash_reason
            if isinstance(reason, AetherError):
                raise reason
            raise Fatal(f"the application crashed: {reason!r}") from reason


def _filling(membership: Membership, topic: str, log: EventLog) -> Filling | None:
    """Return what looks for records that Faust's own driver passes over; ours passes over none."""
    driver, _, bootstrap = membership.broker.partition("://")
    if driver != FAUSTS_OWN:
        return None
    groups = Groups(bootstrap.partition("?")[0], membership.options)
    return PassedOver(topic, partial(groups.committed, membership.group), log).filled


def _reader(runner: Runner, filled: Filling | None) -> Any:
    async def read(stream: Stream[Any]) -> None:
        async for event in stream.noack().events():
            await runner.take(_batch(runner, event), filled)

    return read


def _batch(runner: Runner, event: EventT[Any]) -> Batch:
    message: Any = event.message
    if isinstance(message.value, list):
        records = [to_record(m) for m in message.value if runner.wants(m.value())]
    else:
        records = [_single(message)] if runner.wants(message.value) else []
    return Batch(message.partition, message.generation_id, records, message.offset + 1, event.ack)


def _single(message: Any) -> Record:
    headers = message.headers or []
    return Record(
        message.topic,
        message.partition,
        message.offset,
        int(message.timestamp * 1000),
        message.key,
        message.value,
        filled(headers.items() if isinstance(headers, dict) else headers),
    )


class Application(faust.App):
    """A Faust application that hands the transport its librdkafka options, and the whole log.

    What a group has yet to read may lie behind what the broker still holds. What is held up while
    the world is asked is no sign of a member that has stopped.
    """

    client_options: Mapping[str, str] = {}
    log_behind: EventLog | None = None
    runners: Sequence[Runner] = ()

    def busy(self, tp: TP) -> bool:
        """Whether the world is asked for something read from a partition."""
        return any(r.busy(tp.partition) for r in self.runners if r.topic == tp.topic)


def _application(membership: Membership, scratch: Path) -> Application:
    scratch.mkdir(parents=True, exist_ok=True)  # Faust makes the last part of the path only
    batches = "events=batch" in membership.broker
    session = membership.session_s
    app = Application(
        membership.group,
        broker=membership.broker,
        datadir=str(scratch),
        stream_buffer_maxsize=STREAM_BATCHES_MAX if batches else STREAM_RECORDS_MAX,
        broker_session_timeout=session,
        broker_heartbeat_interval=membership.heartbeat_s,
        broker_request_timeout=max(session, 10.0),
        broker_rebalance_timeout=max(session, 10.0),
        broker_commit_interval=0.5,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,  # with it an event in flight would hang the rebalance for ever
        TableManager=NoTables,
        table_standby_replicas=1,  # keeps the co-partitioning assignor, though there are no tables
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    app.client_options = membership.options
    return app
