"""What is learned tells labels apart, knows when it does not know, and is the same every time."""

import numpy as np
import pytest

from processors.classifier.exact import UNIT, Judge, centroid, exact
from processors.classifier.prototypes import COUNT, prototypes_of
from processors.classifier.regression import Examples, fit
from processors.classifier.training import Lesson, TooFew, TooMany, train, version_of
from streams.events.weights import Weights
from tests.unit.processors.meanings import (
    ENCODER,
    SIZE,
    around,
    directions,
    lessons,
    name_of,
    trained,
    vector,
)


def judged(weights: Weights, points: list[bytes]) -> list[tuple[str, float]]:
    judge, told = Judge(weights, frozenset(weights.labels), []), []
    for point in points:
        whole = exact(point)
        assert whole is not None
        judgement = judge.judge(whole, 1)
        told.append((judgement.scored[0].label, judgement.confidence))
    return told


def test_held_out_examples_are_told_and_unknown_ones_are_doubted() -> None:
    weights, means = trained(12, 8), directions(24)
    inside = [judged(weights, around(means[k], 10, 500 + k)) for k in range(12)]
    outside = [judged(weights, around(means[k], 10, 500 + k)) for k in range(12, 24)]
    right = [label == name_of(k) for k, told in enumerate(inside) for label, _ in told]
    assert np.mean(right) > 0.95
    sure = [confidence for told in inside for _, confidence in told]
    unsure = [confidence for told in outside for _, confidence in told]
    assert np.mean(np.array(sure) > 0.5) > 0.9
    assert np.mean(np.array(unsure) < 0.5) > 0.8


def test_the_same_lessons_give_the_same_weights_in_any_number_of_copies() -> None:
    once = lessons(8, 4)
    assert version_of(train(ENCODER, once)) == version_of(train(ENCODER, [*once, *once[:9]]))


def test_the_version_names_the_content() -> None:
    assert version_of(trained(8, 4)) != version_of(trained(8, 5))


@pytest.mark.parametrize(
    "few",
    [
        [],
        lessons(1, 5),
        lessons(5, 1),
        [*lessons(1, 5), Lesson(vector([1.0]), "once")],
        [Lesson(vector([1.0]), "a"), Lesson(vector([1.0]), "a"), *lessons(1, 3)],
        [Lesson(vector([1.0]), None)] * 4,
    ],
    ids=["none", "one label", "one example each", "one and a half", "said twice", "outside only"],
)
def test_too_few_lessons_teach_nothing(few: list[Lesson]) -> None:
    with pytest.raises(TooFew):
        train(ENCODER, few)


