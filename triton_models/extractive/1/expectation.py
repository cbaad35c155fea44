"""What kind of answer a question asks for, and how well a text offers one.

Coarse on purpose: a kind is asked for only where the wording leaves little doubt.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

_COUNT = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    "|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    "|hundreds?|thousands?|millions?|dozen|half|once|twice|none"
)
_SOME = rf"(?:\d[\d.,]*|\b(?:{_COUNT}|an?|few|several)\b)[\s\u2013-]*(?:\w+ )?"
_MONTH = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_SPAN = r"(?:[mµn]?s|secs?|mins?|h|seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?)\b"
_CAPITAL = r"[A-ZÀ-Þ][\w'\u2019-]+"
_NUMBER = rf"\d|\b(?:{_COUNT})\b"
_LENGTH = rf"{_SOME}(?:[cmk]?m|met(?:er|re)s?|kilomet(?:er|re)s?|miles?|feet|ft|inch(?:es)?)\b"


class _Kind(NamedTuple):
    """`sure`: what such an answer looks like; `maybe`: what it may look like."""

    asks: str
    sure: str
    maybe: str = r"(?!)"


# The first kind whose `asks` is found is the one; so the special come before the general.
_KINDS = {
    "age": _Kind(r"how old|what age", rf"{_SOME}(?:years?|months?|weeks?)\b|\bborn\b", _NUMBER),
    "length": _Kind(r"how (?:far|deep|high|tall|wide)\b(?! in advance)", _LENGTH, _NUMBER),
    "size": _Kind(
        r"how (?:large|big)\b|(?:to )?(?:what|which) size\b|how much (?:memory|space|storage)\b",
        rf"{_LENGTH}|\d ?(?:[kmgt]i?b|bytes)\b"
        r"|\b(?:square|cubic|hectares?|acres?|lit(?:er|re)s?)\b",
        _NUMBER,
    ),
    "weight": _Kind(r"how heavy|.*\bweigh", rf"{_SOME}(?:k?g|tons?|tonnes|pounds|lbs?)\b", _NUMBER),
    "heat": _Kind(r"how (?:hot|warm|cold)|.*\btemperature\b", r"\d ?°|degrees", _NUMBER),
    "money": _Kind(
        r"how (?:much|expensive).*\b(?:costs?|pays?|paid|charged?|earns?|owes?|rent|spen[dt])"
        r"|what (?:does|do|did|will) .*\b(?:cost|earn)|what .*\b(?:price|cost|fee|salary)\b"
        r"|how expensive",
        r"[$€£]|\b(?:euros?|dollars?|pounds?|cents?|eur|usd|free|francs?|yen)\b",
        _NUMBER,
    ),
    "span": _Kind(
        r"(?:for )?how long\b(?! ago)|how far in advance",
        rf"{_SOME}{_SPAN}|{_LENGTH}|\b(?:forever|permanently|always|since|until|till)\b",
        _NUMBER,
    ),
    "count": _Kind(
        r"how (?:many|much|often|fast|loud|accurate|frequently)\b"
        r"|(?:what|which)(?: is| was| are)?(?: the| its)?(?: \w+)? (?:number|percentage|rate"
        r"|version|population|share|score|latency|balance|allowance|code|discount|limit|maximum"
        r"|minimum|phone|telephone|port)\b",
        rf"{_NUMBER}|\b(?:every|each|daily|hourly|weekly|monthly|yearly|never|always)\b",
    ),
    "time": _Kind(
        r"when\b|(?:since|until|till|by|from) when\b|(?:\w+ )?(?:what|which) (?:time|day|date|year"
        r"|month|century)\b|how long ago",
        rf"\b\d{{1,2}}[:.]\d\d\b|\b(?:1\d|20)\d\d\b|\b(?:{_MONTH})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b"
        r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b\d+ ?(?:am|pm)\b|\bo'clock\b"
        r"|\b(?:today|yesterday|tomorrow|tonight|ago|noon|midnight|weekend|easter|christmas)\b"
        r"|\b(?:last|next|this|every|each) (?:week|month|year|day|night|spring|summer|autumn|fall"
        rf"|winter|morning|evening)|{_SOME}{_SPAN}",
        r"\b(?:when|after|before|until|once|if|while|during|as soon as|spring|summer|autumn|winter"
        r"|morning|evening|night|daily|weekly|monthly|yearly|recently|soon|century)\b",
    ),
    "person": _Kind(
        r"who(?:m|se)?\b|(?:by|with|from|to) whom?\b|(?:what|which) (?:person|author|people)\b",
        rf"(?<=[a-z,;(|] ){_CAPITAL}|^[\W_]*{_CAPITAL} (?:[A-ZÀ-Þ]\w|is|was|has|will|do)"
        r"|\b(?:Mr|Mrs|Ms|Dr|Prof)\b",
        r"\b(?:[Ll]ead|[Cc]lerk|[Oo]fficer|[Dd]octor|[Dd]irector|[Oo]wner|[Tt]eam|[Cc]ompany"
        r"|[Pp]eople|[Pp]ersons?|[Ff]ather|[Mm]other|[Bb]rother|[Ss]ister|[Ww]ife|[Hh]usband"
        r"|[Ff]riends?|[Dd]epartment|[Ee]veryone|[Aa]nyone|[Nn]obody|[Mm]embers?"
        r"|[A-Za-z]{3,}(?:ists?|ers?|ors?|men|man|women|woman))\b",
    ),
    "place": _Kind(
        r"where\b|(?:in|to|from|at) (?:what|which) (?:city|town|country|place|room|street)\b",
        r"\b(?:[Ii]n|[Aa]t|[Oo]n|[Ff]rom|[Tt]o|[Nn]ear|[Bb]ehind|[Uu]nder|[Bb]eside|[Oo]utside"
        r"|[Ii]nside|[Nn]orth|[Ss]outh|[Ee]ast|[Ww]est|[Oo]pposite|[Bb]elow|[Aa]bove|[Bb]etween)\b"
        r"|[/~]\S+/|\w\.\w{2,4}\b",
    ),
    "reason": _Kind(
        r"why\b|what (?:caused|is the reason|was the reason|are the reasons)\b|for what reason",
        r"\b(?:because|since|so that|due to|as|thus|therefore|reasons?|otherwise|caused?|to avoid"
        r"|in order|so)\b",
        r"\b(?:for|would|could|cannot|can't|needs?|to)\b|[:;]",
    ),
    "colour": _Kind(
        r"(?:what|which) colou?r",
        r"\b(?:black|white|gr[ea]y|red|green|blue|yellow|orange|brown|purple|violet|pink|silver"
        r"|gold|beige|turquoise)\b",
    ),
    "way": _Kind(
        r"how (?:do|can|should|could|would|must|to|may)\b|(?:what|which) command",
        r"`[^`]+`|(?:^|\s)[$>]\s|\s--?\w|^\W*(?:run|use|click|press|call|type|choose|pull|set|open"
        r"|put|switch|select|write|make|install|send|add|remove|pass|enter|turn|go|take)\b",
        r"\b(?:by|via|with|through|using|must|should|can|run|use|please)\b",
    ),
}
_CASE_MATTERS = frozenset({"person", "place"})
_ASKS = {
    name: re.compile(rf"(?:^|[,.;:] |\band )(?:{kind.asks})", re.IGNORECASE)
    for name, kind in _KINDS.items()
}
_OFFERS = {
    name: [re.compile(text, 0 if name in _CASE_MATTERS else re.IGNORECASE) for text in kind[1:]]
    for name, kind in _KINDS.items()
}
_TOKEN = re.compile(r"[\w'\u2019-]+")


def asked(question: str) -> str:
    """The kind of answer a question asks for, or "" where any may do."""
    return next((name for name, asks in _ASKS.items() if asks.search(question.strip())), "")


def offered(kind: str, text: str, known: Collection[str]) -> float:
    """1 if `text` has what `kind` asks for, 0 if perhaps or nothing is asked for, -1 if not.

    Lower-case words in `known`, those of the question, do not count: an echo is no answer.
    """
    if not kind:
        return 0.0
    fresh = _TOKEN.sub(lambda word: "_" if word[0].lower() in known else word[0], text)
    sure, maybe = _OFFERS[kind]
    if sure.search(fresh):
        return 1.0
    return 0.0 if maybe.search(fresh) else -1.0
