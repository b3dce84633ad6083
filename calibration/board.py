"""Calibration boards as figures: where their corners are, nominally and as printed.

Board frame: x right, y down, z *into* the board (away from a viewer in front of it), as OpenCV's ChArUco boards have
it; corner 0 is the top left inner corner, `corner id = row * corner columns + column`. Millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.geometry import Array

EDGE_DICTIONARY = "DICT_5X5_1000"
"""OpenCV's name of the markers in a ChArUco board's white squares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A ChArUco board, or a plain chessboard (`marker_mm` 0)."""

    name: str
    columns: int
    """Squares from left to right: one more than inner corners."""
    rows: int
    square_mm: float
    """As designed: the print may differ by `print_scale`."""
    marker_mm: float
    dictionary: str = EDGE_DICTIONARY
    first_marker: int = 0
    """Id of the top left marker; the others follow. Boards of one bench share no ids."""
    legacy: bool = False
    """The pattern of OpenCV before 4.6 and of some shops' boards: a marker in the top left square."""
    print_scale: float = 1.0
    """Printed over designed length, as measured over the whole board."""
    print_scale_sigma: float = 0.001
    """One standard deviation: 0.001 when nobody measured, 0.0002 with a calliper over the whole board."""
    bow_mm: float = 0.0
    """Height of the middle over the corners' plane, into the board positive; 0 when it was not estimated."""

    @property
    def corners(self) -> tuple[int, int]:
        """Inner corners: columns, rows."""
        return self.columns - 1, self.rows - 1

    def nominal_mm(self) -> Array:
        """(N, 3) inner corners by id, board frame, as designed: flat, and not scaled."""
        across, down = self.corners
        grid = np.mgrid[0:across, 0:down].T.reshape(-1, 2) * self.square_mm
        return np.column_stack([grid, np.zeros(len(grid))])

    def printed_mm(self) -> Array:
        """(N, 3) inner corners by id, board frame, with the print's scale and bow (a parabola in both directions)."""
        return bowed(self.nominal_mm() * self.print_scale, self.bow_mm / 2.0, self.bow_mm / 2.0)


def bowed(corners_mm: Array, along_x_mm: float, along_y_mm: float) -> Array:
    """Corners (N, 3) of a board that is bent: `z += kx (1 - sx^2) + ky (1 - sy^2)`, s from -1 to 1 over the board."""
    bent = np.array(corners_mm, dtype=np.float64)
    off = bent[:, :2] - bent[:, :2].mean(axis=0)
    share = off / np.abs(off).max(axis=0)
    bent[:, 2] += along_x_mm * (1.0 - share[:, 0] ** 2) + along_y_mm * (1.0 - share[:, 1] ** 2)
    return bent
