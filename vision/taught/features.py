"""What a patch is told by: where its edges run, and its colours. Light enough for every picture of every camera.

Histograms of oriented gradients (Dalal and Triggs, 2005) do not see brightness and contrast; the colours are those of
CIE Lab, averaged over a coarse grid, with lightness relative to the patch's own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.api import Picture
from vision.taught.rectify import BORDER_PX, CELL_PX

Features = NDArray[np.float32]
GRID = 4
COLOUR_WEIGHT = 0.035
"""Colours against edges: a difference of this many Lab levels to the power of minus one weighs like a whole block."""
LIGHTNESS_WEIGHT = 0.012


def features_of(patch: Picture) -> Features:
    """The (N,) features of a patch with its border; N depends on its size alone."""
    import cv2

    inner = np.ascontiguousarray(patch[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX])
    height, width = inner.shape[:2]
    # A little smoothing keeps the sensor's noise out of the gradients of even surfaces.
    calm = cv2.GaussianBlur(inner, (0, 0), 0.8)
    edges = np.asarray(_hog(width, height).compute(cv2.cvtColor(calm, cv2.COLOR_BGR2GRAY)), dtype=np.float32).ravel()
    lab = cv2.cvtColor(calm.astype(np.float32) / np.float32(255.0), cv2.COLOR_BGR2Lab)
    cells = np.asarray(cv2.resize(lab, (GRID, GRID), interpolation=cv2.INTER_AREA), dtype=np.float32).reshape(-1, 3)
    lightness = (cells[:, 0] - cells[:, 0].mean()) * np.float32(LIGHTNESS_WEIGHT)
    colour = cells[:, 1:].ravel() * np.float32(COLOUR_WEIGHT)
    return np.concatenate([edges / np.float32(np.sqrt(_blocks(width, height))) * np.float32(3.0), lightness, colour])


def detail_of(patch: Picture) -> float:
    """Levels of fine structure: the standard deviation of what a blur of 1.5 px takes away, beyond single pixels."""
    import cv2

    grey = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY).astype(np.float32)
    calm = cv2.GaussianBlur(grey, (0, 0), 0.8)
    return float((calm - cv2.GaussianBlur(calm, (0, 0), 1.5)).std())


def light_of(patch: Picture) -> tuple[float, float]:
    """Mean level, and the share of pixels that are burnt out in any channel."""
    return float(patch.mean()), float((patch.max(axis=2) >= 253).mean())


@lru_cache(maxsize=16)
def _hog(width: int, height: int) -> Any:
    import cv2

    block = (2 * CELL_PX, 2 * CELL_PX)
    return cv2.HOGDescriptor((width, height), block, (CELL_PX, CELL_PX), (CELL_PX, CELL_PX), 9)


def _blocks(width: int, height: int) -> int:
    return (width // CELL_PX - 1) * (height // CELL_PX - 1)
