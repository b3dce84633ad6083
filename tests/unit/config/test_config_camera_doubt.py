"""A calibration may say how good it is."""

import pytest
from pydantic import ValidationError

from station.config.station_model import CameraShape

CAMERA = {
    "name": "top",
    "source": "scene",
    "width_px": 1280,
    "height_px": 720,
    "fps": 10,
    "calibration": "c",
    "position_mm": (0, 0, 950),
    "target_mm": (0, 0, 0),
    "focal_px": 1150,
}


def test_a_camera_carries_the_doubt_of_its_calibration():
    """It should hand both figures to the camera's model, and take a camera without them for exactly known."""
    sure = CameraShape.model_validate(CAMERA).value().model
    doubtful = (
        CameraShape.model_validate({**CAMERA, "position_sigma_mm": 0.3, "rotation_sigma_deg": 0.05}).value().model
    )
    assert (sure.position_sigma_mm, sure.rotation_sigma_deg) == (0.0, 0.0)
    assert (doubtful.position_sigma_mm, doubtful.rotation_sigma_deg) == (0.3, 0.05)


def test_a_negative_doubt_is_refused():
    """It should not take a standard deviation below zero."""
    with pytest.raises(ValidationError):
        CameraShape.model_validate({**CAMERA, "position_sigma_mm": -0.1})
