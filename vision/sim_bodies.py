"""Blocks with tags on them as things to paint, seen by one pinhole.

Solids are straight prisms: their sides are shaded by their normals, their upper faces by height and gloss.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array
from vision.scene import Colour, Placed
from vision.sim_lens import Pinhole
from vision.sim_order import Item, Paint
from vision.sim_paint import LIGHT, SHADOW_PER_MM, Sprite, fill, fill_convex, line, shaded, shadow

Picture = NDArray[np.uint8]

TAG_MODULES = 8
"""Modules along the black square of an AprilTag 36h11; the white border adds one on each side."""
_TAG_MODULE_PX = 12
_TAG_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * TAG_MODULES * _TAG_MODULE_PX + (_TAG_MODULE_PX - 0.5)
"""The black square's corners in a tag's picture: pixel edges, half a pixel before pixel centres."""
_GLOSS_FROM_MM, _GLOSS_WIDER_MM = 20.0, 90.0
"""Round bodies from this height and width on are lacquered shells."""


@lru_cache(maxsize=128)
def tag_picture(tag_id: int) -> Picture:
    """An upright AprilTag 36h11 with a white border of one module."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    tag = cv2.aruco.generateImageMarker(dictionary, tag_id, TAG_MODULES * _TAG_MODULE_PX)
    # Printed black reflects a little, and white is not the sensor's limit.
    inked = np.where(np.asarray(tag) > 0, 232, 24).astype(np.uint8)
    return np.pad(inked, _TAG_MODULE_PX, constant_values=232)


def placed_items(view: Pinhole, placed: Placed, support_mm: float) -> list[Item]:
    """A body's prisms, and its tags as far as they face the camera; shadows fall on a level `support_mm` high."""
    pose = placed.bench_from_body
    items = []
    for prism in placed.look.prisms:
        lower, upper = (
            pose.apply(np.column_stack([prism.outline_mm, np.full(len(prism.outline_mm), z)])) for z in prism.z_mm
        )
        items.append(prism_item(view, lower, upper, prism.colour, support_mm))
    for mount in placed.look.tags:
        corners = pose.apply(mount.corners_mm())
        if (pose.rotation @ mount.body_from_tag.rotation[:, 2]) @ (view.position_mm - corners[0]) > 0.0:
            pixels, depths = view.project(corners)
            face = Sprite(tag_picture(mount.tag_id), _TAG_SQUARE, pixels)
            # A hair above its plate, so that the plate is painted first.
            low, high = corners.min(axis=0) + 0.01, corners.max(axis=0) + 0.01
            items.append(Item(depth_mm=float(depths.mean()), low_mm=low, high_mm=high, paint=face))
    return items


def prism_item(view: Pinhole, lower: Array, upper: Array, colour: Colour, support_mm: float | None) -> Item:
    """One prism from its lower and upper outline, each (N, 3) in the bench frame, counter-clockwise seen from its top.

    Its shadow falls on the level `support_mm`; None for no shadow.
    """
    bench = np.vstack([lower, upper])
    pixels, depths = view.project(bench)
    low, high = bench.min(axis=0), bench.max(axis=0)
    normals = np.cross(np.roll(upper, -1, axis=0) - upper, upper - lower)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    light = 0.52 + 0.48 * np.maximum(normals @ LIGHT, 0.0)
    faces_camera = np.einsum("ij,ij->i", normals, view.position_mm - upper) > 0.0
    height = float(high[2] - low[2])
    drop = None
    if support_mm is not None and height > 2.0:
        drop = partial(paint_shadow, view=view, bench=bench, support_mm=support_mm)
    paint = partial(
        _paint_prism,
        colour=colour,
        pixels=pixels,
        sides=tuple((int(i), float(light[i])) for i in np.nonzero(faces_camera)[0]),
        tall=height > 1.0,
        glossy=height >= _GLOSS_FROM_MM and len(upper) >= 16 and float((high - low)[:2].min()) > _GLOSS_WIDER_MM,
        drop=drop,
    )
    return Item(depth_mm=float(depths[len(lower) :].mean()), low_mm=low, high_mm=high, paint=paint)


def _paint_prism(
    picture: Picture,
    *,
    colour: Colour,
    pixels: Array,
    sides: Iterable[tuple[int, float]],
    tall: bool,
    glossy: bool,
    drop: Paint | None,
) -> None:
    if drop is not None:
        drop(picture)
    count = len(pixels) // 2
    lower, upper = pixels[:count], pixels[count:]
    if tall:
        for i, light in sides:
            j = (i + 1) % count
            fill_convex(picture, np.array([lower[i], lower[j], upper[j], upper[i]]), shaded(colour, light))
    fill(picture, upper, colour)
    if glossy:
        _paint_gloss(picture, upper, colour)
    elif tall:
        line(picture, upper, shaded(colour, 1.22), 1, closed=True)


def _paint_gloss(picture: Picture, outline: Array, colour: Colour) -> None:
    """A domed, lacquered top: rings that brighten towards the lamp, and its reflection."""
    middle = outline.mean(axis=0)
    span = np.ptp(outline, axis=0)
    towards_lamp = np.array([-0.13, -0.16]) * span.min()
    steps = 9
    for i in range(steps):
        t = i / (steps - 1)
        ring = middle + (outline - middle) * (1.0 - 0.72 * t) + towards_lamp * t
        fill(picture, ring, shaded(colour, 0.80 + 0.42 * t))
    white = np.array([255.0, 255.0, 255.0])
    base = np.array(shaded(colour, 1.22))
    for i in range(6):
        t = (i + 1) / 6
        spot = middle + towards_lamp * 1.25 + (outline - middle) * (0.24 * (1.0 - t) + 0.05)
        mix = base + (white - base) * (0.75 * t * t)
        fill(picture, spot, (float(mix[0]), float(mix[1]), float(mix[2])))


def paint_shadow(picture: Picture, *, view: Pinhole, bench: Array, support_mm: float) -> None:
    """The soft shadow of the hull of the bench points (N, 3) on a level `support_mm` high."""
    heights = np.maximum(bench[:, 2] - support_mm, 0.0)
    fallen = bench.copy()
    fallen[:, :2] += heights[:, None] * SHADOW_PER_MM
    fallen[:, 2] = support_mm
    pixels, depths = view.project(fallen)
    gap = float(heights.min())
    softness = (3.0 + 0.10 * gap + 0.05 * float(heights.max())) * float(np.mean(view.focal_px) / depths.mean())
    hull = cv2.convexHull(pixels.astype(np.float32))[:, 0].astype(np.float64)
    shadow(picture, [hull], softness, 0.5 / (1.0 + 0.012 * gap))
