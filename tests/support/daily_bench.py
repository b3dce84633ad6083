"""Two cameras over fixed tags, an arm with a board on its flange, as corner noise: what the daily check looks at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.board import Board
from calibration.daily.camera_shift import motion_jacobian, moved_camera
from calibration.daily.joint_shift import ArmNoise, BoardSight, PoseError, pose_error, reported_flange
from calibration.daily.tag_burst import TagBurst
from calibration.rotations import exp
from drivers.cobot.mycobot280.kinematics import MODEL
from vision.bench import Body, TagMount
from vision.geometry import Array, CameraModel, Transform, looking_at

TABLE = np.array([[row.offset_rad, row.d_mm, row.a_mm, row.alpha_rad] for row in MODEL.rows])
FIXTURE = Body(
    name="fixture",
    tags=tuple(
        TagMount(tag_id=tag_id, size_mm=40.0, body_from_tag=Transform.of(x, y, 0.0))
        for tag_id, (x, y) in enumerate(((-60, 255), (470, 240), (-60, -262), (400, -250), (-60, 90)))
    ),
)
TOP = looking_at("top", position_mm=(0.0, 0.0, 950.0), target_mm=(0.0, 0.0, 0.0), focal_px=1150.0)
SIDE = looking_at(
    "side", position_mm=(-430.0, -430.0, 640.0), target_mm=(40.0, 30.0, 40.0), up=(0.0, 0.0, 1.0), focal_px=1000.0
)
BOARD = Board(name="flange", columns=9, rows=7, square_mm=12.0, marker_mm=9.0)
FLANGE_FROM_BOARD = Transform.of(-40.0, -30.0, 8.0)
CHECK_POSES = (
    (33.0, 48.0, -73.0, -74.0, -39.0, -139.0),
    (16.0, -8.0, -25.0, -65.0, -36.0, 147.0),
    (-61.0, 31.0, -108.0, -11.0, 25.0, 113.0),
)
BASE_FROM_CAMERA = Transform.of(150.0, -60.0, 480.0, 178.0, 6.0, 30.0)
NEAR = CameraModel("near", 1920, 1200, np.array([[1740.0, 0, 960], [0, 1740.0, 600], [0, 0, 1]]), np.zeros(5),
                   BASE_FROM_CAMERA.inverse())  # fmt: skip


def tag_burst(
    camera: CameraModel,
    rng: np.random.Generator,
    *,
    pictures: int,
    noise_px: float = 0.03,
    steady_px: Array | None = None,
    moved_tag: tuple[int, float] | None = None,
) -> TagBurst:
    """Corners with noise. `steady_px` (tags, 4, 2) is wrong in each picture; `moved_tag` has id and mm along x."""
    corners = []
    for mount in FIXTURE.tags:
        at = mount.corners_mm()
        if moved_tag is not None and mount.tag_id == moved_tag[0]:
            at += np.array([moved_tag[1], 0.0, 0.0])
        corners.append(camera.project(at))
    pixels = np.array(corners) + (0.0 if steady_px is None else steady_px)
    noise = rng.normal(0.0, noise_px, (pictures, *pixels.shape))
    return TagBurst(camera=camera.name, tag_ids=tuple(m.tag_id for m in FIXTURE.tags), corners_px=pixels + noise)


def bumped(
    camera: CameraModel, rng: np.random.Generator, *, turn_deg: float = 0.0, shift_mm: float = 0.0
) -> CameraModel:
    """The camera after a bump in a random direction."""
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    return moved_camera(camera, np.concatenate([axis * np.radians(turn_deg), axis * shift_mm]))


def board_seen(
    joints_deg: Sequence[float],
    true_offsets_deg: Array,
    rng: np.random.Generator,
    noise: ArmNoise,
    corner_px: float = 0.2,
) -> BoardSight:
    """The board as a camera sees it: the arm's zeros are off, it comes back with noise, corners have noise."""
    flange = reported_flange(TABLE, np.array(joints_deg) + true_offsets_deg)
    draw = rng.normal(size=6) * np.sqrt(np.diag(noise.covariance()))
    came = Transform(exp(draw[:3]), draw[3:])
    camera_from_board = BASE_FROM_CAMERA.inverse() @ flange @ came @ FLANGE_FROM_BOARD
    standing = CameraModel("near", 1920, 1200, NEAR.matrix, NEAR.distortion, camera_from_board)
    # Where the corners are taken for fixed, a small motion of the camera frame is one of the board seen in it.
    jacobian = motion_jacobian(standing, BOARD.nominal_mm())
    covariance = np.linalg.inv(jacobian.T @ jacobian) * corner_px**2
    seen = rng.multivariate_normal(np.zeros(6), covariance)
    return BoardSight(
        camera_from_board=Transform(exp(seen[:3]), seen[3:]) @ camera_from_board, covariance=np.asarray(covariance)
    )


def pose_errors(
    rng: np.random.Generator, noise: ArmNoise, offsets_deg: Sequence[float] = (0.0,) * 6
) -> tuple[PoseError, ...]:
    """One visit of each check pose."""
    return tuple(
        pose_error(
            pose,
            joints,
            reported_flange(TABLE, joints),
            [(BASE_FROM_CAMERA, board_seen(joints, np.array(offsets_deg), rng, noise))],
            FLANGE_FROM_BOARD,
        )
        for pose, joints in enumerate(CHECK_POSES)
    )
