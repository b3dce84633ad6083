"""What the torque tool's verification says of the joints of a procedure, as the station read it last. A value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolVerification:
    """A verification in force, or why there is none. A station that asks for none has no such value at all."""

    id: str = ""
    """Of the artefact; empty where none could be read."""
    code: str = ""
    """Why it counts for nothing, e.g. `calibration.expired`; empty while it counts."""
    detail: str = ""
    """The same in one sentence for the technician."""
    serial: str = ""
    """Of the tool that was verified; empty where that told none."""
    fit: tuple[str, ...] = ()
    """Joints of the procedure that the tool is fit for."""
    why_not: Mapping[str, str] = field(default_factory=dict)
    """Each other joint that is tightened -> why not, in one sentence for the technician."""
    rundowns_left: int | None = None
    """How many more it is good for; None = it does not end by count."""
