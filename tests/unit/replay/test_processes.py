"""Small logs are worked on in this process, large ones in others."""

import os
from concurrent.futures import as_completed

import pytest

from replay.processes import Here, processes


def halved(number: int) -> float:
    return number / 2


def broken(_: int) -> float:
    raise ValueError("broken")


def test_what_is_small_is_done_here_and_at_once() -> None:
    with processes(4, 9, worth=10) as pool:
        assert pool.submit(os.getpid).result() == os.getpid()
        assert sorted(each.result() for each in map(pool.submit, [halved] * 3, range(3))) == [
            0.0, 0.5, 1.0,
        ]  # fmt: skip


def test_what_goes_wrong_here_is_told_to_who_asks_for_it() -> None:
    done = Here().submit(broken, 1)
    with pytest.raises(ValueError, match="broken"):
        done.result()


@pytest.mark.parametrize(("records", "cores"), [(9, 2), (10, 1)])
def test_neither_few_records_nor_one_core_are_worth_a_process(records: int, cores: int) -> None:
    with processes(4, records, worth=10, cores=cores) as pool:
        assert isinstance(pool, Here)


def test_what_is_worth_it_is_done_in_other_processes() -> None:
    with processes(1, 10, worth=10, cores=2) as pool:
        work = [pool.submit(os.getpid)]
        assert [each.result() for each in as_completed(work)] != [os.getpid()]
