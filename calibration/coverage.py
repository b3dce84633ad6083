"""What views of a board have covered so far: places in the picture, sizes and tilts. For people to see.

The four bars are those of ROS's camera calibration: how far the board has been moved across and down, how much its size
and its skew have varied; each is full at a share of what is possible that experience says is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.detection import Found
from calibration.observations import CameraSize

CELLS = (16, 10)
"""Of the heat map: across, down."""
ENOUGH_ACROSS, ENOUGH_DOWN, ENOUGH_SIZE, ENOUGH_SKEW = 0.7, 0.7, 0.4, 0.5
STEEP_DEG = 45.0
"""A tilt that counts as a full skew."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """How much of what there is has been covered."""

    across: float
    """0 to 1, as the following."""
    down: float
    size: float
    skew: float
    heat: NDArray[np.int64]
    """(10, 16) corners seen in each part of the picture, row after row."""

    @property
    def seen_share(self) -> float:
        """Of the picture's parts, those with a corner in them."""
        return float(np.mean(self.heat > 0))


def coverage_of(found: Sequence[Found], camera: CameraSize) -> Coverage:
    """Of some views of one camera; all zero without any."""
    heat = np.zeros((CELLS[1], CELLS[0]), dtype=np.int64)
    size = np.array([camera.width_px, camera.height_px])
    for each in found:
        cells = np.floor((each.view.corners_px + 0.5) / size * CELLS).astype(np.int64)
        np.add.at(heat, tuple(np.clip(cells, 0, np.array(CELLS) - 1).T[::-1]), 1)
    if not found:
        return Coverage(across=0.0, down=0.0, size=0.0, skew=0.0, heat=heat)
    lowest = np.array([each.view.corners_px.min(axis=0) for each in found]).min(axis=0)
    highest = np.array([each.view.corners_px.max(axis=0) for each in found]).max(axis=0)
    middles = np.array([each.outline_px.mean(axis=0) for each in found]) / size
    # The middle cannot come nearer to the edge than half of the board.
    spans = np.maximum(np.ptp(middles, axis=0), ((highest - lowest) / size - 0.3).clip(0.0))
    sizes = np.sqrt([_area(each) / size.prod() for each in found])
    tilts = np.array([each.tilt_deg for each in found])
    return Coverage(
        across=_share(float(spans[0]), ENOUGH_ACROSS),
        down=_share(float(spans[1]), ENOUGH_DOWN),
        size=_share(float(np.ptp(sizes)), ENOUGH_SIZE),
        skew=_share(float(np.ptp(np.append(tilts, 0.0))) / STEEP_DEG, ENOUGH_SKEW),
        heat=heat,
    )


def _area(found: Found) -> float:
    """Of the board's outline, square pixels."""
    x, y = found.outline_px.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2.0


def _share(value: float, enough: float) -> float:
    return float(min(1.0, value / enough))
