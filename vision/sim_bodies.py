"""Blocks with tags on them as things to paint, seen by one pinhole.

Solids are straight prisms: their sides are shaded by their normals, their upper faces by height and gloss.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array
from vision.scene import Colour, Placed, Prism, Shine
from vision.sim_lens import Pinhole
from vision.sim_order import Item
from vision.sim_paint import (
    LIGHT,
    SHADOW_PER_MM,
    Sprite,
    blend,
    bytes_of,
    fill,
    fill_convex,
    fixed,
    line,
    shaded,
    shadow,
    window_of,
)

Picture = NDArray[np.uint8]

_SINK_MM = 3.0
"""A body's blocks may sink into each other by this much and still count as one over the other."""
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


def placed_items(view: Pinhole, placed: Placed, support_mm: float, shine: Shine | None = None) -> list[Item]:
    """A body's prisms, and its tags as far as they face the camera; shadows fall on a level `support_mm` high."""
    pose = placed.bench_from_body
    camera = pose.inverse().apply(view.position_mm)
    prisms = sorted(placed.look.prisms, key=lambda prism: prism.z_mm[0])
    if camera[2] < 0.0:
        prisms.reverse()
    outlines = [
        [pose.apply(np.column_stack([prism.outline_mm, np.full(len(prism.outline_mm), z)])) for z in prism.z_mm]
        for prism in prisms
    ]
    fallen = [shadow_item(view, [np.vstack(pair) for pair in outlines], support_mm, placed)] if prisms else []
    items: list[Item] = []
    for i, (prism, (lower, upper)) in enumerate(zip(prisms, outlines, strict=True)):
        over = (*fallen, *(items[k] for k in range(i) if _parted(prisms[k], prism, camera[2] < 0.0)))
        items.append(replace(prism_item(view, lower, upper, prism.colour, shine), over=over, body=placed))
    for mount in placed.look.tags:
        corners = pose.apply(mount.corners_mm())
        face_out, middle = mount.body_from_tag.rotation[:, 2], mount.body_from_tag.translation_mm
        if face_out @ (camera - middle) <= 0.0:
            continue
        pixels, depths = view.project(corners)
        behind = tuple(items[k] for k, prism in enumerate(prisms) if (_middle(prism) - middle) @ face_out < _SINK_MM)
        items.append(
            Item(
                depth_mm=float(depths.mean()),
                low_mm=corners.min(axis=0),
                high_mm=corners.max(axis=0),
                paint=Sprite(tag_picture(mount.tag_id), _TAG_SQUARE, pixels),
                over=behind,
                body=placed,
            )
        )
    return [*fallen, *items]


def shadow_item(view: Pinhole, solids: list[Array], support_mm: float, body: object) -> Item:
    """The soft shadow of a body's blocks, each (N, 3) in the bench frame, on the level `support_mm`."""
    bench = np.vstack(solids)
    low, high = bench.min(axis=0), bench.max(axis=0)
    _, depths = view.project(bench)
    paint = partial(_paint_shadow, view=view, solids=solids, support_mm=support_mm)
    # As a sheet under the body it comes after everything the body stands over.
    return Item(
        depth_mm=float(depths.max()), low_mm=low, high_mm=np.array([high[0], high[1], low[2]]), paint=paint, body=body
    )


def _parted(first: Prism, second: Prism, from_below: bool) -> bool:
    """Whether a level plane of the body parts the two, the first on the far side."""
    if from_below:
        return second.z_mm[1] <= first.z_mm[0] + _SINK_MM
    return first.z_mm[1] - _SINK_MM <= second.z_mm[0]


def _middle(prism: Prism) -> Array:
    return np.append(prism.outline_mm.mean(axis=0), sum(prism.z_mm) / 2.0)


