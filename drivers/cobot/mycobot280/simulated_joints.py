"""How the simulated arm's joints turn: speed and acceleration limits, stop with deceleration. No clock, no bytes.

Limits of the vendor's data sheet at 100 %: 150 degrees/s and 200 degrees/s². Time is cut into fixed steps of 5 ms, so
that the posture at a time does not depend on how often `advance` was called before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

STEP_S = 0.005
FULL_SPEED_DEG_S = 150.0
ACCELERATION_DEG_S2 = 200.0


class SimulatedJoints:
    """Six joints on the way to their targets, each at its own pace."""

    def __init__(self, angles_deg: Sequence[float]) -> None:
        self._angles_deg = list(angles_deg)
        self._targets_deg = list(angles_deg)
        self._speeds_deg_s = [0.0] * len(self._angles_deg)
        self._limit_deg_s = FULL_SPEED_DEG_S
        self._step: int | None = None
        self._paused = False
        self._braking = False
        self._seized = False

    @property
    def angles_deg(self) -> tuple[float, ...]:
        """Where the joints are."""
        return tuple(self._angles_deg)

    @property
    def speeds_deg_s(self) -> tuple[float, ...]:
        """How fast they turn."""
        return tuple(self._speeds_deg_s)

    @property
    def moving(self) -> bool:
        """Whether any joint turns or is about to."""
        if self._seized:
            return False
        waiting = not (self._paused or self._braking) and self._targets_deg != self._angles_deg
        return waiting or any(self._speeds_deg_s)

    @property
    def paused(self) -> bool:
        """Whether a motion waits to be resumed."""
        return self._paused

    def go(self, targets_deg: Sequence[float], speed_percent: float) -> None:
        """New targets replace the old ones at once."""
        self._targets_deg = list(targets_deg)
        self._limit_deg_s = FULL_SPEED_DEG_S * min(100.0, max(1.0, speed_percent)) / 100
        self._paused = self._braking = False

    def stop(self) -> None:
        """Brake, and forget the targets."""
        self._braking, self._paused = True, False

    def pause(self) -> None:
        """Brake, and keep the targets for `resume`."""
        self._paused = True

    def resume(self) -> None:
        """Go on to the targets."""
        self._paused = False

    def seize(self, seized: bool) -> None:
        """Block the joints where they are, or free them; what they were told meanwhile is forgotten."""
        self._seized = seized
        self._targets_deg = list(self._angles_deg)
        self._speeds_deg_s = [0.0] * len(self._angles_deg)

    def advance(self, now_s: float) -> None:
        """Let time pass until `now_s`."""
        step = math.floor(now_s / STEP_S + 1e-6)
        if self._step is None:
            self._step = step
        while self._step < step and self.moving:
            self._step += 1
            for joint in range(len(self._angles_deg)):
                self._turn(joint)
            if self._braking and not any(self._speeds_deg_s):
                self._targets_deg, self._braking = list(self._angles_deg), False
        self._step = max(self._step, step)

    def _turn(self, joint: int) -> None:
        way_deg = self._targets_deg[joint] - self._angles_deg[joint]
        speed, change = self._speeds_deg_s[joint], ACCELERATION_DEG_S2 * STEP_S
        if self._braking or self._paused:
            wanted = 0.0
        else:
            # A tenth below what the brakes can do, so that whole steps do not overshoot.
            wanted = math.copysign(min(self._limit_deg_s, math.sqrt(1.8 * ACCELERATION_DEG_S2 * abs(way_deg))), way_deg)
            if abs(way_deg) <= abs(speed) * STEP_S + 1e-3 and abs(speed) <= 3 * change:
                self._angles_deg[joint], self._speeds_deg_s[joint] = self._targets_deg[joint], 0.0
                return
        speed += min(change, max(-change, wanted - speed))
        self._speeds_deg_s[joint] = speed
        self._angles_deg[joint] += speed * STEP_S
