"""Watching one motion: has it begun, has it arrived, is it still wanted. Pure; fed with what the arm reports.

Nothing is believed on the arm's word alone: arms have been seen to accept a motion and ignore it, and to report the
target without having moved (public field reports, pymycobot #73). Reports are dated by when they were asked for, and a
report asked for before the motion was sent says nothing about it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.api import CommandError, MoveJoints
from drivers.cobot.mycobot280.kinematics import JOINTS

ARRIVED_DEG = 1.0
BEGUN_DEG = 0.3
"""A joint that has turned this far has begun to move; encoders resolve 0.09 degrees."""
BEGIN_LIMIT_S = 1.5
REST_LIMIT_S = 1.0
"""Standing still this long beside the target is the end of a motion that did not arrive."""
FULL_SPEED_DEG_S = 150.0
ACCELERATION_DEG_S2 = 200.0
SOONEST = 0.3
"""Share of the data sheet's shortest duration below which an arrival is not believed; arms differ, but not so much."""
IMPLAUSIBLE_DEG = 5.0
"""Shorter motions may be over between two reports, so being there already proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a motion ended. `code` is None when it arrived."""

    code: str | None = None
    detail: str = ""


class MotionWatch:
    """One `MoveJoints` from the moment its bytes were handed to the line."""

    def __init__(self, command: MoveJoints, start_deg: Sequence[float], now_s: float) -> None:
        """`start_deg` is the posture reported last before the motion."""
        self.command = command
        self._start_deg = tuple(start_deg)
        self._sent_s = now_s
        self._renewed_s = now_s
        self._distance_deg = _largest(self._start_deg, command.angles_deg)
        speed = FULL_SPEED_DEG_S * command.speed_percent / 100
        ideal_s = _shortest_s(self._distance_deg, speed)
        self._soonest_s = SOONEST * ideal_s
        # Three times the ideal duration: real arms are slower than their data sheet, above all loaded.
        self._limit_s = now_s + 3 * ideal_s + 5.0
        self._begun = self._distance_deg <= ARRIVED_DEG
        self._there = self._rest_reported = False
        self._there_s = now_s
        self._beside_since_s: float | None = None
        self._too_early = False

    def renew(self, now_s: float) -> None:
        """The caller still wants the motion."""
        self._renewed_s = now_s

    def angles(self, angles_deg: Sequence[float], as_of_s: float, now_s: float) -> None:
        """A reported posture that was asked for at `as_of_s` or later."""
        if as_of_s <= self._sent_s:
            return
        there = _largest(angles_deg, self.command.angles_deg) <= ARRIVED_DEG
        if there and not self._there:
            # Rest that was reported before the arm was there may be the rest before it started.
            self._there_s, self._rest_reported = as_of_s, False
        self._there = there
        if self._there and self._distance_deg > IMPLAUSIBLE_DEG and now_s < self._sent_s + self._soonest_s:
            self._too_early = True
        if _largest(angles_deg, self._start_deg) > BEGUN_DEG:
            self._begun = True

    def moving(self, moving: bool, as_of_s: float, now_s: float) -> None:
        """A reported "is moving" that was asked for at `as_of_s` or later."""
        if as_of_s <= self._sent_s:
            return
        self._rest_reported = not moving and as_of_s >= self._there_s
        if moving or self._there:
            self._beside_since_s = None
        elif self._begun and self._beside_since_s is None:
            self._beside_since_s = now_s

    def verdict(self, now_s: float) -> Verdict | None:
        """How the motion ended, or None while it goes on."""
        if now_s >= self._renewed_s + self.command.lease_s:
            return Verdict(
                code="cobot.lease_expired",
                detail="the arm was stopped: nobody renewed its permission to move; look why the station stalled",
            )
        if self._too_early:
            return Verdict(
                code="cobot.no_motion",
                detail="the arm reports its target sooner than it can travel there; power-cycle the arm and look at it",
            )
        if self._there and self._rest_reported:
            return Verdict()
        if not self._begun and now_s >= self._sent_s + BEGIN_LIMIT_S:
            return Verdict(
                code="cobot.no_motion",
                detail="the arm did not begin to move within 1.5 s; check that it is free and its servos have power",
            )
        beside = self._beside_since_s is not None and now_s >= self._beside_since_s + REST_LIMIT_S
        if beside or now_s >= self._limit_s:
            return Verdict(
                code="cobot.not_arrived",
                detail="the arm came to rest beside its target or takes too long; check what holds it and its load",
            )
        return None

    def next_wake_s(self) -> float:
        """When a deadline may pass at the earliest."""
        wakes = [self._renewed_s + self.command.lease_s, self._limit_s]
        if not self._begun:
            wakes.append(self._sent_s + BEGIN_LIMIT_S)
        if self._beside_since_s is not None:
            wakes.append(self._beside_since_s + REST_LIMIT_S)
        return min(wakes)


def _shortest_s(distance_deg: float, speed_deg_s: float) -> float:
    """Duration of a rest-to-rest motion with constant acceleration up to a top speed, and back."""
    if distance_deg < speed_deg_s**2 / ACCELERATION_DEG_S2:
        return 2 * math.sqrt(distance_deg / ACCELERATION_DEG_S2)
    return distance_deg / speed_deg_s + speed_deg_s / ACCELERATION_DEG_S2


def _largest(one_deg: Sequence[float], other_deg: Sequence[float]) -> float:
    return max(abs(a - b) for a, b in zip(one_deg, other_deg, strict=True))


def check_move(command: MoveJoints) -> None:
    """Raise CommandError for a motion that no arm should get, whatever its limits."""
    if len(command.angles_deg) != JOINTS or not all(math.isfinite(angle) for angle in command.angles_deg):
        raise CommandError(f"a motion needs {JOINTS} joint angles in degrees, not {command.angles_deg}; correct it")
    if not 1 <= command.speed_percent <= 100:
        raise CommandError(f"the speed {command.speed_percent} % is out of range; choose 1 to 100")
    if not (math.isfinite(command.lease_s) and command.lease_s > 0):
        raise CommandError(f"a lease of {command.lease_s} s is no permission to move; choose a positive time")
