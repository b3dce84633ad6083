"""Angles between poses, which robot and camera must see alike whatever stands where."""

from __future__ import annotations

import numpy as np

from calibration.adjustment.terms import Keep
from calibration.rotations import log
from vision.geometry import Array

MISPAIRED_DEG = 3.0
"""Disagreement about the angle between two poses; joint zeros that are off by a few tenths make a tenth of it."""


def turn_table_deg(poses: Array) -> Array:
    """(P, P) angle from each of (P, 4, 4) poses to each other one, degrees."""
    turned = np.swapaxes(poses[:, None, :3, :3], 2, 3) @ poses[None, :, :3, :3]
    return np.asarray(np.rad2deg(np.linalg.norm(log(turned), axis=2)))


def turns_deg(poses: Array) -> Array:
    """Angles between all pairs of poses, degrees."""
    return np.asarray(turn_table_deg(poses)[np.triu_indices(len(poses), 1)])


def consistent_poses(arm: Array, boards: Array) -> Keep:
    """(P,) whether robot (P, 4, 4) and camera agree about the turn from a pose to most others.

    All of them where fewer than half would be left: then the set is to be refused, not thinned.
    """
    good = np.median(np.abs(turn_table_deg(arm) - turn_table_deg(boards)), axis=1) < MISPAIRED_DEG
    return np.asarray(good if 2 * good.sum() >= len(good) else np.ones(len(good), dtype=bool))
