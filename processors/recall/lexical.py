"""Texts as terms that can be compared, in any script, without a language's own rules.

A term is the beginning of a word: that joins inflected forms in most languages that inflect at the
end, and needs no list. Scripts that are written without spaces are cut into pairs of characters.
"""

import re
import unicodedata
from functools import lru_cache

#: Letters of a word that count. Truncation does nearly as well as a stemmer of the language:
#: McNamee and Mayfield, "Character n-gram tokenization for European language text retrieval".
TERM_LETTERS = 5

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"  # Han, beyond
)
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
#: Vowel signs and other marks are part of a word, though no letters; so is what joins two letters.
_MARKS = "\u200d" + "".join(
    mark
    for mark in map(chr, range(0x300, 0x10000))
    if unicodedata.category(mark).startswith("M") and not _IS_UNSPACED.match(mark)
)
_LETTERS = rf"[^\W_{_UNSPACED}]"
_WORD = re.compile(rf"[{_UNSPACED}]+|{_LETTERS}+(?:[{_MARKS}]+{_LETTERS}*)*")
_ENDS_ASKING = re.compile(r"[?\uff1f\u061f\u037e\u2e2e][\s\W]*$")
_DIGIT = re.compile(r"\d")


def words(text: str) -> list[str]:
    """Return the words of a text as they are written."""
    return _WORD.findall(unicodedata.normalize("NFKC", text))


def terms(text: str) -> list[str]:
    """Return what of a text is compared, in order."""
    found: list[str] = []
    for word in words(text):
        if _IS_UNSPACED.match(word):
            found += _pairs(word)
        else:
            found.append(_beginning(word))
    return found


@lru_cache(maxsize=65_536)
def _beginning(word: str) -> str:
    return word.casefold()[:TERM_LETTERS]


def _pairs(run: str) -> list[str]:
    """Cut into overlapping pairs; a character that stands alone is a term."""
    return [run[at : at + 2] for at in range(max(1, len(run) - 1))]


def asks(text: str) -> bool:
    """Whether a text ends as a question."""
    return bool(_ENDS_ASKING.search(text[-16:]))


def counts(text: str) -> bool:
    """Whether a text holds a digit of any script."""
    return bool(_DIGIT.search(text))
