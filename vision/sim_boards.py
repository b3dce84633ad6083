"""A ChArUco board as a thing to paint: printed a little too large or too small, and bent.

Every fine pixel of the picture looks along its ray, meets the bent board, and takes the print's grey from there. So
corners are where a pinhole sees them, to a few hundredths of a pixel, also where the board is not flat.
"""

from __future__ import annotations

from functools import lru_cache, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array
from vision.scene import DrawnBoard
from vision.sim_bodies import shadow_item
from vision.sim_lens import Pinhole
from vision.sim_order import Item
from vision.sim_paint import blend, bytes_of, fill, fixed, window_of

Picture = NDArray[np.uint8]

_OVERSAMPLING = 3
_COARSE = 8
"""The way from pixels to the print is smooth: it is worked out at every so manieth fine pixel, and between them it is
straight to a thousandth of a pixel."""
_SQUARE_PX = (28, 56, 112, 224)
"""How finely the print may be drawn; markers then have whole pixels for the ratio 3 : 4."""
_INK, _PAPER, _BACK = 24, 232, (120, 122, 124)


def board_items(view: Pinhole, board: DrawnBoard) -> list[Item]:
    """The board with its shadow; from behind it is a grey plate."""
    rim = board.bench_from_board.apply(_bent(board, _rim_mm(board)))
    pixels, depths = view.project(rim)
    into_board = board.bench_from_board.rotation[:, 2]
    seen = float(into_board @ (board.bench_from_board.translation_mm - view.position_mm)) > 0.0
    fallen = shadow_item(view, [rim], 0.0, board)
    if seen:
        paint = partial(_paint_print, view=view, board=board, outline=pixels)
    else:
        paint = partial(_paint_back, outline=pixels)
    item = Item(
        depth_mm=float(depths.mean()),
        low_mm=rim.min(axis=0),
        high_mm=rim.max(axis=0),
        paint=paint,
        over=(fallen,),
        body=board,
    )
    return [fallen, item]


def _rim_mm(board: DrawnBoard) -> Array:
    """(40, 3) points round the edge of the paper, flat."""
    low_x, low_y = (-board.square_mm * board.print_scale - board.margin_mm,) * 2
    high_x = (board.columns - 1) * board.square_mm * board.print_scale + board.margin_mm
    high_y = (board.rows - 1) * board.square_mm * board.print_scale + board.margin_mm
    corners = np.array([[low_x, low_y, 0], [high_x, low_y, 0], [high_x, high_y, 0], [low_x, high_y, 0]])
    share = np.arange(10)[:, None] / 10
    return np.vstack([a + share * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])


def _height_mm(board: DrawnBoard, x: Array, y: Array) -> Array:
    """How far the board's face is behind its plane at (x, y)."""
    half_x = (board.columns - 2) * board.square_mm * board.print_scale / 2.0
    half_y = (board.rows - 2) * board.square_mm * board.print_scale / 2.0
    kx, ky = board.bow_mm
    return np.asarray(kx * (1.0 - (x / half_x - 1.0) ** 2) + ky * (1.0 - (y / half_y - 1.0) ** 2))


def _bent(board: DrawnBoard, flat_mm: Array) -> Array:
    bent = flat_mm.copy()
    bent[:, 2] = _height_mm(board, flat_mm[:, 0], flat_mm[:, 1])
    return bent


@lru_cache(maxsize=16)
def print_picture(
    columns: int, rows: int, square_px: int, ratio: float, dictionary: str, first_marker: int, legacy: bool
) -> Picture:
    """The squares alone, without margin, `square_px` a square; `ratio` is marker over square."""
    words = cv2.aruco.getPredefinedDictionary(int(getattr(cv2.aruco, dictionary)))
    ids = np.arange(first_marker, first_marker + columns * rows // 2, dtype=np.int32)
    board = cv2.aruco.CharucoBoard((columns, rows), 1.0, ratio, words, ids)
    board.setLegacyPattern(legacy)
    drawn = board.generateImage((columns * square_px, rows * square_px), marginSize=0, borderBits=1)
    return np.where(np.asarray(drawn) > 127, _PAPER, _INK).astype(np.uint8)


def _paint_back(picture: Picture, *, outline: Array) -> None:
    fill(picture, outline, _BACK)


def _paint_print(picture: Picture, *, view: Pinhole, board: DrawnBoard, outline: Array) -> None:
    window = window_of(outline, 2.0, picture)
    if window.empty:
        return
    k = _OVERSAMPLING
    width, height = window.x1 - window.x0, window.y1 - window.y0
    x_mm, y_mm = _print_mm(view, board, (window.x0, window.y0), (width, height))
    size_px = float(np.sqrt(_area(outline)) * k) / np.sqrt(board.columns * board.rows)
    square_px = next((px for px in _SQUARE_PX if px >= 0.75 * size_px), _SQUARE_PX[-1])
    ratio = board.marker_mm / board.square_mm
    face = print_picture(
        board.columns, board.rows, square_px, ratio, board.dictionary, board.first_marker, board.legacy
    )
    per_mm = square_px / (board.square_mm * board.print_scale)
    # Corner (0, 0) lies between pixels `square_px - 1` and `square_px` of the print.
    map_x = (x_mm * per_mm + square_px - 0.5).astype(np.float32)
    map_y = (y_mm * per_mm + square_px - 0.5).astype(np.float32)
    size = (map_x.shape[1] * _COARSE, map_x.shape[0] * _COARSE)
    fine_x, fine_y = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (map_x, map_y))
    # One coarse cell more on every side, so that nothing of the window lies beyond the outermost sample.
    inside = (slice(_COARSE, _COARSE + height * k), slice(_COARSE, _COARSE + width * k))
    fine = cv2.remap(
        face, fine_x[inside], fine_y[inside], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_PAPER
    )
    mask = np.zeros((height * k, width * k), np.uint8)
    cv2.fillPoly(mask, [fixed((outline - (window.x0, window.y0) + 0.5) * k - 0.5)], 255, cv2.LINE_AA, 4)
    small = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    blend(picture, window, bytes_of(cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)), bytes_of(cover))


def _print_mm(view: Pinhole, board: DrawnBoard, origin: tuple[int, int], size: tuple[int, int]) -> tuple[Array, Array]:
    """Where on the print the rays of a coarse grid over a window meet the bent board: x, y in mm of the board frame."""
    k, step = _OVERSAMPLING, _COARSE
    across, down = (-(-size[i] * k // step) + 2 for i in (0, 1))
    u = origin[0] + ((np.arange(across) - 1) * step + (step - 1) / 2 + 0.5) / k - 0.5
    v = origin[1] + ((np.arange(down) - 1) * step + (step - 1) / 2 + 0.5) / k - 0.5
    ray_x = ((u - view.centre_px[0]) / view.focal_px[0])[None, :]
    ray_y = ((v - view.centre_px[1]) / view.focal_px[1])[:, None]
    pose = view.camera_from_bench @ board.bench_from_board
    x_axis, y_axis, z_axis = pose.rotation.T
    at = pose.translation_mm
    towards_x, towards_y, towards_z = (axis[0] * ray_x + axis[1] * ray_y + axis[2] for axis in (x_axis, y_axis, z_axis))
    far = float(z_axis @ at)
    x, y = np.zeros_like(towards_z), np.zeros_like(towards_z)
    for _ in range(3):
        reach = (far + _height_mm(board, x, y)) / towards_z
        x = reach * towards_x - float(x_axis @ at)
        y = reach * towards_y - float(y_axis @ at)
    return x, y


def _area(outline: Array) -> float:
    return float(cv2.contourArea(outline.astype(np.float32)))
