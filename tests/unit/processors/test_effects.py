"""Effects: order within a key, width across keys, poison alone, and nothing after the end."""

import asyncio
from pathlib import Path
from typing import Any

from processors.effects import Ended
from streams.dead_letters import OFFSET
from streams.envelope import CAUSATION, ID, REQUEST
from streams.ids import EventId, ProcessorName, of_decision, of_position
from tests.unit.processors.desk import Desk, Watched
from tests.unit.processors.toy_events import TOPIC, Counted, Looked, Told


def counted(*bodies: int) -> list[Counted]:
    return [Counted(body=body) for body in bodies]


async def test_one_keys_requests_are_worked_on_in_order(tmp_path: Path) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect)
    await desk.work(*counted(1, 2, 3))
    assert effect.calls == [[1]]
    effect.gates[1].set_result(None)
    await desk.turn()
    assert effect.calls == [[1], [2], [3]]
    assert (desk.looked(), desk.acknowledged) == ([1, 2, 3], [3])


async def test_keys_are_worked_on_side_by_side_up_to_the_width(tmp_path: Path) -> None:
    effect = Watched()
    effect.shut(1, 2, 3)
    desk = Desk(tmp_path, effect, width=2)
    for body, key in ((1, "x"), (2, "y"), (3, "z")):
        desk.tell(*counted(body), key=key)
    await desk.work()
    assert effect.calls == [[1], [2]]
    effect.gates[2].set_result(None)
    await desk.turn()
    assert (effect.calls, desk.looked()) == ([[1], [2], [3]], [2])
    assert desk.acknowledged == []
    effect.gates[1].set_result(None)
    effect.gates[3].set_result(None)
    await desk.turn()
    assert (effect.widest, desk.acknowledged) == (2, [3])


async def test_what_waits_under_one_key_is_worked_on_at_once_up_to_the_batch(
    tmp_path: Path,
) -> None:
    effect = Watched(batch_max=2)
    desk = Desk(tmp_path, effect)
    await desk.work(*counted(1, 2, 3))
    assert (effect.calls, desk.looked()) == ([[1, 2], [3]], [1, 2, 3])


async def test_of_a_batch_only_the_poison_is_parked(tmp_path: Path) -> None:
    effect = Watched(batch_max=3)
    desk = Desk(tmp_path, effect)
    await desk.work(*counted(1, -2, 3))
    assert effect.calls == [[1, -2, 3], [1], [-2], [3]]
    assert desk.looked() == [1, 3]
    assert [dict(letter.headers)[OFFSET] for letter in desk.letters()] == [b"1"]
    assert desk.acknowledged == [3]


async def test_a_partition_is_busy_while_the_world_is_asked_and_not_while_it_is_away(
    tmp_path: Path,
) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect)
    await desk.work(*counted(1))
    assert (desk.runner.busy(0), desk.runner.busy(1)) == (True, False)
    effect.away = True
    effect.gates[1].set_result(None)
    await desk.turn()
    assert not desk.runner.busy(0)
    desk.runner.reset()


async def test_what_is_somebody_elses_is_passed_over(tmp_path: Path) -> None:
    effect = Watched()
    desk = Desk(tmp_path, effect, takes=lambda event: event.body != 2)
    await desk.work(*counted(1, 2, 3))
    assert (desk.looked(), desk.acknowledged) == ([1, 3], [3])


async def test_a_world_that_stays_away_is_given_up(tmp_path: Path) -> None:
    effect = Watched()
    effect.away, effect.patience_s = True, 0.0
    desk = Desk(tmp_path, effect)
    await desk.work(*counted(4))
    assert (desk.looked(), desk.acknowledged) == ([-4], [1])


async def test_what_is_in_work_at_the_end_is_cancelled_and_not_acknowledged(
    tmp_path: Path,
) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect)
    await desk.work(*counted(1, 2))
    desk.runner.reset()
    await desk.turn()
    assert effect.gates[1].cancelled()
    assert (effect.inside, desk.looked(), desk.acknowledged) == (0, [], [])


