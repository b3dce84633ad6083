"""Nuts, the card and the cobot's arm as things to paint, seen by one pinhole."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array, Transform
from vision.scene import Colour, DrawnArm, DrawnCard, DrawnNut
from vision.sim_bodies import prism_item, shadow_item
from vision.sim_lens import Pinhole
from vision.sim_order import Item
from vision.sim_paint import LIGHT, Sprite, fill_convex, shaded

Picture = NDArray[np.uint8]

NUT_HEIGHT_PER_SIZE = 0.55


def nut_items(view: Pinhole, nut: DrawnNut, support_mm: float) -> list[Item]:
    """A bright hexagonal nut with a chamfer and a dark threaded bore; a stud ends inside it."""
    radius, height = nut.size_mm / np.sqrt(3.0), nut.size_mm * NUT_HEIGHT_PER_SIZE
    bench_from_nut = Transform(Transform.of(0, 0, 0, 0, 0, nut.turn_deg).rotation, nut.bench_mm)
    # A crossed nut leans away from its own x axis, so that its direction turns with it.
    bench_from_nut = bench_from_nut @ Transform.of(0, 0, 0, 0.0, nut.tilt_deg, 0.0)
    hexagon = _circle(radius, 6)
    rings = [(0.5 * nut.size_mm, height + 0.4), (0.36 * nut.size_mm, height + 0.4), (0.30 * nut.size_mm, height)]
    lower, upper = (bench_from_nut.apply(np.column_stack([hexagon, np.full(6, z)])) for z in (0.0, height))
    body = prism_item(view, lower, upper, (176, 180, 182))
    circles = [np.column_stack([_circle(r, 20), np.full(20, z)]) for r, z in rings]
    pixels, _ = view.project(bench_from_nut.apply(np.vstack(circles)))
    tilt_light = 0.75 + 0.25 * float(bench_from_nut.rotation[:, 2] @ LIGHT) / float(LIGHT[2])
    ring_pixels = tuple(pixels[20 * i : 20 * i + 20] for i in range(3))
    fallen = shadow_item(view, [np.vstack([lower, upper])], support_mm, nut)
    paint = partial(_paint_nut, body=body, rings=ring_pixels, light=tilt_light)
    return [fallen, replace(body, paint=paint, over=(fallen,), body=nut)]


@lru_cache(maxsize=8)
def code_picture(text: str) -> Picture:
    """The QR code of a text, error correction M, with its quiet zone."""
    import segno

    modules = np.array([list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=4)])
    return np.where(modules > 0, 26, 236).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)


def card_items(view: Pinhole, card: DrawnCard) -> list[Item]:
    """A white card, `size_mm` on each edge, with its code over the whole face."""
    half = card.size_mm / 2.0
    corners = np.array([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]])
    bench = card.bench_from_card.apply(corners)
    pixels, depths = view.project(bench)
    image = code_picture(card.text)
    edge = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * image.shape[0] - 0.5
    fallen = shadow_item(view, [bench], 0.0, card)
    item = Item(
        depth_mm=float(depths.mean()),
        low_mm=bench.min(axis=0),
        high_mm=bench.max(axis=0),
        paint=Sprite(image, edge, pixels),
        over=(fallen,),
        body=card,
    )
    return [fallen, item]


def arm_items(view: Pinhole, arm: DrawnArm) -> list[Item]:
    """The cobot: a shaded tube for each link, a joint at each point, the lamp before the tip."""
    points = arm.points_mm
    pixels, depths = view.project(points)
    scale = np.mean(view.focal_px) / depths
    tubes = [_rings(points[i : i + 2], 24.0) for i in range(len(points) - 1)]
    fallen = shadow_item(view, tubes, 0.0, arm)
    items = [fallen]
    for i in range(len(points) - 1):
        radius = float(np.interp(i, [0, max(1, len(points) - 2)], [30.0, 19.0]))
        ends, last = points[i : i + 2], i == len(points) - 2
        items.append(
            Item(
                depth_mm=float(depths[i : i + 2].mean() - radius),
                low_mm=ends.min(axis=0) - np.array([radius, radius, 0.0]),
                high_mm=ends.max(axis=0) + radius,
                paint=partial(
                    _paint_link,
                    ends=pixels[i : i + 2],
                    radii=radius * scale[i : i + 2],
                    lamp=arm.lamp if last else None,
                ),
                over=(fallen,),
                body=arm,
            )
        )
    return items


def _circle(radius: float, corners: int) -> Array:
    angles = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.column_stack([radius * np.cos(angles), radius * np.sin(angles)])


def _paint_nut(picture: Picture, *, body: Item, rings: tuple[Array, ...], light: float) -> None:
    body.paint(picture)
    chamfer, mouth, bore = rings
    fill_convex(picture, chamfer, shaded((222, 226, 228), light))
    fill_convex(picture, mouth, shaded((120, 124, 128), light))
    fill_convex(picture, bore, (28, 28, 30))


def _rings(ends: Array, radius_mm: float) -> Array:
    """Level circles round the ends, (20, 3)."""
    return np.vstack([np.column_stack([end[:2] + _circle(radius_mm, 10), np.full(10, end[2])]) for end in ends])


def _paint_link(picture: Picture, *, ends: Array, radii: Array, lamp: Colour | None) -> None:
    """A tube as strips from its dark edge to its lit middle, and a round joint at its far end."""
    along = ends[1] - ends[0]
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    if across @ np.array([-0.6, -0.8]) < 0.0:
        across = -across
    for inset, shift, tone in (
        (1.0, 0.0, 0.62),
        (0.82, 0.08, 0.80),
        (0.6, 0.18, 0.93),
        (0.34, 0.30, 1.04),
        (0.14, 0.4, 1.12),
    ):
        centre = ends + across * (radii * shift)[:, None]
        offset = across * (radii * inset)[:, None]
        strip = np.array([centre[0] - offset[0], centre[1] - offset[1], centre[1] + offset[1], centre[0] + offset[0]])
        fill_convex(picture, strip, shaded((214, 210, 205), tone))
    for ring, shift, tone in ((1.12, 0.0, 0.50), (1.0, 0.05, 0.72), (0.75, 0.15, 0.9), (0.4, 0.3, 1.1)):
        disc = ends[1] + _circle(float(radii[1]) * ring, 20) + np.array([-0.6, -0.8]) * radii[1] * shift
        fill_convex(picture, disc, shaded((205, 200, 195), tone))
    if lamp is not None:
        for ring, tone in ((0.9, 0.55), (0.7, 1.0), (0.35, 1.35)):
            fill_convex(picture, ends[1] + _circle(float(radii[1]) * ring, 20), shaded(lamp, tone))
