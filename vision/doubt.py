"""How unsure a pose is, as a figure to be drawn and told."""

from __future__ import annotations

import numpy as np

from vision.geometry import Array

CHI2_95 = 5.991
"""A two-dimensional normal error is within this squared Mahalanobis distance 95 times in a hundred: -2 ln 0.05."""
ELLIPSE_DRAWN = 10.0
"""Ellipses are drawn so many times as large: a good pose is sure to parts of a millimetre, which nobody sees."""
CORNERS = 32


def half_axes_mm(covariance: Array) -> tuple[float, float]:
    """Half axes, longer first, of the 95 % ellipse of the position on the table, from a pose's (6, 6) covariance."""
    shorter, longer = np.sqrt(CHI2_95 * np.maximum(np.linalg.eigvalsh(covariance[:2, :2]), 0.0))
    return float(longer), float(shorter)


def ellipse_mm(covariance: Array, *, times: float = 1.0) -> Array:
    """(32, 2) corners of that ellipse about the origin, bench x and y, `times` as large."""
    values, vectors = np.linalg.eigh(covariance[:2, :2])
    turn = np.linspace(0.0, 2.0 * np.pi, CORNERS, endpoint=False)
    circle = np.vstack([np.cos(turn), np.sin(turn)])
    stretched = np.sqrt(CHI2_95 * np.maximum(values, 0.0))[:, None] * circle
    return np.asarray((times * (vectors @ stretched)).T)
