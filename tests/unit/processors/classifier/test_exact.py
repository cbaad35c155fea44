"""A judgement has the same bits whatever surrounds it, and bad vectors are recognised."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.classifier.exact import (
    COSINE_SCALE,
    UNIT,
    UNRELATED,
    Judge,
    centroid,
    direction,
    exact,
    largest,
    packed,
    sigmoid,
    unpacked,
)
from tests.unit.processors.meanings import SIZE, around, directions, name_of, trained, vector

WEIGHTS = trained()
NAMES = frozenset(WEIGHTS.labels)
JUDGE = Judge(WEIGHTS, NAMES, [])
POINTS = [p for k, d in enumerate(directions(12)) for p in around(d, 4, 99 + k)]


def test_a_vector_is_read_as_integers() -> None:
    read = exact(vector([3.0, 4.0]))
    assert read is not None
    assert read[:3].tolist() == [round(0.6 * UNIT), round(0.8 * UNIT), 0.0]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\0\0\0",
        bytes(4 * SIZE),
        struct.pack("<f", math.nan) * SIZE,
        struct.pack("<f", math.inf) * SIZE,
        struct.pack("<f", 2.0) + bytes(4 * SIZE - 4),
    ],
    ids=["empty", "torn", "zero", "nan", "infinite", "too long"],
)
def test_what_is_no_vector_of_length_1_is_none(wrong: bytes) -> None:
    assert exact(wrong) is None


@given(st.permutations(range(SIZE)), st.sampled_from(POINTS))
@settings(max_examples=60, deadline=None)
def test_logits_are_the_same_bits_in_every_order_of_summation(
    order: list[int], point: bytes
) -> None:
    whole = exact(point)
    assert whole is not None
    straight = JUDGE._rows @ whole
    np.testing.assert_array_equal(JUDGE._rows[:, order] @ whole[order], straight)
    np.testing.assert_array_equal((JUDGE._rows @ np.stack([whole] * 7, 1))[:, 3], straight)
    slow = [math.fsum(a * b for a, b in zip(row, whole, strict=True)) for row in JUDGE._rows]
    assert straight.tolist() == slow


def test_every_sum_stays_where_float64_counts_exactly() -> None:
    bound = 384 * (1 << 15) * UNIT  # the largest row against the largest vector
    assert bound < 2**53


@given(st.lists(st.sampled_from(POINTS), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_a_judgement_does_not_depend_on_those_before_it(points: list[bytes]) -> None:
    def judged(judge: Judge, point: bytes) -> object:
        whole = exact(point)
        assert whole is not None
        return judge.judge(whole, 5)

    fresh = Judge(WEIGHTS, NAMES, [])
    assert [judged(JUDGE, p) for p in points] == [judged(fresh, p) for p in reversed(points)][::-1]


def test_equal_labels_are_told_by_name() -> None:
    mean = centroid([vector([1.0])])
    assert mean is not None
    judge = Judge(None, (), [("zebra", mean), ("ant", mean)])
    whole = exact(vector([1.0]))
    assert whole is not None
    told = judge.judge(whole, 5)
    assert [(s.label, s.share) for s in told.scored] == [("ant", 0.5), ("zebra", 0.5)]


def test_without_weights_the_nearest_centroid_is_told_and_unrelated_text_is_doubted() -> None:
    one, other = centroid([vector([1.0])]), centroid([vector([0.0, 1.0])])
    assert one is not None
    assert other is not None
    judge = Judge(None, (), [("one", one), ("other", other)])
    near, far = exact(vector([1.0, 0.2])), exact(vector([0.1, 0.05, 1.0]))
    assert near is not None
    assert far is not None
    assert judge.judge(near, 5).scored[0].label == "one"
    assert judge.judge(near, 5).confidence > 0.99
    assert judge.judge(far, 5).confidence < 0.1


def test_a_single_label_is_doubted_by_its_nearness_alone() -> None:
    mean = centroid([vector([1.0])])
    assert mean is not None
    judge, whole = Judge(None, (), [("only", mean)]), exact(vector([1.0, 1.0]))
    assert whole is not None
    told = judge.judge(whole, 5)
    assert told.scored == (("only", 1.0),)
    assert told.confidence == sigmoid(COSINE_SCALE * (told.nearness - UNRELATED))


def test_learned_labels_that_are_not_in_force_take_no_part() -> None:
    whole = exact(POINTS[0])
    assert whole is not None
    assert JUDGE.judge(whole, 1).scored[0].label == name_of(0)
    without = Judge(WEIGHTS, NAMES - {name_of(0)}, [])
    assert name_of(0) not in without.labels
    assert without.judge(whole, 1).scored[0].label != name_of(0)


def test_shares_of_all_labels_add_up() -> None:
    whole = exact(POINTS[5])
    assert whole is not None
    assert sum(s.share for s in JUDGE.judge(whole, 99).scored) == pytest.approx(1, abs=1e-5)


def test_a_centroid_is_the_mean_direction_and_opposites_have_none() -> None:
    mean = centroid([vector([1.0]), vector([0.0, 1.0])])
    assert mean is not None
    assert unpacked(mean)[:2].tolist() == [round(UNIT / math.sqrt(2))] * 2
    assert centroid([vector([1.0]), vector([-1.0])]) is None
    assert centroid([]) is None
    assert centroid([vector([1.0]), b"torn"]) is None


def test_a_direction_survives_being_packed() -> None:
    whole = exact(POINTS[3])
    assert whole is not None
    turned = direction(whole)
    assert turned is not None
    np.testing.assert_array_equal(unpacked(packed(turned)), turned)


def test_ten_thousand_labels_are_judged() -> None:
    chance = np.random.default_rng(3)
    means = chance.normal(size=(10_000, SIZE))
    means *= UNIT / np.linalg.norm(means, axis=1, keepdims=True)
    late = [(f"l{k:05d}", packed(np.rint(mean))) for k, mean in enumerate(means)]
    whole = direction(means[1234])
    assert whole is not None
    told = Judge(None, (), late).judge(whole, 5)
    assert told.scored[0].label == "l01234"
    assert len(told.scored) == 5


@given(st.lists(st.sampled_from([0.0, 1.0, -2.5, 7.0]), min_size=1, max_size=40), st.integers(1, 9))
def test_the_largest_are_those_of_a_stable_sort(values: list[float], count: int) -> None:
    given_values = np.array(values)
    expected = np.argsort(-given_values, kind="stable")[:count].tolist()
    assert largest(given_values, count) == expected
