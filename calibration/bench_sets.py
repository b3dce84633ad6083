"""Data sets of the schema `calib-bench/1` and its result files: NumPy archives in, JSON out.

Keys, shapes and units of the archive: `meta` (JSON), `board_int` and `board_he` (N, 3) mm, `obs` (M, 6) rows
[stage, camera, view, corner, u, v], `robot_T` (P, 4, 4) mm and `robot_q_deg` (P, 6).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from calibration.board import Board
from calibration.observation_files import archive_of, not_readable
from calibration.observations import (
    BoardView,
    CameraSize,
    HandEyeSet,
    LensSet,
    RobotPose,
    RobotSpec,
)
from calibration.rotations import as_transform
from vision.geometry import Array

SCHEMA = "calib-bench/1"
PRINT_SCALE_SIGMA = 0.0002
"""The boards of these sets count as measured with a calliper."""


def read_bench_set(path: Path) -> HandEyeSet | tuple[LensSet, ...]:
    """A hand-eye set, or a lens set a camera where the archive has no robot poses.

    Raises CalibrationError `calibration.not_readable`.
    """
    held, meta = archive_of(path)
    try:
        if meta["schema"] != SCHEMA:
            raise ValueError(f"its schema is {meta['schema']}, not {SCHEMA}")
        return _assembled(held, meta)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise not_readable(path, error) from None


def _assembled(held: dict[str, Array], meta: dict[str, Any]) -> HandEyeSet | tuple[LensSet, ...]:
    width, height = (int(v) for v in meta["image_size"])
    cameras = tuple(CameraSize(camera=str(c), width_px=width, height_px=height) for c in range(int(meta["n_cameras"])))
    seen = held["obs"].reshape(-1, 6)
    lens_board = _board("lens board", meta["board_int"], held["board_int"])
    lens_views = _views(seen[seen[:, 0] == 0])
    if meta["mode"] == "intrinsics":
        return tuple(
            LensSet(camera=c, board=lens_board, views=tuple(v for v in lens_views if v.camera == c.camera))
            for c in cameras
        )
    if meta["mode"] not in ("eye_to_hand", "eye_in_hand"):
        raise ValueError(f"its mode {meta['mode']} is unknown")
    return HandEyeSet(
        mode=meta["mode"],
        cameras=cameras,
        lens_board=lens_board,
        lens_views=tuple(lens_views),
        arm_board=_board("arm board", meta["board_he"], held["board_he"]),
        arm_views=tuple(_views(seen[seen[:, 0] == 1])),
        poses=tuple(
            RobotPose(pose=i, joints_deg=tuple(float(v) for v in joints), base_from_flange=as_transform(pose))
            for i, (joints, pose) in enumerate(zip(held["robot_q_deg"], held["robot_T"], strict=True))
        ),
        robot=RobotSpec(
            table=np.array(meta["dh"]),
            sigma_mm=float(meta["robot_spec"]["sigma_t_mm"]),
            sigma_deg=float(meta["robot_spec"]["sigma_r_deg"]),
            suspect=bool(meta["kinematics_suspect"]),
        ),
    )


def _board(name: str, said: dict[str, Any], corners: Array) -> Board:
    """A plain chessboard; corner n of the set is corner n of ours. Raises ValueError when the corners are elsewhere."""
    board = Board(
        name=name,
        columns=int(said["cols"]) + 1,
        rows=int(said["rows"]) + 1,
        square_mm=float(said["square_mm"]),
        marker_mm=0.0,
        print_scale_sigma=PRINT_SCALE_SIGMA,
    )
    if corners.shape != board.nominal_mm().shape or not np.allclose(corners, board.nominal_mm(), atol=1e-6):
        raise ValueError(f"the corners of its {name} do not lie as its columns, rows and square size say")
    return board


def _views(rows: Array) -> list[BoardView]:
    views = []
    for camera, view in sorted({(int(row[1]), int(row[2])) for row in rows}):
        own = rows[(rows[:, 1] == camera) & (rows[:, 2] == view)]
        views.append(
            BoardView(camera=str(camera), view=view, corner_ids=own[:, 3].astype(np.int64), corners_px=own[:, 4:6])
        )
    return views
