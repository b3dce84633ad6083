"""Where the board should be held next: the pose from which the lens would be known best at the bench.

A view tells of the lens what its own unknown pose does not explain: information of the corners about the nine lens
values, less what the six of the pose take up (Schur complement). Among poses that a person can hold and the camera can
see, the one is taken after which the doubt of the projection at the part's distance is smallest. The idea is of
Rojtberg and Kuijper, "Efficient pose selection for interactive camera calibration", ISMAR 2018, and of Peng and Sturm,
"Calibration Wizard", ICCV 2019; the measure is what the station uses the lens for.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.board import Board
from calibration.detection import SMALLEST_SPACING_PX
from calibration.lens_model import project, project_with_derivatives
from calibration.observations import CameraSize
from calibration.projection_volume import by_motion, sensitivity
from vision.geometry import Array, Transform

PRIOR_SIGMA = (0.15, 0.15, 0.05, 0.05, 0.3, 0.3, 0.003, 0.003, 0.3)
"""Before any view: focal lengths as a share of themselves, the middle as a share of the width, distortion as it is."""
GUESSED_FOCAL = 0.9
"""Of the width, before any view: a lens of 58 degrees."""
PLACES = (-1.0, 0.0, 1.0)
FILLS = (0.45, 0.7, 0.95)
"""Share of the picture's height or width that the board takes up."""
TILTS_DEG = ((0.0, 0.0), (32.0, 0.0), (-32.0, 0.0), (0.0, 32.0), (0.0, -32.0), (24.0, 24.0), (-24.0, -24.0))
"""About the picture's x and y axes. A board that is always held straight tells no focal length."""
EDGE_PX = 4.0
WANTED_SPACING_PX = 2.0 * SMALLEST_SPACING_PX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LensBelief:
    """What is known of a lens now."""

    camera: CameraSize
    lens: Array
    """(9,)."""
    covariance: Array
    """(9, 9)."""
    sigma_px: float
    """Noise of a corner along an axis."""

    def doubt_px(self, distance_mm: float) -> float:
        """Root mean square over the picture of the projection's standard deviation about the part's distance."""
        return sensitivity(self.lens, _size(self.camera), distance_mm).rms_px(self.covariance)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """Where to hold the board."""

    camera_from_board: Transform
    outline_px: Array
    """(4, 2) of the printed squares: top left, top right, bottom right, bottom left of the board."""
    expected_px: float
    """The projection's doubt after such a view."""


def first_belief(camera: CameraSize) -> LensBelief:
    """Before any view: an ordinary lens that nobody knows."""
    focal = GUESSED_FOCAL * camera.width_px
    lens = np.array([focal, focal, (camera.width_px - 1) / 2, (camera.height_px - 1) / 2, 0, 0, 0, 0, 0.0])
    scale = np.array([focal, focal, camera.width_px, camera.width_px, 1, 1, 1, 1, 1.0])
    return LensBelief(camera=camera, lens=lens, covariance=np.diag((np.array(PRIOR_SIGMA) * scale) ** 2), sigma_px=0.2)


def known_before(belief: LensBelief, lens: Array) -> LensBelief:
    """As before any view, about a lens that another calibration found."""
    return LensBelief(camera=belief.camera, lens=lens, covariance=belief.covariance, sigma_px=belief.sigma_px)


def with_view(belief: LensBelief, board: Board, camera_from_board: Transform) -> LensBelief:
    """What would be known after a view of the board from there, as far as the picture shows it."""
    told = _information(belief, board, camera_from_board)
    covariance = np.asarray(np.linalg.inv(np.linalg.inv(belief.covariance) + told), dtype=np.float64)
    return LensBelief(camera=belief.camera, lens=belief.lens, covariance=covariance, sigma_px=belief.sigma_px)


