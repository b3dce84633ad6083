"""The last step of a pose, and how far it may be off: robust least squares on tag corners, with what is known of them.

A corner's error has three parts, measured on rendered pictures with light, blur, noise and compression varied: one is
new in every frame; one stays as long as body and camera rest (it comes from where the edges fall on the pixels); one is
common to all tags of a picture: light and blur let every black square look larger or smaller (0.15 px smaller where
white is burnt out). That common size is a seventh unknown of the fit. Most of the error stays, so the mean of many
frames is hardly better than one frame (`LASTING_SHARE`).

The error vector e is that of `vision.api.BodyObservation.covariance`: translation in mm, then the rotation vector in
rad, bench axes, about the body's origin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vision.geometry import Array, CameraModel, Transform

CORNER_SIGMA_PX = 0.05
"""One corner of a large tag along one axis: what is new in a frame and what stays, together."""
SMALL_TAG_PX2 = 2.4
"""Small and oblique tags are worse: by this over the shortest edge in pixels."""
SHARP_ANGLES = 2.0
"""How steeply tags with sharp angles are worse."""
SIZE_SIGMA_PX = 0.10
"""How much farther out all corners of all tags look."""
LASTING_SHARE = 0.8
"""Share of a sighting's covariance that the next frames of the same camera repeat while the body rests."""
BELIEF = 6.0
"""So many values of misfit weigh as much as the figures above: how well the corners fit scales the covariance."""
ROBUST_SIGMAS = 2.5
"""A corner that is off by more counts less and less (Huber's weight)."""
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoseFit:
    """A fitted pose."""

    bench_from_body: Transform
    covariance: Array
    """(6, 6) of e."""
    misses_px: Array
    """(N,) how far each corner is from where the pose puts it, the common size taken off."""


def turned(rotation_vector: Array) -> Array:
    """(3, 3) rotation of a rotation vector in rad (Rodrigues)."""
    import cv2

    return np.asarray(cv2.Rodrigues(rotation_vector)[0], dtype=np.float64)


def rotation_vector(rotation: Array) -> Array:
    """(3,) rotation vector in rad, 0 to pi long, of a rotation matrix."""
    import cv2

    vector, _ = cv2.Rodrigues(rotation)
    return np.asarray(vector, dtype=np.float64).reshape(3)


def pose_error(true: Transform, said: Transform) -> Array:
    """(6,) the e that leads from `said` to `true`."""
    turn = rotation_vector(true.rotation @ said.rotation.T)
    return np.concatenate([true.translation_mm - said.translation_mm, turn])


def moved_by(pose: Transform, error: Array) -> Transform:
    """The pose that `pose` becomes by e (6,)."""
    return Transform(turned(error[3:]) @ pose.rotation, pose.translation_mm + error[:3])


def cross_matrix(vector: Array) -> Array:
    """(3, 3) matrix of `vector` x."""
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def projection_jacobian(camera: CameraModel, in_camera_mm: Array) -> Array:
    """(N, 2, 3) derivative of the distorted pixel by the point (N, 3) mm in the camera's axes.

    The lens is OpenCV's: x' = x (1 + k1 r^2 + k2 r^4 + k3 r^6) + 2 p1 x y + p2 (r^2 + 2 x^2), y' alike.
    """
    k1, k2, p1, p2, k3 = camera.distortion
    depth = in_camera_mm[:, 2]
    x, y = in_camera_mm[:, 0] / depth, in_camera_mm[:, 1] / depth
    r2 = x * x + y * y
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    slope = 2.0 * (k1 + r2 * (2.0 * k2 + r2 * 3.0 * k3))
    by_ray = np.empty((len(depth), 2, 2))
    by_ray[:, 0, 0] = radial + x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x
    by_ray[:, 0, 1] = by_ray[:, 1, 0] = x * y * slope + 2.0 * p1 * x + 2.0 * p2 * y
    by_ray[:, 1, 1] = radial + y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x
    by_point = np.zeros((len(depth), 2, 3))
    by_point[:, 0, 0] = by_point[:, 1, 1] = 1.0 / depth
    by_point[:, 0, 2], by_point[:, 1, 2] = -x / depth, -y / depth
    return np.asarray(camera.matrix[:2, :2] @ by_ray @ by_point)


