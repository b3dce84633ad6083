"""What is wrong with a view of a board before anything is adjusted: seen from the corners alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.board import Board
from calibration.observations import BoardView, CalibrationError
from vision.geometry import Array

LEAST_CORNERS = 12
LEAST_OF_SMALL_BOARD = 8
"""Where a board has fewer than 24 corners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that was seen and took no part in the result."""

    what: str
    """`view`, `corner` or `pose`."""
    camera: str
    """Empty for a pose."""
    view: int
    """Id of the view or pose."""
    corner: int = -1
    reason: str


def gated_views(views: Sequence[BoardView], board: Board) -> tuple[list[BoardView], list[LeftOut]]:
    """Views that can be of this board, and the others with the reason.

    Raises CalibrationError when it is not one view but the set: `calibration.not_finite`, `calibration.wrong_board`,
    `calibration.mirrored`, `calibration.board_geometry`.
    """
    nominal = board.nominal_mm()
    least = LEAST_CORNERS if len(nominal) >= 2 * LEAST_CORNERS else LEAST_OF_SMALL_BOARD
    good, refused, why = [], [], {"mirrored": 0, "geometry": 0}
    for view in views:
        _check_numbers(view, board, len(nominal))
        reason = ""
        if len(view.corner_ids) < least:
            reason = f"only {len(view.corner_ids)} corners; {least} are needed"
        elif _in_a_line(nominal[view.corner_ids, :2]):
            reason = "all its corners are on one line"
        elif not _is_flat_figure(nominal[view.corner_ids, :2], view.corners_px):
            reason = "its corners are no picture of this board"
            why["geometry"] += 1
        elif _is_mirrored(nominal[view.corner_ids, :2], view.corners_px):
            reason = "its corners are numbered as in a mirror"
            why["mirrored"] += 1
        if reason:
            refused.append(LeftOut(what="view", camera=view.camera, view=view.view, reason=reason))
        else:
            good.append(view)
    if why["mirrored"] > len(views) // 2:
        raise CalibrationError(
            "calibration.mirrored",
            f"{why['mirrored']} of {len(views)} views of {board.name} show it as in a mirror; "
            "switch the camera's mirroring off, or number the corners from the top left, and take the pictures again",
        )
    if why["geometry"] > len(views) // 2:
        across, down = board.corners
        raise CalibrationError(
            "calibration.board_geometry",
            f"the corners in {why['geometry']} of {len(views)} views do not lie as on {board.name} "
            f"({across} x {down} corners); choose the board that was used, with its columns and rows",
        )
    return good, refused


def _check_numbers(view: BoardView, board: Board, count: int) -> None:
    if not np.isfinite(view.corners_px).all():
        raise CalibrationError(
            "calibration.not_finite",
            f"view {view.view} of camera {view.camera} has a corner that is no number; "
            "detect the corners of this picture again, or leave it out",
        )
    ids = view.corner_ids
    if len(ids) and (ids.min() < 0 or ids.max() >= count):
        raise CalibrationError(
            "calibration.wrong_board",
            f"view {view.view} of camera {view.camera} has corner {ids.max()}, but {board.name} has {count}; "
            "choose the board that was used",
        )
    if len(np.unique(ids)) != len(ids):
        raise CalibrationError(
            "calibration.wrong_board",
            f"view {view.view} of camera {view.camera} has one corner twice; is there a second board in the picture? "
            "Take it away and take the picture again",
        )


def _in_a_line(board_xy: Array) -> bool:
    singular = np.linalg.svd(board_xy - board_xy.mean(axis=0), compute_uv=False)
    return bool(singular[1] < 0.05 * singular[0])


def _is_mirrored(board_xy: Array, pixels: Array) -> bool:
    """A board's front has the handedness of the picture: the best affine map of one to the other says so."""
    affine, *_ = np.linalg.lstsq(np.column_stack([board_xy, np.ones(len(board_xy))]), pixels, rcond=None)
    return bool(np.linalg.det(affine[:2]) < 0.0)


def _is_flat_figure(board_xy: Array, pixels: Array) -> bool:
    """Whether a perspective map explains most corners to a quarter of their spacing; a lens bends far less."""
    import cv2

    found, _ = cv2.findHomography(board_xy, pixels)
    if found is None:
        return False
    mapped = np.column_stack([board_xy, np.ones(len(board_xy))]) @ found.T
    off = np.linalg.norm(mapped[:, :2] / mapped[:, 2:] - pixels, axis=1)
    extent = np.linalg.norm(np.ptp(pixels, axis=0)) / np.linalg.norm(np.ptp(board_xy, axis=0))
    spacing = extent * np.sort(np.linalg.norm(board_xy - board_xy[0], axis=1))[1]
    return bool(np.median(off) < 0.25 * spacing)
