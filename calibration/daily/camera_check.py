"""One camera's part of the daily check: pictures in, verdict out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from calibration.daily.against_model import against_model
from calibration.daily.camera_shift import camera_shift
from calibration.daily.reference import CameraReference
from calibration.daily.tag_burst import TagBurst, burst_of
from calibration.daily.verdicts import DeviceVerdict, camera_verdict, untold
from calibration.observations import CalibrationError
from calibration.rotations import cross_matrix
from station.config.artefact import Kind
from vision.bench import Body
from vision.geometry import Array, CameraModel

Picture = NDArray[np.uint8]
PICTURES = 20
"""Of a check: two to four seconds, and the noise of one picture shrinks to a fifth."""
REFERENCE_PICTURES = 40
TAKE_REFERENCE = "Take one right after the calibration: `station calibrate daily --reference`."


def tag_pictures(camera: str, pictures: Iterable[Picture], fixture: Body) -> TagBurst:
    """The fixed tags in pictures (uint8 height, width, 3, BGR) by the product's own detector.

    Raises CalibrationError `daily.tags`, `daily.pictures`.
    """
    import cv2

    from vision.tags import TagTracker

    known = frozenset(mount.tag_id for mount in fixture.tags)
    tracker = TagTracker(known)
    try:
        seen = [tracker.find(np.asarray(cv2.cvtColor(each, cv2.COLOR_BGR2GRAY), dtype=np.uint8)) for each in pictures]
    finally:
        tracker.close()
    return burst_of(camera, seen, known)


def check_camera(
    take: Callable[[], TagBurst],
    reference: CameraReference | None,
    camera: CameraModel,
    calibration: str,
    fixture: Body,
    covariance: Array,
) -> DeviceVerdict:
    """The verdict on one camera. `take` takes today's pictures, when there is something to compare them with.

    `calibration` is the id in force; `covariance` as `against_model` has it.
    """
    if reference is None:
        why = f"Camera {camera.name} has no reference. {TAKE_REFERENCE}"
        return untold(camera.name, Kind.CAMERA, "no_reference", why)
    if reference.calibration != calibration:
        why = f"Camera {camera.name} was calibrated since its reference was taken. {TAKE_REFERENCE}"
        return untold(camera.name, Kind.CAMERA, "newer", why)
    try:
        today = take()
        shift = camera_shift(today, reference.burst(), camera, fixture)
        return camera_verdict(shift, against_model(today.only(shift.used_tags), camera, fixture, covariance))
    except CalibrationError as error:
        return untold(camera.name, Kind.CAMERA, error.code, f"{error}.")
    except np.linalg.LinAlgError:
        why = (
            "Its pictures do not tell how it moved: clear the bench, see that the tags are seen well, and check again."
        )
        return untold(camera.name, Kind.CAMERA, "unclear", why)


def covariance_by_hand(camera: CameraModel) -> Array:
    """(6, 6) of bench_from_camera from the two figures of a station file: along each axis, and about the camera."""
    position = camera.camera_from_bench.inverse().translation_mm
    # A turn r about the camera moves the bench's origin: t = -r x p = [p] r.
    by_turn = np.vstack([np.eye(3), cross_matrix(position)])
    covariance = by_turn @ by_turn.T * math.radians(camera.rotation_sigma_deg) ** 2
    covariance[3:, 3:] += np.eye(3) * camera.position_sigma_mm**2
    return np.asarray(covariance)
