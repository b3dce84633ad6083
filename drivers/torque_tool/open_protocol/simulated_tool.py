"""The mechanical half of the simulated controller: a tool with a trigger, and a verdict on each rundown."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers.torque_tool.open_protocol.joint_physics import JointState, ParameterSet, draw_loosening, draw_rundown
from drivers.torque_tool.open_protocol.rundown_curve import Curve, Rundown

LOW, OK, HIGH = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A finished rundown and the controller's verdict; statuses are 0 low, 1 OK, 2 high."""

    pset: ParameterSet
    torque_nm: float
    angle_deg: float
    """Below zero for a loosening."""
    torque_status: int
    angle_status: int
    error_bits: tuple[str, ...]
    result_type: str = "tightening"
    """`tightening` or `loosening`."""
    prevailing_nm: float = 0.0
    """Torque of the free nut."""

    @property
    def ok(self) -> bool:
        """Whether both torque and angle lie in their windows; a loosening never does, its angle runs backwards."""
        return self.torque_status == OK and self.angle_status == OK


def judge(
    pset: ParameterSet,
    *,
    torque_nm: float,
    angle_deg: float,
    error_bits: tuple[str, ...] = (),
    result_type: str = "tightening",
    prevailing_nm: float = 0.0,
) -> Measured:
    """Hold torque and angle against the windows, in the steps that the protocol can carry: 0.01 N·m and 1 degree."""
    torque_nm, angle_deg = int(torque_nm * 100 + 1e-6) / 100, float(int(angle_deg))
    return Measured(
        pset=pset,
        torque_nm=torque_nm,
        angle_deg=angle_deg,
        torque_status=_status(torque_nm, pset.torque_min_nm, pset.torque_max_nm),
        angle_status=_status(angle_deg, pset.angle_min_deg, pset.angle_max_deg),
        error_bits=error_bits,
        result_type=result_type,
        prevailing_nm=prevailing_nm,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turning:
    """One pull of the trigger: `stopped_s` is the time from the trigger at which it was interrupted."""

    pset: ParameterSet
    rundown: Rundown
    started_s: float
    stopped_s: float | None = None

    @property
    def ends_s(self) -> float:
        return self.started_s + self.rundown.end_s


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
        self._turning: _Turning | None = None
        self._last: _Turning | None = None

    @property
    def running(self) -> bool:
        """Whether a rundown is under way."""
        return self._turning is not None

    @property
    def ends_s(self) -> float | None:
        """When the running rundown ends by itself."""
        return None if self._turning is None else self._turning.ends_s

    def pull_trigger(self, joint: JointState, now_s: float, *, loosening: bool = False) -> bool:
        """Begin to tighten or loosen this joint; False when the tool is disabled or already turning."""
        if not self.enabled or self._turning is not None:
            return False
        pset = self.psets[self.selected]
        draw = draw_loosening if loosening else draw_rundown
        self._turning = _Turning(pset=pset, rundown=draw(pset, joint, self._rng), started_s=now_s)
        return True

    def interrupt(self, now_s: float, reason: str) -> Measured | None:
        """End the rundown here: `reason` is the error bit. Gives what was reached, None when nothing was turning.

        Letting go is how a loosening ends: its result has no error bits then.
        """
        turning = self._turning
        if turning is None:
            return None
        if now_s >= turning.ends_s:
            return self.advance(now_s)
        elapsed_s, rundown = now_s - turning.started_s, turning.rundown
        self._turning, self._last = None, replace(turning, stopped_s=elapsed_s)
        return _measured(
            turning,
            torque_nm=rundown.reached_nm(elapsed_s),
            angle_deg=rundown.angle_deg(elapsed_s),
            error_bits=() if rundown.loosening else (reason, "torque less than target"),
        )

    def switch_off(self) -> None:
        """Lose power: disabled, and what was turning stands still without a result; curves are lost too."""
        self.enabled = False
        self._turning = self._last = None

    def advance(self, now_s: float) -> Measured | None:
        """What a rundown came to that ends by now."""
        turning = self._turning
        if turning is None or now_s < turning.ends_s:
            return None
        self._turning, self._last = None, turning
        rundown = turning.rundown
        return _measured(
            turning,
            torque_nm=rundown.final_torque_nm,
            angle_deg=rundown.final_angle_deg,
            error_bits=rundown.error_bits,
        )

    def last_curve(self, every_s: float) -> Curve | None:
        """Samples of the last rundown that ended, by itself or interrupted. Raises ValueError for 0 s."""
        return None if self._last is None else self._last.rundown.curve(every_s, self._last.stopped_s)

    def torque_nm(self, now_s: float) -> float:
        """Torque at the spindle now; 0 when it stands still."""
        return 0.0 if self._turning is None else self._turning.rundown.torque_nm(now_s - self._turning.started_s)

    def angle_deg(self, now_s: float) -> float:
        """Angle of the running rundown as the controller counts it; 0 when the tool stands still."""
        return 0.0 if self._turning is None else self._turning.rundown.angle_deg(now_s - self._turning.started_s)


def _measured(turning: _Turning, *, torque_nm: float, angle_deg: float, error_bits: tuple[str, ...]) -> Measured:
    return judge(
        turning.pset,
        torque_nm=torque_nm,
        angle_deg=angle_deg,
        error_bits=error_bits,
        result_type="loosening" if turning.rundown.loosening else "tightening",
        prevailing_nm=turning.rundown.prevailing_nm,
    )


def _status(value: float, low: float, high: float) -> int:
    if value < low:
        return LOW
    return HIGH if value > high else OK
