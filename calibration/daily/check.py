"""The daily check as one artefact: everything that was compared, one verdict a device, and one for the station.

Kind `daily`, subject the station's id. Each check is kept; one that is not good is kept without being put in force, and
the calibration that it speaks against is refuted (`Store.refute`), so that no station starts on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from pydantic import JsonValue

from calibration.daily.drift import DayPoint, DriftPoint, drift_line
from calibration.daily.verdicts import DeviceVerdict, Found
from calibration.store import Store
from station.config.artefact import Artefact, Kind, Verdict, current_id

METHOD = "daily check"
GOOD_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """Who checked what, when, with what."""

    station: str
    by: str
    made_utc: str
    software: str
    reference: str
    """Id of the reference."""


def check_artefact(verdicts: Sequence[DeviceVerdict], checker: Checker) -> Artefact:
    """As it is kept. `verdicts` has each device once."""
    bad = [verdict for verdict in verdicts if not verdict.good]
    advice = " ".join(dict.fromkeys(verdict.advice for verdict in bad if verdict.advice))
    return Artefact(
        kind=Kind.DAILY,
        subject=checker.station,
        made_utc=checker.made_utc,
        by=checker.by,
        method=METHOD,
        software=checker.software,
        inputs={"reference": checker.reference},
        result={
            "devices": [
                {"device": each.device, "kind": str(each.kind), "found": str(each.found), "good": each.good}
                for each in verdicts
            ]
        },
        figures={each.device: _figures(each) for each in verdicts},
        verdict=Verdict(good=not bad, text=" ".join(verdict.text for verdict in verdicts), advice=advice),
        expires_utc=(datetime.fromisoformat(checker.made_utc) + GOOD_FOR).isoformat(),
    )


def keep_check(store: Store, check: Artefact, verdicts: Sequence[DeviceVerdict]) -> None:
    """Write it, and let it speak against the calibrations that it found wrong, or for them again.

    A device that could not be compared says nothing about its calibration. One good rundown does not make a torque tool
    fit again: only another verification opens its lock. Raises OSError.
    """
    if check.verdict.good:
        store.put_in_force(check, utc=check.made_utc, by=check.by, why=METHOD)
    else:
        store.keep(check)
    for verdict in verdicts:
        if verdict.found is Found.UNTOLD or current_id(store.folder, verdict.kind, verdict.device) is None:
            continue
        if verdict.good and verdict.kind is not Kind.TORQUE:
            store.confirm(verdict.kind, verdict.device)
        elif not verdict.good:
            store.refute(verdict.kind, verdict.device, utc=check.made_utc, by=check.by, why=verdict.text)


def drift_of(checks: Sequence[Artefact], device: str, reference: str) -> tuple[DriftPoint, ...]:
    """The drift line of a camera or tool over all checks against one reference; empty where there are none."""
    days, shares = [], []
    for check in checks:
        figures = check.figures.get(device)
        if check.inputs.get("reference") == reference and isinstance(figures, dict) and "twist" in figures:
            twist, noise = np.array(figures["twist"]), np.array(figures["noise"])
            days.append(DayPoint(utc=check.made_utc, difference=twist, noise=noise))
            shares.append(np.array(figures["reference_noise"], dtype=np.float64))
    return drift_line(days, np.mean(shares, axis=0)) if days else ()


def _figures(verdict: DeviceVerdict) -> JsonValue:
    return {**verdict.figures, "text": verdict.text, "advice": verdict.advice}
