"""Watching one motion: has it begun, has it arrived, is it still wanted. Pure; fed with the controller's reports.

Two witnesses must agree before a motion is done: the program, by its number and state, and the joints, by where they
are and how fast they turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drivers.api import CommandError, MoveJoints, Outcome
from drivers.cobot.arm.model import JOINTS, Angles, ArmModel
from drivers.cobot.arm.timing import trajectory
from drivers.cobot.universal_robots.program import KNOT_S, Knot, State
from drivers.cobot.universal_robots.report import Report, Runtime

ARRIVED_DEG = 0.5
BEGIN_LIMIT_S = 1.5
"""Sending, compiling and starting a program takes a controller a few tenths of a second."""
SETTLE_LIMIT_S = 0.6
"""A program that has ended leaves the joints this long to be seen at rest at their target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a motion ended. `code` is None when it arrived."""

    code: str | None = None
    detail: str = ""
    outcome: Outcome = Outcome.UNKNOWN


class MotionWatch:
    """One `MoveJoints` from the moment its program was handed to the line."""

    def __init__(self, command: MoveJoints, number: int, duration_s: float, now_s: float) -> None:
        """`duration_s` is how long the motion takes at full speed factor."""
        self.command = command
        self.number = number
        self._sent_s = self._renewed_s = self._progress_s = now_s
        # As long again and 3 s: the program keeps the time, so what takes longer is stuck.
        self._left_s = 2 * duration_s + 3.0
        self._begun = False
        self._ended_s: float | None = None

    def renew(self, now_s: float) -> None:
        """The caller still wants the motion."""
        self._renewed_s = now_s

    def lease_holds(self, now_s: float) -> bool:
        """Whether the caller has renewed its permission in time."""
        return now_s < self._renewed_s + self.command.lease_s

    def verdict(self, report: Report, factor: float, now_s: float) -> Verdict | None:
        """How the motion ended as of this report, or None while it goes on. `factor` is the speed factor in force."""
        if not self.lease_holds(now_s):
            return Verdict(
                code="cobot.lease_expired",
                detail="the arm was stopped: nobody renewed its permission to move; look why the station stalled",
            )
        self._left_s -= (now_s - self._progress_s) * factor
        self._progress_s = now_s
        if report.number == self.number:
            self._begun = True
            if report.state != State.RUNNING:
                return self._after(report, now_s)
            if report.runtime in (Runtime.PAUSING, Runtime.PAUSED):
                return Verdict(
                    code="cobot.interrupted",
                    detail="the motion was paused at the teach pendant; it will not be resumed, so send it again",
                )
            if not report.plays:
                # The program's last word and the interpreter's end may be in different packages.
                self._ended_s = self._ended_s if self._ended_s is not None else now_s
                if now_s >= self._ended_s + SETTLE_LIMIT_S:
                    return Verdict(
                        code="cobot.interrupted",
                        detail="the motion's program was ended at the controller; look who stopped it at the pendant",
                    )
        elif not self._begun and now_s >= self._sent_s + BEGIN_LIMIT_S:
            return Verdict(
                code="cobot.no_motion",
                detail="the controller did not start the motion within 1.5 s; read the message on the teach pendant",
            )
        elif self._begun:
            return Verdict(
                code="cobot.interrupted",
                detail="another program has taken the arm; close the other program that sends to the controller",
            )
        if self._left_s <= 0:
            return self._not_arrived("takes too long")
        return None

    def _after(self, report: Report, now_s: float) -> Verdict | None:
        match report.state:
            case State.DONE:
                there = all(
                    abs(a - b) <= ARRIVED_DEG for a, b in zip(report.angles_deg, self.command.angles_deg, strict=True)
                )
                if there and report.at_rest:
                    return Verdict()
                self._ended_s = self._ended_s if self._ended_s is not None else now_s
                if now_s >= self._ended_s + SETTLE_LIMIT_S:
                    return self._not_arrived("says that it is done, but is not at its target")
                return None
            case State.LEASE_EXPIRED:
                return Verdict(
                    code="cobot.lease_expired",
                    detail="the robot stopped by itself: it had no sign of life for 0.3 s; check the network to it",
                )
            case State.ELSEWHERE:
                return Verdict(
                    code="cobot.not_ready",
                    detail="the arm was not where the motion begins, so it did not move; send the motion again",
                    outcome=Outcome.REFUSED,
                )
            case _:
                return Verdict(code="cobot.interrupted", detail="the motion was stopped on its way; look at the arm")

    def _not_arrived(self, how: str) -> Verdict:
        return Verdict(
            code="cobot.not_arrived", detail=f"the arm {how}; look at it, and check what holds it and its load"
        )

    def next_wake_s(self) -> float:
        """When the lease ends, unless it is renewed."""
        return self._renewed_s + self.command.lease_s


def knots_of(command: MoveJoints, model: ArmModel, start_deg: Angles) -> tuple[list[Knot], float]:
    """The motion as knots behind the start, the goal last and at rest, and how long it takes at full speed factor."""
    way = trajectory(model, (start_deg, *command.through_deg, command.angles_deg), command.speed_percent)
    last = max(1, math.ceil(way.duration_s / KNOT_S))
    knots = [_knot(*way.at(KNOT_S * index)) for index in range(1, last)]
    return [*knots, _knot(command.angles_deg, (0.0,) * JOINTS)], way.duration_s


def _knot(angles_deg: Angles, speeds_deg_s: Angles) -> Knot:
    return Knot(
        angles_rad=tuple(math.radians(angle) for angle in angles_deg),
        speeds_rad_s=tuple(math.radians(speed) for speed in speeds_deg_s),
    )


def check_move(command: MoveJoints) -> None:
    """Raise CommandError for a motion that no arm should get, whatever its limits."""
    for angles in (*command.through_deg, command.angles_deg):
        if len(angles) != JOINTS or not all(math.isfinite(angle) for angle in angles):
            raise CommandError(f"a motion needs {JOINTS} joint angles in degrees, not {angles}; correct it")
    if not 1 <= command.speed_percent <= 100:
        raise CommandError(f"the speed {command.speed_percent} % is out of range; choose 1 to 100")
    if not (math.isfinite(command.lease_s) and command.lease_s > 0):
        raise CommandError(f"a lease of {command.lease_s} s is no permission to move; choose a positive time")
