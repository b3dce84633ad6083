"""Pictures of a calibration board through a real lens model, for tests: supersampled, blurred, noisy, and true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from calibration.board import Board
from calibration.detection import Found
from calibration.lens_model import project
from calibration.next_view import outline_mm
from calibration.observations import BoardView
from vision.geometry import Array, Transform

SIZE_PX = (960, 600)
LENS = (870.0, 870.4, 484.0, 292.0, -0.11, 0.09, 4e-4, -6e-4, -0.02)
"""fx, fy, cx, cy, k1, k2, p1, p2, k3 of the test camera."""
TEXTURE_PX_PER_MM = 10
FINER = 3
"""Rays a pixel, along each side."""

CHARUCO = Board(name="a4", columns=12, rows=9, square_mm=20.0, marker_mm=15.0)
PLAIN = Board(name="plain", columns=10, rows=7, square_mm=25.0, marker_mm=0.0)


def matrix_of(lens: Sequence[float]) -> Array:
    """(3, 3) of nine lens values."""
    return np.array([[lens[0], 0, lens[2]], [0, lens[1], lens[3]], [0, 0, 1.0]])


def charuco_of(board: Board) -> Any:
    """OpenCV's board."""
    ids = np.arange(board.first_marker, board.first_marker + board.columns * board.rows // 2)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, board.dictionary))
    made = cv2.aruco.CharucoBoard((board.columns, board.rows), board.square_mm, board.marker_mm, dictionary, ids)
    made.setLegacyPattern(board.legacy)
    return made


@lru_cache(maxsize=16)
def texture_of(board: Board) -> np.ndarray:
    """The printed board with one square of white around it, `TEXTURE_PX_PER_MM`."""
    size = (round(board.columns * board.square_mm), round(board.rows * board.square_mm))
    ppm = TEXTURE_PX_PER_MM
    if board.marker_mm:
        drawn = charuco_of(board).generateImage((size[0] * ppm, size[1] * ppm))
    else:
        y, x = np.mgrid[0 : size[1] * ppm, 0 : size[0] * ppm]
        side = board.square_mm * ppm
        drawn = np.where(((x // side) + (y // side)) % 2 == 0, 0, 255).astype(np.uint8)
    edge = round(board.square_mm * ppm)
    whole = cv2.copyMakeBorder(drawn, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=255)
    # As wide as rays lie apart: edges between two rays would else fall to the one or the other.
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), 1.2))


@lru_cache(maxsize=4)
def rays_of(lens: tuple[float, ...], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Undistorted ray (x / z, y / z) of each fine pixel."""
    width, height = size
    coarse = 4
    # Distortion is smooth: rays between every fourth pixel are interpolated to 1e-4 of a pixel.
    xs, ys = np.arange(-8, width + 9, coarse, dtype=np.float64), np.arange(-8, height + 9, coarse, dtype=np.float64)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 1, 2)
    criteria = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 60, 1e-10)
    flat = cv2.undistortPointsIter(grid, matrix_of(lens), np.array(lens[4:]), None, None, criteria)
    field_ = flat.reshape(len(ys), len(xs), 2).astype(np.float32)
    fine_x = (np.arange(width * FINER) + 0.5) / FINER - 0.5
    fine_y = (np.arange(height * FINER) + 0.5) / FINER - 0.5
    # By hand: cv2.remap rounds places to 1/32 of a step, here an eighth of a pixel.
    rows = _between(field_, (fine_y + 8) / coarse, 0)
    spread = _between(rows, (fine_x + 8) / coarse, 1)
    return np.ascontiguousarray(spread[..., 0]), np.ascontiguousarray(spread[..., 1])


def _between(values: np.ndarray, at: np.ndarray, axis: int) -> np.ndarray:
    """Linear interpolation along an axis."""
    low = np.floor(at).astype(int)
    share = (at - low).astype(np.float32).reshape([-1 if each == axis else 1 for each in range(values.ndim)])
    return np.take(values, low, axis) * (1 - share) + np.take(values, low + 1, axis) * share


@dataclass(frozen=True, kw_only=True, eq=False)
class Shot:
    """How a picture is taken."""

    camera_from_board: Transform
    board: Board = CHARUCO
    lens: tuple[float, ...] = LENS
    size: tuple[int, int] = SIZE_PX
    blur_px: float = 0.6
    motion_px: tuple[float, float] = (0.0, 0.0)
    noise: float = 1.5
    white: float = 210.0
    black: float = 25.0
    ground: float = 120.0
    seed: int = 1
    beside: tuple[tuple[Board, Transform], ...] = field(default_factory=tuple)
    """More boards in the same picture, farther away."""

    def true_px(self) -> Array:
        """(N, 2) where the board's corners really are."""
        pixels, _ = cv2.projectPoints(
            self.camera_from_board.apply(self.board.nominal_mm()),
            np.zeros(3),
            np.zeros(3),
            matrix_of(self.lens),
            np.array(self.lens[4:]),
        )
        return np.asarray(pixels.reshape(-1, 2))

    def grey(self) -> np.ndarray:
        """(height, width) uint8."""
        x, y = rays_of(self.lens, self.size)
        picture = np.full(x.shape, self.ground, dtype=np.float32)
        for board, pose in (*self.beside, (self.board, self.camera_from_board)):
            _lay(picture, board, pose, x, y, self)
        picture = cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA)
        if self.blur_px:
            picture = cv2.GaussianBlur(picture, (0, 0), self.blur_px)
        picture = _moved(picture, self.motion_px)
        picture = picture + np.random.default_rng(self.seed).normal(0.0, self.noise, picture.shape)
        return np.asarray(np.clip(np.round(picture), 0, 255).astype(np.uint8))


def held(
    x_mm: float,
    y_mm: float,
    z_mm: float,
    roll_deg: float = 0.0,
    pitch_deg: float = 0.0,
    yaw_deg: float = 0.0,
    *,
    board: Board = CHARUCO,
) -> Transform:
    """camera_from_board with the board's middle at a point of the camera's frame, turned about that middle."""
    middle = board.nominal_mm().mean(axis=0)
    return Transform.of(x_mm, y_mm, z_mm, roll_deg, pitch_deg, yaw_deg) @ Transform.of(*(-middle))


def varied(count: int, seed: int = 5, *, board: Board = CHARUCO) -> list[Transform]:
    """Poses of a board as somebody holds it: in every part of the picture, near and far, tilted every way."""
    rng = np.random.default_rng(seed)
    poses = []
    for number in range(count):
        z = rng.uniform(300, 480) * board.square_mm / 20.0
        across = ((number % 3) - 1) * 0.2 * z + rng.uniform(-15, 15)
        down = ((number // 3 % 3) - 1) * 0.1 * z + rng.uniform(-10, 10)
        tilt = rng.uniform(15, 38) * np.array([np.cos(number * 2.4), np.sin(number * 2.4)])
        poses.append(held(across, down, z, float(tilt[0]), float(tilt[1]), float(rng.uniform(-25, 25)), board=board))
    return poses


def _lay(picture: np.ndarray, board: Board, pose: Transform, x: np.ndarray, y: np.ndarray, shot: Shot) -> None:
    """Paint a board into the fine picture where its rays meet it."""
    board_from_camera = pose.inverse()
    r, o = board_from_camera.rotation, board_from_camera.translation_mm
    depth = r[2, 0] * x + r[2, 1] * y + r[2, 2]
    reach = -o[2] / depth
    ppm, square = TEXTURE_PX_PER_MM, board.square_mm
    # Board frame begins at the first inner corner; the texture one square of print and one of white before it.
    u = ((r[0, 0] * x + r[0, 1] * y + r[0, 2]) * reach + o[0] + 2 * square) * ppm - 0.5
    v = ((r[1, 0] * x + r[1, 1] * y + r[1, 2]) * reach + o[1] + 2 * square) * ppm - 0.5
    texture = texture_of(board)
    seen = cv2.remap(
        texture.astype(np.float32),
        u.astype(np.float32),
        v.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-1.0,
    )
    there = (seen >= 0) & (reach > 0)
    picture[there] = shot.black + (shot.white - shot.black) * seen[there] / 255.0


def _moved(picture: np.ndarray, motion_px: tuple[float, float]) -> np.ndarray:
    """Blurred along a straight way of this length, symmetric about the picture's own place."""
    length = float(np.hypot(*motion_px))
    if length == 0.0:
        return picture
    steps = np.linspace(-0.5, 0.5, max(3, round(length * 4)))
    height, width = picture.shape
    total = np.zeros_like(picture)
    for step in steps:
        shift = np.array([[1, 0, step * motion_px[0]], [0, 1, step * motion_px[1]]])
        total += cv2.warpAffine(picture, shift, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return total / len(steps)


def seen_at(
    pose: Transform,
    *,
    t_s: float = 0.0,
    noise_px: float = 0.1,
    seed: int = 0,
    board: Board = CHARUCO,
    lens: Sequence[float] = LENS,
    size: tuple[int, int] = SIZE_PX,
) -> Found:
    """What a detector would find, without a picture: the corners that are inside, with noise."""
    nominal = board.nominal_mm()
    pixels = project(pose.apply(nominal), np.array(lens))
    inside = ((pixels > 4) & (pixels < np.array(size) - 5)).all(axis=1)
    ids = np.flatnonzero(inside)
    noise = np.random.default_rng(seed).normal(0.0, noise_px, (len(ids), 2))
    return Found(
        view=BoardView(camera="side", view=0, corner_ids=ids, corners_px=pixels[ids] + noise, t_s=t_s),
        outline_px=project(pose.apply(outline_mm(board)), np.array(lens)),
        spacing_px=30.0,
        tilt_deg=float(np.degrees(np.arccos(min(1.0, abs(pose.rotation[2, 2]))))),
        fit_px=noise_px,
        look=None,
        legacy=False,
    )


def aimed(target: Transform, rng: np.random.Generator, size_mm: float = 6.0, angle_deg: float = 3.0) -> Transform:
    """A pose as a person holds it who was shown a target."""
    off = Transform.of(*rng.normal(0, size_mm, 2), float(rng.normal(2 * size_mm, size_mm)))
    turn = Transform.of(0, 0, 0, *rng.normal(0, angle_deg, 3))
    return Transform(turn.rotation @ target.rotation, target.translation_mm + off.translation_mm)
