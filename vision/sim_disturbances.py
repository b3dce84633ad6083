"""What a bad day does to a picture: light, shadows, glare, blur, dust, noise, compression. Values, and how they look.

Everything works on the optical picture, before the sensor's noise, in the order of nature: light, glare, motion and
focus, dust on the glass, the sensor's limit and noise, compression.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array, CameraModel, frozen

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]
_SPARE_PX = 160
_COARSE = 8
"""Light fields vary slowly: they are worked out at this fraction of the picture's size."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoftShape:
    """An outline on a level of the bench that is darker or brighter than what is around it, with a soft edge."""

    outline_mm: Array
    """(N, 3) in the bench frame."""
    amount: float
    """A shadow: share of the light that is taken away, 0 to 1. Glare: levels that are added."""
    softness_mm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline_mm", frozen(self.outline_mm, (-1, 3)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbances:
    """What is wrong with one camera's picture. The defaults change nothing but the sensor's noise."""

    gain: float = 1.0
    """Exposure times light, 1 = as calibrated."""
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Gains of blue, green and red: the colour temperature that the white balance has not followed."""
    gradient: tuple[float, float] = (0.0, 0.0)
    """How much brighter the right and the lower edge are than the middle, in shares of the light."""
    shadows: tuple[SoftShape, ...] = ()
    glare: tuple[SoftShape, ...] = ()
    """A window or lamp that shows in whatever is there."""
    motion_px: tuple[float, float] = (0.0, 0.0)
    """The camera's way while the shutter was open."""
    defocus_px: float = 0.0
    """Radius of the circle that a point becomes."""
    dust: tuple[tuple[float, float, float, float], ...] = ()
    """Specks on the lens: x and y in shares of the picture's width, radius px, share of light taken away."""
    noise_levels: float = 3.5
    """Standard deviation of each channel of each pixel."""
    jpeg_quality: int = 0
    """1 to 100; 0 = not compressed."""

    @property
    def blur_px(self) -> float:
        """Standard deviation of all blur along its worst direction."""
        # A disc of radius r has r / 2 along each axis, a line of length l has l / sqrt(12).
        return float(np.hypot(self.defocus_px / 2.0, np.hypot(*self.motion_px) / np.sqrt(12.0)))


def disturbed(optical: Picture, how: Disturbances, camera: CameraModel, *, seed: int, frame_index: int) -> Picture:
    """The sensor's picture, a new array uint8 (height, width, 3) BGR. Deterministic in all arguments."""
    return sensed(fallen(optical, how, camera), how, seed=seed, frame_index=frame_index)


def fallen(optical: Picture, how: Disturbances, camera: CameraModel) -> Plane:
    """What falls on the sensor, float32 (height, width, 3): all of a bad day that stays from frame to frame."""
    picture = _lit(optical, how, camera)
    length_px = float(np.hypot(*how.motion_px))
    if length_px > 0.3:
        picture = np.asarray(cv2.filter2D(picture, -1, _streak(how.motion_px)), dtype=np.float32)
    if how.defocus_px > 0.3:
        picture = np.asarray(cv2.filter2D(picture, -1, _disc(how.defocus_px)), dtype=np.float32)
    return _dusty(picture, how)


def sensed(light: Plane, how: Disturbances, *, seed: int, frame_index: int, flicker: float = 1.0) -> Picture:
    """What the sensor makes of `flicker` times the light: noise and compression; a new array, uint8 BGR."""
    picture = light * np.float32(flicker)
    if how.noise_levels > 0.0:
        _add_noise(picture, how.noise_levels, seed, frame_index)
    levels = np.asarray(cv2.convertScaleAbs(np.maximum(picture, 0.0, out=picture)), dtype=np.uint8)
    if not how.jpeg_quality:
        return levels
    _, packed = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, how.jpeg_quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)


def light_at(how: Disturbances, camera: CameraModel, bench_mm: Array) -> tuple[Array, Array]:
    """At bench points (N, 3): gain of the light, and levels of glare; (N,) each. Points outside the picture too."""
    pixels = camera.project(bench_mm)
    gain = how.gain * _slope(how, camera, pixels[:, 0], pixels[:, 1])
    for shape in how.shadows:
        gain = gain * (1.0 - shape.amount * _inside(shape, bench_mm))
    glare = np.zeros(len(bench_mm))
    for shape in how.glare:
        glare = glare + shape.amount * _inside(shape, bench_mm)
    return np.asarray(gain), glare


