"""What a calibration was made from: corners seen in pictures, and where the robot said it was. Values only.

A set of observations is a file that can be solved again (`observation_files`; as a lens or a bench is calibrated:
`lens_set_files`, `bench_set_file`); every picture and every pose has an id, and pairs are made by id, never by order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.board import Board
from vision.geometry import Array, Transform, frozen

Ids = NDArray[np.int64]


class CalibrationError(Exception):
    """Observations that give no result, or none that may be kept. `code` is stable; the text says what to do next."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoardView:
    """One board in one picture of one camera."""

    camera: str
    view: int
    """Id of the moment: pictures of several cameras taken together share it. For a robot pose: the pose's id."""
    corner_ids: Ids
    """(N,) ids of the corners that were found."""
    corners_px: Array
    """(N, 2) pixels; (0, 0) is the centre of the first pixel."""
    t_s: float = 0.0
    """When the picture was taken, the station's monotonic clock."""
    picture: str = ""
    """sha256 of the picture's file beside the set; empty where none was kept."""

    def __post_init__(self) -> None:
        ids = np.array(self.corner_ids, dtype=np.int64)
        ids.setflags(write=False)
        object.__setattr__(self, "corner_ids", ids)
        object.__setattr__(self, "corners_px", frozen(self.corners_px, (len(ids), 2)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RobotPose:
    """Where the arm said it was while it stood still."""

    pose: int
    joints_deg: tuple[float, ...]
    """Six, as reported."""
    base_from_flange: Transform
    """As reported, mm."""
    t_s: float = 0.0
    """Middle of the time for which it had stood still."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraSize:
    """A camera of a set."""

    camera: str
    width_px: int
    height_px: int
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RobotSpec:
    """What an arm's maker says of it, the starting point of the adjustment."""

    table: Array
    """(6, 4) rows [offset rad, d mm, a mm, alpha rad], standard Denavit-Hartenberg."""
    sigma_mm: float = 0.3
    """Of a reported pose, one standard deviation an axis."""
    sigma_deg: float = 0.06
    suspect: bool = False
    """Whether joint zeros and links are to be estimated too."""
    serial: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", frozen(self.table, (6, 4)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LensSet:
    """Views of a board for the lens of one camera."""

    camera: CameraSize
    board: Board
    views: tuple[BoardView, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandEyeSet:
    """Lens views, and views of a board at robot poses, of one camera or several."""

    mode: str
    """`eye_to_hand`: fixed cameras, the board on the flange. `eye_in_hand`: camera on the flange, the board fixed."""
    cameras: tuple[CameraSize, ...]
    lens_board: Board
    lens_views: tuple[BoardView, ...]
    arm_board: Board
    arm_views: tuple[BoardView, ...]
    """`view` is the id of a pose."""
    poses: tuple[RobotPose, ...]
    robot: RobotSpec
