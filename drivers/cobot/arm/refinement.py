"""From a posture that has the flange about where it is wanted to the one that has it there, or nearest to there. Pure.

Millimetres, and a turn counted as millimetres by `RAD_MM`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivers.cobot.arm.forward import flange, jacobian
from drivers.cobot.arm.model import Angles, ArmModel, Array

RAD_MM = 100.0
"""How many millimetres one radian of turn counts as in a miss."""
SCALE = np.array([1.0] * 3 + [RAD_MM] * 3)
"""(6,) What makes a miss from `pose_miss` millimetres."""
_STEPS = 15
_DAMPING_MM2 = 1.0
"""Keeps a step short along what a singular arm cannot do: the miss it leaves there is millimetres, not its way."""


def pose_miss(here: Array, there: Array) -> Array:
    """(6,) from one (4, 4) pose to another: mm, then a small turn as a rotation vector (rad), base axes."""
    turn = there[:3, :3] @ here[:3, :3].T
    axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2.0
    return np.concatenate([there[:3, 3] - here[:3, 3], axis])


def closest(model: ArmModel, base_from_flange: Array, start_deg: Sequence[float]) -> tuple[Angles, float]:
    """The posture by `start_deg` that misses the pose least, and by how many millimetres, its turn among them.

    Damped least squares (Wampler 1986, IEEE Trans. SMC 16(1), 93-101), so a pose just out of a stretched arm's reach
    has one as well. Limits are the caller's.
    """
    angles = np.array(start_deg, dtype=np.float64)
    for _ in range(_STEPS):
        miss = SCALE * pose_miss(flange(model, angles.tolist()), base_from_flange)
        lever = SCALE[:, None] * jacobian(model, angles.tolist())
        turn = np.linalg.solve(lever.T @ lever + _DAMPING_MM2 * np.eye(6), lever.T @ miss)
        angles = angles + np.degrees(turn)
    miss = SCALE * pose_miss(flange(model, angles.tolist()), base_from_flange)
    return tuple(float(angle) for angle in angles), float(np.linalg.norm(miss))
