"""Brushes of the renderer: filled outlines, soft shadows and flat pictures seen askew, all within their own rectangle.

Pictures are uint8 (height, width, 3) BGR and are painted in place; points are (N, 2) pixels of pixel centres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array
from vision.scene import Colour

Picture = NDArray[np.uint8]

LIGHT = np.array([-0.4, 0.55, 0.75]) / np.linalg.norm([-0.4, 0.55, 0.75])
"""Unit vector from the bench towards the lamp, bench frame: from the upper left, in front of the camera above."""
SHADOW_PER_MM = np.array([0.26, -0.32])
"""How far a shadow moves on the bench for each millimetre of height; less than the lamp's slope, as by large lights."""

_SHIFT = 4
_SHADOW_STEP = 4
_OVERSAMPLING = 3


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a picture, `x0 <= x < x1`."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def empty(self) -> bool:
        """Nothing of it is inside the picture."""
        return self.x1 <= self.x0 or self.y1 <= self.y0


def window_of(points: Array, margin_px: float, picture: Picture) -> Window:
    """The part of the picture within `margin_px` of the points."""
    height, width = picture.shape[:2]
    low, high = points.min(axis=0) - margin_px, points.max(axis=0) + margin_px + 1.0
    return Window(
        max(0, int(low[0])), max(0, int(low[1])), min(width, int(np.ceil(high[0]))), min(height, int(np.ceil(high[1])))
    )


def shaded(colour: Colour, factor: float) -> tuple[float, float, float]:
    """The colour made darker (< 1) or lighter (> 1)."""
    return min(255.0, colour[0] * factor), min(255.0, colour[1] * factor), min(255.0, colour[2] * factor)


def fill(picture: Picture, points: Array, colour: tuple[float, float, float]) -> None:
    """Fill one outline, convex or not, with soft edges."""
    cv2.fillPoly(picture, [fixed(points)], colour, cv2.LINE_AA, _SHIFT)


def fill_convex(picture: Picture, points: Array, colour: tuple[float, float, float]) -> None:
    """Fill one convex outline with soft edges."""
    cv2.fillConvexPoly(picture, fixed(points), colour, cv2.LINE_AA, _SHIFT)


def line(picture: Picture, points: Array, colour: tuple[float, float, float], thickness_px: int, closed: bool) -> None:
    """A thin line along the points."""
    cv2.polylines(picture, [fixed(points)], closed, colour, thickness_px, cv2.LINE_AA, _SHIFT)


def shadow(picture: Picture, outlines: list[Array], softness_px: float, strength: float) -> None:
    """Darken the picture under the outlines by up to `strength` (0 to 1), fading over about `softness_px`."""
    window = window_of(np.vstack(outlines), 2.5 * softness_px + _SHADOW_STEP, picture)
    if window.empty:
        return
    width, height = window.x1 - window.x0, window.y1 - window.y0
    small = np.zeros((-(-height // _SHADOW_STEP), -(-width // _SHADOW_STEP)), np.uint8)
    origin = np.array([window.x0, window.y0]) + (_SHADOW_STEP - 1) / 2
    for outline in outlines:
        cv2.fillPoly(small, [fixed((outline - origin) / _SHADOW_STEP)], 255, cv2.LINE_AA, _SHIFT)
    darken(picture, window, small, softness_px, strength)


def darken(picture: Picture, window: Window, small: Picture, softness_px: float, strength: float) -> None:
    """Darken a window where the coarse mask (one value for 4x4 pixels, 255 = full) is set, blurred by `softness_px`."""
    # Two boxes are as soft as a Gaussian to the eye, and cost the same for every width.
    width = 2 * round(0.6 * softness_px / _SHADOW_STEP) + 1
    soft = cv2.blur(cv2.blur(small, (width, width)), (width, width)) if width > 1 else small
    keep = cv2.bitwise_not(cv2.convertScaleAbs(soft, alpha=strength))
    size = (small.shape[1] * _SHADOW_STEP, small.shape[0] * _SHADOW_STEP)
    large = cv2.resize(keep, size, interpolation=cv2.INTER_LINEAR)
    roi = picture[window.y0 : window.y1, window.x0 : window.x1]
    keep3 = cv2.cvtColor(large[: roi.shape[0], : roi.shape[1]], cv2.COLOR_GRAY2BGR)
    cv2.multiply(roi, keep3, dst=roi, scale=1 / 255)


class Sprite:
    """A flat grey picture seen askew: four points of it, `image_corners` (4, 2), come to lie on `corners` (4, 2).

    Worked out when it is first painted. Oversampled and averaged, because the centre of gravity of every edge must be
    right to a few hundredths of a pixel.
    """

    def __init__(self, image: Picture, image_corners: Array, corners: Array) -> None:
        self._image = image
        right, bottom = image.shape[1] - 0.5, image.shape[0] - 0.5
        rim = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])
        self._to_picture = cv2.getPerspectiveTransform(image_corners.astype(np.float32), corners.astype(np.float32))
        self._outline = cv2.perspectiveTransform(rim[None], self._to_picture)[0].astype(np.float64)
        self._pixels: tuple[Picture, Picture] | None = None

    def __call__(self, picture: Picture) -> None:
        """Paint it."""
        window = window_of(self._outline, 2.0, picture)
        if window.empty:
            return
        if self._pixels is None:
            self._pixels = self._seen(window)
        blend(picture, window, *self._pixels)

    def _seen(self, window: Window) -> tuple[Picture, Picture]:
        """Colour (h, w, 3) and cover (h, w) of the window."""
        k = _OVERSAMPLING
        width, height = window.x1 - window.x0, window.y1 - window.y0
        zoom = np.array([[k, 0, (0.5 - window.x0) * k - 0.5], [0, k, (0.5 - window.y0) * k - 0.5], [0, 0, 1]])
        large = (width * k, height * k)
        face = cv2.warpPerspective(
            self._image, zoom @ self._to_picture, large, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        mask = np.zeros((height * k, width * k), np.uint8)
        cv2.fillConvexPoly(
            mask, fixed((self._outline - (window.x0, window.y0) + 0.5) * k - 0.5), 255, cv2.LINE_AA, _SHIFT
        )
        small = cv2.resize(face, (width, height), interpolation=cv2.INTER_AREA)
        cover = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
        return bytes_of(cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)), bytes_of(cover)


def bytes_of(values: Any) -> Picture:
    """The same array, told to the type checker as 8-bit: OpenCV's stubs do not say what comes out."""
    return np.asarray(values, dtype=np.uint8)


def blend(picture: Picture, window: Window, colour: Picture, cover: Picture) -> None:
    """Lay `colour` (h, w, 3) over the window where `cover` (h, w) is 255, mixed in between."""
    roi = picture[window.y0 : window.y1, window.x0 : window.x1]
    cover3 = cv2.cvtColor(cover, cv2.COLOR_GRAY2BGR)
    over = cv2.multiply(colour, cover3, scale=1 / 255)
    cv2.multiply(roi, cv2.bitwise_not(cover3), dst=roi, scale=1 / 255)
    cv2.add(roi, over, dst=roi)


def fixed(points: Array) -> NDArray[np.int32]:
    """Points as OpenCV's brushes take them with `_SHIFT`: whole sixteenths of a pixel, kept in its range."""
    kept = np.minimum(np.maximum(points, -8000.0), 8000.0)
    return np.asarray(np.rint(kept * (1 << _SHIFT)), dtype=np.int32)
