"""Everything that can be wrong, as data: code, who may clear it, whether it holds the work.

Sentences stand in the phrase files; each code has two: `fault.CODE.visitor` and `fault.CODE.technician`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ClearBy(StrEnum):
    """How a fault ends."""

    ITSELF = "itself"
    """When what it names is mended, as seen by the same evidence that raised it."""
    VISITOR = "visitor"
    """When the visitor (or anybody of higher role) has acknowledged it and its cause is gone."""
    TECHNICIAN = "technician"
    """When a technician has mended it and said so."""
    TIME = "time"
    """A notice: shown for a while, holds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One line of the fault table."""

    code: str
    number: str
    """Short, for the telephone."""
    clear_by: ClearBy
    calls: bool = False
    """Whether a person is called at once."""


_TABLE = (
    ("part.wrong", "P101", ClearBy.ITSELF, False),
    ("part.misplaced", "P102", ClearBy.ITSELF, False),
    ("part.moved", "P103", ClearBy.ITSELF, False),
    ("unit.unmeasured", "P110", ClearBy.ITSELF, False),
    ("unit.refused", "P111", ClearBy.ITSELF, True),
    ("order.wrong", "O101", ClearBy.ITSELF, False),
    ("nut.missing", "N101", ClearBy.ITSELF, False),
    ("tightening.torque_low", "T101", ClearBy.VISITOR, False),
    ("tightening.torque_high", "T102", ClearBy.TECHNICIAN, True),
    ("tightening.angle_high", "T103", ClearBy.TECHNICIAN, True),
    ("tightening.angle_low", "T104", ClearBy.TECHNICIAN, True),
    ("tightening.not_ok", "T105", ClearBy.TECHNICIAN, True),
    ("tightening.too_many", "T106", ClearBy.TECHNICIAN, True),
    ("tightening.already_tight", "T107", ClearBy.TECHNICIAN, True),
    ("tightening.loosen", "T108", ClearBy.TECHNICIAN, True),
    ("tightening.marked", "T109", ClearBy.VISITOR, True),
    ("tightening.rework", "T112", ClearBy.TECHNICIAN, True),
    ("tool.away", "T110", ClearBy.TIME, False),
    ("tool.elsewhere", "T111", ClearBy.VISITOR, False),
    ("result.unarmed", "T120", ClearBy.TECHNICIAN, True),
    ("result.duplicate", "T121", ClearBy.TIME, False),
    ("result.wrong_pset", "T122", ClearBy.TECHNICIAN, True),
    ("result.other_work", "T123", ClearBy.TECHNICIAN, True),
    ("result.loosened", "T124", ClearBy.TECHNICIAN, True),
    ("result.asked_back", "T125", ClearBy.TECHNICIAN, True),
    ("result.lost", "T126", ClearBy.TECHNICIAN, True),
    ("result.unverified", "T127", ClearBy.TECHNICIAN, True),
    ("tool.unplugged", "T130", ClearBy.ITSELF, False),
    ("tool.refused", "T131", ClearBy.VISITOR, False),
    ("tool.alarm", "T132", ClearBy.ITSELF, True),
    ("tool.no_identifier", "T133", ClearBy.TECHNICIAN, True),
    ("tool.unverified", "T140", ClearBy.ITSELF, True),
    ("tool.unfit", "T141", ClearBy.ITSELF, True),
    ("robot.hands", "R101", ClearBy.VISITOR, False),
    ("robot.failed", "R102", ClearBy.TECHNICIAN, True),
    ("robot.stopped", "R103", ClearBy.TECHNICIAN, True),
    ("cobot.unplugged", "R110", ClearBy.VISITOR, False),
    ("camera.lost", "C101", ClearBy.ITSELF, False),
    ("camera.frozen", "C102", ClearBy.ITSELF, False),
    ("camera.covered", "C103", ClearBy.ITSELF, False),
    ("camera.dark", "C104", ClearBy.ITSELF, False),
    ("camera.bright", "C105", ClearBy.ITSELF, False),
    ("camera.moved", "C106", ClearBy.ITSELF, True),
    ("camera.defocused", "C107", ClearBy.ITSELF, True),
    ("restart.resumed", "S100", ClearBy.VISITOR, False),
    ("restart.check", "S101", ClearBy.ITSELF, False),
    ("step.timeout", "S102", ClearBy.TIME, True),
    ("pass.unknown", "S110", ClearBy.TIME, False),
    ("help.called", "S120", ClearBy.TIME, True),
)

FAULTS: Mapping[str, FaultKind] = {
    code: FaultKind(code=code, number=number, clear_by=clear_by, calls=calls)
    for code, number, clear_by, calls in _TABLE
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that stands now."""

    code: str
    subject: str
    """What it is about: a part, a joint, a camera, a device."""
    step: str
    """The step that was active."""
    since_s: float
    words: Mapping[str, str] = field(default_factory=dict)
    """What the sentences need: joint label, part name key, measured figures."""

    @property
    def kind(self) -> FaultKind:
        """Its line of the table."""
        return FAULTS[self.code]

    @property
    def holds(self) -> bool:
        """Whether the work holds while it stands."""
        return self.kind.clear_by is not ClearBy.TIME
