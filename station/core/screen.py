"""What the screen shows: keys and figures, no text (the phrase files have the text)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenStep:
    """One entry of the progress bar."""

    id: str
    say: str
    status: str
    """`pending`, `active`, `passed` or `marked` (waits for rework)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenFault:
    """A fault or notice as the screen names it."""

    code: str
    number: str
    subject: str
    words: Mapping[str, str]
    holds: bool
    clear_by: str
    """`itself`, `visitor`, `technician` or `time`."""
    ready: bool
    """The cause is gone as far as the station can see: whoever may clear it can be offered the button."""
    rights: tuple[str, ...] = ()
    """What else a technician may do about it: `loosen`, `accept_result`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenQuestion:
    """A question that a person answers by a tap."""

    step: str
    what: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenJoint:
    """A joint for the picture."""

    id: str
    label: str
    status: str
    """`empty`, `fastener`, `now`, `running`, `done`, `marked` (not right, waits for rework) or `bad`."""
    torque_nm: float | None
    angle_deg: float | None
    result: str = ""
    """Key of the last result, `controller serial/tightening id`; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenInterlock:
    """The conditions under which the trigger does something, in their order."""

    joint: str
    """Label of the joint that is due."""
    socket: str
    """Socket that it asks for; empty = any, and no condition."""
    socket_there: bool
    position_there: bool
    enabled: bool
    missing: str
    """The first that is missing: `socket`, `position`, `enable`, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenHealth:
    """Something that a device says of itself and that stands."""

    device: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenArm:
    """The cobot, for the console."""

    separation: str = "off"
    """`clear`, `slow`, `hold`, `unknown`, or `off` where nobody supervises."""
    limit_percent: int = 100
    gesture: str = ""
    """Under way, or completed last."""
    service: str = ""
    """`gesture`, `jog` or `announced` while a technician has the arm move; else empty."""
    service_word: str = ""
    """Code of what became of the technician's last wish; empty when nothing went wrong."""
    service_detail: str = ""
    """The same in one sentence, with what is in the way; empty when nobody said more."""
    refusal: str = ""
    """Phrase key of why the arm may not be served now; empty when it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Everything a page needs to draw itself."""

    phase: str
    visit_id: str
    language: str
    visitor: str
    car: str
    step: str
    """Id of the active step, empty when none."""
    say: str
    """Phrase key of the sentence to show."""
    words: Mapping[str, str]
    """What the sentence needs; values that begin with `@` are phrase keys themselves."""
    picture: str
    steps: tuple[ScreenStep, ...]
    joints: tuple[ScreenJoint, ...]
    faults: tuple[ScreenFault, ...]
    """The most urgent first."""
    questions: tuple[ScreenQuestion, ...]
    waiting_for: tuple[str, ...]
    """Facts or results that the active step still misses, e.g. `fastener:J2`, `hands:work`, `tightening:J1`."""
    robot: str
    """`still`, `moving`, `held` or `away` (not connected)."""
    tool: str
    """`off`, `arming`, `ready` or `away`."""
    paused: bool
    help_called: bool
    reach: str = ""
    """How high the visitor wants things to be brought: `low`, `middle` or `high`; empty where nothing is brought."""
    interlock: ScreenInterlock | None = None
    """None while no joint is due."""
    arm: ScreenArm = field(default_factory=ScreenArm)
    undoable: str = ""
    """Step that a technician may take back first; empty when none."""
    health: tuple[ScreenHealth, ...] = ()
    devices: Mapping[str, bool] = field(default_factory=dict)
    bad_cameras: Mapping[str, str] = field(default_factory=dict)
    outcome: str = ""
