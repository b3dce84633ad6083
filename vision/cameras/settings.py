"""What of a camera is locked: exposure, gain, white balance, focus. Set at every opening, and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MANUAL_EXPOSURE = 1.0
AUTOMATIC_EXPOSURE = 3.0
"""V4L2_EXPOSURE_MANUAL and V4L2_EXPOSURE_APERTURE_PRIORITY of linux/v4l2-controls.h, as OpenCV hands them through."""
NEAR_ENOUGH = 0.02
"""Cameras step their settings; what is read back may differ by so much of what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """In the camera's own units, as `v4l2-ctl --list-ctrls` shows them. None = left automatic."""

    exposure: float | None = None
    gain: float | None = None
    white_balance_k: float | None = None
    focus: float | None = None


def lock(capture: Any, settings: CameraSettings) -> list[str]:
    """Lock an opened cv2.VideoCapture; what it is like afterwards, in words, a refused setting named as such."""
    import cv2

    wanted = (
        ("exposure", settings.exposure, cv2.CAP_PROP_EXPOSURE, (cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL_EXPOSURE)),
        ("gain", settings.gain, cv2.CAP_PROP_GAIN, None),
        ("white balance", settings.white_balance_k, cv2.CAP_PROP_WB_TEMPERATURE, (cv2.CAP_PROP_AUTO_WB, 0.0)),
        ("focus", settings.focus, cv2.CAP_PROP_FOCUS, (cv2.CAP_PROP_AUTOFOCUS, 0.0)),
    )
    said = []
    for name, value, key, manual in wanted:
        if value is None:
            continue
        if manual is not None:
            capture.set(*manual)
        capture.set(key, value)
        really = float(capture.get(key))
        near = abs(really - value) <= NEAR_ENOUGH * max(1.0, abs(value))
        said.append(
            f"{name} {really:g}" if near else f"{name} {really:g} (asked {value:g}: the camera does not take it)"
        )
    automatic = [name for name, value, _, manual in wanted if value is None and manual is not None]
    if automatic:
        said.append(f"automatic {', '.join(automatic)}")
    return said
