"""What a bench really is while its files say something else: drawn from a seed, for the renderer and the scorer alone.

The figures are those of a bench that was put up with a tape measure and an arm of the myCobot 280's class: lenses of
one series, cameras and base some millimetres and a degree beside the plan, joint zeros a third of a degree off, links
some tenths of a millimetre. How true the arm comes back follows from the +-0.5 mm of its data sheet: with the mean
plus three sigmas of many returns, an axis has 0.14 mm at 250 mm, which is one step of a 12-bit encoder, rectangular.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from calibration.board import Board
from drivers.cobot.arm.model import ArmModel
from station.config.arm_models import ARM_MODELS
from station.config.station_values import StationConfig
from station.core.procedure import Procedure
from vision.geometry import Array, CameraModel, Transform

FOCAL_SHARE = 0.03
CENTRE_PX = (12.0, 10.0)
DISTORTION_SHARE = 0.1
CAMERA_MM, CAMERA_DEG = 6.0, 1.0
BASE_MM, BASE_DEG = 4.0, 1.0
ZERO_DEG = 0.3
LINK_MM = 0.2
MOUNT_MM, MOUNT_DEG = 3.0, 1.8
PRINT_SCALE_SIGMA = 0.0002
BOW_MM = 0.08
TIP_MM = 1.0
JOINT_MM = 2.0
"""Joints lie at most this far beside the drawing."""
ENCODER_DEG = 360.0 / 4096.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """One bench as it is."""

    cameras: Mapping[str, CameraModel]
    arm: ArmModel
    """With the links as they are; its joints are what the arm reports plus `joint_offset_deg`."""
    bench_from_base: Transform
    joint_offset_deg: Array
    """(6,)."""
    flange_from_board: Transform
    print_scale: Mapping[str, float]
    """By board."""
    bow_mm: Mapping[str, tuple[float, float]]
    """By board: kx, ky."""
    tip_mm: Array
    """(3,) flange frame."""
    joints_mm: Mapping[str, Array]
    """By joint of the procedure, bench frame."""


def hidden_truth(
    station: StationConfig,
    procedure: Procedure,
    boards: tuple[Board, ...],
    flange_from_board: Transform,
    seed: int,
) -> Truth:
    """A bench that the station file describes a little wrongly. Raises ValueError for one without an arm."""
    rng = np.random.default_rng([20_260, seed])
    cobot = station.cobot
    if cobot is None:
        raise ValueError(f"station {station.id} has no [cobot], so there is nothing to calibrate it with")
    model = ARM_MODELS[cobot.family]
    links = rng.normal(0.0, LINK_MM, (6, 2))
    rows = tuple(
        replace(row, d_mm=row.d_mm + float(d), a_mm=row.a_mm + float(a))
        for row, (d, a) in zip(model.rows, links, strict=True)
    )
    return Truth(
        cameras={camera.name: _camera(camera.model, rng) for camera in station.cameras},
        arm=replace(model, rows=rows),
        bench_from_base=_near(cobot.bench_from_base, BASE_MM, BASE_DEG, rng),
        joint_offset_deg=rng.normal(0.0, ZERO_DEG, 6),
        flange_from_board=_near(flange_from_board, MOUNT_MM, MOUNT_DEG, rng),
        print_scale={board.name: 1.0 + float(rng.normal(0.0, PRINT_SCALE_SIGMA)) for board in boards},
        bow_mm={board.name: (float(rng.normal(0.0, BOW_MM)), float(rng.normal(0.0, BOW_MM))) for board in boards},
        tip_mm=np.array([0.0, 0.0, cobot.pointer_mm]) + rng.normal(0.0, TIP_MM, 3),
        joints_mm={joint.id: np.array(joint.position_mm) + _within(JOINT_MM, rng) for joint in procedure.joints},
    )


def _camera(nominal: CameraModel, rng: np.random.Generator) -> CameraModel:
    matrix = np.array(nominal.matrix)
    focal = 1.0 + FOCAL_SHARE * float(rng.uniform(-1.0, 1.0))
    matrix[0, 0] *= focal
    matrix[1, 1] *= focal * (1.0 + float(rng.normal(0.0, 5e-4)))
    matrix[:2, 2] += rng.normal(0.0, CENTRE_PX)
    distortion = nominal.distortion * (1.0 + DISTORTION_SHARE * rng.normal(size=5))
    bench_from_camera = _near(nominal.camera_from_bench.inverse(), CAMERA_MM, CAMERA_DEG, rng)
    return replace(nominal, matrix=matrix, distortion=distortion, camera_from_bench=bench_from_camera.inverse())


def _near(pose: Transform, sigma_mm: float, sigma_deg: float, rng: np.random.Generator) -> Transform:
    turn = Transform.of(0.0, 0.0, 0.0, *(float(v) for v in rng.normal(0.0, sigma_deg, 3))).rotation
    return Transform(pose.rotation @ turn, pose.translation_mm + rng.normal(0.0, sigma_mm, 3))


def _within(radius_mm: float, rng: np.random.Generator) -> Array:
    direction = rng.normal(size=3)
    return np.asarray(direction / np.linalg.norm(direction) * radius_mm * float(rng.uniform(0.2, 1.0)))
