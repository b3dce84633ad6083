"""What is kept of a visit, as values for the pages: joints, every rundown, curves, overrides, what was lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a good result of a joint is. An upper angle of zero: the angle does not count there."""

    torque_min_nm: float
    torque_target_nm: float
    torque_max_nm: float
    angle_min_deg: float
    angle_max_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The curve of one rundown as the controller sampled it, with what it is measured against."""

    every_s: float
    torque_nm: tuple[float, ...]
    angle_deg: tuple[float, ...]
    """As many as `torque_nm`; empty where the controller sends no angle."""
    window: Window | None
    """None where the rundown belongs to no joint."""
    final_torque_nm: float
    final_angle_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rundown:
    """One result of the visit, whatever it was worth."""

    result: str
    """Key `controller serial/tightening id`."""
    label: str
    """Of its joint; empty when nobody armed it."""
    torque_nm: float
    angle_deg: float
    verdict: str
    """`ok`, `accepted`, `pending`, `asked_back`, `loosened`, `undone`, or a fault code."""
    has_curve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordJoint:
    """A joint on the record: its last tightening."""

    label: str
    torque_nm: float | None
    angle_deg: float | None
    attempts: int
    good: bool
    verdict: str
    """`ok`, `accepted` (good, counted by a person), `reworked` (good after a person's work), `bad` or `open`."""
    result: str = ""
    """Key of the last tightening; empty when there is none."""
    has_curve: bool = False
    person: str = ""
    """Who accepted the result."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideNote:
    """A person has used a right that only few have."""

    right: str
    """`loosen`, `accept_result`, `undo`, or `mended` for a fault that was acknowledged."""
    number: str
    """Short number of the fault that was mended, else empty."""
    label: str
    """Of the joint that it is about; empty when it is about none."""
    step: str
    """Phrase key of the step that was taken back, else empty."""
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LostNote:
    """Rundowns that the controller had counted and could not tell any more."""

    serial: str
    """The controller's."""
    results: str
    """`4711`, or `4711-4713`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a visitor takes home, of the visit that is under way or was the last one."""

    visit_id: str
    visitor: str
    car: str
    vin: str
    procedure: str
    date: str
    """As the visitor's calendar has it, e.g. `2026-11-24`."""
    minutes: float
    finished: bool
    steps: tuple[str, ...]
    """Phrase keys of the steps that passed."""
    joints: tuple[RecordJoint, ...]
    overrides: tuple[OverrideNote, ...] = ()
    lost: tuple[LostNote, ...] = ()
