"""What may be done again, and when: the class that every effect declares."""

from enum import StrEnum


class Safety(StrEnum):
    """How an effect bears being repeated, after a crash and in a replay.

    `PURE` is computed anew; `REPEATABLE` may be asked again; `KEYED` may be asked again under the
    request's id; `UNREPEATABLE` never, by nobody.
    """

    PURE = "pure"
    REPEATABLE = "repeatable"
    KEYED = "keyed"
    UNREPEATABLE = "unrepeatable"
