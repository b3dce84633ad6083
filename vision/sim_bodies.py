"""Blocks, tags, nuts, the card and the cobot's arm as things to paint, seen by one pinhole.

Solids are straight prisms: their sides are shaded by their normals, their upper faces by height and gloss.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array, Transform
from vision.scene import Colour, DrawnArm, DrawnCard, DrawnNut, Look, Placed
from vision.sim_lens import Pinhole
from vision.sim_order import Item
from vision.sim_paint import LIGHT, SHADOW_PER_MM, fill, fill_convex, line, paste, shaded, shadow

Picture = NDArray[np.uint8]

TAG_MODULES = 8
"""Modules along the black square of an AprilTag 36h11; the white border adds one on each side."""
_TAG_MODULE_PX = 12
NUT_HEIGHT_PER_SIZE = 0.55
_GLOSS_FROM_MM = 20.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh:
    """A look's points in its own frame, ready for one multiplication."""

    points_mm: Array
    """All prisms' lower then upper outlines, then all tags' corners."""
    starts: tuple[int, ...]
    normals: tuple[Array, ...]
    """For each prism the (N, 3) outward normals of its sides."""


@lru_cache(maxsize=128)
def mesh_of(look: Look) -> Mesh:
    """The look's mesh. Looks compare by identity, so the small cache keeps the meshes of the looks in use."""
    points, starts, normals, start = [], [], [], 0
    for prism in look.prisms:
        outline, count = prism.outline_mm, len(prism.outline_mm)
        for z in prism.z_mm:
            points.append(np.column_stack([outline, np.full(count, z)]))
        edges = np.roll(outline, -1, axis=0) - outline
        outward = np.column_stack([edges[:, 1], -edges[:, 0], np.zeros(count)])
        normals.append(outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9))
        starts.append(start)
        start += 2 * count
    for mount in look.tags:
        points.append(mount.corners_mm())
        starts.append(start)
        start += 4
    return Mesh(points_mm=np.vstack(points) if points else np.zeros((0, 3)), starts=tuple(starts), normals=tuple(normals))


@lru_cache(maxsize=128)
def tag_picture(tag_id: int) -> Picture:
    """An upright AprilTag 36h11 with a white border of one module."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    tag = cv2.aruco.generateImageMarker(dictionary, tag_id, TAG_MODULES * _TAG_MODULE_PX)
    # Printed black reflects a little, and white is not the sensor's limit.
    inked = np.where(np.asarray(tag) > 0, 232, 24).astype(np.uint8)
    return np.pad(inked, _TAG_MODULE_PX, constant_values=232)


def placed_items(view: Pinhole, placed: Placed, support_mm: float) -> list[Item]:
    """A body's prisms and tags; the shadow falls on a level `support_mm` high."""
    look, mesh = placed.look, mesh_of(placed.look)
    bench = placed.bench_from_body.apply(mesh.points_mm)
    pixels, depths = view.project(bench)
    rotation = placed.bench_from_body.rotation
    towards_camera = view.camera_from_bench.inverse().translation_mm
    items = []
    for prism, start, normals in zip(look.prisms, mesh.starts, mesh.normals, strict=False):
        part = slice(start, start + 2 * len(prism.outline_mm))
        items.append(
            prism_item(
                view, prism.colour, bench[part], pixels[part], depths[part], normals @ rotation.T, towards_camera, support_mm
            )
        )
    up_seen = rotation @ np.array([0.0, 0.0, 1.0])
    for mount, start in zip(look.tags, mesh.starts[len(look.prisms) :], strict=True):
        part = slice(start, start + 4)
        out = rotation @ mount.body_from_tag.rotation[:, 2]
        if out @ (towards_camera - bench[start]) <= 0.0:
            continue
        lift = bench[part] + 0.05 * up_seen
        items.append(
            Item(
                depth_mm=float(depths[part].mean()),
                low_mm=lift.min(axis=0),
                high_mm=lift.max(axis=0),
                paint=partial(_paint_tag, tag_id=mount.tag_id, corners=pixels[part]),
            )
        )
    return items


