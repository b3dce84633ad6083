"""Where the rendered hand really is, for scoring what the cameras make of it."""

from __future__ import annotations

import cv2
import numpy as np

from vision.api import PersonOutline
from vision.geometry import Array, CameraModel
from vision.scene import DrawnHand
from vision.sim_hand import flesh_of, joints_of

SKINS = ((150, 175, 225), (110, 140, 195), (75, 100, 150), (45, 60, 95))
"""Blue, green, red: light, medium, brown, dark."""
GLOVES = ((150, 60, 30), (60, 60, 60), (230, 230, 230))
"""Blue, black, white."""


def flesh_in_view(hand: DrawnHand, camera: CameraModel) -> tuple[Array, Array]:
    """Middle points (n, 3) of the hand's and forearm's flesh that the camera sees, with their radii (n,)."""
    flesh = flesh_of(hand, joints_of(hand))
    t = np.linspace(0.0, 1.0, 12)[None, :, None]
    points = (flesh.first_mm[:, None] * (1 - t) + flesh.second_mm[:, None] * t).reshape(-1, 3)
    radii = (flesh.radii_mm[:, :1] * (1 - t[..., 0]) + flesh.radii_mm[:, 1:] * t[..., 0]).ravel()
    pixels = camera.project(points)
    seen = ((pixels >= 0.0) & (pixels <= [camera.width_px - 1, camera.height_px - 1])).all(axis=1)
    return points[seen], radii[seen]


def uncovered_mm(people: tuple[PersonOutline, ...], hand: DrawnHand, camera: CameraModel) -> float:
    """How far the hand's flesh reaches out of all outlines, seen from above; below 0 it is within."""
    points, radii = flesh_in_view(hand, camera)
    out = np.full(len(points), np.inf)
    for person in people:
        outline = person.outline_mm.astype(np.float32).reshape(-1, 1, 2)
        beyond = [-cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x, y, _ in points]
        out = np.minimum(out, np.array(beyond) + radii)
    return float(out.max())
