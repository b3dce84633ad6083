"""How blurred a picture is, told at the edges of the fixture's tags: the only things whose sharp outline is known.

A step that a Gaussian of standard deviation s has blurred has the steepest slope contrast / (s sqrt(2 pi)); slope and
contrast are measured across each side of a tag's black square, so light and exposure cancel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.api import TagObservation
from vision.bench import Body
from vision.geometry import Array

Grey = NDArray[np.uint8]
BEYOND_PX = 7.0
"""How far to both sides of an edge the picture is sampled."""
STEP_PX = 0.5
ALONG = np.linspace(0.2, 0.8, 7)
"""Where along a side the picture is sampled; the mean of the samples is told, so noise hardly counts."""
LEAST_CONTRAST = 40.0
"""Grey levels between paper and ink: with less, something lies over the tag, or it is too dark to tell."""
SMALLEST_SIDE_PX = 16.0


def blur_px(grey: Grey, tags: tuple[TagObservation, ...], fixture: Body) -> float | None:
    """Standard deviation of the blur in pixels at the fixture's tags among `tags`; None where no tag tells.

    Ink is one module wide there, so beyond about 2 px the figure grows more slowly than the blur.
    """
    ids = {mount.tag_id for mount in fixture.tags}
    told = [blur for tag in tags if tag.tag_id in ids and (blur := _at_tag(grey, tag.corners_px)) is not None]
    return float(np.median(told)) if told else None


def softness(grey: Grey) -> float:
    """1 for a picture whose steepest edges are as wide as a pixel, 0 for one without any: for pictures without tags.

    A step has the same slope per pixel at every scale, unless it is blurred: then it is steeper in a reduced picture.
    """
    import cv2

    fine = _steepest(cv2.GaussianBlur(grey, (0, 0), 1.0), 99.8)
    coarse = _steepest(cv2.resize(grey, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA), 99.0)
    return min(1.0, fine / max(coarse, 1.0))


def _steepest(picture: Any, percent: float) -> float:
    levels = np.asarray(picture, dtype=np.int16)
    return float(np.percentile(np.abs(np.diff(levels, axis=1)), percent))


def _is_inside(corners: Array, shape: tuple[int, ...]) -> bool:
    if not np.isfinite(corners).all():
        return False
    low, high = corners.min(axis=0) - BEYOND_PX, corners.max(axis=0) + BEYOND_PX
    return bool(low.min() >= 0.0 and high[0] < shape[1] and high[1] < shape[0])


def _at_tag(grey: Grey, corners: Array) -> float | None:
    """Median over the sides of a tag's black square; None when fewer than three of them show ink on paper."""
    import cv2

    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(sides, axis=1)
    if not _is_inside(corners, grey.shape) or lengths.min() < SMALLEST_SIDE_PX:
        return None
    inward = np.stack([-sides[:, 1], sides[:, 0]], axis=1) / lengths[:, None]
    inward *= np.sign(((corners.mean(axis=0) - corners) * inward).sum(axis=1))[:, None]
    depths = np.arange(-BEYOND_PX, BEYOND_PX + STEP_PX / 2.0, STEP_PX)
    points = (
        corners[:, None, None]
        + sides[:, None, None] * ALONG[None, :, None, None]
        + inward[:, None, None] * depths[None, None, :, None]
    ).astype(np.float32)
    flat = points.reshape(-1, len(depths), 2)
    sampled = cv2.remap(grey, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR).astype(np.float64)
    # The border of ink is one of eight modules wide: what lies deeper is the tag's pattern.
    border = depths <= float(lengths.min()) / 8.0
    profiles = sampled.reshape(4, len(ALONG), len(depths)).mean(axis=1)[:, border]
    told = [blur for profile in profiles if (blur := _of_step(profile)) is not None]
    return float(np.median(told)) if len(told) >= 3 else None


def _of_step(profile: Array) -> float | None:
    """Blur in pixels of one step from paper to ink, sampled every `STEP_PX`; None where there is no such step."""
    contrast = float(profile.max() - profile.min())
    # Over one whole pixel: what is finer than that is the sampling's.
    slopes = (profile[:-2] - profile[2:]) / (2.0 * STEP_PX)
    steepest = float(slopes.max())
    if contrast < LEAST_CONTRAST or steepest <= 0.0 or int(profile.argmax()) > int(profile.argmin()):
        return None
    return contrast / (steepest * math.sqrt(2.0 * math.pi))