def prism_item(
    view: Pinhole,
    colour: Colour,
    bench: Array,
    pixels: Array,
    depths: Array,
    normals: Array,
    camera_mm: Array,
    support_mm: float | None,
) -> Item:
    """One prism from its lower and upper outline: `bench` (2N, 3), `pixels` (2N, 2), `depths` (2N,), `normals` (N, 3)."""
    count = len(bench) // 2
    low, high = bench.min(axis=0), bench.max(axis=0)
    faces_camera = np.einsum("ij,ij->i", normals, camera_mm - bench[count:]) > 0.0
    light = 0.52 + 0.48 * np.maximum(normals @ LIGHT, 0.0)
    drop = None
    if support_mm is not None and high[2] - low[2] > 2.0:
        drop = partial(_paint_shadow, view=view, bench=bench, support_mm=support_mm)
    glossy = high[2] - low[2] >= _GLOSS_FROM_MM and count >= 16 and float((high - low)[:2].min()) > 50.0
    paint = partial(
        _paint_prism,
        colour=colour,
        pixels=pixels,
        sides=tuple((int(i), float(light[i])) for i in np.nonzero(faces_camera)[0]),
        tall=bool(high[2] - low[2] > 1.0),
        glossy=glossy,
    )
    return Item(depth_mm=float(depths[count:].mean()), low_mm=low, high_mm=high, paint=paint, shadow=drop)


def nut_item(view: Pinhole, nut: DrawnNut, support_mm: float | None) -> Item:
    """A bright hexagonal nut with a chamfer and a dark threaded bore; a stud ends inside it."""
    radius, height = nut.size_mm / np.sqrt(3.0), nut.size_mm * NUT_HEIGHT_PER_SIZE
    bench_from_nut = Transform.of(*(float(v) for v in nut.bench_mm), 0.0, 0.0, nut.turn_deg)
    # A crossed nut leans away from its own x axis, so that its direction turns with it.
    bench_from_nut = bench_from_nut @ Transform.of(0, 0, 0, 0.0, nut.tilt_deg, 0.0)
    hexagon = _circle(radius, 6)
    rings = [(0.5 * nut.size_mm, height + 0.4), (0.36 * nut.size_mm, height + 0.4), (0.30 * nut.size_mm, height)]
    points = [np.column_stack([hexagon, np.full(6, z)]) for z in (0.0, height)]
    points += [np.column_stack([_circle(r, 20), np.full(20, z)]) for r, z in rings]
    bench = bench_from_nut.apply(np.vstack(points))
    pixels, depths = view.project(bench)
    edges = np.roll(hexagon, -1, axis=0) - hexagon
    normals = np.column_stack([edges[:, 1], -edges[:, 0], np.zeros(6)]) / radius @ bench_from_nut.rotation.T
    camera_mm = view.camera_from_bench.inverse().translation_mm
    body = prism_item(view, (176, 180, 182), bench[:12], pixels[:12], depths[:12], normals, camera_mm, support_mm)
    tilt_light = 0.75 + 0.25 * float(bench_from_nut.rotation[:, 2] @ LIGHT) / float(LIGHT[2])
    ring_pixels = tuple(pixels[12 + 20 * i : 32 + 20 * i] for i in range(3))
    return Item(
        depth_mm=body.depth_mm,
        low_mm=body.low_mm,
        high_mm=body.high_mm,
        paint=partial(_paint_nut, body=body, rings=ring_pixels, light=tilt_light),
        shadow=body.shadow,
    )


def pin_item(view: Pinhole, outline_mm: Array, z_mm: tuple[float, float], colour: Colour) -> Item:
    """An upright pin of the static bench, from its outline (N, 2) in the bench frame."""
    count = len(outline_mm)
    bench = np.vstack([np.column_stack([outline_mm, np.full(count, z)]) for z in z_mm])
    pixels, depths = view.project(bench)
    edges = np.roll(outline_mm, -1, axis=0) - outline_mm
    normals = np.column_stack([edges[:, 1], -edges[:, 0], np.zeros(count)])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    camera_mm = view.camera_from_bench.inverse().translation_mm
    return prism_item(view, colour, bench, pixels, depths, normals, camera_mm, None)


@lru_cache(maxsize=8)
def code_picture(text: str) -> Picture:
    """The QR code of a text, error correction M, with its quiet zone."""
    import segno

    modules = np.array([list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=4)])
    return np.kron(np.where(modules > 0, 26, 236).astype(np.uint8), np.ones((8, 8), np.uint8))


