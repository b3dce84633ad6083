"""Rigid transforms and calibrated cameras: the value types every other module shares.

Conventions: millimetres and right-handed axes. `bench_from_part` maps points of the part frame into the bench frame, so
neighbouring names in a product must match: `camera_from_part = camera_from_bench @ bench_from_part`.

Bench frame: origin on the table top at the middle of the bench, x to the visitor's right, y away from the visitor (who
stands at negative y), z up. Camera frame (OpenCV): x right in the picture, y down, z along the view. Pixel coordinates:
(0, 0) is the *centre* of the first pixel (OpenCV); AprilTag libraries that put the corner there are corrected where
they are called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def frozen(values: Any, shape: tuple[int, ...]) -> Array:
    """A read-only float64 copy. Raises ValueError when the shape is not `shape` (-1 matches any length)."""
    array = np.array(values, dtype=np.float64)
    if array.ndim != len(shape) or any(want not in (-1, have) for want, have in zip(shape, array.shape, strict=True)):
        raise ValueError(f"expected an array of shape {shape}, got {array.shape}")
    array.setflags(write=False)
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """A rigid transform `target_from_source`: `target = rotation @ source + translation_mm`."""

    rotation: Array
    """(3, 3), orthonormal, determinant +1."""
    translation_mm: Array
    """(3,)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rotation", frozen(self.rotation, (3, 3)))
        object.__setattr__(self, "translation_mm", frozen(self.translation_mm, (3,)))

    @staticmethod
    def identity() -> Transform:
        """No motion."""
        return Transform(np.eye(3), np.zeros(3))

    @staticmethod
    def of(
        x_mm: float, y_mm: float, z_mm: float, roll_deg: float = 0.0, pitch_deg: float = 0.0, yaw_deg: float = 0.0
    ) -> Transform:
        """From a position and fixed-axis angles: R = Rz(yaw) Ry(pitch) Rx(roll)."""
        r, p, y = (math.radians(v) for v in (roll_deg, pitch_deg, yaw_deg))
        cr, sr, cp, sp, cy, sy = math.cos(r), math.sin(r), math.cos(p), math.sin(p), math.cos(y), math.sin(y)
        rotation = np.array(
            [
                [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
                [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
                [-sp, cp * sr, cp * cr],
            ]
        )
        return Transform(rotation, np.array([x_mm, y_mm, z_mm]))

    def __matmul__(self, other: Transform) -> Transform:
        return Transform(self.rotation @ other.rotation, self.rotation @ other.translation_mm + self.translation_mm)

    def inverse(self) -> Transform:
        """`source_from_target`."""
        return Transform(self.rotation.T, -self.rotation.T @ self.translation_mm)

    def apply(self, points_mm: Any) -> Array:
        """Map points (..., 3) mm of the source frame into the target frame."""
        points = np.asarray(points_mm, dtype=np.float64)
        return np.asarray(points @ self.rotation.T + self.translation_mm)

    def angle_to_deg(self, other: Transform) -> float:
        """The angle of the rotation between the two, 0 to 180 degrees."""
        cosine = (float(np.vdot(self.rotation, other.rotation)) - 1.0) / 2.0
        return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))

    def distance_to_mm(self, other: Transform) -> float:
        """Distance of the two origins."""
        return math.dist(self.translation_mm, other.translation_mm)

    def yaw_deg(self) -> float:
        """Rotation about z by the convention of `of`."""
        return math.degrees(math.atan2(self.rotation[1, 0], self.rotation[0, 0]))


@dataclass(frozen=True, slots=True, eq=False)
class CameraModel:
    """A calibrated camera: pinhole with OpenCV's five distortion coefficients (k1, k2, p1, p2, k3)."""

    name: str
    width_px: int
    height_px: int
    matrix: Array
    """(3, 3) intrinsics in pixels."""
    distortion: Array
    """(5,)."""
    camera_from_bench: Transform
    position_sigma_mm: float = 0.0
    """How well the calibration knows where the camera is: one standard deviation along each axis."""
    rotation_sigma_deg: float = 0.0
    """How well it knows where the camera looks: one standard deviation about each axis, about the camera."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", frozen(self.matrix, (3, 3)))
        object.__setattr__(self, "distortion", frozen(self.distortion, (5,)))

    def project(self, bench_points_mm: Any) -> Array:
        """Bench points (N, 3) mm -> distorted pixels (N, 2). Points behind the camera give NaN."""
        import cv2

        points = np.asarray(bench_points_mm, dtype=np.float64).reshape(-1, 3)
        in_camera = self.camera_from_bench.apply(points)
        pixels, _ = cv2.projectPoints(in_camera, np.zeros(3), np.zeros(3), self.matrix, self.distortion)
        result = np.array(pixels.reshape(-1, 2), dtype=np.float64)
        result[in_camera[:, 2] <= 1.0] = np.nan
        return result

    def bench_point_on_plane(self, pixels: Any, z_mm: float) -> Array:
        """Distorted pixels (N, 2) -> bench points (N, 3) mm where their rays meet the plane z = `z_mm`."""
        import cv2

        flat = np.asarray(pixels, dtype=np.float64).reshape(-1, 1, 2)
        rays = cv2.undistortPoints(flat, self.matrix, self.distortion).reshape(-1, 2)
        bench_from_camera = self.camera_from_bench.inverse()
        directions = np.column_stack([rays, np.ones(len(rays))]) @ bench_from_camera.rotation.T
        origin = bench_from_camera.translation_mm
        scale = (z_mm - origin[2]) / directions[:, 2]
        return np.asarray(origin + directions * scale[:, None])


def looking_at(
    name: str,
    *,
    position_mm: tuple[float, float, float],
    target_mm: tuple[float, float, float],
    up: tuple[float, float, float] = (0.0, 1.0, 0.0),
    focal_px: float,
    width_px: int = 1280,
    height_px: int = 720,
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0),
) -> CameraModel:
    """A camera at a bench position that looks at a bench point; `up` is a bench direction that is up in the picture."""
    position, target = np.array(position_mm, dtype=np.float64), np.array(target_mm, dtype=np.float64)
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, np.array(up, dtype=np.float64))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    rotation = np.vstack([right, down, forward])
    matrix = np.array([[focal_px, 0.0, (width_px - 1) / 2], [0.0, focal_px, (height_px - 1) / 2], [0.0, 0.0, 1.0]])
    return CameraModel(
        name, width_px, height_px, matrix, np.array(distortion), Transform(rotation, -rotation @ position)
    )
