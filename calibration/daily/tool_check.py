"""The torque tool's part of the daily check: one test rundown against the readings of the verification in force."""

from __future__ import annotations

from pathlib import Path

from calibration.daily.rundown import rundown_shift
from calibration.daily.verdicts import DeviceVerdict, tool_verdict, untold
from calibration.observations import CalibrationError
from station.config.artefact import Kind, current_id, folder_of, read_artefact
from station.config.torque_result import SUBJECT

UNIT = "N·m"


def check_tool(store: Path, reading_nm: float, series: str | None) -> DeviceVerdict:
    """`reading_nm` is the reference transducer's; `series` the joint type, needed where more than one was verified.

    Raises ArtefactError `calibration.damaged`.
    """
    identity = current_id(store, Kind.TORQUE, SUBJECT)
    if identity is None:
        return untold(
            SUBJECT, Kind.TORQUE, "never_verified", "The tool was never verified: `station calibrate torque`."
        )
    found = read_artefact(folder_of(store, Kind.TORQUE, SUBJECT) / f"{identity}.json").figures.get("series")
    known = found if isinstance(found, dict) else {}
    name = next(iter(known), "") if series is None and len(known) == 1 else series
    figures = known.get(name) if name is not None else None
    readings = figures.get("reference_nm") if isinstance(figures, dict) else None
    if not isinstance(readings, list):
        why = f"Say which joint type the rundown was: {', '.join(known) or 'none is known'}."
        return untold(SUBJECT, Kind.TORQUE, "which_series", why)
    low, high = (figures.get(end) if isinstance(figures, dict) else None for end in ("min_nm", "max_nm"))
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        why = "Its verification names no tolerance; verify it again: `station calibrate torque`."
        return untold(SUBJECT, Kind.TORQUE, "no_tolerance", why)
    try:
        shift = rundown_shift(reading_nm, [float(each) for each in readings if isinstance(each, int | float)])
    except CalibrationError as error:
        return untold(SUBJECT, Kind.TORQUE, error.code, f"{error}.")
    return tool_verdict(shift, UNIT, allowed=min(high - shift.mean, shift.mean - low), device=SUBJECT)
