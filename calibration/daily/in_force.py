"""What a daily check starts from: the reference in force, and each camera's calibration in force, be it refuted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.daily.camera_check import covariance_by_hand
from calibration.daily.reference import reference_subject
from station.config.artefact import Artefact, ArtefactError, Kind, current_id, folder_of, read_artefact
from station.config.calibration_results import camera_result
from station.config.station_file import STORE
from station.config.station_values import CameraConfig, StationConfig
from vision.geometry import Array, CameraModel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraInForce:
    """A camera as it is calibrated now."""

    model: CameraModel
    id: str
    covariance: Array
    """(6, 6) of bench_from_camera, as `against_model` has it."""


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
