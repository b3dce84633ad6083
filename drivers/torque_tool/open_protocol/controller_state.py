"""What all groups of MIDs of the simulated controller share: its tool, its clock, its identifiers and its locks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drivers.torque_tool.open_protocol.controller_session import ControllerSession
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.simulated_spindles import SimulatedSpindles
from drivers.torque_tool.open_protocol.simulated_tool import Measured

TIME_FORMAT = "%Y-%m-%d:%H:%M:%S"
BATCH, JOB, ALARM = "batch", "job", "alarm"
"""What can lock the tool although it is enabled."""


@dataclass(slots=True, kw_only=True)
class ControllerState:
    """Not thread-safe. `clock_zero` is what the controller's clock shows when the simulated time is 0."""

    profile: ControllerProfile
    tool: SimulatedSpindles
    session: ControllerSession
    clock_zero: datetime
    controller_serial: str
    tool_serial: str
    stopped: Callable[[tuple[Measured, ...] | None, float], None]
    """Takes what a rundown came to that a command ended."""
    identifiers: list[str] = field(default_factory=lambda: ["", "", "", ""])
    """Identifier result parts 1 to 4; the first is the VIN."""
    locks: set[str] = field(default_factory=set)
    tightenings: int = 0
    """Counted by the tool since it was made, never forgotten."""

    @property
    def turns(self) -> bool:
        """Whether the trigger does anything."""
        return self.tool.enabled and not self.locks and self.tool.selected in self.tool.psets

    def shown(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The values without those that this family leaves blank."""
        return {name: value for name, value in values.items() if name not in self.profile.blank}

    def time(self, now_s: float) -> str:
        """The controller's clock as the protocol writes it."""
        return (self.clock_zero + timedelta(seconds=now_s)).strftime(TIME_FORMAT)

    def interrupt(self, now_s: float, reason: str) -> None:
        """Stop the spindles where they are; `reason` is the error bit of the result."""
        self.stopped(self.tool.interrupt(now_s, reason), now_s)
