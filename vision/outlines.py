"""Masks of a camera's reduced picture to outlines of people on the bench, each an over-estimate.

A pixel does not tell how high a hand is. Seen from above, the places along its ray at two heights are images of each
other, stretched about the camera's foot; the convex hull of a blob at the lowest and at the highest height therefore
covers the blob at every height between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.api import PersonOutline
from vision.geometry import Array, CameraModel

Mask = NDArray[np.uint8]
GROWN_PX = 2
"""Blobs are grown by this much of the reduced picture: what opening and thresholds take off a hand's edge."""
MOST_POINTS = 24
FINEST_MM = 2.0


def person_outlines(
    cues: Mapping[str, Mask], camera: CameraModel, *, scale: float, z_mm: tuple[float, float], least_px: float
) -> tuple[PersonOutline, ...]:
    """Outlines of what any cue saw, blobs that touch as one; smaller ones than `least_px` are no person.

    `cues`: uint8 masks (height, width) of the picture reduced by `scale`, 255 = seen. All have the same size.
    """
    import cv2

    seen = {name: mask for name, mask in cues.items() if cv2.countNonZero(mask)}
    if not seen:
        return ()
    together = np.zeros_like(next(iter(seen.values())))
    for mask in seen.values():
        cv2.bitwise_or(together, mask, dst=together)
    side = 2 * GROWN_PX + 1
    grown = cv2.dilate(together, np.ones((side, side), np.uint8))
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outlines = []
    for contour in contours:
        if cv2.contourArea(contour) < least_px:
            continue
        x, y, width, height = cv2.boundingRect(contour)
        box = (slice(y, y + height), slice(x, x + width))
        blob = np.zeros((height, width), np.uint8)
        cv2.fillPoly(blob, [contour - (x, y)], 255)
        outlines.append(
            PersonOutline(
                outline_mm=_on_bench(np.asarray(cv2.convexHull(contour)).reshape(-1, 2), camera, scale, z_mm),
                z_mm=z_mm,
                cues=tuple(name for name, mask in seen.items() if cv2.countNonZero(mask[box] & blob)),
            )
        )
    return tuple(outlines)


def _on_bench(hull_px: NDArray[Any], camera: CameraModel, scale: float, z_mm: tuple[float, float]) -> Array:
    """(N, 2) mm: the hull of a convex blob of the reduced picture at both heights."""
    import cv2

    # The middle of a reduced pixel is the middle of the full pixels behind it.
    pixels = (np.asarray(hull_px, dtype=np.float64) + 0.5) / scale - 0.5
    low, high = (camera.bench_point_on_plane(pixels, z)[:, :2] for z in z_mm)
    hull = cv2.convexHull(np.vstack([low, high]).astype(np.float32))
    within_mm = FINEST_MM
    outline = cv2.approxPolyDP(hull, within_mm, True)
    while len(outline) > MOST_POINTS:
        within_mm *= 1.5
        outline = cv2.approxPolyDP(hull, within_mm, True)
    return np.asarray(outline.reshape(-1, 2), dtype=np.float64)
