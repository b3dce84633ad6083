"""One simulated rundown as continuous functions of time: angle from the clock, torque from the angle, noise on top.

The tool turns fast until the nut is snug, then slowly (downshift). Torque follows the angle along straight pieces;
what the transducer says has small noise, and during the rundown a ripple once a turn. After the shut-off the torque
relaxes a little, as embedding does. The same rundown gives the same numbers however often and in whatever order it is
asked.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]

NOISE_CUT_SIGMAS = 3.0
"""The transducer's noise never goes further."""
RELAX_S = 0.1
"""How long the curve goes on after the shut-off."""
_RELAXED_SHARE, _RELAX_TIME_S = 0.06, 0.03
_TAKE_UP_S = 0.03
"""From the trigger until the gears are under load."""
_NOISE_GRID_S = 0.001
_RIPPLE_SHARE = 0.06
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The samples of one rundown, the first at the trigger."""

    every_s: float
    torque_nm: tuple[float, ...]
    angle_deg: tuple[float, ...]
    """As the controller counts it, from snug on: below zero before; falling all the way while loosening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rundown:
    """One rundown that was not disturbed, drawn completely at its start. Times in seconds from the trigger."""

    turning: tuple[Point, ...]
    """(time in s, angle turned since the trigger in degrees), both rising from zero; straight lines between."""
    torque: tuple[Point, ...]
    """(angle turned in degrees, torque in N·m), the angles rising; straight lines between."""
    counted_from_deg: float
    """Angle turned at which the controller begins to count: snug; zero where snug is never reached."""
    snug_s: float
    """When the snug torque is reached; equal to `end_s` when it never is."""
    end_s: float
    final_torque_nm: float
    """What is reported: the torque at the shut-off, the highest of the rundown; breaking away, when it loosens."""
    final_angle_deg: float
    """What is reported; below zero when it loosens."""
    prevailing_nm: float
    noise_nm: float
    """Standard deviation of the transducer's noise."""
    noise_seed: int
    error_bits: tuple[str, ...] = ()
    loosening: bool = False

    def turned_deg(self, elapsed_s: float) -> float:
        """Angle turned so long after the trigger, always forward."""
        return _between(self.turning, elapsed_s)

    def angle_deg(self, elapsed_s: float) -> float:
        """Angle as the controller counts it, never below zero before snug; loosening counts backwards from zero."""
        if elapsed_s >= self.end_s:
            return self.final_angle_deg
        counted_deg = self._counted_deg(elapsed_s)
        return counted_deg if self.loosening else max(0.0, counted_deg)

    def clean_torque_nm(self, elapsed_s: float) -> float:
        """Torque that the joint really feels until the shut-off."""
        if elapsed_s <= 0.0:
            return 0.0
        return _between(self.torque, self.turned_deg(elapsed_s)) * min(1.0, elapsed_s / _TAKE_UP_S)

    def torque_nm(self, elapsed_s: float) -> float:
        """Torque that the transducer says: with noise, never above what is reported; it relaxes after the shut-off."""
        if elapsed_s <= 0.0:
            return 0.0
        if elapsed_s == self.end_s and not self.loosening:
            return self.final_torque_nm
        clean_nm = self.clean_torque_nm(min(elapsed_s, self.end_s))
        if elapsed_s > self.end_s:
            clean_nm *= 1 - _RELAXED_SHARE * (1 - math.exp((self.end_s - elapsed_s) / _RELAX_TIME_S))
        ripple_nm = self.prevailing_nm * _RIPPLE_SHARE * math.sin(math.radians(self.turned_deg(elapsed_s)))
        measured_nm = clean_nm + ripple_nm + self.noise_nm * _noise(self.noise_seed, elapsed_s / _NOISE_GRID_S)
        return min(self.final_torque_nm, max(0.0, measured_nm))

    def reached_nm(self, elapsed_s: float) -> float:
        """What would be reported if the rundown ended then: the torque of that moment, or what broke away already."""
        if self.loosening:
            turned_deg = self.turned_deg(elapsed_s)
            seen = [torque for angle, torque in self.torque if angle <= turned_deg]
            return max(*seen, self.clean_torque_nm(elapsed_s), 0.0)
        return self.torque_nm(elapsed_s)

    def curve(self, every_s: float, until_s: float | None = None) -> Curve:
        """Samples of the whole rundown and its relaxation, or until it was interrupted. Raises ValueError for 0."""
        if every_s <= 0:
            raise ValueError(f"A curve cannot be sampled every {every_s} s; give a time above zero.")
        whole = until_s is None or until_s >= self.end_s
        last_s = self.end_s + RELAX_S if whole or until_s is None else until_s
        times_s = [every_s * sample for sample in range(int(last_s / every_s + 1e-9) + 1)]
        torque_nm = [self.torque_nm(time_s) for time_s in times_s]
        if whole and not self.loosening:
            # The controller holds the highest value; the shut-off lies between two samples.
            torque_nm[min(range(len(times_s)), key=lambda i: abs(times_s[i] - self.end_s))] = self.final_torque_nm
        return Curve(
            every_s=every_s,
            torque_nm=tuple(torque_nm),
            angle_deg=tuple(self._counted_deg(min(time_s, self.end_s)) for time_s in times_s),
        )

    def _counted_deg(self, elapsed_s: float) -> float:
        turned_deg = self.turned_deg(elapsed_s)
        return -turned_deg if self.loosening else turned_deg - self.counted_from_deg


def _between(points: Sequence[Point], at: float) -> float:
    """The value at a place between points that rise in their first coordinate; flat before and after them."""
    index = bisect_right(points, (at, math.inf))
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (left, low), (right, high) = points[index - 1], points[index]
    return low + (high - low) * (at - left) / (right - left)


def _noise(seed: int, at: float) -> float:
    """About normal, standard deviation about 1, cut at `NOISE_CUT_SIGMAS`; continuous in `at`, same seed same noise."""
    step = math.floor(at)
    left, right = _draw(seed + step), _draw(seed + step + 1)
    return left + (right - left) * (at - step)


def _draw(number: int) -> float:
    # The finaliser of the SplitMix64 generator (public domain) scatters neighbouring numbers; the sum of four uniform
    # 16-bit parts is close to normal.
    number = (number * 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ number >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ number >> 27) * 0x94D049BB133111EB) & _MASK
    number ^= number >> 31
    total = sum(number >> shift & 0xFFFF for shift in (0, 16, 32, 48)) / 0x10000 - 2.0
    return max(-NOISE_CUT_SIGMAS, min(NOISE_CUT_SIGMAS, total * math.sqrt(3.0)))
