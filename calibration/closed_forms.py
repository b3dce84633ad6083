"""Hand-eye by OpenCV's seven closed forms: first guesses for the adjustment, and what it is compared with.

`method` is always given by keyword: OpenCV takes a positional one for an output array and silently uses Tsai's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from calibration.rotations import homogeneous, inverse
from vision.geometry import Array

HAND_EYE = ("TSAI", "PARK", "HORAUD", "ANDREFF", "DANIILIDIS")
ROBOT_WORLD = ("SHAH", "LI")


def closed_forms(arm: Array, camera_from_board: Array) -> Iterator[tuple[str, Array, Array]]:
    """Name, `mount_from_camera` (4, 4) and `far_from_board` (4, 4) of each closed form that finds a result.

    `arm` (P, 4, 4) maps the camera's mount into the frame in which the board stands still. Camera on the flange: the
    mount is the flange, the far frame the base, `arm` is `base_from_flange`. Fixed camera: the mount is the base, the
    far frame the flange, `arm` its inverse. `camera_from_board` (P, 4, 4) is the board as each picture shows it.
    """
    import cv2

    back = inverse(arm)
    for name in HAND_EYE:
        try:
            turn, move = cv2.calibrateHandEye(
                list(arm[:, :3, :3]),
                list(arm[:, :3, 3]),
                list(camera_from_board[:, :3, :3]),
                list(camera_from_board[:, :3, 3]),
                method=getattr(cv2, f"CALIB_HAND_EYE_{name}"),
            )
        except cv2.error:  # no result from these poses; another may find one
            continue
        camera = homogeneous(turn, np.ravel(move))
        if np.isfinite(camera).all():
            yield name.lower(), camera, mean_pose(arm @ camera @ camera_from_board)
    for name in ROBOT_WORLD:
        try:
            far_turn, far_move, hand_turn, hand_move = cv2.calibrateRobotWorldHandEye(
                list(camera_from_board[:, :3, :3]),
                list(camera_from_board[:, :3, 3]),
                list(back[:, :3, :3]),
                list(back[:, :3, 3]),
                method=getattr(cv2, f"CALIB_ROBOT_WORLD_HAND_EYE_{name}"),
            )
        except cv2.error:
            continue
        camera = inverse(homogeneous(hand_turn, np.ravel(hand_move)))
        board = inverse(homogeneous(far_turn, np.ravel(far_move)))
        if np.isfinite(camera).all() and np.isfinite(board).all():
            yield name.lower(), camera, board


def mean_pose(poses: Array) -> Array:
    """(4, 4): the rotation nearest to the sum of (P, 4, 4), and the median translation."""
    u, _, vt = np.linalg.svd(poses[:, :3, :3].sum(axis=0))
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    return homogeneous(turn, np.median(poses[:, :3, 3], axis=0))
