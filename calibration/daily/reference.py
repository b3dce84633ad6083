"""What the daily check compares with: pictures and check poses of the day of calibration.

An artefact of kind `daily`, subject `<station>-reference`. Each device's part names the calibration that it was taken
under: another calibration needs another reference. Test rundowns have theirs in the torque tool's verification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError

from calibration.daily.joint_shift import ArmNoise, PoseError
from calibration.daily.tag_burst import TagBurst
from station.config.artefact import Artefact, ArtefactError, Kind, Verdict
from station.config.strict import Strict
from vision.geometry import Array

METHOD = "daily reference"
DECIMALS = 4
Row = tuple[float, ...]


class CameraReference(Strict):
    """A camera's view of the fixed tags."""

    camera: str
    calibration: str
    """Id of the calibration in force."""
    tag_ids: tuple[int, ...]
    corners_px: Annotated[tuple[Row, ...], Field(min_length=2)]
    """A row a picture: x and y of each tag's corners, top left, top right, bottom right, bottom left."""

    def burst(self) -> TagBurst:
        """As it is compared."""
        corners = np.array(self.corners_px).reshape(-1, len(self.tag_ids), 4, 2)
        return TagBurst(camera=self.camera, tag_ids=self.tag_ids, corners_px=corners)


class PoseReference(Strict):
    """A check pose."""

    pose: int
    joints_deg: tuple[float, float, float, float, float, float]
    twist: Row
    """Rotation vector (rad), translation (mm), flange frame."""
    picture_covariance: tuple[Row, ...]
    visits: Annotated[int, Field(ge=1)]
    seen_by: tuple[str, ...] = ()
    """Cameras that see the board there."""

    def error(self) -> PoseError:
        """As it is compared."""
        return PoseError(
            pose=self.pose,
            joints_deg=self.joints_deg,
            twist=np.array(self.twist),
            picture_covariance=np.array(self.picture_covariance),
            visits=self.visits,
        )


class ArmReference(Strict):
    """The check poses of the arm, and how exactly it comes back to them."""

    calibration: str
    table: tuple[Row, ...]
    """(6, 4) rows [offset rad, d mm, a mm, alpha rad], the calibrated corrections in it."""
    noise_mm: float
    noise_deg: float
    poses: Annotated[tuple[PoseReference, ...], Field(min_length=1)]

    def noise(self) -> ArmNoise:
        """As it is reckoned with."""
        return ArmNoise(mm=self.noise_mm, deg=self.noise_deg)


class Reference(Strict):
    """All of a station."""

    cameras: tuple[CameraReference, ...]
    arm: ArmReference | None = None

    def camera(self, name: str) -> CameraReference | None:
        """The camera's part."""
        return next((each for each in self.cameras if each.camera == name), None)


def reference_subject(station: str) -> str:
    """Of the artefact."""
    return f"{station}-reference"


def camera_reference(burst: TagBurst, calibration: str) -> CameraReference:
    """From a burst of pictures that was taken right after the calibration."""
    rows = np.round(burst.corners_px.reshape(burst.pictures, -1), DECIMALS)
    return CameraReference(
        camera=burst.camera, calibration=calibration, tag_ids=burst.tag_ids, corners_px=tuple(map(tuple, rows.tolist()))
    )


def arm_reference(
    errors: Sequence[PoseError],
    calibration: str,
    table: Array,
    noise: ArmNoise,
    seen_by: Mapping[int, tuple[str, ...]] = MappingProxyType({}),
) -> ArmReference:
    """From check poses that were visited right after the calibration (`averaged` over their visits).

    `seen_by` is pose -> cameras.
    """
    return ArmReference(
        calibration=calibration,
        table=tuple(map(tuple, np.asarray(table).tolist())),
        noise_mm=noise.mm,
        noise_deg=noise.deg,
        poses=tuple(
            PoseReference(
                pose=error.pose,
                joints_deg=_six(error.joints_deg),
                twist=tuple(error.twist.tolist()),
                picture_covariance=tuple(map(tuple, error.picture_covariance.tolist())),
                visits=error.visits,
                seen_by=seen_by.get(error.pose, ()),
            )
            for error in errors
        ),
    )


def _six(joints: Sequence[float]) -> tuple[float, float, float, float, float, float]:
    one, two, three, four, five, six = joints
    return one, two, three, four, five, six


def reference_artefact(station: str, reference: Reference, *, made_utc: str, by: str, software: str) -> Artefact:
    """As it is kept."""
    parts = [f"{len(reference.cameras)} cameras"]
    parts += [f"{len(reference.arm.poses)} check poses"] if reference.arm else []
    inputs = {f"camera {each.camera}": each.calibration for each in reference.cameras}
    inputs |= {"cobot": reference.arm.calibration} if reference.arm else {}
    return Artefact(
        kind=Kind.DAILY,
        subject=reference_subject(station),
        made_utc=made_utc,
        by=by,
        method=METHOD,
        software=software,
        inputs=inputs,
        result=json.loads(reference.model_dump_json()),
        figures={each.camera: {"noise_px": round(each.burst().noise_px, 4)} for each in reference.cameras},
        verdict=Verdict(good=True, text=f"Reference of the daily check: {', '.join(parts)}."),
    )


def reference_of(artefact: Artefact) -> Reference:
    """Raises ArtefactError `calibration.damaged`."""
    try:
        return Reference.model_validate_json(json.dumps(artefact.result))
    except ValidationError as error:
        raise ArtefactError(
            "calibration.damaged",
            f"{artefact.id} is no reference of a daily check; take it anew: `station calibrate daily --reference` "
            f"({error.errors(include_url=False)[0]['msg']})",
        ) from error
