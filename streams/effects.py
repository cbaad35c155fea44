"""What may be done again, and when: the class that every effect and capability declares."""

from enum import StrEnum


class EffectClass(StrEnum):
    """How an effect bears being repeated, after a crash and in a replay.

    `PURE` is computed anew; `REPEATABLE` may be asked again; `KEYED` may be asked again under the
    request's id; `UNREPEATABLE` never, by nobody. The order is that of the Avro enum.
    """

    REPEATABLE = "repeatable"
    PURE = "pure"
    KEYED = "keyed"
    UNREPEATABLE = "unrepeatable"
