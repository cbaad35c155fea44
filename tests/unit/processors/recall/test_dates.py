"""Which dates a question names, and which times share their parts."""

from datetime import UTC, datetime

import numpy as np
import pytest

from processors.recall.dates import dates_in, shared


def at(*date: int) -> int:
    year, month, day = date
    return int(datetime(year, month, day, 23, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "years", "months", "days"),
    [
        ("What happened on 8 May 2023?", {2023}, {5}, {8}),
        ("What happened on May 8th, 2023?", {2023}, {5}, {8}),
        ("Since 2023-05-08", {2023}, {5}, {8}),
        ("Was geschah am 3. März?", set(), {3}, {3}),
        ("Que s'est-il passé en août 2022 ?", {2022}, {8}, set()),
        ("2023年5月8日", {2023}, {5}, {8}),
        ("5月", set(), {5}, set()),
        ("What may she do in the march to the sea?", set(), set(), set()),
        ("May I come?", set(), set(), set()),
        ("Did they meet in May?", set(), {5}, set()),
        ("Take 12345 or 20231 of them", set(), set(), set()),
        ("", set(), set(), set()),
    ],
)
def test_the_parts_of_dates_are_found(
    text: str, years: set[int], months: set[int], days: set[int]
) -> None:
    assert tuple(map(set, dates_in(text))) == (years, months, days)


def test_each_part_that_is_shared_counts_one() -> None:
    times = np.array([at(2023, 5, 8), at(2023, 5, 9), at(2023, 6, 8), at(2022, 6, 9), 0])
    assert shared(dates_in("8 May 2023"), times).tolist() == [3, 2, 2, 0, 0]


def test_times_before_1970_have_dates_too() -> None:
    assert shared(dates_in("8 May 1969"), np.array([at(1969, 5, 8)])).tolist() == [3]