def card_item(view: Pinhole, card: DrawnCard) -> Item:
    """A white card, `size_mm` on each edge, with its code over the whole face."""
    half = card.size_mm / 2.0
    corners = np.array([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]])
    bench = card.bench_from_card.apply(corners)
    pixels, depths = view.project(bench)
    return Item(
        depth_mm=float(depths.mean()),
        low_mm=bench.min(axis=0),
        high_mm=bench.max(axis=0),
        paint=partial(_paint_card, text=card.text, corners=pixels),
        shadow=partial(_paint_shadow, view=view, bench=np.vstack([bench, bench]), support_mm=0.0),
    )


def arm_items(view: Pinhole, arm: DrawnArm) -> list[Item]:
    """The cobot: a shaded tube for each link, a joint at each point, the lamp before the tip."""
    points = arm.points_mm
    pixels, depths = view.project(points)
    scale = np.mean(view.focal_px) / depths
    items = []
    for i in range(len(points) - 1):
        radius = np.interp(i, [0, max(1, len(points) - 2)], [30.0, 19.0])
        ends, last = points[i : i + 2], i == len(points) - 2
        items.append(
            Item(
                depth_mm=float(depths[i : i + 2].mean() - radius),
                low_mm=ends.min(axis=0) - [radius, radius, 0.0],
                high_mm=ends.max(axis=0) + [radius, radius, radius],
                paint=partial(
                    _paint_link, ends=pixels[i : i + 2], radii=radius * scale[i : i + 2], lamp=arm.lamp if last else None
                ),
                shadow=partial(_paint_link_shadow, view=view, ends=ends, radius_mm=float(radius)),
            )
        )
    return items


def _circle(radius: float, corners: int) -> Array:
    angles = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.column_stack([radius * np.cos(angles), radius * np.sin(angles)])


def _paint_prism(
    picture: Picture, *, colour: Colour, pixels: Array, sides: Iterable[tuple[int, float]], tall: bool, glossy: bool
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


def _paint_nut(picture: Picture, *, body: Item, rings: tuple[Array, ...], light: float) -> None:
    body.paint(picture)
    chamfer, mouth, bore = rings
    fill_convex(picture, chamfer, shaded((222, 226, 228), light))
    fill_convex(picture, mouth, shaded((120, 124, 128), light))
    fill_convex(picture, bore, (28, 28, 30))


def _paint_tag(picture: Picture, *, tag_id: int, corners: Array) -> None:
    image = tag_picture(tag_id)
    low, high = _TAG_MODULE_PX - 0.5, (TAG_MODULES + 1) * _TAG_MODULE_PX - 0.5
    paste(picture, image, np.array([[low, low], [high, low], [high, high], [low, high]]), corners)


def _paint_card(picture: Picture, *, text: str, corners: Array) -> None:
    image = code_picture(text)
    low, high = -0.5, image.shape[0] - 0.5
    paste(picture, image, np.array([[low, low], [high, low], [high, high], [low, high]]), corners)


def _paint_shadow(picture: Picture, *, view: Pinhole, bench: Array, support_mm: float) -> None:
    heights = np.maximum(bench[:, 2] - support_mm, 0.0)
    fallen = bench.copy()
    fallen[:, :2] += heights[:, None] * SHADOW_PER_MM
    fallen[:, 2] = support_mm
    pixels, depths = view.project(fallen)
    gap = float(heights.min())
    softness = (3.0 + 0.10 * gap + 0.05 * float(heights.max())) * float(np.mean(view.focal_px) / depths.mean())
    hull = cv2.convexHull(pixels.astype(np.float32))[:, 0].astype(np.float64)
    shadow(picture, [hull], softness, 0.5 / (1.0 + 0.012 * gap))


def _paint_link_shadow(picture: Picture, *, view: Pinhole, ends: Array, radius_mm: float) -> None:
    ring = np.vstack([np.column_stack([end[:2] + _circle(radius_mm, 10), np.full(10, end[2])]) for end in ends])
    _paint_shadow(picture, view=view, bench=ring, support_mm=0.0)


def _paint_link(picture: Picture, *, ends: Array, radii: Array, lamp: Colour | None) -> None:
    """A tube as strips from its dark edge to its lit middle, and a round joint at its far end."""
    along = ends[1] - ends[0]
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    if across @ np.array([-0.6, -0.8]) < 0.0:
        across = -across
    for inset, shift, tone in ((1.0, 0.0, 0.62), (0.82, 0.08, 0.80), (0.6, 0.18, 0.93), (0.34, 0.30, 1.04), (0.14, 0.4, 1.12)):
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
