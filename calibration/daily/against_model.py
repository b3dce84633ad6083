"""Does a camera still see the fixed tags where its calibration puts them: today's pictures against the model alone.

Coarser than the comparison with the reference pictures, since it contains how well the calibration knew the camera and
what the detector always gets wrong about a tag; but it needs no reference, and it finds a reference that was taken when
something had already moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.daily.camera_shift import motion_jacobian, off_at_bench_mm
from calibration.daily.power import limit
from calibration.daily.tag_burst import TagBurst
from calibration.rotations import adjoint, as_array
from vision.bench import Body
from vision.geometry import Array, CameraModel

STEADY_PX = 0.2
"""What a detector gets wrong about a corner in each picture alike, and what a printed tag is off: one standard
deviation along an axis. Rendered tags of 40 mm, seen from 0.7 to 0.95 m: 0.05 to 0.1 px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMiss:
    """How far the tags are from where the calibration puts them."""

    camera: str
    statistic: float
    limit: float
    rms_px: float
    off_mm: float
    """At the bench, if the camera is where the tags say: the worst of the tags' middles."""

    @property
    def fits(self) -> bool:
        """Whether that is within what the calibration knew."""
        return self.statistic <= self.limit

    def off(self, allowed_mm: float) -> bool:
        """Whether the camera is not where its calibration says, by more than is allowed at the bench."""
        return not self.fits and not self.off_mm <= allowed_mm


def against_model(today: TagBurst, camera: CameraModel, fixture: Body, covariance: Array) -> ModelMiss:
    """`covariance` is (6, 6) of bench_from_camera as an artefact of kind `camera` has it: rotation vector (rad), then
    translation (mm), applied from the left; zeros where nobody knows it."""
    mounts = {mount.tag_id: mount for mount in fixture.tags}
    corners_mm = np.concatenate([mounts[tag_id].corners_mm() for tag_id in today.tag_ids])
    misses = today.mean_px.reshape(-1, 2) - camera.project(corners_mm)
    jacobian = motion_jacobian(camera, corners_mm)
    normal = np.linalg.inv(jacobian.T @ jacobian)
    twist = normal @ jacobian.T @ misses.reshape(-1)
    # Left perturbations of bench_from_camera, carried into the camera's frame; the sign falls out of a covariance.
    carry = adjoint(as_array(camera.camera_from_bench))
    spread = carry @ covariance @ carry.T + normal * (STEADY_PX**2 + today.noise_px**2 / today.pictures)
    return ModelMiss(
        camera=camera.name,
        statistic=float(twist @ np.linalg.solve(spread, twist)),
        limit=limit(6),
        rms_px=float(np.sqrt((misses**2).sum(axis=1).mean())),
        off_mm=off_at_bench_mm(twist, camera, corners_mm.reshape(-1, 4, 3).mean(axis=1)),
    )
