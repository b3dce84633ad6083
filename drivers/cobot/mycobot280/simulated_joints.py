"""How the simulated arm's joints turn: speed and acceleration limits, stop with deceleration. No clock, no bytes.

Limits of the vendor's data sheet at 100 %: 150 degrees/s and 200 degrees/s². Time is cut into fixed steps of 5 ms, so
that the posture at a time does not depend on how often `advance` was called before. To a target each joint goes at its
own pace; along a line of postures all keep together.

A joint without torque keeps the target it was given last, as servos do: when its torque comes back it turns there,
unless it was stopped before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from drivers.cobot.mycobot280.joint_path import JointPath

STEP_S = 0.005
FULL_SPEED_DEG_S = 150.0
ACCELERATION_DEG_S2 = 200.0


class Pace:
    """One value on its way to a target, with limited speed and acceleration."""

    def __init__(self, value: float) -> None:
        self.value = self.target = value
        self.speed = 0.0
        """Per second."""

    def step(self, limit: float, *, brake: bool) -> None:
        """5 ms with a speed of `limit` at most, or braking."""
        way, change = self.target - self.value, ACCELERATION_DEG_S2 * STEP_S
        if brake:
            wanted = 0.0
        else:
            # A tenth below what the brakes can do, so that whole steps do not overshoot.
            wanted = math.copysign(min(limit, math.sqrt(1.8 * ACCELERATION_DEG_S2 * abs(way))), way)
            if abs(way) <= abs(self.speed) * STEP_S + 1e-3 and abs(self.speed) <= 3 * change:
                self.value, self.speed = self.target, 0.0
                return
        self.speed += min(change, max(-change, wanted - self.speed))
        self.value += self.speed * STEP_S

    def rest(self) -> None:
        """Stand still, here."""
        self.target, self.speed = self.value, 0.0


class SimulatedJoints:
    """Six joints on the way to their targets."""

    def __init__(self, angles_deg: Sequence[float]) -> None:
        self._paces = [Pace(angle) for angle in angles_deg]
        self._line: JointPath | None = None
        self._along = Pace(0.0)
        self._limit_deg_s = FULL_SPEED_DEG_S
        self._step: int | None = None
        self._paused = self._braking = self._seized = self._limp = False
        self._dead: set[int] = set()
        self._walls: dict[int, tuple[float, float]] = {}
        self.struck: int | None = None
        """The joint, from 1, that has run against something; whoever has taken note sets it to None."""

    @property
    def angles_deg(self) -> tuple[float, ...]:
        """Where the joints are."""
        return tuple(pace.value for pace in self._paces)

    @property
    def speeds_deg_s(self) -> tuple[float, ...]:
        """How fast they turn; along a line all as fast as the fastest."""
        if self._line is not None:
            return (self._along.speed,) * len(self._paces)
        return tuple(pace.speed for pace in self._paces)

    @property
    def moving(self) -> bool:
        """Whether any joint turns or is about to."""
        if self._seized or self._limp:
            return False
        if self._line is not None:
            waiting, turning = self._along.value != self._along.target, self._along.speed != 0
        else:
            alive = [pace for joint, pace in enumerate(self._paces, start=1) if joint not in self._dead]
            waiting = any(pace.value != pace.target for pace in alive)
            turning = any(pace.speed for pace in alive)
        return turning or (waiting and not (self._paused or self._braking))

    @property
    def paused(self) -> bool:
        """Whether a motion waits to be resumed."""
        return self._paused

    def go(self, targets_deg: Sequence[float], speed_percent: float) -> None:
        """New targets replace the old ones at once."""
        self._leave_line()
        for pace, target in zip(self._paces, targets_deg, strict=True):
            pace.target = target
        self._limit_deg_s = FULL_SPEED_DEG_S * min(100.0, max(1.0, speed_percent)) / 100
        self._paused = self._braking = False

    def follow(self, points_deg: Sequence[Sequence[float]], limit_deg_s: float) -> None:
        """Go along a line of postures that begins here, from rest; the fastest joint turns at most this fast."""
        for pace in self._paces:
            pace.rest()
        self._line, self._along = JointPath(points_deg), Pace(0.0)
        self._along.target = self._line.length_deg
        self._limit_deg_s = limit_deg_s
        self._paused = self._braking = False

    def stop(self) -> None:
        """Brake, and forget the targets."""
        self._braking, self._paused = True, False
        if not self.moving:
            self._rest()

    def pause(self) -> None:
        """Brake, and keep the targets for `resume`."""
        self._paused = True

    def resume(self) -> None:
        """Go on to the targets."""
        self._paused = False

    def seize(self, seized: bool) -> None:
        """Block the joints where they are, or free them; what they were told meanwhile is forgotten."""
        self._seized = seized
        self._rest()

    def limp(self, limp: bool) -> None:
        """Take the torque off all joints, or put it back on: they then turn to the targets they had."""
        self._limp = limp
        self._leave_line()
        for pace in self._paces:
            pace.speed = 0.0

    def kill(self, joint: int, dead: bool) -> None:
        """Let one joint, from 1, not turn any more, or mend it."""
        (self._dead.add if dead else self._dead.discard)(joint)
        self._paces[joint - 1].rest()

    def push(self, joint: int, by_deg: float) -> bool:
        """Turn a joint by hand. False when it holds: only one without torque gives way."""
        if not self._limp:
            return False
        self._paces[joint - 1].value += by_deg
        return True

    def wall(self, joint: int, at_deg: float | None) -> None:
        """Put something in the way of a joint at this angle, or close to it on both sides (None)."""
        here = self._paces[joint - 1].value
        if at_deg is None:
            self._walls[joint] = (here, here)
        else:
            self._walls[joint] = (-math.inf, at_deg) if at_deg >= here else (at_deg, math.inf)

    def clear_way(self) -> None:
        """Take everything out of the way."""
        self._walls.clear()

    def advance(self, now_s: float) -> None:
        """Let time pass until `now_s`."""
        step = math.floor(now_s / STEP_S + 1e-6)
        if self._step is None:
            self._step = step
        while self._step < step and self.moving:
            self._step += 1
            self._turn()
            self._strike()
            if self._braking and not any(self.speeds_deg_s):
                self._rest()
        self._step = max(self._step, step)

    def _turn(self) -> None:
        brake = self._braking or self._paused
        if self._line is None:
            for joint, pace in enumerate(self._paces, start=1):
                if joint not in self._dead:
                    pace.step(self._limit_deg_s, brake=brake)
            return
        self._along.step(self._limit_deg_s, brake=brake)
        for joint, angle in enumerate(self._line.at(self._along.value), start=1):
            if joint not in self._dead:
                self._paces[joint - 1].value = angle
        if self._along.value == self._along.target:
            self._leave_line()

    def _strike(self) -> None:
        for joint, (low, high) in self._walls.items():
            pace = self._paces[joint - 1]
            if not low <= pace.value <= high:
                pace.value = min(high, max(low, pace.value))
                self.struck = joint
                self._rest()

    def _rest(self) -> None:
        self._leave_line()
        for pace in self._paces:
            pace.rest()
        self._braking = False

    def _leave_line(self) -> None:
        if self._line is not None:
            self._line = None
            for pace in self._paces:
                pace.rest()
