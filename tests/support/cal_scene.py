"""Simulated sets of observations with hidden truth: cameras, boards and an arm, corners projected by OpenCV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from calibration.board import Board, bowed
from calibration.observations import (
    BoardView,
    CameraSize,
    HandEyeSet,
    LensSet,
    RobotPose,
    RobotSpec,
)
from calibration.rotations import as_transform, exp, homogeneous, inverse
from vision.geometry import Array

SIZE = (1280, 720)
LENS = np.array([1150.0, 1151.0, 645.0, 352.0, -0.11, 0.09, 4e-4, -6e-4, -0.02])
LENS_BOARD = Board(name="lens board", columns=10, rows=8, square_mm=20.0, marker_mm=0.0, print_scale_sigma=0.0002)
ARM_BOARD = Board(name="arm board", columns=8, rows=6, square_mm=14.0, marker_mm=0.0, print_scale_sigma=0.0002)
QUARTER = np.pi / 2
TABLE = np.array(
    [
        [0.0, 130.0, 0.0, QUARTER],
        [-QUARTER, 0.0, -110.0, 0.0],
        [0.0, 0.0, -95.0, 0.0],
        [-QUARTER, 64.0, 0.0, QUARTER],
        [QUARTER, 74.0, 0.0, -QUARTER],
        [0.0, 45.0, 0.0, 0.0],
    ]
)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What is true, and how noisy it is seen."""

    seed: int = 0
    mode: str = "eye_to_hand"
    cameras: int = 1
    lens_views: int = 10
    poses: int = 12
    corner_px: float = 0.2
    move_mm: float = 0.3
    turn_deg: float = 0.05
    bow_mm: float = 0.0
    offsets_deg: Array = field(default_factory=lambda: np.zeros(6))
    d_off_mm: Array = field(default_factory=lambda: np.zeros(6))
    samples: int = 25000
    """Random joints from which poses in view are taken."""
    encoder_deg: float = 0.0
    """Beyond zero the arm is suspect, and its noise is that of its joints."""
    limits_deg: Array = field(default_factory=lambda: np.array([50.0, 70, 70, 70, 60, 80]))


@dataclass(frozen=True)
class Scene:
    """A set and what was true."""

    seen: HandEyeSet
    lenses: Array
    mount_from_camera: Array
    """(C, 4, 4)."""
    far_from_board: Array
    true_joints: Array
    """(P, 6) rad."""


def forward(table: Array, joints: Array) -> Array:
    """(N, 4, 4) `base_from_flange`, link by link as four elementary motions."""
    out = np.broadcast_to(np.eye(4), (len(joints), 4, 4))
    for (offset, d, a, alpha), angle in zip(table, joints.T, strict=True):
        turn = exp(np.column_stack([np.zeros((len(joints), 2)), angle + offset]))
        out = out @ homogeneous(turn, np.zeros(3)) @ homogeneous(np.eye(3), [0, 0, d])
        out = out @ homogeneous(np.eye(3), [a, 0, 0]) @ homogeneous(exp([alpha, 0, 0]), np.zeros(3))
    return out


def look_at(eye: Array, target: Array) -> Array:
    """(4, 4) `world_from_camera`."""
    forward_axis = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward_axis, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return homogeneous(np.column_stack([right, np.cross(forward_axis, right), forward_axis]), eye)


def pixels_of(camera_from_board: Array, points: Array, lens: Array) -> Array:
    """(N, 2) by OpenCV."""
    matrix = np.array([[lens[0], 0, lens[2]], [0, lens[1], lens[3]], [0, 0, 1.0]])
    turn = cv2.Rodrigues(camera_from_board[:3, :3])[0]
    return cv2.projectPoints(points, turn, camera_from_board[:3, 3], matrix, lens[4:])[0].reshape(-1, 2)


def lens_views(
    rng: np.random.Generator, camera: str, lens: Array, count: int, noise_px: float, bow_mm: float = 0.0
) -> tuple[BoardView, ...]:
    """Views of the lens board all over the picture, tilted by up to 45 degrees."""
    points = bowed(LENS_BOARD.nominal_mm(), bow_mm / 2, bow_mm / 2)
    views: list[BoardView] = []
    while len(views) < count:
        depth = rng.uniform(300, 600)
        centre = (rng.uniform([0.15, 0.15], [0.85, 0.85]) * SIZE - lens[2:4]) / lens[:2] * depth
        way = rng.uniform(0, 2 * np.pi)
        tilt = np.deg2rad(rng.uniform(10, 45)) * np.array([np.cos(way), np.sin(way), 0.0])
        turn = exp(tilt) @ exp([0, 0, rng.uniform(-1.5, 1.5)])
        pose = homogeneous(turn, np.array([*centre, depth]) - turn @ points.mean(axis=0))
        view = _view(rng, camera, len(views), pose, points, lens, noise_px)
        if view is not None:
            views.append(view)
    return tuple(views)


def lens_set(seed: int, *, views: int = 12, noise_px: float = 0.2, bow_mm: float = 0.0, lens: Array = LENS) -> LensSet:
    """Views of the lens board by one camera."""
    rng = np.random.default_rng(seed)
    camera = CameraSize(camera="side", width_px=SIZE[0], height_px=SIZE[1])
    return LensSet(camera=camera, board=LENS_BOARD, views=lens_views(rng, "side", lens, views, noise_px, bow_mm))