def test_more_than_fits_into_memory_is_refused_before_it_is_tried() -> None:
    chance = np.random.default_rng(0)
    points = chance.normal(size=(30_000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    many = [Lesson(p.astype("<f4").tobytes(), f"l{k // 3}") for k, p in enumerate(points)]
    with pytest.raises(TooMany, match="10000 labels"):
        train(ENCODER, many)


def test_two_labels_are_enough_and_are_not_calibrated() -> None:
    weights = train(ENCODER, lessons(2, 3))
    assert not weights.calibration.fitted
    told = judged(weights, around(directions(2)[1], 5, 77))
    assert [label for label, _ in told] == [name_of(1)] * 5


def test_one_text_under_two_labels_does_not_break_the_fit() -> None:
    both = [Lesson(vector([1.0]), "a"), Lesson(vector([1.0]), "b")]
    weights = train(
        ENCODER, [*both, Lesson(vector([0.9, 0.1]), "a"), Lesson(vector([0.9, -0.1]), "b")]
    )
    assert weights.labels == ("a", "b")


def test_lessons_that_are_no_vectors_of_the_encoder_are_passed_over() -> None:
    wrong = [b"", b"torn!", bytes(4 * SIZE), b"\x00\x00\xc0\x7f" * SIZE, vector([1.0])[:-4]]
    assert train(ENCODER, [*lessons(8, 4), *(Lesson(v, name_of(0)) for v in wrong)]) == train(
        ENCODER, lessons(8, 4)
    )


def test_what_is_known_to_be_outside_makes_the_like_less_likely() -> None:
    strange = around(directions(13)[12], 30, 5)
    without = train(ENCODER, lessons(12, 6))
    taught = train(ENCODER, [*lessons(12, 6), *(Lesson(p, None) for p in strange[:20])])
    before = np.mean([confidence for _, confidence in judged(without, strange[20:])])
    after = np.mean([confidence for _, confidence in judged(taught, strange[20:])])
    assert after <= before + 0.05
    assert taught.labels == without.labels


def test_rows_fill_their_sixteen_bits_and_add_up_to_zero() -> None:
    weights = trained(12, 8)
    rows = np.frombuffer(weights.rows, "<i2").reshape(12, SIZE).astype(np.int64)
    assert 1 << 14 <= abs(rows).max() < 1 << 15
    assert abs(rows.sum(0)).max() <= 12
    near = np.frombuffer(weights.prototypes, "<i2").reshape(-1, SIZE).astype(np.float64)
    np.testing.assert_allclose(np.linalg.norm(near, axis=1), UNIT, rtol=1e-3)


def test_a_label_that_comes_later_competes_with_the_learned_ones() -> None:
    """As a centroid beside the classifier it wins its own examples and leaves the others theirs."""
    means = directions(13)
    weights = train(ENCODER, lessons(12, 8))
    late = centroid(around(means[12], 3, 4))
    assert late is not None
    judge = Judge(weights, frozenset(weights.labels), [("late", late)])

    def told(point: bytes) -> str:
        whole = exact(point)
        assert whole is not None
        return judge.judge(whole, 1).scored[0].label

    own = [told(p) for p in around(means[12], 30, 8)]
    others = [(told(p), name_of(k)) for k in range(12) for p in around(means[k], 10, 40 + k)]
    assert own.count("late") >= 24
    assert sum(got == want for got, want in others) >= 0.9 * len(others)


def test_the_optimum_is_found() -> None:
    """At it, what is counted equals what is expected: the gradient is next to nothing."""
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(300, 10)).astype(np.float32)
    labels = (vectors @ chance.normal(size=(10, 4))).argmax(1)
    found = fit(Examples(vectors, labels), 4)
    shares = np.exp(found.logits(vectors) - found.logits(vectors).max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    shares[np.arange(300), labels] -= 1
    slope = shares.T @ vectors + found.rows / 20
    assert np.abs(slope).max() < 0.5
    assert (found.logits(vectors).argmax(1) == labels).mean() > 0.95


def test_the_optimum_is_found_with_what_is_known_to_be_wrong() -> None:
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(300, 10)).astype(np.float32)
    labels = (vectors @ chance.normal(size=(10, 4))).argmax(1)
    wrong = (labels[200:] + chance.integers(1, 4, 100)) % 4
    found = fit(Examples(vectors[:200], labels[:200]), 4, Examples(vectors[200:], wrong))
    shares = np.exp(found.logits(vectors) - found.logits(vectors).max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    others = shares[200:].copy()  # what a rejected label leaves to the others
    others[np.arange(100), wrong] = 0
    shares[200:] -= others / others.sum(1, keepdims=True)
    shares[np.arange(200), labels[:200]] -= 1
    slope = shares.T @ vectors + found.rows / 20
    assert np.abs(slope).max() < 0.5
    assert (found.logits(vectors).argmax(1) == labels).mean() > 0.93


def test_what_a_request_is_not_is_a_lesson_too() -> None:
    means = directions(3)
    between = around(means[0] + 0.9 * means[1], 20, 5)
    known = [Lesson(p, name_of(k)) for k in range(3) for p in around(means[k], 4, 60 + k)]
    before = judged(train(ENCODER, known), between)
    rejected = [Lesson(point, None, name_of(0)) for point in between[:10]]
    after = judged(train(ENCODER, [*known, *rejected]), between)
    assert [label for label, _ in before].count(name_of(0)) > 15
    assert [label for label, _ in after].count(name_of(1)) > 15


def test_a_rejection_of_what_is_unknown_changes_nothing() -> None:
    once = lessons(8, 4)
    told = [*once, Lesson(vector([1.0]), None, "gone")]
    assert version_of(train(ENCODER, told)) == version_of(train(ENCODER, once))


def test_prototypes_are_the_examples_until_there_are_many() -> None:
    few = np.eye(COUNT, 32, dtype=np.float32)
    assert prototypes_of(few) is few
    many = np.random.default_rng(0).normal(size=(90, 32)).astype(np.float32)
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    found = prototypes_of(many)
    assert found.shape == (COUNT, 32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
