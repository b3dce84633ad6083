"""What never moves on the simulated bench, painted once: floor, bench top, mat, and the placed static bodies."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.scene import Placed
from vision.sim_bodies import placed_items
from vision.sim_lens import Pinhole
from vision.sim_order import in_painting_order

Picture = NDArray[np.uint8]

BENCH_MM = (-760.0, -420.0, 760.0, 420.0)
"""The bench top: x0, y0, x1, y1."""
MAT_MM = (-530.0, -300.0, 500.0, 300.0)
_TEXTURE_PX_PER_MM = 2.0
_FINENESS = 2


def static_picture(view: Pinhole, static: tuple[Placed, ...], rng: np.random.Generator) -> Picture:
    """The pinhole picture of the bench without anything that moves. Painted at twice the size, then averaged."""
    fine = view.scaled(_FINENESS)
    picture = _floor(fine)
    _lay_bench_top(picture, fine, _bench_texture(rng))
    items = [item for placed in static for item in placed_items(fine, placed, support_mm=0.0)]
    for item in in_painting_order(items):
        item.paint(picture)
    small = cv2.resize(picture, (view.width_px, view.height_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _floor(view: Pinhole) -> Picture:
    """A dark showroom floor that brightens towards the lower edge."""
    ramp = np.linspace(0.75, 1.1, view.height_px)[:, None, None]
    tone = np.clip(np.array([62.0, 58.0, 56.0]) * ramp, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(tone, (view.height_px, view.width_px, 3)))


def _bench_texture(rng: np.random.Generator) -> Picture:
    """The bench top from above, y down: brushed grey, and a mat with lines every 50 mm."""
    k = _TEXTURE_PX_PER_MM
    x0, y0, x1, y1 = BENCH_MM
    width, height = round((x1 - x0) * k), round((y1 - y0) * k)
    streaks = rng.normal(0.0, 3.0, (height // 3, width // 60)).astype(np.float32)
    grain = rng.normal(0.0, 2.0, (height // 2, width // 2)).astype(np.float32)
    brushed = cv2.resize(streaks, (width, height), interpolation=cv2.INTER_CUBIC)
    brushed = brushed + cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    texture = np.array([132.0, 134.0, 136.0], np.float32) + brushed[:, :, None]
    left, right = round((MAT_MM[0] - x0) * k), round((MAT_MM[2] - x0) * k)
    top, bottom = round((y1 - MAT_MM[3]) * k), round((y1 - MAT_MM[1]) * k)
    mat = texture[top:bottom, left:right]
    mat[...] = np.array([108.0, 104.0, 98.0], np.float32) + 0.8 * brushed[top:bottom, left:right, None]
    for mm in range(0, round(MAT_MM[2] - MAT_MM[0]) + 1, 50):
        at = min(round(mm * k), mat.shape[1] - 1)
        mat[:, max(0, at - 1) : at + 1] += 14.0 if mm % 100 else 22.0
    for mm in range(0, round(MAT_MM[3] - MAT_MM[1]) + 1, 50):
        at = min(round(mm * k), mat.shape[0] - 1)
        mat[max(0, at - 1) : at + 1] += 14.0 if mm % 100 else 22.0
    return np.asarray(np.clip(texture, 0, 255), dtype=np.uint8)


def _lay_bench_top(picture: Picture, view: Pinhole, texture: Picture) -> None:
    x0, _, _, y1 = BENCH_MM
    size_px = np.array([texture.shape[1], texture.shape[0]])
    # A piece of the bench that every camera has in front of it fixes the homography; the rest follows from it.
    inner = np.array([[-200.0, 150.0], [200.0, 150.0], [200.0, -100.0], [-200.0, -100.0]])
    source = (inner - (x0, y1)) * (_TEXTURE_PX_PER_MM, -_TEXTURE_PX_PER_MM) - 0.5
    target, _ = view.project(np.column_stack([inner, np.zeros(4)]))
    to_picture = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    size = (view.width_px, view.height_px)
    cv2.warpPerspective(
        texture, to_picture, size, dst=picture, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )
    edges = np.array([[0, 0], [size_px[0], 0], [size_px[0], size_px[1]], [0, size_px[1]]], np.float32)
    outline = cv2.perspectiveTransform(edges[None], to_picture)[0]
    cv2.polylines(
        picture, [np.rint(np.clip(outline, -9000, 9000)).astype(np.int32)], True, (96, 96, 98), 3, cv2.LINE_AA
    )
