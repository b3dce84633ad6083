"""Views of a board stacked into the arrays that the adjustment reads, and where each board stands at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.adjustment.chain import Link
from calibration.adjustment.corner_term import BoardShape, CornerTerm, bends_of
from calibration.adjustment.terms import Blocks, Robust
from calibration.board import Board
from calibration.lens_model import camera_matrix
from calibration.observations import BoardView
from calibration.rotations import homogeneous
from vision.geometry import Array

FIRST_SIGMA_PX = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CornerRows:
    """Corners of several views, one view after the other."""

    points_mm: Array
    """(N, 3) as designed."""
    bends: Array
    """(N, 2)."""
    pixels: Array
    """(N, 2)."""
    ids: Blocks
    """(N,) of corners."""
    starts: Blocks
    """(S + 1,) first row of each view."""

    @staticmethod
    def of(views: Sequence[BoardView], board: Board) -> CornerRows:
        """All corners of the views, with the print scale that was measured; bow is left to the adjustment."""
        nominal = board.nominal_mm()
        ids = np.concatenate([view.corner_ids for view in views])
        counts = [len(view.corner_ids) for view in views]
        return CornerRows(
            points_mm=nominal[ids] * board.print_scale,
            bends=bends_of(nominal)[ids],
            pixels=np.concatenate([view.corners_px for view in views]),
            ids=ids,
            starts=np.concatenate([[0], np.cumsum(counts)]),
        )

    def term(self, name: str, lens: tuple[str, int], links: tuple[Link, ...], shape: BoardShape) -> CornerTerm:
        """These corners as a term of an adjustment, all of them kept, with the usual noise."""
        return CornerTerm(
            name=name,
            lens_family=lens[0],
            lens_block=lens[1],
            links=links,
            points_mm=self.points_mm,
            bends=self.bends,
            shape=shape,
            pixels=self.pixels,
            starts=self.starts,
            sigma_px=FIRST_SIGMA_PX,
            robust=Robust.all_of(len(self.pixels)),
        )


def first_pose(points_mm: Array, pixels: Array, lens: Array) -> Array:
    """(4, 4) `camera_from_board` of a flat board (N, 3) seen at (N, 2), by OpenCV: the better of the two planar ones.

    Raises ValueError when there is none.
    """
    import cv2

    found, turn, move = cv2.solvePnP(
        points_mm, np.ascontiguousarray(pixels), camera_matrix(lens), lens[4:], flags=cv2.SOLVEPNP_IPPE
    )
    if not found or not np.isfinite(turn).all() or not np.isfinite(move).all():
        raise ValueError("no pose of the board explains the corners")
    return homogeneous(cv2.Rodrigues(turn)[0], move.ravel())
