"""Words as they are compared: lower case, without inflection, and without those that say nothing.

The lists are English. Words of other languages are compared as they stand, which is only blunter.
"""

import re

_WORD = re.compile(r"[^\W_]+(?:['\u2019.][^\W_]+)*")
_STEM_MIN = 3
_SHARED_MIN, _SHARED_SHARE = 4, 0.6

# The first ending that fits is taken off, and the second put on.
_ENDINGS = (
    ("ies", "y"),
    ("sses", "ss"),
    ("ss", "ss"),
    ("us", "us"),
    ("ing", ""),
    ("ed", ""),
    ("es", ""),
    ("s", ""),
    ("e", ""),
)

_EMPTY = """
a an the this that these those there here it its he she him her his hers they them their we
us our you your i me my mine one ones and or but nor if then than so as of at by for from in
into on onto off out over to up with without within about after before during since until
between through under above per via be am is are was were been being do does did done have
has had having can could may might must shall should will would not no yes ok please tell
give let get gets got getting go any some all each every both either such same own just only
also too very much many more most what which who whom whose when where why how often ever
s t d ll m re ve don isn doesn didn wasn won hey hi hello thanks thank
"""
EMPTY = frozenset(_EMPTY.split())


def words(text: str) -> list[str]:
    """All words of a text as they stand, in order; `a.b` and `it's` are one word."""
    return _WORD.findall(text)


def stems(text: str) -> list[str]:
    """The words that carry meaning, lower case and without inflection, in order."""
    return [stem(word) for word in map(str.lower, words(text)) if word not in EMPTY]


def stem(word: str) -> str:
    """A lower-case word without its inflection: `installing`, `installed` and `installs` agree."""
    word = word.removesuffix("'s").removesuffix("\u2019s")
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_MIN:
            return _undoubled(word.removesuffix(ending) + instead, ending)
    return word


def _undoubled(root: str, ending: str) -> str:
    doubled = root[-1] == root[-2] and root[-1] in "bdgmnprt"
    return root[:-1] if ending in {"ing", "ed"} and doubled else root


def likeness(term: str, other: str) -> float:
    """1 for equal stems, less for a long common beginning (`encryption`, `encrypt`), else 0."""
    if term == other:
        return 1.0
    shared = 0
    for left, right in zip(term, other, strict=False):
        if left != right:
            break
        shared += 1
    longer = max(len(term), len(other))
    return shared / longer if shared >= _SHARED_MIN and shared >= _SHARED_SHARE * longer else 0.0
