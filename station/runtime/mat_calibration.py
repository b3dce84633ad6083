"""Cameras whose calibration is `mat`: measured at every start from the first pictures of the bench's own tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from station.config.station_values import CameraConfig
from station.runtime.setting import Files
from vision.api import Frame
from vision.cameras.opening import open_source
from vision.self_calibration import SelfCalibration, calibrate_by_tags
from vision.tags import TagTracker

MAT = "mat"
"""What `calibration` of such a camera says in the station file."""
FRAMES = 8
"""Pictures that are looked at."""
WARMING = 20
"""Pictures of a live camera before those: its first ones are often too dark or unsharp."""


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


def calibrate_cameras(files: Files, now_s: Callable[[], float], tell: Callable[[str], None]) -> Files:
    """Look with each camera whose calibration is `mat`, and tell how good it is; the files with what was found.

    Raises SelfCalibrationError and CameraError.
    """
    found = {}
    for camera in wants_mat(files):
        source = open_source(camera.name, camera.source, camera.model, camera.fps, now_s, camera.settings)
        try:
            seen = [frame for _ in range(WARMING + FRAMES) if (frame := source.read()) is not None]
        finally:
            source.close()
        found[camera.name] = calibration = calibrated_by(files, camera, seen[-FRAMES:])
        tell(told(camera.name, calibration))
    return with_calibrations(files, found)


def told(camera: str, calibration: SelfCalibration) -> str:
    """One sentence for people."""
    return (
        f"Camera {camera}: focal length {calibration.focal_px:.0f} ± {calibration.focal_sigma_px:.0f} px from "
        f"{calibration.tags} tags; it places things at the work place to {calibration.sigma_mm:.1f} mm, besides the "
        f"paper's own doubt ({calibration.identity})."
    )