def scene(bench: Bench) -> Scene:
    """A hand-eye set of a bench."""
    rng = np.random.default_rng([bench.seed, 77])
    table = TABLE.copy()
    table[:, 1] += bench.d_off_mm
    points = bowed(ARM_BOARD.nominal_mm(), bench.bow_mm / 2, bench.bow_mm / 2)
    lenses = LENS * (
        1 + np.array([0.01, 0.01, 0.005, 0.005, 0.1, 0.1, 0.1, 0.1, 0.1]) * rng.normal(size=(bench.cameras, 9))
    )
    joints = np.deg2rad(bench.limits_deg) * rng.uniform(-1, 1, (bench.samples, 6))
    flanges = forward(table, joints)
    if bench.mode == "eye_to_hand":
        eyes = np.array([[470.0, 90, 330], [460, -30, 350], [440, 160, 370]])[: bench.cameras]
        cameras = np.stack([look_at(eye + 10 * rng.normal(size=3), np.array([170.0, 0, 190])) for eye in eyes])
        far = homogeneous(
            exp([np.pi, 0, 0]) @ exp([0, 0, rng.uniform(-0.3, 0.3)]), [-45, 35, 25] + 4 * rng.normal(size=3)
        )
        boards = inverse(cameras)[:, None] @ flanges @ far
    else:
        cameras = homogeneous(exp([0, 0, rng.uniform(-0.4, 0.4)]), [5, -48, 18] + 4 * rng.normal(size=3))[None]
        turn = exp([0, 0, rng.uniform(-0.5, 0.5)]) @ exp([np.pi, 0, 0])
        far = homogeneous(turn, np.array([195.0, 0, 5]) - turn @ points.mean(axis=0))
        boards = (inverse(cameras)[:, None] @ inverse(flanges) @ far)[:, :]
    good = np.flatnonzero(_inside(boards[0], points, lenses[0]))[: bench.poses]
    if len(good) < bench.poses:
        raise RuntimeError("the scene has too few poses in view")
    views = []
    for c in range(bench.cameras):
        for p, at in enumerate(good):
            view = _view(rng, str(c), p, boards[c, at], points, lenses[c], bench.corner_px)
            if view is not None:
                views.append(view)
    poses = _reported(rng, bench, joints[good], flanges[good])
    seen = HandEyeSet(
        mode=bench.mode,
        cameras=tuple(CameraSize(camera=str(c), width_px=SIZE[0], height_px=SIZE[1]) for c in range(bench.cameras)),
        lens_board=LENS_BOARD,
        lens_views=tuple(
            view
            for c in range(bench.cameras)
            for view in lens_views(rng, str(c), lenses[c], bench.lens_views, bench.corner_px, bench.bow_mm)
        ),
        arm_board=ARM_BOARD,
        arm_views=tuple(views),
        poses=poses,
        robot=RobotSpec(table=TABLE, suspect=bench.encoder_deg > 0.0),
    )
    return Scene(seen, lenses, cameras, far, joints[good])


def with_views(seen: HandEyeSet, change: Callable[[BoardView], BoardView]) -> HandEyeSet:
    """The set with every view of the arm's board changed."""
    return replace(seen, arm_views=tuple(change(view) for view in seen.arm_views))


def _reported(rng: np.random.Generator, bench: Bench, joints: Array, flanges: Array) -> tuple[RobotPose, ...]:
    if bench.encoder_deg > 0.0:
        said = joints - np.deg2rad(bench.offsets_deg) + np.deg2rad(bench.encoder_deg) * rng.normal(size=joints.shape)
        where = forward(TABLE, said)
    else:
        said = joints
        turns = np.deg2rad(bench.turn_deg) * rng.normal(size=(len(joints), 3))
        where = flanges @ homogeneous(exp(turns), bench.move_mm * rng.normal(size=(len(joints), 3)))
    return tuple(
        RobotPose(
            pose=p,
            joints_deg=tuple(float(v) for v in np.rad2deg(said[p])),
            base_from_flange=as_transform(where[p]),
            t_s=2.0 * p,
        )
        for p in range(len(joints))
    )


def _inside(boards: Array, points: Array, lens: Array) -> np.ndarray:
    """(N,) whether a board is in the picture, near enough, and faces the camera."""
    corners = points[[0, ARM_BOARD.corners[0] - 1, -ARM_BOARD.corners[0], -1]]
    at = np.einsum("nij,kj->nki", boards[:, :3, :3], corners) + boards[:, None, :3, 3]
    depth = at[:, :, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        u = lens[:2] * at[:, :, :2] / depth[:, :, None] + lens[2:4]
    inside = ((u > 15) & (u < np.array(SIZE) - 15)).all(axis=(1, 2))
    towards = boards[:, :3, 3] / np.linalg.norm(boards[:, :3, 3], axis=1)[:, None]
    facing = np.einsum("ni,ni->n", boards[:, :3, 2], towards) > np.cos(np.deg2rad(55))
    return (depth > 120).all(axis=1) & (depth < 600).all(axis=1) & inside & facing


def _view(
    rng: np.random.Generator, camera: str, view: int, pose: Array, points: Array, lens: Array, noise_px: float
) -> BoardView | None:
    at = points @ pose[:3, :3].T + pose[:3, 3]
    if (at[:, 2] < 50).any() or pose[:3, 2] @ pose[:3, 3] < 0.4 * np.linalg.norm(pose[:3, 3]):
        return None
    seen = pixels_of(pose, points, lens)
    good = ((seen > 5) & (seen < np.array(SIZE) - 5)).all(axis=1) & (rng.random(len(seen)) > 0.03)
    if good.sum() < 12:
        return None
    noisy = seen + noise_px * rng.normal(size=seen.shape)
    return BoardView(camera=camera, view=view, corner_ids=np.flatnonzero(good), corners_px=noisy[good], t_s=2.0 * view)
