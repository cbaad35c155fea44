"""What a body says that nobody here reads: accepted, and named in a header of the answer.

Names are a client's own words, and may be anything; a header holds what a field could be called.
"""

import re
from collections.abc import Sequence

from pydantic import BaseModel

HEADER = "x-aether-ignored"
NAMEABLE = re.compile(r"[a-z0-9_.]{1,64}")
#: More names than any API has fields, and fewer than a header may hold.
NAMES_MAX = 50


def unread(body: BaseModel, prefix: str = "") -> list[str]:
    """Return the fields that a body has beside its known ones; null says nothing."""
    extra = body.model_extra or {}
    return [prefix + name for name, value in extra.items() if value is not None]


def named_in_header(names: Sequence[str]) -> dict[str, str]:
    """Return a header that names fields; of what no field is called, and of many, the number."""
    told = sorted(name for name in names if NAMEABLE.fullmatch(name))[:NAMES_MAX]
    others = len(names) - len(told)
    if others:
        told.append(f"{others} more")
    return {HEADER: ", ".join(told)} if told else {}
