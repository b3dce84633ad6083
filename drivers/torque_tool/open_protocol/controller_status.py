"""What stands on the simulated controller's own display: a picture of its state for people who look on."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.torque_tool.open_protocol.controller_alarms import Alarm
from drivers.torque_tool.open_protocol.controller_archive import Rundown
from drivers.torque_tool.open_protocol.controller_psets import Batch
from drivers.torque_tool.open_protocol.joint_physics import ParameterSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerStatus:
    """One moment."""

    client: bool
    """Whether a session is open."""
    subscribed: tuple[int, ...]
    """MIDs that are pushed, ascending."""
    enabled: bool
    """Whether the tool is enabled; `locks` may hold it all the same."""
    locks: tuple[str, ...]
    turning: bool
    pset: ParameterSet | None
    """The selected one."""
    batch: Batch | None
    """How far the batch that runs is, in the job or of the selected set; None where none is counted."""
    job: int
    """The one that runs, 0 for none."""
    identifier: str
    alarm: Alarm | None
    inputs: tuple[int, ...]
    """Digital inputs that are high."""
    fault: str
    """The fault word, `ok` for none."""
    tightenings: int
    last: tuple[Rundown, ...]
    """The last rundowns, newest first."""
