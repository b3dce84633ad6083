"""What a technician may ask of arm and tool, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JogFrame(StrEnum):
    """What a jog goes along or turns about."""

    JOINT = "joint"
    TOOL = "tool"
    BENCH = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class TryGesture:
    """Carry out a gesture slowly, supervised like any."""

    gesture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Jog:
    """Move while the button is held."""

    frame: JogFrame
    axis: int
    """Joint 1 to 6; or 1 to 3 along x, y, z and 4 to 6 about them."""
    direction: int
    """1 or -1."""
    speed_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGo:
    """The button is released, or the arm is to stand still: stop whatever moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideByHand:
    """Let the arm be moved by hand, or hold its place again."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReady:
    """A person has looked: clear errors and stops, switch the joints on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOff:
    """Take the power off the joints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grip:
    """Open or close the gripper."""

    open_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyTool:
    """Let the tool run on a test joint for a series of its verification."""

    series: str
    pset: int
    job: int | None = None
    batch_size: int = 0
    """0 = none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepVerifying:
    """Somebody has seen a rundown of the series: its leave lasts on."""

    series: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndVerifying:
    """Take that away again."""


Ask = TryGesture | Jog | LetGo | GuideByHand | MakeReady | SwitchOff | Grip | VerifyTool | KeepVerifying | EndVerifying
