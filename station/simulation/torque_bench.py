"""A simulated torque tool on a test joint with a simulated reference transducer between them, both at the wire.

The tool's own word is the controller's; what really was in the joint is hidden in `HiddenTool`, and only the transducer
feels it. The verdict of a verification has to find it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.simulated_line import LockStep
from drivers.torque_reference.simulator import SimulatedTransducer
from drivers.torque_tool.open_protocol.joint_physics import (
    HARD_DEG,
    SOFT_DEG,
    JointState,
    ParameterSet,
    joint_of_rate,
    sound_joint,
)
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.runtime.clock import SteppedClock
from station.simulation.line import SimulatedLine

TURN_S = 0.05
BETWEEN_S = 2.0
"""Loosening by hand and clearing the transducer."""
HARD, SOFT = "hard", "soft"
TRANSDUCER_SIGMA_PERCENT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenTool:
    """What the tool does that it does not say."""

    deviation_percent: float = 0.3
    """Of its own word from what was there."""
    scatter_percent: float = 0.2
    """Of the torque in the joint around that, one standard deviation."""
    hard_scatter_percent: float = 0.0
    """The same besides on a hard joint: its mass overshoots."""


HIDDEN = {
    "good": HiddenTool(),
    "off": HiddenTool(deviation_percent=7.0),
    "worn": HiddenTool(scatter_percent=3.5),
    "overshoots": HiddenTool(hard_scatter_percent=3.0),
}
"""Tools that `--sim` can have, by what is the matter with them."""


class TorqueBench:
    """Both devices on lines in memory, in simulated time, and somebody who pulls the trigger when the tool is free."""

    def __init__(
        self, psets: Mapping[int, ParameterSet], hidden: HiddenTool, *, seed: int, range_nm: float, clock: SteppedClock
    ) -> None:
        self.clock = clock
        self._hidden = hidden
        self._rng = random.Random(f"torque bench {seed}")
        self.tool = OpenProtocolSimulator(
            psets, random.Random(f"tool {seed}"), clock_at_zero=clock.start_utc.astimezone().replace(tzinfo=None)
        )
        self.transducer = SimulatedTransducer(range_nm=range_nm)
        self.tool_line = SimulatedLine(
            "tool", self.tool, clock.now_s, in_memory=True, wants_hangup=self.tool.wants_hangup
        )
        self.transducer_line = SimulatedLine("transducer", self.transducer, clock.now_s, in_memory=True)
        self._lines: LockStep | None = None
        self._told = 0
        self._next_s = BETWEEN_S

    def step(self, lines: LockStep, rate: str) -> None:
        """A moment passes: a rundown ends and is felt, or the next one begins. `rate`: `hard`, `soft` or `own`."""
        self.clock.move_to(self.clock.now_s() + TURN_S)
        now_s = self.clock.now_s()
        lines.settle(now_s)
        done = self.tool.status(last=1)
        if done.tightenings > self._told:
            self._told = done.tightenings
            self._next_s = now_s + BETWEEN_S
            self.transducer.press(self._true_nm(done.last[0].spindles[0].torque_nm, rate), now_s)
        elif done.pset is not None and self.tool.enabled and not done.turning and now_s >= self._next_s:
            self.tool.pull_trigger(_joint(done.pset, rate), now_s)

    def _true_nm(self, told_nm: float, rate: str) -> float:
        hidden = self._hidden
        scatter = hidden.scatter_percent
        if rate == HARD:
            scatter = (scatter**2 + hidden.hard_scatter_percent**2) ** 0.5
        percent = self._rng.gauss(0.0, scatter) + self._rng.gauss(0.0, TRANSDUCER_SIGMA_PERCENT)
        return told_nm / (1.0 + hidden.deviation_percent / 100.0) * (1.0 + percent / 100.0)


def _joint(pset: ParameterSet, rate: str) -> JointState:
    if rate in (HARD, SOFT):
        return joint_of_rate(pset, HARD_DEG if rate == HARD else SOFT_DEG)
    return sound_joint(pset)
