"""A state as a person reads it: short, and saying what was left out."""

from cli.travel import in_short


def test_a_short_state_is_whole() -> None:
    state = {"open": [{"run_id": "r", "asked": False}], "focus": None}
    assert in_short(state) == '{"focus":null,"open":[{"asked":false,"run_id":"r"}]}'


def test_long_texts_and_lists_are_cut_and_counted() -> None:
    assert in_short({"focus": "a" * 1_024}) == f'{{"focus":"{"a" * 30}… 1024 characters"}}'
    assert in_short([*range(20)]) == '[0,1,2,3,4,"… 20 in all"]'
