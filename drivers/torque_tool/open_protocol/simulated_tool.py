"""The mechanical half of the simulated controller: a tool with a trigger, and a verdict on each rundown."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.torque_tool.open_protocol.joint_physics import JointState, ParameterSet, Rundown, draw_rundown

LOW, OK, HIGH = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A finished rundown and the controller's verdict; statuses are 0 low, 1 OK, 2 high."""

    pset: ParameterSet
    torque_nm: float
    angle_deg: float
    torque_status: int
    angle_status: int
    error_bits: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether both torque and angle lie in their windows."""
        return self.torque_status == OK and self.angle_status == OK


def judge(pset: ParameterSet, *, torque_nm: float, angle_deg: float, error_bits: tuple[str, ...] = ()) -> Measured:
    """Hold torque and angle against the windows, in the steps that the protocol can carry: 0.01 N·m and 1 degree."""
    torque_nm, angle_deg = int(torque_nm * 100 + 1e-6) / 100, float(int(angle_deg))
    return Measured(
        pset=pset,
        torque_nm=torque_nm,
        angle_deg=angle_deg,
        torque_status=_status(torque_nm, pset.torque_min_nm, pset.torque_max_nm),
        angle_status=_status(angle_deg, pset.angle_min_deg, pset.angle_max_deg),
        error_bits=error_bits,
    )


class SimulatedTool:
    """Not thread-safe; time is handed in. It turns only while it is enabled and its trigger is held."""

    def __init__(self, psets: Mapping[int, ParameterSet], rng: random.Random, *, enabled: bool) -> None:
        """Raises ValueError without a parameter set."""
        if not psets:
            raise ValueError("A simulated tool needs at least one parameter set; hand in a table with one.")
        self.psets = dict(psets)
        self.selected = min(psets)
        self.enabled = enabled
        self._rng = rng
        self._rundown: Rundown | None = None
        self._started_s = 0.0

    @property
    def running(self) -> bool:
        """Whether a rundown is under way."""
        return self._rundown is not None

    @property
    def ends_s(self) -> float | None:
        """When the running rundown ends by itself."""
        return None if self._rundown is None else self._started_s + self._rundown.end_s

    def pull_trigger(self, joint: JointState, now_s: float) -> bool:
        """Begin a rundown of this joint; False when the tool is disabled or already turning."""
        if not self.enabled or self._rundown is not None:
            return False
        self._rundown = draw_rundown(self.psets[self.selected], joint, self._rng)
        self._started_s = now_s
        return True

    def interrupt(self, now_s: float, reason: str) -> Measured | None:
        """End the rundown here: `reason` is the error bit. Gives what was reached, None when nothing was turning."""
        rundown = self._rundown
        if rundown is None:
            return None
        if now_s >= self._started_s + rundown.end_s:
            return self.advance(now_s)
        self._rundown = None
        elapsed_s = now_s - self._started_s
        return judge(
            rundown.pset,
            torque_nm=rundown.torque_nm(elapsed_s),
            angle_deg=rundown.angle_deg(elapsed_s),
            error_bits=(reason, "torque less than target"),
        )

    def switch_off(self) -> None:
        """Lose power: disabled, and what was turning stands still without a result."""
        self.enabled = False
        self._rundown = None

    def advance(self, now_s: float) -> Measured | None:
        """What a rundown came to that ends by now."""
        rundown = self._rundown
        if rundown is None or now_s < self._started_s + rundown.end_s:
            return None
        self._rundown = None
        return judge(
            rundown.pset,
            torque_nm=rundown.final_torque_nm,
            angle_deg=rundown.final_angle_deg,
            error_bits=rundown.error_bits,
        )

    def torque_nm(self, now_s: float) -> float:
        """Torque at the spindle now; 0 when it stands still."""
        return 0.0 if self._rundown is None else self._rundown.torque_nm(now_s - self._started_s)

    def angle_deg(self, now_s: float) -> float:
        """Angle of the running rundown as the controller counts it; 0 when the tool stands still."""
        return 0.0 if self._rundown is None else self._rundown.angle_deg(now_s - self._started_s)


def _status(value: float, low: float, high: float) -> int:
    if value < low:
        return LOW
    return HIGH if value > high else OK
