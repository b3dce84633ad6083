"""Where a body stands to a joint: across and along the joint's axis, and how far its own axis leans from it.

The body's origin is what touches the joint (a tool's tip, the middle of a fastener), its z axis what should lie along
the joint's axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from vision.bench import Joint
from vision.geometry import Array, Transform
from vision.pose_fit import cross_matrix
from vision.tolerance import chi_radius, one_sided, surely_beyond, surely_within


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What counts as at a joint."""

    across_mm: float
    along_mm: tuple[float, float]
    """Lowest and highest, towards the tool."""
    tilt_deg: float
    """180 = any."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stand:
    """A body at a joint, with its uncertainty."""

    across_mm: Array
    """(2,) in the plane across the axis."""
    across_covariance: Array
    along_mm: float
    along_sigma_mm: float
    tilt_rad: Array
    """(2,) rotation vector that would put the body's axis onto the joint's, across the axis."""
    tilt_covariance: Array

    @property
    def distance_mm(self) -> float:
        """Across the axis."""
        return float(np.linalg.norm(self.across_mm))

    @property
    def tilt_deg(self) -> float:
        """Between the two axes, 0 to 180."""
        return math.degrees(float(np.linalg.norm(self.tilt_rad)))

    def surely_in(self, reach: Reach, confidence: float) -> bool:
        """All three hold; wrong with a probability below 1 - confidence when one does not."""
        doubt_mm = one_sided(confidence) * self.along_sigma_mm
        low_mm, high_mm = reach.along_mm
        return (
            low_mm + doubt_mm <= self.along_mm <= high_mm - doubt_mm
            and surely_within(self.across_mm, self.across_covariance, reach.across_mm, confidence)
            and (
                reach.tilt_deg >= 180.0
                or surely_within(self.tilt_rad, self.tilt_covariance, math.radians(reach.tilt_deg), confidence)
            )
        )

    def surely_out(self, reach: Reach, confidence: float) -> bool:
        """One of the three is broken; wrong with a probability below 1 - confidence when all hold."""
        each = 1.0 - (1.0 - confidence) / 3.0
        doubt_mm = chi_radius(each, 1) * self.along_sigma_mm
        low_mm, high_mm = reach.along_mm
        return (
            not low_mm - doubt_mm <= self.along_mm <= high_mm + doubt_mm
            or surely_beyond(self.across_mm, self.across_covariance, reach.across_mm, each)
            or surely_beyond(self.tilt_rad, self.tilt_covariance, math.radians(reach.tilt_deg), each)
        )


def stand_at(joint: Joint, bench_from_body: Transform, covariance: Array) -> Stand:
    """`covariance` (6, 6) as `vision.api.BodyObservation.covariance`; the joint's own doubt is added to it."""
    axis = joint.axis
    place = covariance[:3, :3] + joint.covariance
    across = _across(axis.tobytes())
    away = bench_from_body.translation_mm - joint.bench_mm
    own_axis = bench_from_body.rotation[:, 2]
    lever = cross_matrix(own_axis) @ axis
    sine, cosine = math.sqrt(float(lever @ lever)), float(own_axis @ axis)
    # Upside down, any direction across the axis is the way back.
    towards = lever / sine if sine > 1e-12 else across[0]
    return Stand(
        across_mm=across @ away,
        across_covariance=across @ place @ across.T,
        along_mm=float(axis @ away),
        along_sigma_mm=math.sqrt(max(0.0, float(axis @ place @ axis))),
        tilt_rad=math.atan2(sine, cosine) * (across @ towards),
        tilt_covariance=across @ covariance[3:, 3:] @ across.T,
    )


@cache
def _across(axis_bytes: bytes) -> Array:
    """(2, 3) two unit vectors across a unit vector (its three float64) and each other."""
    axis = np.frombuffer(axis_bytes)
    start = np.eye(3)[int(np.argmin(np.abs(axis)))]
    first = np.cross(axis, start)
    first = first / np.linalg.norm(first)
    return np.vstack([first, np.cross(axis, first)])
