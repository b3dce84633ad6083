"""Everything that can happen, as immutable values. Vision's and the drivers' events are events here as they are.

The loop gives each its place: an `Envelope` with sequence number, both clocks and the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.api import (
    ArchiveSeen,
    CommandDone,
    CommandFailed,
    Connected,
    DeviceHealth,
    Disconnected,
    ResultsLost,
    TighteningResult,
    TighteningTrace,
)
from station.core.procedure import Order, Reach, Right, Role
from station.core.service_asks import Ask
from station.core.verification import ToolVerification
from vision.api import CameraHealth, FactChanged, LookReport


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOpened:
    """The start document: everything that must be known in ten years to understand the rest."""

    visit_id: str
    procedure: str
    procedure_sha256: str
    station: str
    station_sha256: str
    language: str
    software: str
    calibration: Mapping[str, str]
    """Device -> id of its calibration artefact."""
    verification: ToolVerification | None = None
    """Which joints the torque tool is fit for; None = the station asks for no verification."""
    by_unit: tuple[str, ...] = ()
    """Joints that are where each unit is measured to have them; empty = all are where the files say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChosen:
    """The visitor wants another language."""

    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachChosen:
    """The visitor says how high things are to be brought."""

    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonConfirmed:
    """A person answers the question of a step."""

    step: str
    what: str
    role: Role
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultAcknowledged:
    """A person has seen the fault, and mended what it names."""

    code: str
    role: Role
    person: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequested:
    """Somebody wants everything to hold."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequested:
    """Somebody wants to go on."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequested:
    """The visitor calls for a person (andon)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAnswered:
    """A person has come."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitAbandoned:
    """A technician ends the visit before its end."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RightUsed:
    """A person uses a right that only technicians have. Without a reason it counts for nothing."""

    right: Right
    subject: str
    """Joint or step."""
    role: Role
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketSeen:
    """Which socket or bit the tool carries, as the tray's inputs tell."""

    socket: str
    """Empty: none, or more than one is out of the tray."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparationChanged:
    """The supervisor judges the gap between arm and people anew. A second look for comfort, no safety function.

    Lengths in mm, speeds in mm/s, times in s. The figures are those of the link that decides.
    """

    level: str
    """`clear`, `slow`, `hold`, `unknown` (nobody can say where people are: they count as near), or `off`."""
    limit_percent: int
    """Highest speed that the gap allows, 0 to 100 percent of what each motion asks for."""
    link: str
    """Link of the arm that decides; empty when none does."""
    camera: str = ""
    """Camera that saw the person whom it is nearest to."""
    distance_mm: float | None
    """Its gap to the nearest hand or arm; None when nobody is seen, or nobody can say."""
    protective_mm: float
    """The gap that it needs at its present speed."""
    speed_mm_s: float
    reaction_s: float
    stopping_s: float
    people_age_s: float | None
    """Age of the oldest picture that the judgement rests on; None when there is none."""
    arm_age_s: float = 0.0
    """Age of the posture behind it."""
    terms_mm: Mapping[str, float] = field(default_factory=dict)
    """The terms of the protective distance by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionPlanned:
    """A gesture's way was found and checked against the bench; it starts now."""

    command_id: str
    gesture: str
    """Empty for a jog."""
    clearance_mm: float
    """Smallest gap on the whole way."""
    between: str
    """The two things that come closest."""
    duration_s: float
    """As planned at the speed asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAsked:
    """A person at the console wants something of the arm, outside the work."""

    ask: Ask
    person: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class GestureTaught:
    """A gesture was taught or edited, and is kept."""

    gesture: str
    gestures_sha256: str
    """Of the file with all gestures, as it is now."""
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonesDrawn:
    """The bench's zones were drawn anew, and are used from now on."""

    zones_sha256: str
    """Of the file with all zones, as it is now."""
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSaidEmpty:
    """A technician answers for it that nobody and nothing foreign is on the bench: the cameras learn it anew."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassChecked:
    """The answer to a pass that was shown."""

    text: str
    order: Order | None
    """None: no order of this station belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """A timer that an effect set is due."""

    timer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRestarted:
    """The program starts again in the middle of a visit; nothing that was seen before counts until it is seen again."""

    reason: str
    verification: ToolVerification | None = None
    """As it is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolVerified:
    """The torque tool's verification is another one by now, or does not count any more."""

    verification: ToolVerification


Event = (
    VisitOpened
    | LanguageChosen
    | ReachChosen
    | PersonConfirmed
    | FaultAcknowledged
    | PauseRequested
    | ResumeRequested
    | HelpRequested
    | HelpAnswered
    | VisitAbandoned
    | RightUsed
    | SocketSeen
    | SeparationChanged
    | MotionPlanned
    | ServiceAsked
    | GestureTaught
    | ZonesDrawn
    | BenchSaidEmpty
    | PassChecked
    | TimerFired
    | StationRestarted
    | ToolVerified
    | FactChanged
    | LookReport
    | CameraHealth
    | Connected
    | Disconnected
    | CommandDone
    | CommandFailed
    | DeviceHealth
    | TighteningResult
    | ResultsLost
    | ArchiveSeen
    | TighteningTrace
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with its place in the story."""

    seq: int
    t_mono_s: float
    """Monotonic time at which it happened at its source."""
    t_utc: str
    """Wall clock at the loop, ISO 8601; for people, never for decisions."""
    source: str
    event: Event