def pose_jacobian(points_mm: Array, bench_from_body: Transform, camera: CameraModel) -> Array:
    """(2 N, 6) derivative of the pixels of the body's points (N, 3) mm by e."""
    to_camera = camera.camera_from_bench
    by_point = projection_jacobian(camera, to_camera.apply(bench_from_body.apply(points_mm))) @ to_camera.rotation
    arms = points_mm @ bench_from_body.rotation.T
    by_turn = np.zeros((len(arms), 3, 3))
    by_turn[:, 0, 1], by_turn[:, 1, 2], by_turn[:, 2, 0] = arms[:, 2], arms[:, 0], arms[:, 1]
    by_turn[:, 1, 0], by_turn[:, 2, 1], by_turn[:, 0, 2] = -arms[:, 2], -arms[:, 0], -arms[:, 1]
    return np.concatenate([by_point, by_point @ by_turn], axis=2).reshape(-1, 6)


def fit_pose(points_mm: Array, pixels: Array, start: Transform, camera: CameraModel) -> PoseFit:
    """Gauss-Newton from a pose that is nearly right; corners (N, 3) mm and (N, 2) px of whole tags, four by four.

    Unknown are e and the common size, which is known beforehand to `SIZE_SIGMA_PX`. Corners that fit worse than the
    noise allows for count less each, and together let the covariance grow.
    """
    corners = pixels.reshape(-1, 4, 2)
    sigmas_px = np.repeat(_corner_sigmas_px(corners), 4)
    outwards = corners - corners.mean(axis=1, keepdims=True)
    outwards = (outwards / np.linalg.norm(outwards, axis=2, keepdims=True)).reshape(-1, 1)
    prior = np.zeros((7, 7))
    prior[6, 6] = 1.0 / SIZE_SIGMA_PX**2
    pose, size_px = start, 0.0
    for _ in range(ROUNDS):
        jacobian = np.hstack([pose_jacobian(points_mm, pose, camera), outwards])
        off = (pixels - camera.project(pose.apply(points_mm))).reshape(-1)
        misses_px = _lengths(off - size_px * outwards[:, 0])
        weights = np.repeat(1.0 / (sigmas_px**2 * np.maximum(1.0, misses_px / (ROBUST_SIGMAS * sigmas_px))), 2)
        weighted = (jacobian * weights[:, None]).T
        information = weighted @ jacobian + prior
        step = np.linalg.solve(information, weighted @ off)
        pose, size_px = moved_by(pose, step[:6]), float(step[6])
    off = (pixels - camera.project(pose.apply(points_mm))).reshape(-1) - size_px * outwards[:, 0]
    # The fit takes six numbers off what is left over. Few corners tell little of how good they are, many tell a lot.
    fit2, free = float(weights @ off**2), len(off) - 6.0
    scale = (BELIEF + fit2) / (BELIEF + free)
    covariance = scale * np.linalg.inv(information)[:6, :6] + calibration_covariance(pose, camera)
    return PoseFit(bench_from_body=pose, covariance=covariance, misses_px=_lengths(off))


def calibration_covariance(bench_from_body: Transform, camera: CameraModel) -> Array:
    """(6, 6) covariance of e that comes from not knowing the camera's own pose better than its calibration does."""
    if camera.position_sigma_mm == 0.0 and camera.rotation_sigma_deg == 0.0:
        return np.zeros((6, 6))
    from_camera = bench_from_body.translation_mm - camera.camera_from_bench.inverse().translation_mm
    by_turn = np.vstack([-cross_matrix(from_camera), np.eye(3)])
    covariance = math.radians(camera.rotation_sigma_deg) ** 2 * by_turn @ by_turn.T
    covariance[:3, :3] += camera.position_sigma_mm**2 * np.eye(3)
    return np.asarray(covariance)


def _corner_sigmas_px(corners: Array) -> Array:
    """(n,) noise of the corners of n tags, (n, 4, 2) px: more for small ones, and for those that look like a rhombus.

    A corner is where two fitted edges meet: the sharper its angle a, the farther an error of an edge moves it, by
    1 / (sqrt(2) sin(a/2)); and the edges themselves are fitted worse there.
    """
    edges = np.roll(corners, -1, axis=1) - corners
    lengths_px = np.linalg.norm(edges, axis=2)
    towards = edges / lengths_px[:, :, None]
    cosines = -(towards * np.roll(towards, 1, axis=1)).sum(axis=2)
    # sin^2(a/2) = (1 - cos a) / 2
    stretch = 1.0 / np.sqrt(np.maximum(1.0 - cosines.max(axis=1), 0.02))
    return np.asarray(np.hypot(CORNER_SIGMA_PX, SMALL_TAG_PX2 / lengths_px.min(axis=1)) * stretch**SHARP_ANGLES)


def _lengths(values: Array) -> Array:
    return np.asarray(np.linalg.norm(values.reshape(-1, 2), axis=1))
