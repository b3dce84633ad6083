"""How the simulated arm's joints follow: setpoints every step, a braking ramp, a hand that leads them. Pure.

Angles in radians. A setpoint that no joint could follow is not followed: it is what a controller stops for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from drivers.cobot.arm.model import ArmModel

STEP_S = 0.002
LAG_S = 0.03
"""A joint is this much behind its setpoint, as with `servoj`."""
TOO_FAST = 1.05
HAND_RAD_S = 0.6
MOVING_RAD_S = 0.0005


class FollowingJoints:
    """Six joints and what they follow."""

    def __init__(self, angles_rad: Sequence[float], model: ArmModel) -> None:
        self.angles_rad = list(angles_rad)
        self.speeds_rad_s = [0.0] * len(self.angles_rad)
        self.targets_rad = list(angles_rad)
        """The last setpoint."""
        self._limits_rad = [(math.radians(low), math.radians(high)) for low, high in model.limits_deg]
        self._fastest_rad_s = [math.radians(speed) * TOO_FAST for speed in model.speed_deg_s]
        self._brake_rad_s2: float | None = None
        self._hand_rad: list[float] | None = None
        self._seized = False
        self._following = False

    @property
    def moving(self) -> bool:
        """Whether any joint turns."""
        return any(abs(speed) > MOVING_RAD_S for speed in self.speeds_rad_s)

    @property
    def busy(self) -> bool:
        """Whether a step can change anything."""
        return self.moving or self._following or self._brake_rad_s2 is not None or self._hand_rad is not None

    def servo(self, setpoint_rad: Sequence[float]) -> str | None:
        """A setpoint for the next step; why it cannot be followed, or None."""
        for joint, (angle, (low, high)) in enumerate(zip(setpoint_rad, self._limits_rad, strict=True)):
            if not low <= angle <= high:
                return f"joint {joint + 1} is told to leave its limits"
            if abs(angle - self.targets_rad[joint]) > self._fastest_rad_s[joint] * STEP_S:
                return f"joint {joint + 1} is told to turn faster than it can"
        self.targets_rad = list(setpoint_rad)
        self._brake_rad_s2, self._following = None, True
        return None

    def brake(self, rad_s2: float) -> None:
        """Come to rest on the way that the joints have, the fastest one with this deceleration."""
        self._hand_rad, self._following = None, False
        if self._brake_rad_s2 is None or rad_s2 > self._brake_rad_s2:
            self._brake_rad_s2 = rad_s2

    def lead(self, angles_rad: Sequence[float]) -> None:
        """A hand leads the joints there."""
        self._hand_rad, self._following = list(angles_rad), False

    def seize(self, seized: bool) -> None:
        """Block the joints where they are, or free them."""
        self._seized = seized

    def step(self) -> None:
        """Two milliseconds pass."""
        before = list(self.angles_rad)
        if self._seized:
            self.speeds_rad_s = [0.0] * len(before)
            self._brake_rad_s2, self._following = None, False
            return
        if self._brake_rad_s2 is not None:
            fastest = max(abs(speed) for speed in self.speeds_rad_s)
            left = max(0.0, fastest - self._brake_rad_s2 * STEP_S)
            share = left / fastest if fastest > 0 else 0.0
            self.speeds_rad_s = [speed * share for speed in self.speeds_rad_s]
            self.angles_rad = [a + s * STEP_S for a, s in zip(before, self.speeds_rad_s, strict=True)]
            self.targets_rad = list(self.angles_rad)
            if left == 0.0:
                self._brake_rad_s2 = None
            return
        if self._hand_rad is not None:
            most = HAND_RAD_S * STEP_S
            ways = [goal - angle for goal, angle in zip(self._hand_rad, before, strict=True)]
            self.angles_rad = [a + min(most, max(-most, way)) for a, way in zip(before, ways, strict=True)]
            self.targets_rad = list(self.angles_rad)
            if self.angles_rad == before:
                self._hand_rad = None
        else:
            share = STEP_S / LAG_S
            self.angles_rad = [a + (t - a) * share for a, t in zip(before, self.targets_rad, strict=True)]
            if all(abs(t - a) < 1e-7 for a, t in zip(self.angles_rad, self.targets_rad, strict=True)):
                self.angles_rad, self._following = list(self.targets_rad), False
        self.speeds_rad_s = [(a - b) / STEP_S for a, b in zip(self.angles_rad, before, strict=True)]
