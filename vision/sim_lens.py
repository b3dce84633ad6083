"""What a lens and a sensor do to a pinhole picture: distortion, uneven light, slight blur, noise.

The pinhole picture is larger than the camera's by a margin, so that the corners of the distorted picture are not empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array, CameraModel, Transform

Picture = NDArray[np.uint8]

BLUR_SIGMA_PX = 0.7
NOISE_LEVELS = 3.5
FULL_GAIN = 200
"""The value of the gain map that leaves a pixel as it is."""
NOISE_SPARE_PX = 192


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinhole:
    """An undistorted view of a camera, with a margin, at a whole-number scale."""

    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    width_px: int
    height_px: int
    camera_from_bench: Transform

    @property
    def position_mm(self) -> Array:
        """(3,) where the camera is in the bench frame."""
        return self.camera_from_bench.inverse().translation_mm

    def project(self, bench_points_mm: Array) -> tuple[Array, Array]:
        """Bench points (N, 3) mm -> pixels (N, 2) and depths (N,) mm. Points nearer than 30 mm are put at 30 mm."""
        in_camera = self.camera_from_bench.apply(bench_points_mm)
        depths = np.maximum(in_camera[:, 2], 30.0)
        pixels = in_camera[:, :2] / depths[:, None] * self.focal_px + self.centre_px
        return pixels, depths

    def scaled(self, factor: int) -> Pinhole:
        """The same view with `factor` pixels for each pixel."""
        x, y = self.centre_px
        return Pinhole(
            focal_px=(self.focal_px[0] * factor, self.focal_px[1] * factor),
            centre_px=((x + 0.5) * factor - 0.5, (y + 0.5) * factor - 0.5),
            width_px=self.width_px * factor,
            height_px=self.height_px * factor,
            camera_from_bench=self.camera_from_bench,
        )


class Lens:
    """Turns pinhole pictures of one camera into its sensor's pictures. One thread at a time."""

    def __init__(self, camera: CameraModel, rng: np.random.Generator) -> None:
        self._size = (camera.width_px, camera.height_px)
        fx, fy, cx, cy = (float(camera.matrix[i]) for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
        columns, rows = np.meshgrid(np.arange(camera.width_px), np.arange(camera.height_px))
        grid = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2).astype(np.float64)
        # The default of five rounds leaves up to 0.05 px in the corners.
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-9)
        rays = cv2.undistortPointsIter(grid, camera.matrix, camera.distortion, np.eye(3), np.eye(3), stop)
        source = rays.reshape(camera.height_px, camera.width_px, 2) * (fx, fy) + (cx, cy)
        left, top = (int(np.ceil(max(0.0, -source[..., i].min()))) + 2 for i in (0, 1))
        right, bottom = (int(np.ceil(max(0.0, source[..., i].max() - self._size[i] + 1))) + 2 for i in (0, 1))
        self.pinhole = Pinhole(
            focal_px=(fx, fy),
            centre_px=(cx + left, cy + top),
            width_px=camera.width_px + left + right,
            height_px=camera.height_px + top + bottom,
            camera_from_bench=camera.camera_from_bench,
        )
        moved = (source + np.array([left, top])).astype(np.float32)
        self._map, self._fraction = cv2.convertMaps(moved[..., 0], moved[..., 1], cv2.CV_16SC2)
        self._gain = _gain_map(self._size)
        shape = (camera.height_px + NOISE_SPARE_PX, camera.width_px + NOISE_SPARE_PX, 3)
        noise = np.rint(rng.normal(0.0, NOISE_LEVELS, shape))
        # Two unsigned tiles, because a saturating 8-bit sum and difference is many times faster than a signed one.
        self._noise_up = np.clip(noise, 0, 255).astype(np.uint8)
        self._noise_down = np.clip(-noise, 0, 255).astype(np.uint8)

    def expose(self, pinhole: Picture, frame_index: int, light: float) -> Picture:
        """The sensor's picture: a new array, uint8 (height, width, 3) BGR."""
        return self._noisy(self.optical(pinhole, light), frame_index)

    def optical(self, pinhole: Picture, light: float) -> Picture:
        """What falls on the sensor: a new array, uint8 (height, width, 3) BGR, without noise."""
        picture = cv2.remap(pinhole, self._map, self._fraction, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cv2.GaussianBlur(picture, (3, 3), BLUR_SIGMA_PX, dst=picture)
        cv2.multiply(picture, self._gain, dst=picture, scale=light / FULL_GAIN)
        return np.asarray(picture, dtype=np.uint8)

    def covered(self, frame_index: int, light: float) -> Picture:
        """What the sensor sees with a hand or cloth on the lens: nearly black brown, without texture."""
        width, height = self._size
        small = np.zeros((9, 16, 3), np.float32)
        small[...] = np.array([6.0, 9.0, 16.0]) * light
        small *= np.linspace(0.7, 1.3, 9, dtype=np.float32)[:, None, None]
        picture = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)).astype(np.uint8)
        return self._noisy(picture, frame_index)

    def _noisy(self, picture: Picture, frame_index: int) -> Picture:
        width, height = self._size
        # Two odd strides visit the offsets without a short cycle, and depend on nothing but the frame's number.
        x, y = (frame_index * 97) % NOISE_SPARE_PX, (frame_index * 61) % NOISE_SPARE_PX
        cv2.add(picture, self._noise_up[y : y + height, x : x + width], dst=picture)
        cv2.subtract(picture, self._noise_down[y : y + height, x : x + width], dst=picture)
        return picture


def _gain_map(size: tuple[int, int]) -> Picture:
    """Light from the upper left and a mild vignette, uint8 (height, width, 3)."""
    width, height = size
    x = (np.arange(width) / width - 0.5)[None, :]
    y = (np.arange(height) / width - height / width / 2)[:, None]
    gain = 1.04 - 0.10 * x - 0.12 * y - 0.42 * (x * x + y * y)
    plane = np.clip(np.rint(gain * FULL_GAIN), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(plane[:, :, None], 3, axis=2))
