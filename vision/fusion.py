"""One pose of a body from what several cameras say of it, and whether they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vision.api import worst_sigma
from vision.geometry import Array, Transform
from vision.pose_fit import moved_by, pose_error

AGREE_D2 = 33.1
"""Squared Mahalanobis distance of two sightings beyond which they contradict each other: true ones get there once in
100 000 times (chi-square, six degrees of freedom)."""
FLOOR = np.diag([1e-3**2] * 3 + [1e-5**2] * 3)
"""A covariance is never less than this: a micrometre and a hundred-thousandth of a radian."""
ROUNDS = 2


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

    @property
    def sigma_mm(self) -> float:
        """One standard deviation of the position along its worst direction."""
        return worst_sigma(self.covariance[:3, :3])

    @property
    def sigma_deg(self) -> float:
        """One standard deviation of the rotation about its worst axis."""
        return math.degrees(worst_sigma(self.covariance[3:, 3:]))


def fuse(sightings: tuple[Sighting, ...]) -> FusedPose:
    """The most likely pose of one or more independent sightings, in information form: sum of inverse covariances.

    Errors are taken about the first sighting, twice, so that rotations are added where they are small. Sightings that
    lie farther apart than they say of themselves let the covariance grow by as much (Birge's ratio). Raises ValueError
    without a sighting.
    """
    if not sightings:
        raise ValueError("no camera sees the body: nothing to fuse")
    newest_s = max(s.t_mono_s for s in sightings)
    pose = sightings[0].bench_from_body
    if len(sightings) == 1:
        return FusedPose(
            bench_from_body=pose, covariance=sightings[0].covariance, t_mono_s=newest_s, cameras=1, agree=True
        )
    informations = [np.linalg.inv(s.covariance + FLOOR) for s in sightings]
    covariance = np.linalg.inv(sum(informations))
    spread = 0.0
    for _ in range(ROUNDS):
        errors = [pose_error(s.bench_from_body, pose) for s in sightings]
        step = covariance @ sum(information @ error for information, error in zip(informations, errors, strict=True))
        pose = moved_by(pose, step)
        off = [error - step for error in errors]
        spread = float(sum(e @ information @ e for information, e in zip(informations, off, strict=True)))
    birge = max(1.0, spread / (6.0 * (len(sightings) - 1)))
    return FusedPose(
        bench_from_body=pose,
        covariance=birge * covariance,
        t_mono_s=newest_s,
        cameras=len(sightings),
        agree=all(distance2(a, b) <= AGREE_D2 for i, a in enumerate(sightings) for b in sightings[i + 1 :]),
    )


def distance2(a: Sighting, b: Sighting) -> float:
    """Squared Mahalanobis distance of two sightings: chi-square with six degrees of freedom if both are right."""
    error = pose_error(a.bench_from_body, b.bench_from_body)
    return float(error @ np.linalg.solve(a.covariance + b.covariance + FLOOR, error))
