"""From verdicts of series to the artefact that a station reads, and from a store's artefacts to charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from calibration.store import Store
from calibration.torque.budget import NOT_CHECKED
from calibration.torque.capability import two_joints
from calibration.torque.chart import Subgroup, chart, subgroups_of
from calibration.torque.readings import reference_nm
from calibration.torque.series import HARD, SOFT
from calibration.torque.verdict import SeriesVerdict
from station.config.artefact import (
    Artefact,
    ArtefactError,
    Kind,
    Verdict,
    current_id,
    folder_of,
    in_force,
    read_artefact,
)
from station.config.torque_check import TorqueCheck
from station.config.torque_result import SUBJECT, torque_result

FRAMES = "Torque in N·m; deviations in % of the reference; times in ISO 8601."


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Joint types of the verification in force that are not measured again, and how long it still counts."""

    joints: Mapping[str, dict[str, Any]]
    id: str
    expires_utc: str
    rundowns_left: int


def uses_of(store: Store, uses_since: Callable[[datetime], int]) -> int:
    """Rundowns of the work since the verification in force was made; 0 where there is none that can be read."""
    try:
        identity = current_id(store.folder, Kind.TORQUE, SUBJECT)
        if identity is None:
            return 0
        artefact = read_artefact(folder_of(store.folder, Kind.TORQUE, SUBJECT) / f"{identity}.json")
    except ArtefactError:
        return 0
    return uses_since(datetime.fromisoformat(artefact.made_utc))


def carried_from(store: Store, *, now: datetime, serial: str, uses: int) -> Carried | None:
    """What still counts of the verification in force; None where nothing does."""
    try:
        artefact = in_force(store.folder, Kind.TORQUE, SUBJECT, now=now, serial=serial, uses=uses)
        found = torque_result(artefact)
    except ArtefactError:
        return None
    return Carried(
        joints={name: entry.model_dump(mode="json") for name, entry in found.joints.items()},
        id=artefact.id,
        expires_utc=artefact.expires_utc,
        rundowns_left=artefact.expires_count - uses,
    )


def torque_artefact(
    verdicts: Sequence[SeriesVerdict],
    check: TorqueCheck,
    *,
    tool_serial: str,
    by: str,
    utc: str,
    software: str,
    inputs: Mapping[str, str],
    carried: Carried | None = None,
) -> Artefact:
    """One verification. What was not measured again is carried over from the one in force, and ends when that ends."""
    measured = {verdict.plan.name: _result(verdict) for verdict in verdicts}
    kept = {name: entry for name, entry in (carried.joints if carried else {}).items() if name not in measured}
    expires = (datetime.fromisoformat(utc) + timedelta(days=check.valid_days)).isoformat(timespec="seconds")
    count = check.valid_rundowns
    if kept and carried is not None:
        expires = min(expires, carried.expires_utc, key=datetime.fromisoformat)
        count = max(1, min(count, carried.rundowns_left))
    reference = check.reference
    joints = {**kept, **measured}
    figures: Any = {
        "series": {verdict.plan.name: verdict.figures() for verdict in verdicts},
        "two_joint": _two_joints(verdicts),
        "carried": sorted(kept),
        "note": NOT_CHECKED,
    }
    result: Any = {"joints": joints}
    return Artefact(
        kind=Kind.TORQUE,
        subject=SUBJECT,
        serial=tool_serial,
        made_utc=utc,
        by=by,
        method=(
            f"checked against reference transducer {reference.name} no. {reference.serial}, certificate no. "
            f"{reference.certificate}, valid until {reference.valid_until}; deviations listed"
        ),
        software=software,
        inputs={**inputs, **({"carried": carried.id} if kept and carried is not None else {})},
        frames=FRAMES,
        result=result,
        figures=figures,
        verdict=_verdict(verdicts, joints),
        expires_utc=expires,
        expires_count=count,
    )


def keep(store: Store, artefact: Artefact, why: str) -> None:
    """Put it in force; one that is fit for nothing locks the tool. Raises OSError."""
    if artefact.verdict.good:
        store.put_in_force(artefact, utc=artefact.made_utc, by=artefact.by, why=why)
    else:
        store.lock(artefact, utc=artefact.made_utc, by=artefact.by, why=why)


