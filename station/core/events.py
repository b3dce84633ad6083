"""Everything that can happen, as immutable values. Vision's and the drivers' events are events here as they are.

The loop gives each its place: an `Envelope` with sequence number, both clocks and the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
from station.core.procedure import Order, Right, Role
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
    """Camera name -> id of its calibration artefact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChosen:
    """The visitor wants another language."""

    language: str


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


Event = (
    VisitOpened
    | LanguageChosen
    | PersonConfirmed
    | FaultAcknowledged
    | PauseRequested
    | ResumeRequested
    | HelpRequested
    | HelpAnswered
    | VisitAbandoned
    | RightUsed
    | SocketSeen
    | PassChecked
    | TimerFired
    | StationRestarted
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
