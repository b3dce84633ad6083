"""One plain verdict a device: what the daily check found, how small a move it would have found, what to do."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from pydantic import JsonValue

from calibration.daily.against_model import ModelMiss
from calibration.daily.camera_shift import ALLOWED_MM, CameraShift
from calibration.daily.joint_shift import JointShift
from calibration.daily.rundown import RundownShift
from station.config.artefact import Kind

ALLOWED_DEG = 0.5
"""Of a joint's zero: a check that may miss more, 2.4 mm at the reach of a small arm, says nothing for it."""


class Found(StrEnum):
    """What was found of one device."""

    SAME = "same"
    LITTLE = "little"
    """It has moved, by less than what is allowed."""
    MOVED = "moved"
    TAG = "tag"
    """Not the device: a fixed tag was moved."""
    OFF_MODEL = "off_model"
    """It is as at the reference, but not where its calibration says."""
    UNTOLD = "untold"
    """It could not be compared, or so coarsely that a change that matters could have been missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceVerdict:
    """Of one device."""

    device: str
    kind: Kind
    """Of the calibration that it speaks of."""
    found: Found
    text: str
    advice: str = ""
    figures: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether the station may go on with it. What could not be compared is not good."""
        return self.found in (Found.SAME, Found.LITTLE, Found.TAG)


def camera_verdict(shift: CameraShift, miss: ModelMiss, *, allowed_mm: float = ALLOWED_MM) -> DeviceVerdict:
    """Of a camera, by both comparisons."""
    name = f"{shift.camera} camera"
    would = f"would have noticed {up(shift.notices_deg)} degrees or {up(shift.notices_mm)} mm"
    moved = f"{_near(shift.turned_deg)} degrees and {_near(shift.shifted_mm)} mm"
    again = f"Fix its mount if it is loose, then calibrate camera {shift.camera} again."
    if shift.matters(allowed_mm):
        found, advice = Found.MOVED, again
        text = f"{name}: has moved, {moved}; that is {_near(shift.off_mm)} mm at the bench"
    elif miss.off(allowed_mm):
        found, advice = Found.OFF_MODEL, again
        since = "has moved a little" if shift.moved else "is as at the last reference"
        text = f"{name}: {since}, but the tags lie {_near(miss.off_mm)} mm from where its calibration has them"
    elif shift.moved:
        found, advice = Found.LITTLE, "Nothing today; look at the drift chart."
        text = (
            f"{name}: has moved a little, {moved}; that is {_near(shift.off_mm)} mm at the bench, "
            f"and {allowed_mm:g} mm are allowed"
        )
    else:
        found, advice, text = Found.SAME, "", f"{name}: has not moved ({would})"
    if found in (Found.SAME, Found.LITTLE) and not shift.notices_off_mm <= allowed_mm:
        return replace(
            untold(
                shift.camera,
                Kind.CAMERA,
                "unsteady",
                f"Its pictures are so unsteady ({_near(shift.noise_px)} px) that only a move of "
                f"{up(shift.notices_off_mm)} mm at the bench would surely have been noticed, and {allowed_mm:g} mm are "
                "allowed. Clean its lens, mend light, focus and mount, and check again.",
            ),
            figures=_camera_figures(shift, miss, allowed_mm) | {"why": "unsteady"},
        )
    if shift.loose_tags and found in (Found.SAME, Found.LITTLE):
        found = Found.TAG if found is Found.SAME else found
        text = f"{text}; fixed tag {shift.loose_tags[0]} has been moved"
        advice = f"Glue tag {shift.loose_tags[0]} down where it was, or calibrate the cameras again."
    return DeviceVerdict(
        device=shift.camera,
        kind=Kind.CAMERA,
        found=found,
        text=f"{text}.",
        advice=advice,
        figures=_camera_figures(shift, miss, allowed_mm),
    )


def _camera_figures(shift: CameraShift, miss: ModelMiss, allowed_mm: float) -> dict[str, JsonValue]:
    return {
        "statistic": shift.statistic,
        "limit": shift.limit,
        "twist": shift.twist.tolist(),
        "noise": shift.noise.tolist(),
        "reference_noise": shift.reference_noise.tolist(),
        "turned_deg": shift.turned_deg,
        "shifted_mm": shift.shifted_mm,
        "off_mm": shift.off_mm,
        "allowed_mm": allowed_mm,
        "notices_deg": shift.notices_deg,
        "notices_mm": shift.notices_mm,
        "notices_off_mm": shift.notices_off_mm,
        "power_002_deg": shift.power(turn_deg=0.02),
        "power_01_mm": shift.power(shift_mm=0.1),
        "noise_px": shift.noise_px,
        "tags": list(shift.used_tags),
        "loose_tags": list(shift.loose_tags),
        "model_rms_px": miss.rms_px,
        "model_off_mm": miss.off_mm,
        "model_statistic": miss.statistic,
        "model_limit": miss.limit,
    }


