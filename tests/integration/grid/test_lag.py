"""Readers in every kind of trouble, all at once on a real broker: each gets its verdict in time.

One timeline is run once; every test looks at what was seen of its own group.
"""

import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from engines.ports import free_port
from streams.events.lag import Status, Verdict
from streams.io.client import Client
from tests.integration.grid.harness import Grid, running, wait_until
from tests.integration.grid.lag_world import Member, Outsider, Producing, Said, Scrape, said_of

pytestmark = pytest.mark.integration

SOON_S, WARM_S = 15.0, 12.0
#: The broker's time of a verdict may be a sample and a decision later than what caused it.
EXACT_S, SHARE = 0.5, 0.1
IDLE, CREATE_TIME = "lag-idle", "lag-create-time"
PAUSED, KILLED = "lag-paused", "lag-killed"
NAMES = (
    "lag-healthy", "lag-slow", PAUSED, KILLED, "lag-rewound", "lag-stalled", IDLE,
    "lag-left", "lag-recreated", "lag-rebalance",
)  # fmt: skip


class Truth(NamedTuple):
    """How long a record has waited when it was looked, at least and at most."""

    least_s: float
    most_s: float

    def agrees(self, told_s: float | None, share: float = 0.0) -> bool:
        """Whether what was told is right to half a second, or to a share of it."""
        slack_s = max(EXACT_S, share * self.most_s)
        return told_s is not None and self.least_s - slack_s <= told_s <= self.most_s + slack_s


class Seen(NamedTuple):
    """What came of it: when things were done, all scrapes, what was said of whom."""

    done_s: float
    ended_s: float
    scrapes: list[Scrape]
    truths: list[Mapping[str, Truth | None]]
    said: Mapping[str, list[Said]]

    def soon(self, group: str) -> list[Verdict]:
        """Return the verdicts on a group from the deed to fifteen seconds after it."""
        told = [one for one in self.said.get(group, []) if self.done_s < one.at_s]
        return [v for one in told if one.at_s < self.done_s + SOON_S for v in one.verdicts]

    def before(self, group: str) -> list[Status]:
        """Return what was said before anything was done."""
        return [one.status for one in self.said.get(group, []) if one.at_s < self.done_s]


def truth_of(scrape: Scrape, producing: Producing, topic: str) -> Truth | None:
    """Return how long the first record that is not committed has waited when it was sampled."""
    committed = scrape.value("kafka_consumergroup_current_offset", consumergroup=topic, topic=topic)
    if committed is None:
        return None
    appended = producing.appended[topic].get(int(committed))
    sampled_s = scrape.one("aether_lag_sampled_timestamp_seconds")
    if appended is None:
        return Truth(0.0, 0.0)
    return Truth(max(0.0, sampled_s - appended.heard_s), max(0.0, sampled_s - appended.sent_s))


@pytest.fixture(scope="module")
def seen(log_grid: Grid) -> Seen:
    """Run the timeline: all is well for a while, then everything goes wrong at once."""
    port, bootstrap = free_port(), log_grid.settings.bootstrap
    worker = log_grid.role(
        "lag-observer", "-m", "cli.main", "worker", "observer",
        AETHER_PORTS__WORKER_METRICS=str(port),
    )  # fmt: skip
    producing, members = Producing(bootstrap), dict[str, Member]()
    producing.create(list(NAMES))
    producing.create([CREATE_TIME], **{"message.timestamp.type": "CreateTime"})
    with ExitStack() as stack:
        stack.enter_context(running(worker))
        paused, killed = Outsider(bootstrap, PAUSED, 30.0), Outsider(bootstrap, KILLED, 6.0)
        stack.callback(paused.end)
        stack.callback(killed.end)
        for name in sorted({*NAMES, CREATE_TIME} - {PAUSED, KILLED}):
            members[name] = Member(bootstrap, name)
            stack.callback(members[name].end)
        stack.enter_context(producing.running())
        wait_until(lambda: _all_seen(port), 180, "every group to be seen")
        scrapes, truths = list[Scrape](), list[Mapping[str, Truth | None]]()

        def look(until_s: float) -> None:
            while time.time() < until_s:
                scrapes.append(Scrape(port))
                topics = (*NAMES, CREATE_TIME)
                truths.append({t: truth_of(scrapes[-1], producing, t) for t in topics})
                time.sleep(0.3)

        producing.idle.add(IDLE)
        look(time.time() + WARM_S)
        done_s = time.time()
        members["lag-slow"].tell("rate 5")
        members[CREATE_TIME].tell("rate 5")
        paused.signal(signal.SIGSTOP)
        killed.signal(signal.SIGKILL)
        members["lag-rewound"].tell("rate 5")
        members["lag-rewound"].tell("back 0")
        members["lag-stalled"].tell("stick")
        members[IDLE].tell("hang 5")
        members["lag-left"].tell("leave")
        members["lag-rebalance"].tell("hang 18")
        second = Member(bootstrap, "lag-rebalance")
        stack.callback(second.end)
        producing.delete("lag-recreated")
        producing.append(IDLE)
        look(done_s + 3)
        producing.create(["lag-recreated"])
        producing.idle.discard("lag-recreated")
        look(done_s + SOON_S + 1)
        ended_s = time.time()
        paused.signal(signal.SIGCONT)
        with Client(log_grid.settings) as client:
            wait_until(lambda: _statuses(said_of(client))[PAUSED] is Status.OK, 30, "it goes on")
            said = said_of(client)
        worker.stop()
    return Seen(done_s, ended_s, scrapes, truths, said)


