"""The map that is a value behaves like a dict that is copied at every change."""

from collections.abc import Mapping
from zlib import crc32

from hypothesis import given as forall
from hypothesis import strategies as st

from streams.pmap import LEAF_MAX, PMap

KEYS = st.text(st.characters(codec="utf-8"), max_size=3)


@forall(st.lists(st.tuples(KEYS, st.integers()), max_size=300))
def test_it_holds_what_a_dict_would_hold(puts: list[tuple[str, int]]) -> None:
    known: PMap[int] = PMap()
    reference: dict[str, int] = {}
    for key, value in puts:
        known, reference = known.put(key, value), {**reference, key: value}
    _same(known, reference)
    assert known == PMap(reference)
    assert hash(known) == hash(PMap(dict(reversed(reference.items()))))


def _same(known: PMap[int], reference: Mapping[str, int]) -> None:
    assert known.items() == sorted(reference.items())
    assert len(known) == len(reference)
    assert all(known.get(key) == value and key in known for key, value in reference.items())


def test_putting_leaves_the_first_map_as_it_was() -> None:
    versions = [PMap[int]()]
    for n in range(2_000):
        versions.append(versions[-1].put(str(n % 1_000), n))
    for size in (0, 1, LEAF_MAX, LEAF_MAX + 1, 1_000):
        _same(versions[size], {str(n): n for n in range(size)})
    assert versions[1_500].get("499") == 1_499
    assert versions[2_000].get("none") is None


def test_keys_that_hash_alike_share_a_leaf() -> None:
    alike = _alike(2)
    known = PMap({key: n for n, key in enumerate(alike)})
    for n in range(500):
        known = known.put(str(n), n)
    assert [known.get(key) for key in alike] == list(range(len(alike)))


def _alike(count: int) -> list[str]:
    """Return keys of one CRC-32, found by birthday."""
    seen: dict[int, str] = {}
    for n in range(1_000_000):
        key = f"key-{n}-{n * n}"
        other = seen.setdefault(crc32(key.encode()), key)
        if other != key:
            return [other, key]
    raise AssertionError("no two keys of a million hash alike")


def test_it_is_equal_to_nothing_but_a_map() -> None:
    assert PMap({"a": 1}) != {"a": 1}
    assert PMap({"a": 1}) != PMap({"a": 2})
    assert repr(PMap({"b": 1, "a": 2})) == "PMap({'a': 2, 'b': 1})"