def arm_verdict(shift: JointShift, *, device: str = "cobot", allowed_deg: float = ALLOWED_DEG) -> DeviceVerdict:
    """Of the arm."""
    weakest = int(np.argmax(shift.notices_deg))
    would = f"would have noticed {up(shift.notices_deg[weakest])} degrees of joint {weakest + 1}, the weakest"
    found = Found.MOVED if shift.moved else Found.SAME
    if not shift.moved and not shift.notices_deg[weakest] <= allowed_deg:
        found, text = Found.UNTOLD, f"{device}: not checked."
        advice = (
            f"It comes back so coarsely that only {up(shift.notices_deg[weakest])} degrees of joint {weakest + 1} "
            f"would surely have been noticed, and {allowed_deg:g} degrees are allowed. See that board and base are "
            "tight and the board is clean, then take the reference anew."
        )
    elif not shift.moved:
        text, advice = f"{device}: its joints are where they were ({would}).", ""
    elif shift.likely_joint is not None:
        text = f"{device}: joint {shift.likely_joint} is off by about {abs(shift.likely_deg):.2f} degrees."
        advice = f"Set the zero of joint {shift.likely_joint} again if it slipped, then calibrate the robot again."
    else:
        text = f"{device}: it does not stand where it says, by up to {_near(shift.largest_mm)} mm."
        advice = "See that base and board are tight, then calibrate the robot again."
    return DeviceVerdict(
        device=device,
        kind=Kind.ARM,
        found=found,
        text=text,
        advice=advice,
        figures={
            "statistic": shift.statistic,
            "limit": shift.limit,
            "poses": shift.poses,
            "notices_deg": list(shift.notices_deg),
            "allowed_deg": allowed_deg,
            "largest_mm": shift.largest_mm,
            "likely_joint": shift.likely_joint or 0,
            "likely_deg": shift.likely_deg,
            "why": "coarse" if found is Found.UNTOLD else "",
        },
    )


def tool_verdict(shift: RundownShift, unit: str, *, allowed: float, device: str = "torque_tool") -> DeviceVerdict:
    """Of the torque tool. `allowed`, in the unit: how far its mean is from the nearer end of its tolerance."""
    found = Found.MOVED if shift.moved else Found.SAME
    read = f"{shift.value:.4g} {unit}, and {shift.mean:.4g} {unit} before"
    if shift.moved:
        text = f"{device}: the test rundown read {read}."
        advice = "Take the test rundown again; if it stays so, verify the tool against the reference transducer."
    elif not shift.notices <= allowed:
        found, text = Found.UNTOLD, f"{device}: not checked."
        advice = (
            f"Its readings scatter so that one test rundown surely notices only {up(shift.notices)} {unit}, and "
            f"{max(0.0, allowed):.2g} {unit} are left of its tolerance. Verify it: `station calibrate torque`."
        )
    else:
        text, advice = f"{device}: as before ({read}; would have noticed {up(shift.notices)} {unit}).", ""
    return DeviceVerdict(
        device=device,
        kind=Kind.TORQUE,
        found=found,
        text=text,
        advice=advice,
        figures={
            "statistic": shift.statistic,
            "limit": shift.limit,
            "value": shift.value,
            "mean": shift.mean,
            "twist": [shift.value - shift.mean],
            "noise": [[shift.sigma**2]],
            "reference_noise": [[shift.sigma**2 / shift.history]],
            "sigma": shift.sigma,
            "unit": unit,
            "history": shift.history,
            "notices": shift.notices,
            "allowed": allowed,
            "why": "scatter" if found is Found.UNTOLD else "",
        },
    )


def untold(device: str, kind: Kind, code: str, why: str) -> DeviceVerdict:
    """Of a device that could not be compared; `why` says what to do, and `code` the same for every language's words."""
    return DeviceVerdict(
        device=device,
        kind=kind,
        found=Found.UNTOLD,
        text=f"{device}: not checked.",
        advice=why,
        figures={"why": code.rpartition(".")[2]},
    )


def up(value: float) -> str:
    """Rounded up to one digit that counts: what would have been noticed is not promised smaller than it is."""
    if value <= 0.0:
        return "0"
    step = 10.0 ** math.floor(math.log10(value))
    rounded = math.ceil(value / step - 1e-9) * step
    return f"{rounded:.{max(0, -math.floor(math.log10(step)))}f}"


def _near(value: float) -> str:
    """Two digits that count, no exponent."""
    if value <= 0.0:
        return "0"
    return f"{value:.{max(0, 1 - math.floor(math.log10(value)))}f}"