def next_target(
    belief: LensBelief, board: Board, distance_mm: float, avoid: Sequence[Array] = (), near_px: float = 0.0
) -> Target | None:
    """The most telling pose; None when none fits in the picture.

    `distance_mm` is the part's. Poses whose outline lies within `near_px` of one of `avoid` (4, 2) are left out: a view
    from there was taken, or cannot be held.
    """
    best: Target | None = None
    felt = sensitivity(belief.lens, _size(belief.camera), distance_mm)
    for pose, outline in candidates(belief, board):
        if any(_apart_px(outline, each) < near_px for each in avoid):
            continue
        expected = felt.rms_px(with_view(belief, board, pose).covariance)
        if math.isfinite(expected) and (best is None or expected < best.expected_px):
            best = Target(camera_from_board=pose, outline_px=outline, expected_px=expected)
    return best


def candidates(belief: LensBelief, board: Board) -> Iterator[tuple[Transform, Array]]:
    """Poses that can be held so that the whole board is in the picture, with its outline there (4, 2)."""
    for fill, tilt, x, y in itertools.product(FILLS, TILTS_DEG, PLACES, PLACES):
        placed = _placed(belief, board, fill, tilt, (x, y))
        if placed is not None:
            yield placed


def outline_mm(board: Board) -> Array:
    """(4, 3) outer corners of the squares, board frame."""
    side = board.square_mm
    far_x, far_y = (board.columns - 1) * side, (board.rows - 1) * side
    return np.array([[-side, -side, 0], [far_x, -side, 0], [far_x, far_y, 0], [-side, far_y, 0]], dtype=np.float64)


def _placed(
    belief: LensBelief, board: Board, fill: float, tilt_deg: tuple[float, float], place: tuple[float, float]
) -> tuple[Transform, Array] | None:
    """A tilted board that fills so much of the picture, pushed as far as it goes to the sides that `place` names."""
    lens, size = belief.lens, np.array(_size(belief.camera), dtype=np.float64)
    corners = outline_mm(board)
    middle = corners.mean(axis=0)
    turned = Transform.of(0, 0, 0, tilt_deg[0], tilt_deg[1]) @ Transform.of(*(-middle))
    extent = np.ptp(turned.apply(corners)[:, :2], axis=0)
    depth = float((lens[:2] * extent / (fill * size)).max())
    if lens[0] * board.square_mm / depth < WANTED_SPACING_PX:
        return None
    at = np.zeros(2)
    for _ in range(6):
        pose = Transform.of(float(at[0]), float(at[1]), depth) @ turned
        seen = project(pose.apply(corners), lens)
        low, high = seen.min(axis=0) - EDGE_PX, size - 1 - EDGE_PX - seen.max(axis=0)
        wanted = np.where(np.array(place) < 0, -low, np.where(np.array(place) > 0, high, (high - low) / 2.0))
        at = at + wanted * depth / lens[:2]
    if np.abs(wanted).max() > 2.0 or low.min() < -2.0 or high.min() < -2.0:
        return None
    return pose, seen


def _information(belief: LensBelief, board: Board, pose: Transform) -> Array:
    """(9, 9) about the lens alone."""
    points = pose.apply(board.nominal_mm())
    pixels, by_point, by_lens = project_with_derivatives(points, belief.lens)
    inside = ((pixels >= 0) & (pixels <= np.array(_size(belief.camera)) - 1)).all(axis=1)
    if inside.sum() < 8:
        return np.zeros((9, 9))
    by_pose = by_motion(points[inside], by_point[inside]).reshape(-1, 6)
    by_lens = by_lens[inside].reshape(-1, 9)
    basis, _ = np.linalg.qr(by_pose)
    left = by_lens - basis @ (basis.T @ by_lens)
    return np.asarray(left.T @ left / belief.sigma_px**2)


def _apart_px(outline: Array, other: Array) -> float:
    return float(np.linalg.norm(outline - other, axis=1).mean())


def _size(camera: CameraSize) -> tuple[int, int]:
    return camera.width_px, camera.height_px