#: A told zero ends a run; what nobody waits for is answered with a hundred less.
ENDED = Ended((Told,), lambda cause: Looked(body=cause.event.body - 100))
OVER = Told(body=0)


async def test_a_call_for_a_run_that_has_ended_is_cancelled_and_answered(tmp_path: Path) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect, ended=ENDED)
    await desk.work(*counted(1), run="a")
    await desk.work(OVER, run="b")
    assert (effect.inside, desk.looked()) == (1, [])
    await desk.work(OVER, run="a")
    assert effect.gates[1].cancelled()
    assert (effect.inside, desk.looked(), desk.acknowledged) == (0, [-99], [1, 2, 3])
    await desk.work(*counted(2), run="a")
    assert (desk.looked(), desk.acknowledged) == ([-99, 2], [1, 2, 3, 5])


async def test_what_waits_for_a_run_that_has_ended_is_not_begun(tmp_path: Path) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect, ended=ENDED)
    for body, run in ((1, "a"), (2, "b"), (3, "c")):
        desk.tell(*counted(body), run=run)
    await desk.work(OVER, run="b")
    effect.gates[1].set_result(None)
    await desk.turn()
    assert effect.calls == [[1], [3]]
    assert desk.looked() == [1, -98, 3]


async def test_a_world_that_is_away_is_not_asked_again_for_a_run_that_has_ended(
    tmp_path: Path,
) -> None:
    effect = Watched()
    effect.away = True
    desk = Desk(tmp_path, effect, ended=ENDED)
    await desk.work(*counted(1), run="a")
    await desk.work(OVER, run="a")
    assert (len(effect.calls), desk.looked()) == (1, [-99])


async def test_a_call_of_several_runs_goes_on_while_one_of_them_waits(tmp_path: Path) -> None:
    effect = Watched(batch_max=2)
    effect.shut(0, 1)
    desk = Desk(tmp_path, effect, ended=ENDED)
    await desk.work(*counted(0), run="z")
    desk.tell(*counted(1), run="a")
    await desk.work(*counted(2), run="b")
    effect.gates[0].set_result(None)
    await desk.turn()
    await desk.work(OVER, run="a")
    assert effect.inside == 1
    await desk.work(OVER, run="b")
    assert (effect.inside, desk.looked()) == (0, [0, -99, -98])


async def test_an_end_that_comes_with_the_end_of_work_says_nothing(tmp_path: Path) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect, ended=ENDED)
    await desk.work(*counted(1), run="a")
    desk.tell(OVER, run="a")
    await desk.take()
    desk.runner.reset()
    await desk.turn()
    assert (effect.inside, desk.looked(), desk.acknowledged) == (0, [], [])


async def test_a_full_backlog_stops_the_reading(tmp_path: Path) -> None:
    effect = Watched()
    effect.shut(1, 2)
    desk = Desk(tmp_path, effect, backlog=2)
    desk.tell(*counted(1, 2, 3))
    taking = asyncio.create_task(desk.take())
    await desk.turn()
    assert (taking.done(), desk.runner.tally.read) == (False, 3)
    effect.gates[1].set_result(None)
    effect.gates[2].set_result(None)
    await desk.turn()
    assert taking.done()
    assert (desk.looked(), desk.acknowledged) == ([1, 2, 3], [3])


async def test_an_outcomes_id_follows_from_its_request(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Watched())
    await desk.work(*counted(1))
    head: dict[str, Any] = dict(desk.world.records()[1].headers)
    request = EventId(of_position(TOPIC.name, 0, 0))
    assert head[CAUSATION].decode() == request
    assert head[ID].decode() == of_decision(request, ProcessorName("looking"), 0)
    assert head[REQUEST] == b"0"


async def test_a_request_that_is_answered_in_the_log_is_not_worked_on_again(
    tmp_path: Path,
) -> None:
    first = Desk(tmp_path, Watched())
    await first.work(*counted(1))
    effect = Watched()
    second = Desk(tmp_path, effect)
    second.world.broker.records.update(first.world.broker.records)
    await second.work(*counted(2))
    assert effect.calls == [[2]]
    assert second.acknowledged == [3]
    assert isinstance(second.world.wire.open(second.world.records()[1]).event, Looked)