def _lit(optical: Picture, how: Disturbances, camera: CameraModel) -> Plane:
    height, width = optical.shape[:2]
    size = (width // _COARSE, height // _COARSE)
    columns, rows = np.meshgrid(
        np.linspace(0, width - 1, size[0], dtype=np.float32), np.linspace(0, height - 1, size[1], dtype=np.float32)
    )
    field = how.gain * _slope(how, camera, columns, rows)
    for shape in how.shadows:
        field = field * (1.0 - shape.amount * _mask(shape, camera, size))
    coloured = (field[:, :, None] * np.array(how.tint)).astype(np.float32)
    large = cv2.resize(coloured, (width, height), interpolation=cv2.INTER_LINEAR)
    picture = np.asarray(cv2.multiply(optical, large, dtype=cv2.CV_32F), dtype=np.float32)
    for shape in how.glare:
        veil = cv2.resize(_mask(shape, camera, size), (width, height), interpolation=cv2.INTER_LINEAR)
        # What is white already gains less than what is dark: a reflection replaces, it does not only add.
        picture += (np.float32(shape.amount) * veil)[:, :, None] * (1.0 - picture / 300.0)
    return np.minimum(picture, np.float32(255.0), out=picture)


def _slope(how: Disturbances, camera: CameraModel, x: Array | Plane, y: Array | Plane) -> Array:
    across, down = x / camera.width_px * 2.0 - 1.0, y / camera.height_px * 2.0 - 1.0
    return np.asarray(np.maximum(0.15, 1.0 + how.gradient[0] * across + how.gradient[1] * down), dtype=np.float64)


def _mask(shape: SoftShape, camera: CameraModel, size: tuple[int, int]) -> Plane:
    """(h, w) of the coarse picture, 0 to 1."""
    mask = np.zeros((size[1], size[0]), np.float32)
    pixels = camera.project(shape.outline_mm) / _COARSE
    if not np.isfinite(pixels).all():
        return mask
    cv2.fillPoly(mask, [np.rint(np.clip(pixels, -4000, 4000) * 16).astype(np.int32)], 1.0, cv2.LINE_8, 4)
    distance = float(np.linalg.norm(camera.camera_from_bench.apply(shape.outline_mm).mean(axis=0)))
    soft_px = float(camera.matrix[0, 0]) / distance * shape.softness_mm / _COARSE
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.5, soft_px)), dtype=np.float32)


def _inside(shape: SoftShape, bench_mm: Array) -> Array:
    """0 to 1 for each point (N, 3): how far it is inside the outline, softly. Seen from above."""
    outline = shape.outline_mm[:, :2].astype(np.float32)
    inwards = np.array([cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x, y, _ in bench_mm])
    return np.asarray(np.clip(0.5 + inwards / max(1.0, 3.0 * shape.softness_mm), 0.0, 1.0))


def _streak(motion_px: tuple[float, float]) -> Plane:
    """A straight line of that length and direction, as a kernel of sum 1."""
    reach = int(np.ceil(max(abs(motion_px[0]), abs(motion_px[1])) / 2.0)) + 1
    fine = 8
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for t in np.linspace(-0.5, 0.5, 4 * fine * reach):
        x, y = reach + t * motion_px[0], reach + t * motion_px[1]
        left, top = int(x), int(y)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            weight = (1 - abs(x - left - dx)) * (1 - abs(y - top - dy))
            if weight > 0.0:
                kernel[top + dy, left + dx] += weight
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _disc(radius_px: float) -> Plane:
    """An even disc with a soft edge of one pixel, as a kernel of sum 1."""
    reach = int(np.ceil(radius_px)) + 1
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius_px + 0.5 - np.hypot(rows, columns), 0.0, 1.0).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _dusty(picture: Plane, how: Disturbances) -> Plane:
    height, width = picture.shape[:2]
    for x, y, radius_px, share in how.dust:
        reach = int(3 * radius_px) + 1
        cx, cy = round(x * width), round(y * width)
        x0, y0, x1, y1 = max(0, cx - reach), max(0, cy - reach), min(width, cx + reach), min(height, cy + reach)
        if x1 <= x0 or y1 <= y0:
            continue
        rows, columns = np.mgrid[y0:y1, x0:x1]
        speck = np.exp(-((rows - cy) ** 2 + (columns - cx) ** 2) / (2.0 * radius_px**2)).astype(np.float32)
        picture[y0:y1, x0:x1] *= 1.0 - share * speck[:, :, None]
    return picture


def _add_noise(picture: Plane, levels: float, seed: int, frame_index: int) -> None:
    """Gaussian, each quarter cut at a random place from one larger tile: fresh for a tracker, and many times faster."""
    height, width = picture.shape[:2]
    h2, w2 = (height + 1) // 2, (width + 1) // 2
    tile = _tile(seed, h2 + _SPARE_PX, w2 + _SPARE_PX)
    rng = np.random.default_rng((seed, frame_index))
    for i, (y, x) in enumerate(rng.integers(0, _SPARE_PX, (4, 2))):
        rows = slice(0, h2) if i < 2 else slice(h2, height)
        columns = slice(0, w2) if i % 2 == 0 else slice(w2, width)
        part = picture[rows, columns]
        cv2.scaleAdd(tile[y : y + part.shape[0], x : x + part.shape[1]], levels, part, dst=part)


@lru_cache(maxsize=4)
def _tile(seed: int, height: int, width: int) -> Plane:
    """Standard normal, (height, width, 3)."""
    return np.random.default_rng((seed, height, width)).standard_normal((height, width, 3), dtype=np.float32)
