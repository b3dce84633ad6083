"""Real pictures of a real chessboard, OpenCV's left and right: residuals, and views that the lens was not made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.opencv_pictures import fetched, pictures

from calibration.board import Board, bowed
from calibration.corner_rows import first_pose
from calibration.detection import BoardFinder, Found
from calibration.intrinsics import LensResult, solve_lens
from calibration.lens_model import camera_matrix, lens_of, project
from calibration.observations import BoardView, CameraSize, LensSet
from vision.geometry import Array

BOARD = Board(name="opencv", columns=10, rows=7, square_mm=25.0, marker_mm=0.0)
SIZE = (640, 480)
BARS = {"left": (0.195, 0.201), "right": (0.207, 0.214)}
"""Residual and held-out residual in pixels of `cv2.cornerSubPix` with a half window of 5 and `cv2.calibrateCamera`."""
Lens = tuple[Array, Array]
"""Nine lens values, and the board's points (N, 3) mm as this lens has them."""

pytestmark = pytest.mark.campaign


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetched(tmp_path_factory.mktemp("opencv"))


def ours(views: list[BoardView]) -> tuple[float, Lens]:
    """By this repository's solver, which lets the board be bowed."""
    camera = CameraSize(camera="c", width_px=SIZE[0], height_px=SIZE[1])
    result: LensResult = solve_lens(LensSet(camera=camera, board=BOARD, views=tuple(views)))
    assert len(result.views) == len(views) and not result.left_out
    return result.rms_px, (result.lens, bowed(BOARD.nominal_mm(), *result.bow_mm))


def opencvs(views: list[BoardView]) -> tuple[float, Lens]:
    """By OpenCV's, with a flat board."""
    nominal = BOARD.nominal_mm()
    points = [nominal[view.corner_ids].astype(np.float32) for view in views]
    pixels = [view.corners_px.astype(np.float32) for view in views]
    rms, matrix, distortion, *_ = cv2.calibrateCamera(points, pixels, SIZE, None, None)  # type: ignore[call-overload]
    return rms, (lens_of(matrix, distortion), nominal)


def off_px(view: BoardView, lens: Lens) -> Array:
    """(N,) distances of corners from the best pose through a lens."""
    values, points = lens[0], lens[1][view.corner_ids]
    start = first_pose(BOARD.nominal_mm()[view.corner_ids], view.corners_px, values)
    pixels = np.ascontiguousarray(view.corners_px)
    turn, move = cv2.solvePnPRefineLM(
        points, pixels, camera_matrix(values), values[4:], cv2.Rodrigues(start[:3, :3])[0], start[:3, 3].copy()
    )
    seen = project(points @ cv2.Rodrigues(turn)[0].T + np.ravel(move), values)
    return np.asarray(np.linalg.norm(seen - pixels, axis=1))


def left_out_px(views: list[BoardView], solved: Callable[[list[BoardView]], tuple[float, Lens]]) -> float:
    """Rms of each view's corners by a lens that was solved anew from all the others."""
    off = [off_px(view, solved([other for other in views if other is not view])[1]) for view in views]
    return float(np.sqrt((np.concatenate(off) ** 2).mean()))


def found_in(folder: Path, side: str) -> list[BoardView]:
    finder = BoardFinder(BOARD)
    views = []
    for number, (name, grey) in enumerate(pictures(folder, side).items()):
        found = finder.find(grey, camera="c", view=number)
        assert isinstance(found, Found), f"{name}: {found}"
        views.append(found.view)
    return views


def windowed(folder: Path, side: str, half: Callable[[float], int]) -> list[BoardView]:
    """The corners of the classic detector by `cv2.cornerSubPix`."""
    views = []
    for number, grey in enumerate(pictures(folder, side).values()):
        _, corners = cv2.findChessboardCorners(grey, BOARD.corners)
        grid = corners.reshape(6, 9, 2)
        spacing = min(float(np.linalg.norm(np.diff(grid, axis=axis), axis=-1).min()) for axis in (0, 1))
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-3)
        cv2.cornerSubPix(grey, corners, (half(spacing),) * 2, (-1, -1), stop)
        views.append(BoardView(camera="c", view=number, corner_ids=np.arange(54), corners_px=corners.reshape(-1, 2)))
    return views


@pytest.mark.parametrize("side", BARS)
def test_real_chessboards(folder: Path, side: str) -> None:
    """It should find every board, and stay under the residuals of OpenCV's detector and solver with its best window."""
    bar_px, held_out_bar_px = BARS[side]
    views = found_in(folder, side)
    rms, _ = ours(views)
    held_out = left_out_px(views, ours)
    flat, _ = opencvs(views)
    flat_held_out = left_out_px(views, opencvs)
    print(f"\n{side}: ours {rms:.4f} px, left out in turn {held_out:.4f} px ({sum(len(v.corner_ids) for v in views)}")
    print(f"corners in {len(views)} pictures); our corners in OpenCV's solver {flat:.4f} and {flat_held_out:.4f} px")
    windows = {"half window 11": lambda s: 11, "5": lambda s: 5, "0.4 of the spacing": lambda s: int(0.4 * s)}
    for name, half in windows.items():
        theirs = windowed(folder, side, lambda s, half=half: int(np.clip(half(s), 2, 11)))  # type: ignore[misc]
        print(f"  cornerSubPix, {name}: {opencvs(theirs)[0]:.4f} and {left_out_px(theirs, opencvs):.4f} px")
    assert rms <= bar_px and held_out <= held_out_bar_px
    assert flat <= bar_px and flat_held_out <= held_out_bar_px
