"""One trigger for several spindles: they start together, and they are reported together when the last one stands."""

from __future__ import annotations

import random
from collections.abc import Mapping

from drivers.torque_tool.open_protocol.joint_physics import JointState, ParameterSet
from drivers.torque_tool.open_protocol.rundown_curve import Curve
from drivers.torque_tool.open_protocol.simulated_tool import Measured, SimulatedTool


class SimulatedSpindles:
    """Not thread-safe; time is handed in. The first spindle is the one whose torque and angle are shown."""

    def __init__(
        self, psets: Mapping[int, ParameterSet], rng: random.Random, *, count: int = 1, enabled: bool = True
    ) -> None:
        """Raises ValueError without a parameter set, and for a number of spindles that is not 1 to 10 (as in 0091)."""
        if not 1 <= count <= 10:
            raise ValueError(f"A simulated controller has 1 to 10 spindles, not {count}.")
        self._tools = tuple(SimulatedTool(psets, rng, enabled=enabled) for _ in range(count))
        self._measured: list[Measured | None] = [None] * count

    @property
    def count(self) -> int:
        """How many spindles there are."""
        return len(self._tools)

    @property
    def psets(self) -> dict[int, ParameterSet]:
        """The parameter sets, by number."""
        return self._tools[0].psets

    @property
    def enabled(self) -> bool:
        """Whether the tool is enabled; one lock holds for all spindles."""
        return self._tools[0].enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        for tool in self._tools:
            tool.enabled = enabled

    @property
    def selected(self) -> int:
        """The parameter set of the next rundown, 0 for none."""
        return self._tools[0].selected

    @selected.setter
    def selected(self, pset: int) -> None:
        for tool in self._tools:
            tool.selected = pset

    @property
    def running(self) -> bool:
        """Whether any spindle turns, or stands and waits for another one."""
        return any(tool.running for tool in self._tools)

    @property
    def ends_s(self) -> float | None:
        """When the next spindle comes to its end by itself."""
        return min((tool.ends_s for tool in self._tools if tool.ends_s is not None), default=None)

    def pull_trigger(self, joint: JointState, now_s: float, *, loosening: bool = False) -> bool:
        """Begin a rundown on every spindle, each joint drawn for itself; False when the tool does not turn now."""
        if self.running or self.selected not in self.psets:
            return False
        self._measured = [None] * self.count
        began = [tool.pull_trigger(joint, now_s, loosening=loosening) for tool in self._tools]
        return all(began)

    def interrupt(self, now_s: float, reason: str) -> tuple[Measured, ...] | None:
        """End all rundowns here: `reason` is the error bit. What was reached, None when nothing was turning."""
        for index, tool in enumerate(self._tools):
            self._measured[index] = tool.interrupt(now_s, reason) or self._measured[index]
        return self._finished()

    def switch_off(self) -> None:
        """Lose power: disabled, and what was turning stands still without a result."""
        for tool in self._tools:
            tool.switch_off()
        self._measured = [None] * self.count

    def advance(self, now_s: float) -> tuple[Measured, ...] | None:
        """What the spindles came to, when the last of them ends by now."""
        for index, tool in enumerate(self._tools):
            self._measured[index] = tool.advance(now_s) or self._measured[index]
        return self._finished()

    def torque_nm(self, now_s: float) -> float:
        """Torque at the first spindle now; 0 when it stands still."""
        return self._tools[0].torque_nm(now_s)

    def angle_deg(self, now_s: float) -> float:
        """Angle of the first spindle's running rundown; 0 when it stands still."""
        return self._tools[0].angle_deg(now_s)

    def last_curve(self, every_s: float) -> Curve | None:
        """The curve of the first spindle's last finished rundown, None when there is none."""
        return self._tools[0].last_curve(every_s)

    def _finished(self) -> tuple[Measured, ...] | None:
        measured = tuple(one for one in self._measured if one is not None)
        if self.running or len(measured) < self.count:
            return None
        self._measured = [None] * self.count
        return measured
