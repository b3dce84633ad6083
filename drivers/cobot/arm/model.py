"""An arm as figures: its Denavit-Hartenberg table, its joints' limits, and the capsules that its links fill.

All six-joint arms here have the structure of a Universal Robot: joints 2, 3 and 4 turn about parallel axes
(alpha = 90, 0, 0, 90, -90, 0 degrees). The myCobot 280's published table has it too.

Standard convention: `T_i = Rz(q_i + offset_i) Tz(d_i) Tx(a_i) Rx(alpha_i)`; the arm's base frame has z up through
joint 1. Millimetres, degrees; `base_from_flange` is a (4, 4) homogeneous matrix, read right to left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
JOINTS = 6
Angles = tuple[float, ...]
"""Six joint angles, degrees."""
Limits = tuple[tuple[float, float], ...]
"""Lowest and highest angle of each joint, degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DhRow:
    """One joint's row of the table."""

    d_mm: float
    a_mm: float
    alpha_rad: float
    offset_rad: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capsule:
    """A line with a thickness, fixed to one frame of the arm: everything within `radius_mm` of it."""

    frame: int
    """0 is the base, n the frame behind joint n, 6 the flange."""
    start_mm: tuple[float, float, float]
    end_mm: tuple[float, float, float]
    radius_mm: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmModel:
    """One family of arms."""

    name: str
    rows: tuple[DhRow, ...]
    limits_deg: Limits
    """The data sheet's; where the arm tells its own, those count."""
    speed_deg_s: Angles
    """Each joint's highest speed at 100 %."""
    acceleration_deg_s2: Angles
    jerk_deg_s3: Angles
    capsules: tuple[Capsule, ...]
    """What the links fill, without any tool."""
    reach_mm: float
    """From joint 2's axis to the flange, stretched out."""
