"""Cameras whose calibration is `mat`: measured at every start from the first pictures of the bench's own tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from station.config.station_values import CameraConfig
from station.runtime.setting import Files
from vision.api import Frame
from vision.self_calibration import SelfCalibration, calibrate_by_tags
from vision.tags import TagTracker

MAT = "mat"
"""What `calibration` of such a camera says in the station file."""
FRAMES = 8
"""Pictures that are looked at; a webcam's first ones are often too dark, so the last of them count."""


def wants_mat(files: Files) -> tuple[CameraConfig, ...]:
    """The cameras that are to be calibrated by the mat."""
    return tuple(camera for camera in files.station.cameras if camera.calibration == MAT)


def calibrated_by(files: Files, camera: CameraConfig, frames: Iterable[Frame]) -> SelfCalibration:
    """From a few pictures of a still bench. Raises SelfCalibrationError, also when there is no picture at all."""
    import cv2

    fixture = files.station.fixture
    views = []
    for frame in frames:
        tracker = TagTracker(frozenset(mount.tag_id for mount in fixture.tags))
        views.append(tracker.find(np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)))
        tracker.close()
    joints = [joint.position_mm for joint in files.procedure.joints] or [(0.0, 0.0, 0.0)]
    return calibrate_by_tags(
        camera.name,
        (camera.model.width_px, camera.model.height_px),
        fixture,
        tuple(views),
        np.mean(np.array(joints), axis=0),
    )


def with_calibrations(files: Files, found: Mapping[str, SelfCalibration]) -> Files:
    """The files with these cameras' models, and the calibrations' ids for the journal."""
    cameras = tuple(
        replace(camera, model=found[camera.name].model, calibration=found[camera.name].identity)
        if camera.name in found
        else camera
        for camera in files.station.cameras
    )
    return replace(files, station=replace(files.station, cameras=cameras))
