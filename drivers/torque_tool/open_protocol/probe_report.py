"""What a look at a controller found: values only, for a report or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from drivers.torque_tool.open_protocol.messages import number, read, text, whole
from drivers.torque_tool.open_protocol.protocol import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PsetWindow:
    """A parameter set as 0013 tells it."""

    pset: int
    name: str
    torque_min_nm: float
    torque_target_nm: float
    torque_max_nm: float
    angle_min_deg: float
    angle_max_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """What was found. Revisions ascend; an empty row means that none was answered."""

    identity: Mapping[str, str] = field(default_factory=dict)
    """Fields of 0002 and 0041 by name, without blank ones."""
    start_revisions: tuple[int, ...] = ()
    """Of 0001."""
    tool_revisions: tuple[int, ...] = ()
    """Of 0040."""
    old_result_revisions: tuple[int, ...] = ()
    """Of 0064."""
    old_results_by_id: bool = False
    """No 0064, but 0006 tells old results (MID 1201)."""
    psets: tuple[int, ...] = ()
    windows: tuple[PsetWindow, ...] = ()
    """Of the psets that 0012 tells."""
    jobs: tuple[int, ...] = ()
    clock_difference_s: float | None = None
    """By how much the controller is ahead of the station; None when it did not say."""
    round_trips_s: tuple[float, ...] = ()
    other_client: bool = False
    """The controller lets nobody in because another client is connected."""
    notes: tuple[str, ...] = ()
    """What went wrong on the way, one sentence each."""

    @property
    def reached(self) -> bool:
        """Whether a session could be begun."""
        return bool(self.start_revisions)

    @property
    def round_trip_s(self) -> float | None:
        """The middle one."""
        return median(self.round_trips_s) if self.round_trips_s else None


def window_of(message: Message) -> PsetWindow:
    """From a 0013. Raises MessageError."""
    values = read(message)
    return PsetWindow(
        pset=whole(values, "pset"),
        name=text(values, "name"),
        torque_min_nm=number(values, "torque_min_nm"),
        torque_target_nm=number(values, "torque_target_nm"),
        torque_max_nm=number(values, "torque_max_nm"),
        angle_min_deg=number(values, "angle_min_deg"),
        angle_max_deg=number(values, "angle_max_deg"),
    )
