"""One pose of a body from what several cameras say of it, and whether they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from vision.api import worst_sigma
from vision.geometry import Array, Transform
from vision.pose_fit import moved_by, pose_error

AGREE_D2 = 33.1
"""Squared Mahalanobis distance of two sightings beyond which they contradict each other: true ones get there once in
100 000 times (chi-square, six degrees of freedom)."""
FLOOR = np.diag([1e-3**2] * 3 + [1e-5**2] * 3)
"""A covariance is never less than this: a micrometre and a hundred-thousandth of a radian."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """A body's pose as one camera saw it."""

    camera: str
    t_mono_s: float
    bench_from_body: Transform
    covariance: Array
    """(6, 6), as `vision.api.BodyObservation.covariance`."""

    @property
    def sigma_mm(self) -> float:
        """One standard deviation of the position along its worst direction."""
        return worst_sigma(self.covariance[:3, :3])

    @property
    def sigma_deg(self) -> float:
        """One standard deviation of the rotation about its worst axis."""
        return math.degrees(worst_sigma(self.covariance[3:, 3:]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FusedPose:
    """The common pose; `agree` is False where two cameras contradict each other."""

    bench_from_body: Transform
    covariance: Array
    """(6, 6), as `vision.api.BodyObservation.covariance`."""
    t_mono_s: float
    """Capture time of the newest sighting in it."""
    cameras: int
    agree: bool
    sigma_mm: float = field(init=False)
    """One standard deviation of the position along its worst direction. Worked out once: every watch asks for it."""
    sigma_deg: float = field(init=False)
    """One standard deviation of the rotation about its worst axis."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma_mm", worst_sigma(self.covariance[:3, :3]))
        object.__setattr__(self, "sigma_deg", math.degrees(worst_sigma(self.covariance[3:, 3:])))


def fuse(sightings: tuple[Sighting, ...]) -> FusedPose:
    """The most likely pose of one or more independent sightings, one taken in after the other.

    Each step weighs what is known by its inverse covariance (the gain form of adding informations: one inversion a
    camera). A sighting agrees when it lies no farther from the ones before than both sides allow for; sightings that
    lie farther apart than they say of themselves let the covariance grow by as much (Birge's ratio). Raises ValueError
    without a sighting.
    """
    if not sightings:
        raise ValueError("no camera sees the body: nothing to fuse")
    pose, covariance = sightings[0].bench_from_body, sightings[0].covariance
    spread, farthest = 0.0, 0.0
    for sighting in sightings[1:]:
        error = pose_error(sighting.bench_from_body, pose)
        inverse = np.linalg.inv(covariance + sighting.covariance + FLOOR)
        gain = covariance @ inverse
        distance2 = float(error @ inverse @ error)
        spread, farthest = spread + distance2, max(farthest, distance2)
        pose, covariance = moved_by(pose, gain @ error), covariance - gain @ covariance
    birge = max(1.0, spread / (6.0 * max(1, len(sightings) - 1)))
    return FusedPose(
        bench_from_body=pose,
        covariance=birge * (covariance + covariance.T) / 2.0,
        t_mono_s=max(s.t_mono_s for s in sightings),
        cameras=len(sightings),
        agree=farthest <= AGREE_D2,
    )
