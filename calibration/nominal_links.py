"""A hand-eye result for a controller that takes joint offsets and keeps its own link lengths.

Offsets and poses that were found together with link corrections are not the best ones without them. The adjustment is
therefore asked again under the condition that the links are as designed: to first order its answer follows from the
covariance. It is off from the truth by a known amount m, so its error has the second moment C + m m'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.hand_eye import HandEyeResult
from calibration.rotations import as_array, as_transform, moved
from vision.geometry import Array, Transform


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NominalLinks:
    """What a controller with the links of its table should be told."""

    mounts_from_cameras: tuple[Transform, ...]
    covariances: tuple[Array, ...]
    """(6, 6) each: second moments of the error of those poses."""
    mount: Transform
    joint_offsets_deg: Array
    """(6,)."""


def with_nominal_links(result: HandEyeResult) -> NominalLinks:
    """The result for links as designed; the same result where no links were sought."""
    poses = [as_array(camera.mount_from_camera) for camera in result.cameras]
    found = result.kinematics
    if found is None:
        return NominalLinks(
            mounts_from_cameras=tuple(camera.mount_from_camera for camera in result.cameras),
            covariances=tuple(camera.covariance for camera in result.cameras),
            mount=result.mount,
            joint_offsets_deg=np.zeros(6),
        )
    links = np.concatenate([found.d_offsets_mm, found.a_offsets_mm])
    *steps, mount, offsets = -(found.by_links @ links).reshape(-1, 6)
    return NominalLinks(
        mounts_from_cameras=tuple(as_transform(moved(p, step)) for p, step in zip(poses, steps, strict=True)),
        covariances=tuple(
            camera.covariance + np.outer(step, step) for camera, step in zip(result.cameras, steps, strict=True)
        ),
        mount=as_transform(moved(as_array(result.mount), mount)),
        joint_offsets_deg=found.joint_offsets_deg + np.rad2deg(offsets),
    )
