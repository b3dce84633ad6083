"""What a daily check starts from: the reference in force, and each camera's calibration in force, be it refuted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.daily.camera_check import covariance_by_hand
from calibration.daily.reference import ArmReference, reference_of, reference_subject
from calibration.robot_poses import table_of
from station.config.arm_models import ARM_MODELS
from station.config.artefact import Artefact, ArtefactError, Kind, current_id, folder_of, read_artefact
from station.config.calibration_results import arm_result, camera_result
from station.config.station_file import STORE
from station.config.station_values import CameraConfig, CobotConfig, StationConfig
from vision.geometry import Array, CameraModel, Transform

COBOT = "cobot"
"""Name of the arm among the artefacts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraInForce:
    """A camera as it is calibrated now."""

    model: CameraModel
    id: str
    covariance: Array
    """(6, 6) of bench_from_camera, as `against_model` has it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmInForce:
    """An arm as it is calibrated now."""

    id: str
    bench_from_base: Transform
    table: Array
    """(6, 4) with the calibrated corrections."""
    offsets_deg: Array
    """(6,) added to the reported joints."""


def store_folder(station: StationConfig) -> Path:
    """Where a station's artefacts lie: as its file says, else with its data."""
    return station.calibrations or station.data_dir / "calibration"


def current_reference(station: str, store: Path) -> Artefact:
    """What checks compare with. Raises ArtefactError `calibration.missing`, `calibration.damaged`."""
    subject = reference_subject(station)
    identity = current_id(store, Kind.DAILY, subject)
    if identity is None:
        raise ArtefactError(
            "calibration.missing",
            f"station {station} has no reference to compare with; right after calibrating, run "
            "`station calibrate daily --reference`",
        )
    return read_artefact(folder_of(store, Kind.DAILY, subject) / f"{identity}.json")


def kept_arm(station: str, store: Path) -> ArmReference | None:
    """The arm's part of the reference in force, where there is one: a reference of the cameras alone leaves it.

    Raises ArtefactError `calibration.damaged`.
    """
    if current_id(store, Kind.DAILY, reference_subject(station)) is None:
        return None
    return reference_of(current_reference(station, store)).arm


def tags_at_reference(station: str, store: Path, camera: CameraConfig) -> dict[int, Array]:
    """Tag id -> (4, 2) corners, px, where the camera saw the fixed tags at the reference in force.

    Empty where there is none of the calibration that the camera runs on, or none that can be read: the daily check
    says so, and a station starts without.
    """
    try:
        part = reference_of(current_reference(station, store)).camera(camera.name)
    except ArtefactError:
        return {}
    if part is None or part.calibration != camera.calibration:
        return {}
    return dict(zip(part.tag_ids, part.burst().mean_px, strict=True))


def camera_in_force(store: Path, camera: CameraConfig) -> CameraInForce:
    """Of one camera. A refuted one is given, too: the check may find that it holds again.

    Raises ArtefactError `calibration.missing`, `calibration.damaged`.
    """
    identity = current_id(store, Kind.CAMERA, camera.name)
    if camera.calibration not in (STORE, identity):
        return CameraInForce(model=camera.model, id=camera.calibration, covariance=covariance_by_hand(camera.model))
    if identity is None:
        raise ArtefactError("calibration.missing", f"camera {camera.name} was never calibrated; calibrate it first")
    found = camera_result(read_artefact(folder_of(store, Kind.CAMERA, camera.name) / f"{identity}.json"))
    return CameraInForce(model=found.model_of(camera.name), id=identity, covariance=np.array(found.covariance))


def arm_in_force(store: Path, cobot: CobotConfig) -> ArmInForce:
    """Of the cobot, be it refuted. Raises ArtefactError `calibration.missing`, `calibration.damaged`."""
    table = table_of(ARM_MODELS[cobot.family])
    identity = current_id(store, Kind.ARM, COBOT)
    if cobot.calibration not in (STORE, identity):
        table[:, 1:3] += np.array(cobot.link_correction_mm)
        return ArmInForce(
            id=cobot.calibration,
            bench_from_base=cobot.bench_from_base,
            table=table,
            offsets_deg=np.array(cobot.joint_offset_deg),
        )
    if identity is None:
        raise ArtefactError("calibration.missing", "the cobot was never calibrated; run `station calibrate robot`")
    found = arm_result(read_artefact(folder_of(store, Kind.ARM, COBOT) / f"{identity}.json"))
    table[:, 1:3] += np.array(found.link_correction_mm)
    return ArmInForce(
        id=identity,
        bench_from_base=found.bench_from_base(),
        table=table,
        offsets_deg=np.array(found.joint_offset_deg),
    )
