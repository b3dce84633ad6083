"""A control chart of a tool over time: subgroup means and spreads, their limits, and named rules. Pure; newton metres.

Limits as in every text on Shewhart charts, from the average spread inside subgroups; the rules are those that Western
Electric (1956) and Nelson (1984) published, each named where it speaks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from calibration.observations import CalibrationError
from calibration.torque.capability import checked
from vision.geometry import Array

SUBGROUP = 5
"""Readings of one subgroup."""
BASELINE = 25
"""The first so many subgroups give the limits; fewer give them as long as there are no more."""
_RANGE_D2_D3 = {
    2: (1.128, 0.853),
    3: (1.693, 0.888),
    4: (2.059, 0.880),
    5: (2.326, 0.864),
    6: (2.534, 0.848),
    7: (2.704, 0.833),
    8: (2.847, 0.820),
    9: (2.970, 0.808),
    10: (3.078, 0.797),
}
"""Mean and standard deviation of the range of n standard normal readings, as tabulated everywhere."""


class Rule(StrEnum):
    """What a chart says that is not chance."""

    BEYOND = "one mean beyond 3 sigma (Western Electric 1)"
    TWO_OF_THREE = "two of three means beyond 2 sigma on one side (Western Electric 2)"
    FOUR_OF_FIVE = "four of five means beyond 1 sigma on one side (Western Electric 3)"
    ONE_SIDE = "nine means in a row on one side (Nelson 2)"
    TREND = "six means in a row rising or falling (Nelson 3)"
    SPREAD = "one spread beyond its limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgroup:
    """Readings that were taken one after the other."""

    at_utc: str
    """ISO 8601."""
    readings_nm: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Middle line and control limits of one chart."""

    low_nm: float
    middle_nm: float
    high_nm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A rule that has spoken."""

    rule: Rule
    at: int
    """Index of the subgroup with which it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The chart of one joint type."""

    subgroups: tuple[Subgroup, ...]
    means_nm: tuple[float, ...]
    s_nm: tuple[float, ...]
    ranges_nm: tuple[float, ...]
    baseline: int
    """How many subgroups the limits are from."""
    mean_limits: Limits
    s_limits: Limits
    range_limits: Limits | None
    """None for subgroups of more than ten: a range wastes them."""
    signals: tuple[Signal, ...]


def subgroups_of(at_utc: str, readings_nm: Sequence[float], size: int = SUBGROUP) -> tuple[Subgroup, ...]:
    """One run cut into whole subgroups in its order; what is left over at its end is left out."""
    return tuple(
        Subgroup(at_utc=at_utc, readings_nm=tuple(readings_nm[start : start + size]))
        for start in range(0, len(readings_nm) - size + 1, size)
    )


def chart(subgroups: Sequence[Subgroup], baseline: int = BASELINE) -> Chart:
    """Means, spreads, limits and signals of subgroups in time order, all of one size.

    Raises CalibrationError `torque.few_readings`, `torque.not_numbers`, `torque.mixed_subgroups`.
    """
    if len(subgroups) < 2:
        raise CalibrationError("torque.few_readings", "a chart needs two subgroups; take more readings")
    sizes = {len(group.readings_nm) for group in subgroups}
    if len(sizes) != 1:
        raise CalibrationError(
            "torque.mixed_subgroups", f"subgroups of {sorted(sizes)} readings are mixed; use one size"
        )
    size = sizes.pop()
    table = np.array([checked(group.readings_nm, 2) for group in subgroups])
    means, spreads, ranges = table.mean(axis=1), table.std(axis=1, ddof=1), np.ptp(table, axis=1)
    used = min(baseline, len(subgroups))
    middle, s_bar, r_bar = (float(values[:used].mean()) for values in (means, spreads, ranges))
    c4 = c4_of(size)
    sigma = s_bar / (c4 * math.sqrt(size))
    reach = 3.0 * math.sqrt(1.0 - c4 * c4) / c4
    s_limits = Limits(low_nm=max(0.0, 1.0 - reach) * s_bar, middle_nm=s_bar, high_nm=(1.0 + reach) * s_bar)
    signals = [*_of_means((means - middle) / sigma), *_of_spreads(spreads, s_limits)] if sigma > 0 else []
    return Chart(
        subgroups=tuple(subgroups),
        means_nm=_floats(means),
        s_nm=_floats(spreads),
        ranges_nm=_floats(ranges),
        baseline=used,
        mean_limits=Limits(low_nm=middle - 3.0 * sigma, middle_nm=middle, high_nm=middle + 3.0 * sigma),
        s_limits=s_limits,
        range_limits=_range_limits(size, r_bar),
        signals=tuple(sorted(signals, key=lambda signal: signal.at)),
    )


def c4_of(n: int) -> float:
    """Expected s of n standard normal readings: `sqrt(2 / (n - 1)) gamma(n / 2) / gamma((n - 1) / 2)`."""
    return math.sqrt(2.0 / (n - 1)) * math.exp(math.lgamma(n / 2.0) - math.lgamma((n - 1) / 2.0))


def _range_limits(size: int, r_bar: float) -> Limits | None:
    if size not in _RANGE_D2_D3:
        return None
    d2, d3 = _RANGE_D2_D3[size]
    reach = 3.0 * d3 / d2
    return Limits(low_nm=max(0.0, 1.0 - reach) * r_bar, middle_nm=r_bar, high_nm=(1.0 + reach) * r_bar)


def _of_means(z: Array) -> list[Signal]:
    """`z` (n,): means over their middle, in standard deviations of a mean. Rules on rows speak once a row."""
    found: list[Signal] = []
    for rule, length, speaks in _RULES:
        for side in (1.0, -1.0):
            before = False
            for end in range(length, len(z) + 1):
                now = speaks(side * z[end - length : end])
                if now and (length == 1 or not before):
                    found.append(Signal(rule=rule, at=end - 1))
                before = now
    return found


_RULES: tuple[tuple[Rule, int, Callable[[Array], bool]], ...] = (
    (Rule.BEYOND, 1, lambda z: bool(z[0] > 3.0)),
    (Rule.TWO_OF_THREE, 3, lambda z: bool((z > 2.0).sum() >= 2)),
    (Rule.FOUR_OF_FIVE, 5, lambda z: bool((z > 1.0).sum() >= 4)),
    (Rule.ONE_SIDE, 9, lambda z: bool((z > 0.0).all())),
    (Rule.TREND, 6, lambda z: bool((np.diff(z) > 0.0).all())),
)
"""Rule, how many means it looks at, and whether these, turned to one side, make it speak."""


def _of_spreads(spreads: Array, limits: Limits) -> list[Signal]:
    outside = (spreads > limits.high_nm) | (spreads < limits.low_nm)
    return [Signal(rule=Rule.SPREAD, at=int(at)) for at in np.flatnonzero(outside)]


def _floats(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