def prism_item(view: Pinhole, lower: Array, upper: Array, colour: Colour, shine: Shine | None = None) -> Item:
    """One prism from its lower and upper outline, each (N, 3) in the bench frame, counter-clockwise from its top."""
    bench = np.vstack([lower, upper])
    pixels, depths = view.project(bench)
    low, high = bench.min(axis=0), bench.max(axis=0)
    normals = np.cross(np.roll(upper, -1, axis=0) - upper, upper - lower)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    light = 0.52 + 0.48 * np.maximum(normals @ LIGHT, 0.0)
    faces_camera = np.einsum("ij,ij->i", normals, view.position_mm - upper) > 0.0
    height = float(high[2] - low[2])
    paint = partial(
        _paint_prism,
        colour=colour,
        pixels=pixels,
        sides=tuple((int(i), float(light[i])) for i in np.nonzero(faces_camera)[0]),
        tall=height > 1.0,
        glossy=height >= _GLOSS_FROM_MM and len(upper) >= 16 and float((high - low)[:2].min()) > _GLOSS_WIDER_MM,
        shine=shine,
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
    shine: Shine | None,
) -> None:
    count = len(pixels) // 2
    lower, upper = pixels[:count], pixels[count:]
    if tall:
        for i, light in sides:
            j = (i + 1) % count
            fill_convex(picture, np.array([lower[i], lower[j], upper[j], upper[i]]), shaded(colour, light))
    fill(picture, upper, colour)
    if glossy:
        _paint_gloss(picture, upper, colour)
        if shine is not None:
            _paint_shine(picture, upper, shine)
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


def _paint_shine(picture: Picture, outline: Array, shine: Shine) -> None:
    """What is seen in the lacquer, bent along with the dome and cut off at its edge."""
    middle, half = outline.mean(axis=0), np.ptp(outline, axis=0) / 2.0
    window = window_of(outline, 2.0, picture)
    if window.empty:
        return
    turn = np.radians(shine.turn_deg)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    panes = []
    if shine.kind == "band":
        panes.append(((-0.95, -0.09), (0.95, 0.09)))
    else:
        panes += [((x, y), (x + 0.24, y + 0.3)) for x in (-0.26, 0.02) for y in (-0.32, 0.02)]
    cover = np.zeros((window.y1 - window.y0, window.x1 - window.x0), np.uint8)
    for (x0, y0), (x1, y1) in panes:
        along = np.linspace(0.0, 1.0, 8)
        edge = np.vstack(
            [
                np.column_stack([x0 + (x1 - x0) * along, np.full(8, y0)]),
                np.column_stack([np.full(8, x1), y0 + (y1 - y0) * along]),
                np.column_stack([x1 - (x1 - x0) * along, np.full(8, y1)]),
                np.column_stack([np.full(8, x0), y1 - (y1 - y0) * along]),
            ]
        )
        at = edge @ turned.T + np.array(shine.at)
        # A dome shows the room smaller towards its edge.
        at = at / np.sqrt(1.0 + 0.5 * (at**2).sum(axis=1, keepdims=True))
        cv2.fillPoly(cover, [fixed(middle + at * half - (window.x0, window.y0))], 255, cv2.LINE_AA, 4)
    inside = np.zeros_like(cover)
    cv2.fillPoly(inside, [fixed(outline - (window.x0, window.y0))], 255, cv2.LINE_AA, 4)
    soft = cv2.min(cv2.GaussianBlur(cover, (0, 0), 1.2), inside)
    cover = bytes_of(cv2.convertScaleAbs(soft, alpha=min(1.0, max(0.0, shine.strength))))
    light = np.full((*cover.shape, 3), 250, np.uint8)
    blend(picture, window, light, cover)


def _paint_shadow(picture: Picture, *, view: Pinhole, solids: list[Array], support_mm: float) -> None:
    points = np.vstack(solids)
    heights = np.maximum(points[:, 2] - support_mm, 0.0)
    points[:, :2] += heights[:, None] * SHADOW_PER_MM
    points[:, 2] = support_mm
    pixels, depths = view.project(points)
    gap = float(heights.min())
    softness = (3.0 + 0.10 * gap + 0.05 * float(heights.max())) * float(np.mean(view.focal_px) / depths.mean())
    starts = np.cumsum([len(solid) for solid in solids])[:-1]
    hulls = [cv2.convexHull(part.astype(np.float32))[:, 0].astype(np.float64) for part in np.split(pixels, starts)]
    shadow(picture, hulls, softness, 0.5 / (1.0 + 0.012 * gap))
