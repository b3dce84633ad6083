"""One motion along its path: which target to send next, has it begun, has it arrived, is it still wanted. Pure.

The path is sent in pieces of a quarter of a second of travel, each piece a target further along that the arm is given
before it has reached the one before, early enough not to brake for it. So a new speed limit takes effect with the next
piece, the arm comes close to every posture of the path, and an arm that hears nothing more stops at the end of its
piece. Every target is sent once: no piece is given again, whatever becomes of it.

Nothing is believed on the arm's word alone: arms have been seen to accept a motion and ignore it, and to report the
target without having moved (public field reports, pymycobot #73). Reports are dated by when they were asked for, and a
report asked for before a target was sent says nothing about it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.api import CommandError, MoveJoints
from drivers.cobot.mycobot280.joint_path import Angles, JointPath, largest
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
PIECE_S = 0.25
"""Travel at full pace from one target to the next."""
POSTURE_DELAY_S = 0.1
"""How old a reported posture may be when the next target is on the wire: 75 ms between two, 20 ms to answer."""
CORNER_DEG = 3.0
"""How close the arm comes to every posture of its path, in each joint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a motion ended. `code` is None when it arrived."""

    code: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to send now."""

    angles_deg: Angles
    speed_percent: int


class Motion:
    """One `MoveJoints` from the moment its first target is handed to the line."""

    def __init__(self, command: MoveJoints, start_deg: Sequence[float], limit_percent: int, now_s: float) -> None:
        """`start_deg` is the posture reported last before the motion."""
        self.command = command
        self.sent = 0
        """Targets sent so far."""
        self._start_deg = tuple(start_deg)
        self._path = JointPath((start_deg, *command.through_deg, command.angles_deg))
        self._limit_percent = limit_percent
        self._begun_s = self._sent_s = self._renewed_s = now_s
        self._sent_place = self._reached_place = 0.0
        self._sent_percent = self._fastest_percent = 0
        self._angles_deg: Angles | None = self._start_deg
        """The last posture that was asked for after the last target was sent."""
        self._begun = self._path.length_deg <= ARRIVED_DEG
        self._there = self._rest_reported = False
        self._there_s = now_s
        self._rest_s: float | None = None
        self._beside_since_s: float | None = None
        self._too_early = False
        self._slow_down = False
        self._limit_s = math.inf

    @property
    def percent(self) -> int:
        """The speed for the next target: what was asked for, under the limit, and never 0."""
        return max(1, self.command.speed_percent * self._limit_percent // 100)

    @property
    def begun(self) -> bool:
        """Whether the arm has been seen to move, or has nowhere to go."""
        return self._begun

    def limit(self, percent: int) -> None:
        """A new speed limit. A lower one counts at once where the path goes on, a higher one with the next piece.

        A piece that ends the path, or at a corner of it, is gone at its old speed: its target is not sent again.
        """
        self._limit_percent = percent
        self._slow_down = self.percent < self._sent_percent

    def next_target(self, now_s: float) -> Target | None:
        """The next target when it is time for it; whoever takes it sends it."""
        if self.sent and (self._sent_place >= self._path.length_deg or not self._wants_more()):
            return None
        speed = FULL_SPEED_DEG_S * self.percent / 100
        piece = speed * PIECE_S
        place = max(self._sent_place, self._reached_place + _ahead_deg(speed)) + piece
        if self._path.length_deg - place < piece / 2:
            place = self._path.length_deg
        here = self._angles_deg or self._path.at(self._reached_place)
        place = self._path.straight_on(here, self._reached_place, place, CORNER_DEG)
        if self.sent and place <= self._sent_place:
            return None
        self._slow_down = False
        self._sent_place, self._sent_s, self._sent_percent = place, now_s, self.percent
        self._fastest_percent = max(self._fastest_percent, self.percent)
        self._angles_deg = None
        self._there = self._rest_reported = False
        self._rest_s = self._beside_since_s = None
        # Three times the ideal duration: real arms are slower than their data sheet, above all loaded.
        self._limit_s = now_s + 3 * _shortest_s(place - self._reached_place, speed) + 5.0
        self.sent += 1
        return Target(angles_deg=self._path.at(place), speed_percent=self.percent)

    def _wants_more(self) -> bool:
        if self._slow_down:
            # A limit that sinks step by step must not drive the target far ahead of the arm.
            speed = FULL_SPEED_DEG_S * self.command.speed_percent / 100
            return self._sent_place - self._reached_place <= _ahead_deg(speed) + 1.5 * speed * PIECE_S
        if self._angles_deg is None:
            return False
        speed = FULL_SPEED_DEG_S * max(self._sent_percent, self.percent) / 100
        return largest(self._angles_deg, self._path.at(self._sent_place)) <= _ahead_deg(speed)

    def renew(self, now_s: float) -> None:
        """The caller still wants the motion."""
        self._renewed_s = now_s

    def angles(self, angles_deg: Sequence[float], as_of_s: float, now_s: float) -> None:
        """A reported posture that was asked for at `as_of_s` or later."""
        if as_of_s <= self._begun_s:
            return
        if largest(angles_deg, self._start_deg) > BEGUN_DEG:
            self._begun = True
        self._reached_place = self._path.nearest(angles_deg, self._reached_place, self._sent_place)
        soonest_s = SOONEST * _shortest_s(self._reached_place, FULL_SPEED_DEG_S * self._fastest_percent / 100)
        if self._reached_place > IMPLAUSIBLE_DEG and now_s < self._begun_s + soonest_s:
            self._too_early = True
        if as_of_s <= self._sent_s:
            return
        self._angles_deg = tuple(angles_deg)
        there = largest(angles_deg, self._path.at(self._sent_place)) <= ARRIVED_DEG
        if there and not self._there:
            # Rest that was reported before the arm was there may be the rest before it started.
            self._there_s, self._rest_reported = as_of_s, False
        self._there = there
        # Rest counts as beside the target only by a posture that is as new.
        if there:
            self._beside_since_s = None
        elif self._rest_s is not None and as_of_s >= self._rest_s and self._beside_since_s is None and self._begun:
            self._beside_since_s = now_s

    @property
    def wants_rest(self) -> bool:
        """The arm has been seen at its end, and whether it rests there is all that is left to know."""
        return self._there and self._sent_place >= self._path.length_deg

    def moving(self, moving: bool, as_of_s: float) -> None:
        """A reported "is moving" that was asked for at `as_of_s` or later."""
        if as_of_s <= self._sent_s:
            return
        self._rest_reported = not moving and as_of_s >= self._there_s
        if moving:
            self._rest_s = self._beside_since_s = None
        elif self._rest_s is None:
            self._rest_s = as_of_s

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
        if self.wants_rest and self._rest_reported:
            return Verdict()
        if not self._begun and now_s >= self._begun_s + BEGIN_LIMIT_S:
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
            wakes.append(self._begun_s + BEGIN_LIMIT_S)
        if self._beside_since_s is not None:
            wakes.append(self._beside_since_s + REST_LIMIT_S)
        return min(wakes)


def _ahead_deg(speed_deg_s: float) -> float:
    """How far before its target the arm begins to brake, and how far it goes until that is known here."""
    return speed_deg_s**2 / (2 * ACCELERATION_DEG_S2) + speed_deg_s * POSTURE_DELAY_S


def _shortest_s(distance_deg: float, speed_deg_s: float) -> float:
    """Duration of a rest-to-rest motion with constant acceleration up to a top speed, and back."""
    if distance_deg < speed_deg_s**2 / ACCELERATION_DEG_S2:
        return 2 * math.sqrt(distance_deg / ACCELERATION_DEG_S2)
    return distance_deg / speed_deg_s + speed_deg_s / ACCELERATION_DEG_S2


def check_move(command: MoveJoints) -> None:
    """Raise CommandError for a motion that no arm should get, whatever its limits."""
    for angles_deg in (*command.through_deg, command.angles_deg):
        if len(angles_deg) != JOINTS or not all(math.isfinite(angle) for angle in angles_deg):
            raise CommandError(f"a motion needs {JOINTS} joint angles in degrees, not {angles_deg}; correct it")
    if not 1 <= command.speed_percent <= 100:
        raise CommandError(f"the speed {command.speed_percent} % is out of range; choose 1 to 100")
    if not (math.isfinite(command.lease_s) and command.lease_s > 0):
        raise CommandError(f"a lease of {command.lease_s} s is no permission to move; choose a positive time")
