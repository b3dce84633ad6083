"""When a new reference may be taken: never to make a camera or an arm good that a check spoke against.

The next check would compare with it, find nothing, and take back what was found: the bump would be in both.
"""

from __future__ import annotations

from pathlib import Path

from calibration.daily.against_model import against_model
from calibration.daily.camera_shift import ALLOWED_MM
from calibration.daily.in_force import COBOT, CameraInForce
from calibration.daily.reference import CameraReference, camera_reference
from calibration.daily.tag_burst import TagBurst
from calibration.observations import CalibrationError
from station.config.artefact import Kind, refutation
from vision.bench import Body


def new_camera_reference(store: Path, burst: TagBurst, found: CameraInForce, fixture: Body) -> CameraReference:
    """A camera's part, from pictures of now. `found` is what is in force.

    Raises CalibrationError `daily.refuted`, `daily.off_model`; ArtefactError `calibration.damaged`.
    """
    name = burst.camera
    against = refutation(store, Kind.CAMERA, name, found.id)
    if against:
        raise CalibrationError(
            "daily.refuted",
            f"no new reference of camera {name}: {against} Calibrate camera {name} again; or set it back where it was "
            "and check again",
        )
    miss = against_model(burst, found.model, fixture, found.covariance)
    if miss.off(ALLOWED_MM):
        raise CalibrationError(
            "daily.off_model",
            f"no new reference of camera {name}: the tags lie {miss.off_mm:.2g} mm from where its calibration has "
            f"them, and {ALLOWED_MM:g} mm are allowed; calibrate camera {name} again",
        )
    return camera_reference(burst, found.id)


def arm_may_have_one(store: Path, calibration: str) -> None:
    """Raises CalibrationError `daily.refuted`; ArtefactError `calibration.damaged`."""
    against = refutation(store, Kind.ARM, COBOT, calibration)
    if against:
        raise CalibrationError(
            "daily.refuted",
            f"no new reference of the arm: {against} Calibrate the robot again; or put right what was found and check "
            "again",
        )
