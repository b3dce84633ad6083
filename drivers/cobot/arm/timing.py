"""When an arm is where: a row of postures made into a motion that keeps to speed, acceleration and jerk. Pure.

The way is straight in the joints from posture to posture. A gentle corner is rounded: within `CORNER_DEG` of it the
direction passes over from one line to the next by a smooth step, so that speed and acceleration have no jump. At a
sharp corner the arm rests.

Between two rests one profile runs along the way: speed in seven phases of constant jerk (the "double S": L. Biagiotti,
C. Melchiorri, "Trajectory Planning for Automatic Machines and Robots", 2008, section 3.4). With q the angles, s the
length of the way and ' its derivative by s, each joint has

    speed q' v,  acceleration q'' v^2 + q' a,  jerk q''' v^3 + 3 q'' v a + q' j

and v, a and j of the profile are chosen so that the sums of the largest values keep every joint within its limits. Only
v is lowered with the speed asked for; the shares of the rest do not depend on it. So a motion never takes longer at a
higher speed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from drivers.cobot.arm.model import Angles, ArmModel, Array

CORNER_DEG = 2.0
"""How far from a posture on the way a rounded corner may pass: square root of the sum of squares over the joints."""
REST_TURN_DEG = 45.0
"""Where the way turns by more than this, the arm rests in the corner."""

_SAME_DEG = 1e-6
"""Postures nearer than this are one."""
_STRAIGHT = 1e-9
"""A change of direction smaller than this is none."""
_MISS = 0.1875
"""How far a rounded corner passes: this times its half length times the change of direction, see `_Stretch.at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    """A rest-to-rest motion along a length: jerk up, hold, jerk down, cruise, and the same backwards."""

    length: float
    jerk: float
    ramp_s: float
    """How long the jerk lasts each time."""
    hold_s: float
    """How long the acceleration stays."""
    cruise_s: float

    @property
    def duration_s(self) -> float:
        return 4 * self.ramp_s + 2 * self.hold_s + self.cruise_s

    def at(self, t_s: float) -> tuple[float, float]:
        """How far along, and how fast, at a time; at rest before and after."""
        t_s = min(max(t_s, 0.0), self.duration_s)
        if t_s > self.duration_s / 2:
            far, fast = self._first_half(self.duration_s - t_s)
            return self.length - far, fast
        return self._first_half(t_s)

    def _first_half(self, t_s: float) -> tuple[float, float]:
        far = fast = gain = 0.0
        for jerk, lasts in ((self.jerk, self.ramp_s), (0.0, self.hold_s), (-self.jerk, self.ramp_s), (0.0, math.inf)):
            t = min(t_s, lasts)
            far += fast * t + gain * t**2 / 2 + jerk * t**3 / 6
            fast += gain * t + jerk * t**2 / 2
            gain += jerk * t
            t_s -= t
        return far, fast


def _profile(length: float, speed: float, acceleration: float, jerk: float) -> _Profile:
    """The quickest rest-to-rest motion along a length within these limits."""
    # Full speed first: ramps as long as acceleration, or speed alone, allows.
    ramp = min(acceleration / jerk, math.sqrt(speed / jerk))
    hold = max(0.0, speed / (jerk * ramp) - ramp)
    if speed * (2 * ramp + hold) > length:
        # Too short to get up to it: jerk * ramp * (ramp + hold) * (2 * ramp + hold) is the length.
        ramp = min(acceleration / jerk, (length / (2 * jerk)) ** (1 / 3))
        hold = max(0.0, (math.sqrt(ramp**2 + 4 * length / (jerk * ramp)) - 3 * ramp) / 2)
        return _Profile(length=length, jerk=jerk, ramp_s=ramp, hold_s=hold, cruise_s=0.0)
    cruise = length / speed - (2 * ramp + hold)
    return _Profile(length=length, jerk=jerk, ramp_s=ramp, hold_s=hold, cruise_s=cruise)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """The way from one rest to the next: lines with rounded corners between them."""

    points: Array
    """(n, 6) the corners of the way, degrees, the rests first and last."""
    directions: Array
    """(n - 1, 6) unit vectors."""
    ends: tuple[float, ...]
    """How long the way is up to the end of each line, degrees."""
    halves: tuple[float, ...]
    """How much of the lines at either side each of the n - 2 corners takes, degrees."""
    profile: _Profile

    def at(self, t_s: float) -> tuple[Array, Array]:
        """(6,) angles and (6,) speeds."""
        far, fast = self.profile.at(t_s)
        line = min(bisect_right(self.ends, far), len(self.ends) - 1)
        into = far - (self.ends[line - 1] if line else 0.0)
        left = self.ends[line] - far
        if line and into < self.halves[line - 1]:
            corner, along = line - 1, self.halves[line - 1] + into
        elif line < len(self.halves) and left < self.halves[line]:
            corner, along = line, self.halves[line] - left
        else:
            return self.points[line] + into * self.directions[line], fast * self.directions[line]
        half = self.halves[corner]
        before, change = self.directions[corner], self.directions[corner + 1] - self.directions[corner]
        x = along / (2 * half)
        # The direction passes over by the smooth step 3 x^2 - 2 x^3; the angles are its integral.
        here = self.points[corner + 1] + (along - half) * before + 2 * half * (x**3 - x**4 / 2) * change
        return here, fast * (before + (3 * x**2 - 2 * x**3) * change)


def _stretch(model: ArmModel, points: Array, speed_percent: float) -> _Stretch:
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    directions = steps / lengths[:, None]
    changes = np.diff(directions, axis=0)
    halves = tuple(
        min(before / 2, after / 2, CORNER_DEG / (_MISS * max(turn, _STRAIGHT)))
        for before, after, turn in zip(lengths[:-1], lengths[1:], np.linalg.norm(changes, axis=1), strict=True)
    )
    # The largest q', q'' and q''' of each joint; the smooth step's derivatives are at most 1.5 and 6.
    first = np.abs(directions).max(axis=0)
    second, third = np.zeros(len(first)), np.zeros(len(first))
    for half, change in zip(halves, np.abs(changes), strict=True):
        second = np.maximum(second, 1.5 * change / (2 * half))
        third = np.maximum(third, 6 * change / (2 * half) ** 2)
    speeds = np.array(model.speed_deg_s) * speed_percent / 100
    accelerations, jerks = np.array(model.acceleration_deg_s2), np.array(model.jerk_deg_s3)
    # Where there are corners they get half of each joint's acceleration, and half of its jerk in two quarters.
    share = 0.5 if second.max() > _STRAIGHT else 1.0
    acceleration, jerk = _least(share * accelerations, first), _least(share * jerks, first)
    speed = min(
        _least(speeds, first),
        math.sqrt(_least(accelerations / 2, second)),
        _least(jerks / 4, third) ** (1 / 3),
        _least(jerks / 4, 3 * second * acceleration),
    )
    return _Stretch(
        points=points,
        directions=directions,
        ends=tuple(accumulate(float(length) for length in lengths)),
        halves=halves,
        profile=_profile(float(lengths.sum()), speed, acceleration, jerk),
    )


def _least(limits: Array, shares: Array) -> float:
    """The most that no joint's limit is exceeded by, when each has its share of it."""
    return float(np.min(limits / np.maximum(shares, 1e-12)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """A motion from rest to rest."""

    goal_deg: Angles
    stretches: tuple[_Stretch, ...]
    starts_s: tuple[float, ...]
    duration_s: float

    def at(self, t_s: float) -> tuple[Angles, Angles]:
        """Angles (degrees) and speeds (degrees per second) at a time; at rest before and after."""
        if t_s >= self.duration_s or not self.stretches:
            return self.goal_deg, (0.0,) * len(self.goal_deg)
        index = max(0, bisect_right(self.starts_s, t_s) - 1)
        angles, speeds = self.stretches[index].at(t_s - self.starts_s[index])
        return tuple(angles.tolist()), tuple(speeds.tolist())


def trajectory(model: ArmModel, points_deg: Sequence[Sequence[float]], speed_percent: float) -> Trajectory:
    """The motion along a row of postures, at rest at the first and the last, within `CORNER_DEG` of all others.

    `speed_percent` (above 0, to 100) is of the joints' highest speeds. A row of one posture is a motion without
    duration. Raises ValueError for an empty row, and for a speed out of range.
    """
    if not 0 < speed_percent <= 100:
        raise ValueError(f"a speed of {speed_percent} percent is none: give more than 0 and at most 100")
    if not points_deg:
        raise ValueError("a motion needs at least one posture")
    points = _corners(points_deg)
    rests = [0]
    for index, (before, here, after) in enumerate(zip(points, points[1:], points[2:], strict=False), start=1):
        if float(_direction(before, here) @ _direction(here, after)) < math.cos(math.radians(REST_TURN_DEG)):
            rests.append(index)
    if len(points) > 1:
        rests.append(len(points) - 1)
    stretches = tuple(_stretch(model, np.array(points[a : b + 1]), speed_percent) for a, b in pairwise(rests))
    ends = tuple(accumulate(stretch.profile.duration_s for stretch in stretches))
    return Trajectory(
        goal_deg=tuple(float(q) for q in points[-1]),
        stretches=stretches,
        starts_s=(0.0, *ends[:-1]) if ends else (),
        duration_s=ends[-1] if ends else 0.0,
    )


def _corners(points_deg: Sequence[Sequence[float]]) -> list[Array]:
    """The row without postures that repeat the one before, or that lie on the line between their neighbours."""
    kept: list[Array] = []
    for point in (np.asarray(point, dtype=np.float64) for point in points_deg):
        if kept and np.linalg.norm(point - kept[-1]) < _SAME_DEG:
            continue
        if len(kept) > 1 and np.linalg.norm(_direction(kept[-2], kept[-1]) - _direction(kept[-1], point)) < _STRAIGHT:
            kept.pop()
        kept.append(point)
    return kept


def _direction(one: Array, other: Array) -> Array:
    """(6,) unit vector from one posture to another."""
    step = other - one
    return np.asarray(step / np.linalg.norm(step))
