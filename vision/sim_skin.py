"""Paints a hand and what it wears from its capsules: depth map, normals of the smoothed depth, light, a soft edge.

The capsules are splatted one after the other in closed form at half the picture's size, and the colour is enlarged
again; the edge is cut at full size from the signed distance. Steps and constants follow the project's reference on
vision (sections 6.4 to 6.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array
from vision.scene import Colour
from vision.sim_hand import Capsules
from vision.sim_lens import Pinhole
from vision.sim_paint import Window, blend, bytes_of, darken, window_of

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]

_STEP = 2
_EMPTY_MM = -1e6
_LIGHT = np.array([-0.4, 0.55, 0.75], np.float32) / np.float32(np.linalg.norm([-0.4, 0.55, 0.75]))
"""Towards the lamp, in the picture: right, up, towards the camera."""
_HALF = (_LIGHT + np.array([0, 0, 1], np.float32)) / np.float32(
    np.linalg.norm(_LIGHT + np.array([0, 0, 1], np.float32))
)


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Capsule pieces in the coarse picture."""

    first: Plane
    """(N, 3): x px, y px, height mm towards the camera."""
    second: Plane
    radii_px: Plane
    """(N, 2)."""
    px_per_mm: Plane
    """(N,)."""
    wear: tuple[int, ...]
    """(N) place of its colour among those of the hand."""


def paint_hand(
    picture: Picture,
    *,
    view: Pinhole,
    capsules: Capsules,
    colours: Mapping[str, Colour],
    texture: Plane,
    shadow_px: tuple[float, float],
) -> None:
    """Paint one hand; its shadow falls `shadow_px` (right, down) from it. `texture` is (H, W) around 1.

    `colours` has one for each name in `capsules.covers`.
    """
    pieces, ends, reach = _project(view, capsules)
    window = window_of(ends, reach + 4.0, picture)
    if window.empty:
        return
    scale = float(np.median(pieces.px_per_mm))
    height, distance, wear = _splat(pieces, window)
    solid = (distance > 0.0).astype(np.float32)
    if not solid.any():
        return
    names = tuple(dict.fromkeys(capsules.covers))
    colour = _lit(height, solid, scale, [(colours[name], name == "skin") for name in names], wear, texture)
    size = (height.shape[1] * _STEP, height.shape[0] * _STEP)
    edge = cv2.resize(distance, size, interpolation=cv2.INTER_LINEAR)
    cover = cv2.convertScaleAbs(np.clip(edge * _STEP * 0.8 + 0.5, 0.0, 1.0), alpha=255.0)
    _cast(picture, window, solid, scale * _STEP, shadow_px)
    rows, columns = window.y1 - window.y0, window.x1 - window.x0
    large = cv2.resize(colour, size, interpolation=cv2.INTER_LINEAR)
    blend(picture, window, bytes_of(large[:rows, :columns]), bytes_of(cover[:rows, :columns]))


def _project(view: Pinhole, capsules: Capsules) -> tuple[_Pieces, Array, float]:
    """Pieces in coarse pixels of the whole picture; all ends (M, 2) and the largest radius in full pixels."""
    first, second = (view.camera_from_bench.apply(ends) for ends in (capsules.first_mm, capsules.second_mm))
    flat = np.linalg.norm((second - first)[:, :2], axis=1)
    steep = np.abs(second[:, 2] - first[:, 2])
    thick = capsules.radii_mm.min(axis=1)
    turning = np.where(steep < 0.35 * flat, 1.0, np.minimum(6.0, 2.0 + steep / np.maximum(4.0, 0.6 * thick)))
    # A long bar across the picture has a large box with little in it; short pieces keep the boxes tight.
    counts = np.maximum(turning, np.minimum(8.0, flat / (2.5 * thick) + 0.5)).astype(int)
    owner = np.repeat(np.arange(len(first)), counts)
    index = np.concatenate([np.arange(count) for count in counts])
    t0, t1 = (index / counts[owner])[:, None], ((index + 1) / counts[owner])[:, None]
    a = first[owner] * (1 - t0) + second[owner] * t0
    b = first[owner] * (1 - t1) + second[owner] * t1
    radii = capsules.radii_mm[owner]
    ra, rb = radii[:, :1] * (1 - t0) + radii[:, 1:] * t0, radii[:, :1] * (1 - t1) + radii[:, 1:] * t1
    ahead = (a[:, 2] > 60.0) & (b[:, 2] > 60.0)
    a, b, ra, rb = a[ahead], b[ahead], ra[ahead], rb[ahead]
    focal = float(np.mean(view.focal_px))
    pa = a[:, :2] / a[:, 2:] * view.focal_px + view.centre_px
    pb = b[:, :2] / b[:, 2:] * view.focal_px + view.centre_px
    sa, sb = focal / a[:, 2:], focal / b[:, 2:]
    coarse = 1.0 / _STEP
    shift = (coarse - 1.0) / 2.0
    names = tuple(dict.fromkeys(capsules.covers))
    pieces = _Pieces(
        np.hstack([pa * coarse + shift, -a[:, 2:]]).astype(np.float32),
        np.hstack([pb * coarse + shift, -b[:, 2:]]).astype(np.float32),
        (np.hstack([ra * sa, rb * sb]) * coarse).astype(np.float32),
        ((sa + sb)[:, 0] * 0.5 * coarse).astype(np.float32),
        tuple(names.index(capsules.covers[i]) for i in owner[ahead]),
    )
    return pieces, np.vstack([pa, pb]), float(pieces.radii_px.max(initial=0.0)) * _STEP


