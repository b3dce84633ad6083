"""What a station takes from an artefact: the shape of `result` for the kinds that it loads, checked at the edge."""

from __future__ import annotations

from typing import Annotated, TypeVar

import numpy as np
from pydantic import Field, ValidationError, model_validator

from station.config.artefact import Artefact, ArtefactError
from station.config.shapes import Above0, AtLeast0, Vec2, Vec3
from station.config.strict import Strict
from vision.geometry import CameraModel, Transform

Vec5 = Annotated[tuple[float, float, float, float, float], Field(strict=False)]
Vec6 = Annotated[tuple[float, float, float, float, float, float], Field(strict=False)]
Matrix3 = Annotated[tuple[Vec3, Vec3, Vec3], Field(strict=False)]
Matrix6 = Annotated[tuple[Vec6, Vec6, Vec6, Vec6, Vec6, Vec6], Field(strict=False)]
Row = Annotated[tuple[float, ...], Field(strict=False)]
Links = Annotated[tuple[Vec2, Vec2, Vec2, Vec2, Vec2, Vec2], Field(strict=False)]


def _must_turn(rotation: Matrix3) -> None:
    array = np.array(rotation)
    if not np.allclose(array @ array.T, np.eye(3), atol=1e-6) or np.linalg.det(array) < 0:
        raise ValueError("its rotation is no rotation")


class CameraResult(Strict):
    """Kind `camera`: a `[[camera]]` of the station file, measured."""

    width_px: Annotated[int, Field(ge=160)]
    height_px: Annotated[int, Field(ge=120)]
    matrix: Matrix3
    """Intrinsics in pixels, row by row."""
    distortion: Vec5
    """k1, k2, p1, p2, k3 as OpenCV has them."""
    rotation: Matrix3
    """camera_from_bench, row by row."""
    position_mm: Vec3
    """Of the lens, bench frame."""
    position_sigma_mm: AtLeast0
    rotation_sigma_deg: AtLeast0
    covariance: Matrix6
    """Of bench_from_camera: rotation vector (rad), then translation (mm), `true = [Exp(r), t] estimated`."""

    @model_validator(mode="after")
    def _turns(self) -> CameraResult:
        _must_turn(self.rotation)
        return self

    def model_of(self, name: str) -> CameraModel:
        """As vision wants it."""
        rotation = np.array(self.rotation)
        return CameraModel(
            name,
            self.width_px,
            self.height_px,
            np.array(self.matrix),
            np.array(self.distortion),
            Transform(rotation, -rotation @ np.array(self.position_mm)),
            position_sigma_mm=self.position_sigma_mm,
            rotation_sigma_deg=self.rotation_sigma_deg,
        )


class ArmResult(Strict):
    """Kind `arm`: where a cobot's base stands, and what is wrong with its joints and links."""

    base_mm: Vec3
    """Bench frame."""
    base_rotation: Matrix3
    """bench_from_base, row by row."""
    joint_offset_deg: Vec6 = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """Added to the joints that the arm reports."""
    link_correction_mm: Links = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))
    """Added to d and a of the maker's table."""
    placed_sigma_mm: Above0 | None = None
    """How well it puts its tip over a point of the bench, one standard deviation."""
    covariance: Annotated[tuple[Row, ...], Field(strict=False)] = ()
    """Of (rotation vector rad, translation mm, offsets deg, d and a mm), as far as they were free."""

    @model_validator(mode="after")
    def _turns(self) -> ArmResult:
        _must_turn(self.base_rotation)
        return self

    def bench_from_base(self) -> Transform:
        """As planning wants it."""
        return Transform(np.array(self.base_rotation), np.array(self.base_mm))


class TipResult(Strict):
    """Kind `tool_point`: where the end of the pointer is."""

    tip_mm: Vec3
    """Flange frame."""
    covariance: Annotated[tuple[Row, ...], Field(strict=False)] = ()
    """(3, 3), mm2."""


class PlacedJoint(Strict):
    """Where a joint was found."""

    at_mm: Vec3
    """Bench frame, part in place."""
    sigma_mm: AtLeast0
    """One standard deviation along the worst direction."""
    touched_mm: Vec3 | None = None
    """The point that was touched for it."""
    covariance: Annotated[tuple[Row, ...], Field(strict=False)] = ()
    """(3, 3), mm2."""


class JointsResult(Strict):
    """Kind `joints`: the joints of a procedure's part, measured."""

    joints: dict[str, PlacedJoint]


def tip_result(artefact: Artefact) -> TipResult:
    """Raises ArtefactError `calibration.damaged`."""
    return _result(TipResult, artefact)


def joints_result(artefact: Artefact) -> JointsResult:
    """Raises ArtefactError `calibration.damaged`."""
    return _result(JointsResult, artefact)


def camera_result(artefact: Artefact) -> CameraResult:
    """Raises ArtefactError `calibration.damaged`."""
    return _result(CameraResult, artefact)


def arm_result(artefact: Artefact) -> ArmResult:
    """Raises ArtefactError `calibration.damaged`."""
    return _result(ArmResult, artefact)


Result = TypeVar("Result", bound=Strict)


def _result(shape: type[Result], artefact: Artefact) -> Result:
    try:
        return shape.model_validate(artefact.result)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"]) or "its values"
        what = f"{artefact.id} cannot be used ({where}: {first['msg']}); roll back or calibrate again"
        raise ArtefactError("calibration.damaged", what) from error
