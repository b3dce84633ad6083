"""What takes its calibration from the store: a station starts with the artefacts in force, or says why it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from station.config.artefact import Artefact, ArtefactError, Kind, in_force, named_artefact, refutation
from station.config.calibration_results import arm_result, camera_result, joints_result, tip_result
from station.config.station_file import STORE
from station.config.station_values import CameraConfig, CobotConfig, StationConfig
from station.core.procedure import Procedure
from station.runtime.setting import COBOT, Files

OBSERVATIONS = "observations"
"""Name among an artefact's inputs of the set that it was made from."""
POINTER = "pointer"
JOINTS = "joints"
"""Names in the start document, as a camera's own is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One thing that takes its calibration from the store."""

    name: str
    """In the start document."""
    kind: Kind
    subject: str


def with_stored(files: Files, now: datetime, kept: Mapping[str, str] | None = None) -> Files:
    """The files with what is in force for everything that asks for it, and its id for the journal.

    `now` is timezone-aware. `kept` is name -> id of a visit that was left open: it goes on with its own, whatever is
    in force by now. Raises ArtefactError where one is missing, damaged, not good, expired, or does not fit.
    """
    wanted = {ask.name: ask for ask in stored_things(files)}
    found = {name: _kept(files.station, ask, kept) if kept else stored(files, ask, now) for name, ask in wanted.items()}
    station, cobot = files.station, files.station.cobot
    if COBOT in found and POINTER in found:
        _of_one_set(found[COBOT], found[POINTER])
    if cobot is not None and COBOT in found:
        cobot = _cobot(cobot, found[COBOT], found.get(POINTER))
    return replace(
        files,
        station=replace(
            station,
            cameras=tuple(_camera(c, found[c.name]) if c.name in found else c for c in station.cameras),
            cobot=cobot,
        ),
        procedure=_placed(files.procedure, found[JOINTS]) if JOINTS in found else files.procedure,
        measured={name: found[name].id for name in (POINTER, JOINTS) if name in found},
    )


def stored_ids(files: Files, now: datetime) -> dict[str, str]:
    """Name -> id of the artefact in force, of everything that asks for one. Raises ArtefactError."""
    return {ask.name: stored(files, ask, now).id for ask in stored_things(files)}


def running_ids(files: Files, started: Files) -> dict[str, str]:
    """Name -> id of what a station runs on, of everything that `files` asks for; `started` is what it was built of."""
    cobot = started.station.cobot
    ids = {camera.name: camera.calibration for camera in started.station.cameras} | dict(started.measured)
    ids |= {COBOT: cobot.calibration} if cobot is not None else {}
    return {ask.name: ids[ask.name] for ask in stored_things(files)}


def stored_things(files: Files) -> tuple[Wanted, ...]:
    """What of a station takes its calibration from the store."""
    station, cobot = files.station, files.station.cobot
    cameras = [Wanted(name=c.name, kind=Kind.CAMERA, subject=c.name) for c in station.cameras if c.calibration == STORE]
    arm = cobot is not None and cobot.calibration == STORE
    tipped = arm and cobot is not None and cobot.pointer_mm > 0.0
    return (
        *cameras,
        *([Wanted(name=COBOT, kind=Kind.ARM, subject=COBOT)] if arm else []),
        *([Wanted(name=POINTER, kind=Kind.TOOL_POINT, subject=POINTER)] if tipped else []),
        *([Wanted(name=JOINTS, kind=Kind.JOINTS, subject=files.procedure.id)] if station.joints == STORE else []),
    )


def stored(files: Files, ask: Wanted, now: datetime) -> Artefact:
    """What is in force for a thing. Raises ArtefactError where it is missing, damaged, not good or expired."""
    return in_force(_folder(files.station), ask.kind, ask.subject, now=now)


def _of_one_set(arm: Artefact, tip: Artefact) -> None:
    """A tip belongs to the arm that it was measured with: of two adjustments, each may be right and both wrong.

    Raises ArtefactError `calibration.other_set`.
    """
    together = arm.inputs.get(OBSERVATIONS, "") == tip.inputs.get(OBSERVATIONS, "")
    if tip.inputs.get("arm") != arm.id if "arm" in tip.inputs else not together:
        todo = "roll back both, measure the tip again, or calibrate the robot again"
        raise ArtefactError("calibration.other_set", f"{tip.id} was not measured with {arm.id}; {todo}")


def _folder(station: StationConfig) -> Path:
    if station.calibrations is None:
        raise ArtefactError("calibration.missing", f"station {station.id} names no folder of calibrations")
    return station.calibrations


def _kept(station: StationConfig, ask: Wanted, kept: Mapping[str, str]) -> Artefact:
    """The artefact that an open visit was started on: it may be too old by now, but nothing may speak against it."""
    if ask.name not in kept:
        what = f"the open visit does not say which {ask.kind} calibration it ran on; take `store` away to close it"
        raise ArtefactError("calibration.missing", what)
    store, identity = _folder(station), kept[ask.name]
    artefact = named_artefact(store, ask.kind, ask.subject, identity)
    against = refutation(store, ask.kind, ask.subject, identity)
    if against:
        what = f"the open visit was started on {identity}, which no longer holds: {against}"
        raise ArtefactError("calibration.refuted", f"{what} Check {ask.subject} again, or close the visit.")
    return artefact


def _camera(camera: CameraConfig, artefact: Artefact) -> CameraConfig:
    model = camera_result(artefact).model_of(camera.name)
    if (model.width_px, model.height_px) != (camera.model.width_px, camera.model.height_px):
        raise ArtefactError(
            "calibration.other_size",
            f"{artefact.id} is for {model.width_px}x{model.height_px} px, but camera {camera.name} is set to "
            f"{camera.model.width_px}x{camera.model.height_px}; set the size back, or calibrate it again",
        )
    return replace(camera, model=model, calibration=artefact.id)


def _cobot(cobot: CobotConfig, arm: Artefact, tip: Artefact | None) -> CobotConfig:
    found = arm_result(arm)
    return replace(
        cobot,
        calibration=arm.id,
        bench_from_base=found.bench_from_base(),
        joint_offset_deg=found.joint_offset_deg,
        link_correction_mm=found.link_correction_mm,
        tip_mm=tip_result(tip).tip_mm if tip is not None else None,
    )


def _placed(procedure: Procedure, artefact: Artefact) -> Procedure:
    found = joints_result(artefact).joints
    missing = [joint.id for joint in procedure.joints if joint.id not in found]
    if missing:
        what = f"{artefact.id} does not say where {', '.join(missing)} of procedure {procedure.id} is"
        raise ArtefactError("calibration.other_part", f"{what}; teach the joints again")
    joints = tuple(replace(joint, position_mm=found[joint.id].at_mm) for joint in procedure.joints)
    # The journal keeps one copy under each hash, and a visit is replayed with its own: other joints are other work.
    sha256 = hashlib.sha256(f"{procedure.sha256} {artefact.id}".encode()).hexdigest()
    return replace(procedure, joints=joints, sha256=sha256)