def _all_seen(port: int) -> bool:
    try:
        scrape = Scrape(port)
    except OSError:
        return False
    prefix = "kafka_consumergroup_current_offset"
    return all(scrape.value(prefix, consumergroup=n) is not None for n in (*NAMES, CREATE_TIME))


def _statuses(said: Mapping[str, list[Said]]) -> dict[str, Status]:
    return {group: told[-1].status for group, told in said.items()}


@pytest.mark.parametrize("group", [*NAMES, CREATE_TIME])
def test_nobody_was_blamed_while_all_was_well(seen: Seen, group: str) -> None:
    assert set(seen.before(group)) <= {Status.OK}


@pytest.mark.parametrize(
    ("group", "verdict"),
    [
        ("lag-slow", Verdict.WARN),
        (CREATE_TIME, Verdict.WARN),
        (PAUSED, Verdict.STOP),
        (KILLED, Verdict.EMPTY),
        ("lag-rewound", Verdict.REWIND),
        ("lag-stalled", Verdict.STALL),
        ("lag-left", Verdict.EMPTY),
    ],
)
def test_each_trouble_gets_its_verdict_in_time(seen: Seen, group: str, verdict: Verdict) -> None:
    assert seen.soon(group)[:1] == [verdict], seen.said.get(group)


@pytest.mark.parametrize("group", ["lag-healthy", IDLE, "lag-recreated", "lag-rebalance"])
def test_what_is_no_trouble_gets_none(seen: Seen, group: str) -> None:
    assert seen.soon(group) == [], seen.said.get(group)


def test_a_group_that_shares_its_partitions_out_anew_is_behind_and_not_blamed(seen: Seen) -> None:
    behind = [s.one("kafka_consumergroup_lag", consumergroup="lag-rebalance") for s in seen.scrapes]
    assert max(behind) > 20 * SOON_S / 2


@pytest.mark.parametrize("topic", [name for name in NAMES if name != "lag-recreated"])
def test_exact_seconds_are_right_to_half_a_second(seen: Seen, topic: str) -> None:
    compared = 0
    for scrape, truth in zip(seen.scrapes, seen.truths, strict=True):
        told = scrape.value("aether_consumergroup_lag_seconds", consumergroup=topic, topic=topic)
        if _method(scrape, topic) == "exact" and (true := truth[topic]) is not None:
            assert true.agrees(told), (told, true)
            compared += 1
    assert compared > len(seen.scrapes) * 0.8


def test_where_the_brokers_time_is_not_kept_seconds_are_right_to_a_tenth(seen: Seen) -> None:
    compared = list[float]()
    for scrape, truth in zip(seen.scrapes, seen.truths, strict=True):
        told = scrape.value("aether_consumergroup_lag_seconds", consumergroup=CREATE_TIME)
        true = truth[CREATE_TIME]
        if _method(scrape, CREATE_TIME) == "interpolated" and told is not None and true:
            assert true.agrees(told, SHARE), (told, true)
            compared.append(true.least_s)
    assert max(compared) > 5


def _method(scrape: Scrape, topic: str) -> str | None:
    names = ("exact", "interpolated", "unknown")
    found = [
        method
        for method in names
        if scrape.value("aether_lag_estimate_method", consumergroup=topic, method=method)
    ]
    return found[0] if found else None


def test_one_record_after_silence_is_as_old_as_it_is(seen: Seen) -> None:
    name = "aether_consumergroup_lag_seconds"
    ages = [s.value(name, consumergroup=IDLE) or 0.0 for s in seen.scrapes]
    assert 2 < max(ages) < 8
    assert ages[-1] == 0


def test_a_paused_reader_that_goes_on_is_well_again(seen: Seen) -> None:
    statuses = [one.status for one in seen.said[PAUSED]]
    assert statuses == [Status.ERR, Status.OK]