def chart_figures(artefacts: Sequence[Artefact], serial: str) -> dict[str, Any]:
    """Charts of one tool over its verifications, by joint type, as plain values for a report. Oldest first.

    A joint type with fewer than two subgroups has none.
    """
    groups: dict[str, list[Subgroup]] = {}
    for artefact in artefacts:
        series: Any = artefact.figures.get("series", {})
        for name, figures in series.items() if artefact.serial == serial else ():
            groups.setdefault(name, []).extend(subgroups_of(artefact.made_utc, figures["reference_nm"]))
    found = {}
    for name, subgroups in groups.items():
        if len(subgroups) >= 2:
            drawn = asdict(chart(subgroups))
            signals = [{"rule": str(signal["rule"]), "at": signal["at"]} for signal in drawn["signals"]]
            found[name] = {**drawn, "signals": signals}
    return found


def report_figures(folder: Path) -> dict[str, Any]:
    """The verification that counts now, and the charts over all of its tool, as plain values for a report.

    Keys: `id text advice good made_utc by method serial expires_utc expires_count`, `series` and `two_joint` as in the
    artefact's figures, `charts` by joint type. Raises ArtefactError `calibration.missing`, `calibration.damaged`.
    """
    identity = current_id(folder, Kind.TORQUE, SUBJECT)
    if identity is None:
        raise ArtefactError("calibration.missing", f"{folder} has no verification of a torque tool; run one first")
    artefact = read_artefact(folder_of(folder, Kind.TORQUE, SUBJECT) / f"{identity}.json")
    return {
        "id": artefact.id,
        "text": artefact.verdict.text,
        "advice": artefact.verdict.advice,
        "good": artefact.verdict.good,
        "made_utc": artefact.made_utc,
        "by": artefact.by,
        "method": artefact.method,
        "serial": artefact.serial,
        "expires_utc": artefact.expires_utc,
        "expires_count": artefact.expires_count,
        "series": artefact.figures.get("series", {}),
        "two_joint": artefact.figures.get("two_joint", []),
        "charts": chart_figures(Store(folder).history(Kind.TORQUE, SUBJECT), artefact.serial),
    }


def _result(verdict: SeriesVerdict) -> dict[str, Any]:
    plan = verdict.plan
    return {
        "fit": verdict.fit,
        "why": verdict.why,
        "joints": list(plan.joints),
        "joint_class": plan.joint_class.value,
        "pset": plan.pset,
        "target_nm": plan.target_nm,
        "min_nm": plan.min_nm,
        "max_nm": plan.max_nm,
    }


def _verdict(verdicts: Sequence[SeriesVerdict], joints: Mapping[str, dict[str, Any]]) -> Verdict:
    fit = sorted(joint for entry in joints.values() if entry["fit"] for joint in entry["joints"])
    unfit = sorted(joint for entry in joints.values() if not entry["fit"] for joint in entry["joints"])
    text = f"Fit for: {', '.join(fit) or 'no joint'}."
    if unfit:
        text += f" Not fit for: {', '.join(unfit)}."
    advice = ""
    if unfit:
        advice = (
            "Have the tool adjusted, or take another one, then verify it again; the station locks it at those joints."
        )
    against = [verdict.text for verdict in verdicts if not verdict.fit]
    return Verdict(good=bool(fit), text=" ".join([text, *against]), advice=advice)


def _two_joints(verdicts: Sequence[SeriesVerdict]) -> list[dict[str, Any]]:
    """Scatter on a hard and a soft joint, for each pair of series that differ in nothing else of the tool."""
    found = []
    for hard in (verdict for verdict in verdicts if verdict.plan.rate == HARD):
        for soft in (verdict for verdict in verdicts if verdict.plan.rate == SOFT):
            if (hard.plan.pset, hard.plan.target_nm) == (soft.plan.pset, soft.plan.target_nm):
                figures = asdict(two_joints(reference_nm(hard.run.pairs), reference_nm(soft.run.pairs)))
                found.append({"hard": hard.plan.name, "soft": soft.plan.name, **figures})
    return found
