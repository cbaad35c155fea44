"""What the router has learned, as it stands in an event: a linear classifier in integers."""

from dataclasses import dataclass

from streams.ids import CapabilityId


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Confidence is the sigmoid of `bias + logit * the best label's logit`, if `fitted`.

    The nearest example adds `pull * cosine` to its label's logit. A capability that is not in the
    weights competes with `late_scale * cosine + late_bias`.
    """

    fitted: bool
    bias: float
    logit: float
    pull: float
    late_scale: float
    late_bias: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A linear classifier over the encoder's vectors, in integers.

    `rows` is `int16[labels, dimensions]` in units of 2^-shift, little-endian, and `biases` are in
    units of 2^-(shift + 14); `prototypes` is `int16[sum of counts, dimensions]` in units of 2^-14:
    what the examples of each label look like.
    """

    encoder: str
    labels: tuple[CapabilityId, ...]
    dimensions: int
    shift: int
    rows: bytes
    biases: tuple[int, ...]
    prototypes: bytes
    prototype_counts: tuple[int, ...]
    calibration: Calibration
