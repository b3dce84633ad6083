"""What the station knows, as one immutable value. Journaled by digest, replayed, diffed, shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from station.core.faults import Fault
from station.core.procedure import Order, Reach, Right, Role
from station.core.verification import ToolVerification
from vision.api import FactValue


class Phase(StrEnum):
    """Where the station is."""

    IDLE = "idle"
    RUNNING = "running"
    ENDED = "ended"


class StepStatus(StrEnum):
    """Where a step is."""

    PENDING = "pending"
    ENTERING = "entering"
    """The cobot carries out the step's gestures."""
    GATED = "gated"
    """Waiting for the evidence that the step needs before it opens."""
    OPEN = "open"
    LOOKING = "looking"
    """Everything seems there: fresh frames are being asked."""
    MARKED = "marked"
    """Its joint is not right and waits for rework; the visit cannot finish before."""
    PASSED = "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was last said of a fact."""

    value: FactValue
    t_mono_s: float
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a demand was met by: a pointer into the journal."""

    demand: str
    """E.g. `fastener:J1`, `tightening:J1`, `confirmation:consent`."""
    seq: int
    """Journal row of the event."""
    t_mono_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """One step's story so far."""

    id: str
    status: StepStatus = StepStatus.PENDING
    gesture_index: int = 0
    attempts: int = 0
    """Bad tightening results and failed looks."""
    evidence: tuple[Evidence, ...] = ()
    """What has been met for good on this entry: confirmations, tightenings, passes."""
    started_s: float | None = None
    ended_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotState:
    """What the cobot is doing, as far as commands tell."""

    command_id: str = ""
    """Of the motion under way, else empty."""
    gesture: str = ""
    """Of the motion under way, or the one that was last completed; empty = unknown."""
    moving: bool = False
    announcing: str = ""
    """Step whose motions the visitor is being told of."""
    announced: str = ""
    """Step whose motions the visitor has been told of, with time to look up."""
    stop_id: str = ""
    """Of the last stop: when it fails, the arm may still be moving."""
    service: str = ""
    """`gesture` or `jog` while the motion under way is a technician's; empty while it is the work's."""
    service_id: str = ""
    """Of a technician's last command that is no motion."""
    service_word: str = ""
    """What became of a technician's last command: a code, or empty when it went well or is under way."""
    service_detail: str = ""
    """The same in one sentence, as whoever refused or failed it said it."""
    limit_percent: int = 100
    """The speed limit that the arm was told last."""
    limit_id: str = ""
    ready_id: str = ""
    """Of the command that is to make the arm ready again after a stop of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """What the supervisor last said of the gap between arm and people."""

    level: str = "off"
    """As in `SeparationChanged`; `off` = nobody supervises."""
    limit_percent: int = 100

    @property
    def allows(self) -> bool:
        """Whether a motion may begin or go on."""
        return self.level in ("off", "clear", "slow")


UNSEEN = Separation(level="unknown", limit_percent=0)
"""Nobody can say where people are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolState:
    """What the tool may do, as far as commands tell."""

    armed_joint: str = ""
    command_id: str = ""
    """Of the enable under way or in force."""
    ready: bool = False
    """The controller has confirmed the enable."""
    judging: str = ""
    """Joint whose good result waits for the look that places the tool."""
    judging_seq: int = 0
    """Journal row of that result."""
    released_joint: str = ""
    """Joint whose enable was taken away last."""
    released_s: float = 0.0
    grace_joint: str = ""
    """Armed joint that has lost socket or place and may get it back for a moment."""
    grace_over: bool = False
    cut_joint: str = ""
    """Joint that had the enable when the line to the controller was lost."""
    loosening: bool = False
    """The enable is for running backwards."""
    may_loosen: str = ""
    """Joint that a technician allows to be loosened."""
    told: str = ""
    """What the voice last said of the interlock."""
    verifying: str = ""
    """Series of a verification that the tool may run for on a test joint, between visits."""
    serial: str = ""
    """Of the tool, where a result told another than the controller's greeting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLook:
    """A look that was asked for."""

    look_id: str
    step: str
    """Empty for a look that re-verifies after a restart."""
    purpose: str
    """`gate`, `pass`, `tool` or `restart`."""
    facts: tuple[str, ...]
    not_before_s: float
    """Older frames are no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tightened:
    """One result as the record keeps it."""

    joint: str
    """Empty when nobody armed it."""
    tightening_id: int
    torque_nm: float
    angle_deg: float
    verdict: str
    """`ok`, or the fault code."""
    seq: int
    t_mono_s: float
    key: str = ""
    """`controller serial/tightening id`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthNote:
    """Something that a device says of itself and that stands."""

    device: str
    code: str
    detail: str
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person has used a right that only few have."""

    right: Right | None
    """None: a fault was acknowledged as mended."""
    subject: str
    """Joint or step; for a fault its code and subject, `code/subject`."""
    role: Role
    person: str
    reason: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All of it."""

    phase: Phase = Phase.IDLE
    visit_id: str = ""
    language: str = "en"
    reach: Reach = Reach.MIDDLE
    order: Order | None = None
    steps: tuple[StepProgress, ...] = ()
    facts: Mapping[str, Seen] = field(default_factory=dict)
    bad_cameras: Mapping[str, str] = field(default_factory=dict)
    """Camera -> health code, only those that are not good."""
    devices: Mapping[str, bool] = field(default_factory=dict)
    """Device -> connected. A device never heard of is not connected."""
    identities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    robot: RobotState = field(default_factory=RobotState)
    separation: Separation = field(default_factory=Separation)
    tool: ToolState = field(default_factory=ToolState)
    looks: tuple[PendingLook, ...] = ()
    faults: tuple[Fault, ...] = ()
    paused: bool = False
    help_called: bool = False
    pass_text: str = ""
    """The pass that is being checked."""
    results: tuple[str, ...] = ()
    """Keys `controller serial/tightening id` of every result seen in this visit."""
    tightenings: tuple[Tightened, ...] = ()
    lost: tuple[str, ...] = ()
    """`controller serial/first id-last id` of rundowns that the controller could not tell any more."""
    traces: Mapping[str, int] = field(default_factory=dict)
    """`controller serial/tightening id` -> journal row of the curve."""
    socket: str | None = None
    """Socket that is on the tool; empty = none, or not told apart; None = not known."""
    identify_id: str = ""
    """Of the command that tells the controller what is worked on."""
    identified: str = ""
    """What the controller has taken as the identifier of the work; empty = it was not told."""
    verification: ToolVerification | None = None
    """Which joints the tool is fit for; None = the station asks for no verification."""
    by_unit: tuple[str, ...] = ()
    """Joints that are where this unit is measured to have them: without a measure nobody tightens there."""
    health: tuple[HealthNote, ...] = ()
    """What devices say of themselves and has not ended."""
    overrides: tuple[Override, ...] = ()
    """In order."""
    reverify: tuple[str, ...] = ()
    """Facts that a restart has put in doubt, each to be seen again."""
    overdue: tuple[str, ...] = ()
    """Fastener facts that should be there by now."""
    missing_timer: str = ""
    """Step whose missing fasteners a timer will name."""
    confirmations: tuple[str, ...] = ()
    """`step/what/role/person`, in order."""
    counter: int = 0
    """Gives looks, commands and utterances their ids."""
    last_disturbance_s: float = 0.0
    """When a hand, the robot or a person last changed something: no older frame decides anything."""
    outcome: str = ""

    def seen(self, fact: str) -> FactValue:
        """The fact's value; UNKNOWN when never heard of."""
        known = self.facts.get(fact)
        return known.value if known is not None else FactValue.UNKNOWN

    def progress(self, step_id: str) -> StepProgress:
        """The step's story. Raises KeyError."""
        return {step.id: step for step in self.steps}[step_id]
