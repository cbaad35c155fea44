"""The dates a question names, and how many of their parts a time has in common with them.

Digits are read in any order that leaves no doubt (2023-05-08, 8 May 2023, 2023年5月8日); months by
their names in the languages below.
"""

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_MONTHS = (
    "january jan januar janvier enero ene gennaio janeiro januari",
    "february feb februar février febrero febbraio fevereiro februari",
    "march mar märz mars marzo março maart",
    "april apr avril abril aprile",
    "may mai mayo maggio maio mei",
    "june jun juni juin junio giugno junho",
    "july jul juli juillet julio luglio julho",
    "august aug août agosto augustus",
    "september sep sept septembre septiembre settembre setembro",
    "october oct oktober okt octobre octubre ottobre outubro",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre diciembre dicembre dezembro",
)
_NUMBER = {name: at for at, names in enumerate(_MONTHS, 1) for name in names.split()}
#: Names that are also other words: they count where they are capitalised or stand by a number.
_DOUBTFUL = {"may", "march", "mar", "mars", "dec", "ene", "sep", "mei"}

_NAMED = re.compile(
    rf"(?:(?P<before>\d{{1,2}})(?:st|nd|rd|th|\.|º)?\s+(?:of\s+|de\s+)?)?"
    rf"\b(?P<month>{'|'.join(sorted(_NUMBER, key=len, reverse=True))})\b\.?"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?\b)?",
    re.IGNORECASE,
)
_WRITTEN = re.compile(r"\b((?:19|20)\d\d)[-/.](\d{1,2})(?:[-/.](\d{1,2}))?\b")
_CHINESE = re.compile(r"(?:(\d{4})\s?年)?\s?(?:(\d{1,2})\s?月)?\s?(?:(\d{1,2})\s?日)?")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class Dates(NamedTuple):
    """The parts of dates that a text names."""

    years: frozenset[int]
    months: frozenset[int]
    days: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.years or self.months or self.days)


def dates_in(text: str) -> Dates:
    """Return the parts of dates that a text names."""
    years = {int(found) for found in _YEAR.findall(text)}
    months: set[int] = set()
    days: set[int] = set()
    for pattern in (_WRITTEN, _CHINESE):
        for found in pattern.findall(text):
            for part, known in zip(found, (years, months, days), strict=True):
                known |= {int(part)} if part else set()
    for match in _NAMED.finditer(text):
        name, beside = match["month"], match["before"] or match["after"]
        if name.lower() in _DOUBTFUL and not (beside or _is_a_name(match)):
            continue
        months.add(_NUMBER[name.lower()])
        days |= {int(beside)} if beside else set()
    return Dates(frozenset(years), frozenset(months), frozenset(days))


def _is_a_name(match: re.Match[str]) -> bool:
    """Whether a word is capitalised, and not because a sentence starts with it."""
    return match["month"][0].isupper() and bool(match.string[: match.start("month")].strip())


def shared(dates: Dates, at_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return how many parts (year, month, day, in UTC) of each Unix time are named."""
    days = at_ms.astype("datetime64[ms]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (days - months).astype(np.int64) + 1
    parts = zip((year, month, day), dates, strict=True)
    named = np.zeros(len(days))
    for part, known in parts:
        named += np.isin(part, sorted(known))
    return named
