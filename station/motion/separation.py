"""How far a moving arm must keep from a person: the protective distance of speed and separation monitoring, by terms.

`S_p = S_h + S_r + S_s + C + Z_d + Z_r` after ISO/TS 15066:2016 as published articles give it; S_p is measured between
the nearest surfaces. Millimetres, seconds. Every figure handed in has to be an over-estimate.

This is arithmetic for comfort and for a second look. It is no safety function: that is the robot controller's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One protective distance, and what it is made of."""

    person_mm: float
    """S_h = v_h (T_r + T_s): what the person can come nearer until the arm stands."""
    robot_mm: float
    """S_r = v_r T_r: what the arm comes nearer before it begins to brake."""
    stopping_mm: float
    """S_s: what it comes nearer while it brakes."""
    intrusion_mm: float
    """C: how far a hand reaches in before it is seen."""
    person_doubt_mm: float
    """Z_d: how far beyond its outline a person can be."""
    robot_doubt_mm: float
    """Z_r: how far the arm can be from where its posture puts it."""

    @property
    def total_mm(self) -> float:
        """S_p."""
        return (
            self.person_mm
            + self.robot_mm
            + self.stopping_mm
            + self.intrusion_mm
            + self.person_doubt_mm
            + self.robot_doubt_mm
        )


def terms(
    *,
    person_mm_s: float,
    robot_mm_s: float,
    reaction_s: float,
    stopping_s: float,
    intrusion_mm: float,
    person_doubt_mm: float,
    robot_doubt_mm: float,
) -> Terms:
    """The terms for speeds towards each other, a reaction time T_r and a stopping time T_s.

    Raises ValueError for a figure that is negative or no number: it could make the distance too small.
    """
    figures = (person_mm_s, robot_mm_s, reaction_s, stopping_s, intrusion_mm, person_doubt_mm, robot_doubt_mm)
    if not (min(figures) >= 0.0 and math.isfinite(sum(figures))):
        raise ValueError(f"a protective distance is made of finite figures from 0 up, got {figures}")
    return Terms(
        person_mm=person_mm_s * (reaction_s + stopping_s),
        robot_mm=robot_mm_s * reaction_s,
        stopping_mm=stopping_distance_mm(robot_mm_s, stopping_s),
        intrusion_mm=intrusion_mm,
        person_doubt_mm=person_doubt_mm,
        robot_doubt_mm=robot_doubt_mm,
    )


def stopping_distance_mm(robot_mm_s: float, stopping_s: float) -> float:
    """S_s = v_r T_s / 2: braking evenly for `stopping_s`."""
    return robot_mm_s * stopping_s / 2.0


def highest_share(
    distance_mm: float,
    *,
    person_mm_s: float,
    robot_mm_s: float,
    reaction_s: float,
    stopping_s: float,
    fixed_mm: float,
) -> float:
    """The share of the robot's speed at which its protective distance just fits into `distance_mm`.

    Braking is even, so at a share of the speed the arm needs the same share of `stopping_s`. `fixed_mm` is C + Z_d +
    Z_r. 0 where not even a standing arm is far enough; infinite where the speed does not matter. Above 1 is room left.
    Multiply by `robot_mm_s` for the highest speed in mm/s.
    """
    room_mm = distance_mm - fixed_mm - person_mm_s * reaction_s
    if room_mm <= 0.0:
        return 0.0
    # room = linear * share + square * share²
    linear = person_mm_s * stopping_s + robot_mm_s * reaction_s
    square = robot_mm_s * stopping_s / 2.0
    if linear <= 0.0 and square <= 0.0:
        return math.inf
    # The root that keeps its figures where the square term is small.
    return 2.0 * room_mm / (linear + math.sqrt(linear * linear + 4.0 * square * room_mm))
