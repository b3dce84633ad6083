"""One pose of a body from what several cameras say of it, and whether they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vision.api import worst_sigma
from vision.geometry import Array, Transform

AGREE_MM = 2.0
AGREE_DEG = 2.0
"""What calibration may leave between two cameras, on top of three standard deviations of both."""


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
    """The inverse-variance mean of one or more sightings; of rotations, the nearest one to their weighted sum (SVD)."""
    if not sightings:
        raise ValueError("no camera sees the body: nothing to fuse")
    by_mm = np.array([1.0 / max(s.sigma_mm, 1e-3) ** 2 for s in sightings])
    by_deg = np.array([1.0 / max(s.sigma_deg, 1e-3) ** 2 for s in sightings])
    shift = sum(w * s.bench_from_body.translation_mm for w, s in zip(by_mm, sightings, strict=True)) / by_mm.sum()
    turns = sum(w * s.bench_from_body.rotation for w, s in zip(by_deg, sightings, strict=True))
    left, _, right = np.linalg.svd(turns)
    rotation = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    return FusedPose(
        bench_from_body=Transform(rotation, np.asarray(shift, dtype=np.float64)),
        covariance=np.diag([1.0 / by_mm.sum()] * 3 + [math.radians(by_deg.sum() ** -0.5) ** 2] * 3),
        t_mono_s=max(s.t_mono_s for s in sightings),
        cameras=len(sightings),
        agree=all(_agree(a, b) for i, a in enumerate(sightings) for b in sightings[i + 1 :]),
    )


def _agree(a: Sighting, b: Sighting) -> bool:
    near_mm = 3.0 * float(np.hypot(a.sigma_mm, b.sigma_mm)) + AGREE_MM
    near_deg = 3.0 * float(np.hypot(a.sigma_deg, b.sigma_deg)) + AGREE_DEG
    return (
        a.bench_from_body.distance_to_mm(b.bench_from_body) <= near_mm
        and a.bench_from_body.angle_to_deg(b.bench_from_body) <= near_deg
    )
