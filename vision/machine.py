"""The arm of a machine that stands at the bench, as a camera sees it: what of a picture it hides, and may move in.

A picture alone does not tell an arm of metal that stands against its border from an arm in a sleeve that reaches in
over it. So whoever steers the machine says where its links are; they are cut out of what may be somebody, and nothing
else is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array, CameraModel, frozen

MARGIN_MM = 25.0
"""Round the links: covers, cables, and how far they go between a picture and the posture that is known."""
CORNERS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Machine:
    """Links as round bars, bench frame. None of them: no machine stands at the bench."""

    starts_mm: Array
    """(n, 3)."""
    ends_mm: Array
    """(n, 3)."""
    radii_mm: Array
    """(n,)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts_mm", frozen(self.starts_mm, (-1, 3)))
        object.__setattr__(self, "ends_mm", frozen(self.ends_mm, (-1, 3)))
        object.__setattr__(self, "radii_mm", frozen(self.radii_mm, (-1,)))


NO_MACHINE = Machine(starts_mm=np.zeros((0, 3)), ends_mm=np.zeros((0, 3)), radii_mm=np.zeros(0))


def silhouette(machine: Machine, camera: CameraModel, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """255 where the links may be in a picture of the camera that is reduced to `size_px` (width, height)."""
    import cv2

    mask = np.zeros((size_px[1], size_px[0]), dtype=np.uint8)
    if not len(machine.radii_mm):
        return mask
    scale = size_px[0] / camera.width_px
    both = np.stack([machine.starts_mm, machine.ends_mm], axis=1)
    radii = np.repeat(machine.radii_mm + MARGIN_MM, 2)
    depths = camera.camera_from_bench.apply(both.reshape(-1, 3))[:, 2]
    pixels = camera.project(both.reshape(-1, 3)) * scale
    angles = np.linspace(0.0, 2.0 * np.pi, CORNERS, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    # A ball seen off the axis is a little longer than this; the margin has room for it.
    spread = scale * float(camera.matrix[0, 0]) * radii / np.maximum(depths, radii + 1.0)
    rings = (pixels[:, None, :] + spread[:, None, None] * circle).reshape(len(both), 2 * CORNERS, 2)
    for ring in rings[np.isfinite(rings).all(axis=(1, 2))]:
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(ring).astype(np.int32)), 255)
    return mask
