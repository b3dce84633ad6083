"""Everything the station can want done, as immutable values. The shell does it and reports back by events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Speak and show a phrase."""

    utterance: str
    """Unique id: the caption on the screen carries the same."""
    phrase: str
    """Key in the phrase files."""
    words: Mapping[str, str] = field(default_factory=dict)
    priority: str = "instruction"
    """`safety`, `correction`, `instruction` or `chatter`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Ask vision what fresh frames say of these facts; answered by a `LookReport` of the same id, whatever it is."""

    look_id: str
    facts: tuple[str, ...]
    not_before_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRobot:
    """Carry out a gesture. Ends in CommandDone or CommandFailed with the same id."""

    command_id: str
    gesture: str
    at_most_percent: int = 100
    """Highest speed, whatever the gesture says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JogRobot:
    """Move while a button is held; without it the permission to move ends by itself. Ends as MoveRobot does."""

    command_id: str
    frame: str
    """`joint`, `tool` or `bench`."""
    axis: int
    direction: int
    speed_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowRobot:
    """Let every motion, also the one under way, be this much slower; 100 = no limit."""

    command_id: str
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeRobot:
    """Let the arm be guided by hand, or hold its place again."""

    command_id: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRobot:
    """A person has looked at the arm: clear its errors and stops, and switch its joints on."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOffRobot:
    """Take the power off the arm's joints."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GripRobot:
    """Open or close the gripper."""

    command_id: str
    open_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRobot:
    """Stop the cobot at once."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableTool:
    """Select the pset (or the job that has it) and let the tool run."""

    command_id: str
    joint: str
    pset: int
    job: int | None = None
    batch_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableTool:
    """Take the tool's permission away."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeTightening:
    """Tell the controller that the result is on disk."""

    command_id: str
    tightening_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifyWork:
    """Tell the controller what is worked on, where the station is set to. Ends in CommandDone or CommandFailed."""

    command_id: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPass:
    """Look the pass up; answered by `PassChecked`."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer:
    """Fire a `TimerFired` after this long. Setting it again starts it anew."""

    timer: str
    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer:
    """Forget a timer."""

    timer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPerson:
    """Call a person to the station (andon)."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseVisit:
    """Write the stop document."""

    outcome: str
    """`finished`, `abandoned` or `failed`."""
    reason: str


Effect = (
    Say
    | Look
    | MoveRobot
    | JogRobot
    | SlowRobot
    | FreeRobot
    | ReadyRobot
    | SwitchOffRobot
    | GripRobot
    | StopRobot
    | EnableTool
    | DisableTool
    | AcknowledgeTightening
    | IdentifyWork
    | CheckPass
    | SetTimer
    | CancelTimer
    | CallPerson
    | CloseVisit
)