def _splat(pieces: _Pieces, window: Window) -> tuple[Plane, Plane, NDArray[np.uint8]]:
    """Over the window: height towards the camera (mm), signed distance inside the outline (coarse pixels), and wear."""
    rows, columns = -(-(window.y1 - window.y0) // _STEP), -(-(window.x1 - window.x0) // _STEP)
    origin = np.array([window.x0, window.y0], np.float32) / _STEP
    height = np.full((rows, columns), _EMPTY_MM, np.float32)
    distance = np.full((rows, columns), -4.0, np.float32)
    wear = np.zeros((rows, columns), np.uint8)
    dressed = len(set(pieces.wear)) > 1
    for first, second, radii, scale, kind in zip(
        pieces.first, pieces.second, pieces.radii_px, pieces.px_per_mm, pieces.wear, strict=True
    ):
        a, b = first[:2] - origin, second[:2] - origin
        reach = max(radii[0], radii[1]) + 2.0
        x0, y0 = (max(0, int(min(a[i], b[i]) - reach)) for i in (0, 1))
        x1, y1 = min(columns, int(max(a[0], b[0]) + reach) + 2), min(rows, int(max(a[1], b[1]) + reach) + 2)
        if x1 <= x0 or y1 <= y0:
            continue
        dx = np.arange(x0, x1, dtype=np.float32)[None, :] - a[0]
        dy = np.arange(y0, y1, dtype=np.float32)[:, None] - a[1]
        ex, ey = b - a
        t = (dx * ex + dy * ey) / (ex * ex + ey * ey + np.float32(1e-6))
        np.clip(t, 0.0, 1.0, out=t)
        off2 = (dx - t * ex) ** 2 + (dy - t * ey) ** 2
        radius = radii[0] + t * (radii[1] - radii[0])
        inside = radius * radius - off2
        near = distance[y0:y1, x0:x1]
        # Close to the outline this is the distance to it; farther in only its sign matters.
        np.maximum(near, inside / (2.0 * radius), out=near)
        z = first[2] + t * (second[2] - first[2]) + np.sqrt(np.maximum(inside, 0.0)) / scale
        part = height[y0:y1, x0:x1]
        if dressed:
            wear[y0:y1, x0:x1][(inside > 0.0) & (z > part)] = kind
        np.maximum(part, np.where(inside > 0.0, z, np.float32(_EMPTY_MM)), out=part)
    return height, distance, wear


def _lit(
    height: Plane,
    solid: Plane,
    scale: float,
    worn: list[tuple[Colour, bool]],
    wear: NDArray[np.uint8],
    texture: Plane,
) -> Picture:
    """The colour of the coarse pixels, uint8 (h, w, 3). `worn` has for each value of `wear` colour and "is skin"."""
    level = float(height[solid > 0].min())
    z = np.where(solid > 0, height - level, np.float32(0.0))
    k = max(1.0, 2.2 * scale)
    fine = 0.75 * _masked_blur(z, solid, k) + 0.25 * z
    quarter = (max(1, z.shape[1] // 4), max(1, z.shape[0] // 4))
    z_small, solid_small = (
        np.asarray(cv2.resize(plane, quarter, interpolation=cv2.INTER_AREA), np.float32) for plane in (z, solid)
    )
    size = (z.shape[1], z.shape[0])
    # The back of the hand and the forearm are one muscle under one skin: farther in than a finger is thick, blur more.
    broad = cv2.resize(_masked_blur(z_small, solid_small, 0.65 * k), size, interpolation=cv2.INTER_CUBIC)
    # Slopes of the enlarged depth would show the coarse grid as a weave.
    broad = cv2.blur(cv2.blur(broad, (5, 5)), (5, 5))
    inwards = cv2.distanceTransform((solid > 0).astype(np.uint8), cv2.DIST_L2, 3)
    smooth = fine + np.clip((inwards / scale - 9.0) / 6.0, 0.0, 1.0) * (broad - fine)
    # OpenCV's 3x3 Sobel weighs the step over two pixels by four.
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=scale / 8.0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=scale / 8.0)
    nz = 1.0 / np.sqrt(across * across + down * down + 1.0)
    toward_lamp = (-across * _LIGHT[0] + down * _LIGHT[1] + _LIGHT[2]) * nz
    wrapped = np.clip((toward_lamp + 0.35) / 1.35, 0.0, 1.0)
    gloss = np.clip((-across * _HALF[0] + down * _HALF[1] + _HALF[2]) * nz, 0.0, 1.0)
    for _ in range(4):
        gloss *= gloss
    around = cv2.resize(_masked_blur(z_small, solid_small, k), size, interpolation=cv2.INTER_LINEAR)
    hollow = np.clip(1.0 - 0.026 * np.maximum(around - smooth, 0.0), 0.45, 1.0)
    light = (0.38 + 0.62 * wrapped) * hollow
    rows, columns = (min(light.shape[i], texture.shape[i]) for i in (0, 1))
    light[:rows, :columns] *= texture[:rows, :columns]
    gloss *= 28.0 * hollow
    rim = (1.0 - nz) * hollow
    colour: Picture | None = None
    for kind, (base, is_skin) in enumerate(worn):
        # Cloth neither shines nor lets light through.
        shine, through = (1.0, (-10.0, 0.0, 18.0)) if is_skin else (0.35, (6.0, 6.0, 6.0))
        planes = [
            cv2.convertScaleAbs(np.maximum(light * float(c) + shine * gloss + rim * float(r), 0.0))
            for c, r in zip(base, through, strict=True)
        ]
        dyed = bytes_of(cv2.merge(planes))
        if colour is None:
            colour = dyed
        else:
            np.copyto(colour, dyed, where=(wear == kind)[:, :, None])
    assert colour is not None
    # Colour is grown past the outline, so that the enlarged edge mixes skin with the bench and not with black.
    grown = cv2.dilate(colour, np.ones((3, 3), np.uint8))
    np.copyto(grown, colour, where=(solid > 0)[:, :, None])
    return np.asarray(grown, dtype=np.uint8)


def _masked_blur(values: Plane, mask: Plane, sigma: float) -> Plane:
    weight = np.maximum(cv2.GaussianBlur(mask, (0, 0), sigma), 1e-3)
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma) / weight, dtype=np.float32)


def _cast(picture: Picture, window: Window, solid: Plane, px_per_mm: float, shadow_px: tuple[float, float]) -> None:
    """The hand's soft shadow on whatever is painted already."""
    margin = 16
    quarter = cv2.resize(solid, None, fx=_STEP / 4, fy=_STEP / 4, interpolation=cv2.INTER_AREA)
    x0, y0 = round(window.x0 + shadow_px[0]) - 4 * margin, round(window.y0 + shadow_px[1]) - 4 * margin
    small = np.pad((quarter * 255.0).astype(np.uint8), margin)
    skip_x, skip_y = max(0, -x0 + 3) // 4, max(0, -y0 + 3) // 4
    small = small[skip_y:, skip_x:]
    x0, y0 = x0 + 4 * skip_x, y0 + 4 * skip_y
    if small.size == 0:
        return
    x1, y1 = min(picture.shape[1], x0 + 4 * small.shape[1]), min(picture.shape[0], y0 + 4 * small.shape[0])
    target = Window(x0, y0, x1, y1)
    if not target.empty:
        darken(picture, target, np.ascontiguousarray(small), 9.0 * px_per_mm, 0.34)
