"""What a joint with and without its nut looks like to a camera, made from geometry alone.

Each template is the small picture of one hypothesis: a hexagon nut down on its seat, higher on its stud, or crossed;
and a bare stud. It is drawn through the camera's own lens at the joint's place, blurred as a good or a poor focus
blurs, and made independent of brightness and contrast (zero mean, unit length), so that comparing is one product of
matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.bench import Joint
from vision.geometry import Array, CameraModel, Transform

Plane = NDArray[np.float32]

ACROSS_FLATS_MM = 18.0
NUT_HEIGHT_MM = 9.9
CHAMFER_MM, MOUTH_MM, BORE_MM = 9.0, 6.5, 5.4
"""Radii on the nut's upper face: outer edge of the bright chamfer, of the thread's mouth, of the dark bore."""
STUD_MM, STUD_HEIGHT_MM = 4.5, 18.5
"""Radius, and height of its end over the seat."""
HOLE_MM = 13.0
"""Radius of the clearance hole, in which it is dark."""
LOOKED_AT_MM, CLOSE_MM = 12.0, 6.5
"""Radii round the joint that are compared: all of it, and the stud with little else."""

SHADE, PLATE, FACE, MOUTH, SIDE, BORE, STUD, STUD_SIDE = 73.0, 152.0, 224.0, 120.0, 128.0, 28.0, 192.0, 120.0
"""Relative brightness; only their order and rough ratio matter."""
LIFTS_MM = (0.0, 3.0, 6.0, 9.0)
CROSSED = tuple((6.0, 9.0, float(way)) for way in range(0, 360, 60))
"""Lift, tilt and the way it leans, in mm and degrees."""
TURNS_DEG = (0.0, 30.0)
BLURS_PX = (0.8, 1.5, 2.4)
SMOOTH_PX = 0.8
"""What a picture is smoothed by against its noise before it is compared; templates are smoothed alike."""
BASIS = 24
"""Number of common pictures; they hold 99 % of each template."""
FINE = 4
SHIFT_PX = 3
"""How far from its place a template is tried: what calibration and a part within tolerance leave."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bank:
    """All hypotheses over some pixels of the window."""

    mask: NDArray[np.bool_]
    """(h, w) the P compared pixels."""
    basis: Plane
    """(K, P) orthonormal pictures over them, each of zero mean, of which all templates are made."""
    nut: Plane
    """(N, K), for each picture of a nut its parts of the basis: a template of unit length."""
    bare: Plane
    """(M, K), the same of the bare stud."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Templates:
    """All hypotheses of one joint in one camera's picture."""

    left_px: int
    top_px: int
    whole: Bank
    """Over nut, stud and the hole around them."""
    stud: Bank
    """Over the stud and what is close to it alone: whatever lies around it, a part askew or none at all."""


def templates(joint: Joint, camera: CameraModel) -> Templates | None:
    """The joint's templates; None where it is not wholly in the picture."""
    outline = _hull_px(joint, camera, LOOKED_AT_MM, LOOKED_AT_MM - 2.0)
    if not np.isfinite(outline).all():
        return None
    low = np.floor(outline.min(axis=0)).astype(int) - 2
    high = np.ceil(outline.max(axis=0)).astype(int) + 3
    spare = SHIFT_PX + 1
    if (low < spare).any() or high[0] > camera.width_px - spare or high[1] > camera.height_px - spare:
        return None
    canvas = _Canvas(joint, camera, low, high - low)
    nuts = [
        canvas.nut(lift_mm, tilt_deg, way_deg, turn_deg, around)
        for around in (SHADE, PLATE)
        for turn_deg in TURNS_DEG
        for lift_mm, tilt_deg, way_deg in (*((lift, 0.0, 0.0) for lift in LIFTS_MM), *CROSSED)
    ]
    bare = [canvas.bare(SHADE, PLATE), canvas.bare(SHADE, SHADE)]
    near = canvas.mask(_hull_px(joint, camera, CLOSE_MM, CLOSE_MM - 1.0))
    return Templates(
        left_px=int(low[0]),
        top_px=int(low[1]),
        whole=_bank(nuts, bare, canvas.mask(outline)),
        stud=_bank(nuts, bare[1:], near),
    )


def _bank(nuts: list[Plane], bare: list[Plane], mask: NDArray[np.bool_]) -> Bank:
    """They resemble each other: a few common pictures make all of them, and are compared in a fraction of the time."""
    import cv2

    rows = np.vstack([_normal(nuts, mask), _normal(bare, mask)])
    basis = _common(rows)
    parts = np.asarray(cv2.gemm(rows, basis, 1.0, np.zeros(0, np.float32), 0.0, flags=cv2.GEMM_2_T), dtype=np.float32)
    count = len(nuts) * len(BLURS_PX)
    return Bank(mask=mask, basis=basis, nut=parts[:count], bare=parts[count:])


def _common(rows: Plane) -> Plane:
    """(K, P) the orthonormal pictures that hold most of the rows (N, P): the principal ones, by their products."""
    import cv2

    products = cv2.gemm(rows, rows, 1.0, np.zeros(0, np.float32), 0.0, flags=cv2.GEMM_2_T)
    strengths, mixes = np.linalg.eigh(np.asarray(products, dtype=np.float64))
    kept = (mixes[:, -BASIS:] / np.sqrt(np.maximum(strengths[-BASIS:], 1e-9))).T.astype(np.float32)
    return np.asarray(cv2.gemm(kept, rows, 1.0, np.zeros(0, np.float32), 0.0), dtype=np.float32)


def _hull_px(joint: Joint, camera: CameraModel, foot_mm: float, end_mm: float) -> Array:
    """(N, 2) outline of what is compared: within `foot_mm` of the stud's foot, `end_mm` of its end, and between."""
    import cv2

    low = joint.bench_mm + _circle(foot_mm, 24, 0.0)
    high = joint.bench_mm + _circle(end_mm, 24, STUD_HEIGHT_MM)
    pixels = camera.project(np.vstack([low, high]))
    if not np.isfinite(pixels).all():
        return pixels
    return np.asarray(cv2.convexHull(pixels.astype(np.float32))[:, 0], dtype=np.float64)


def _normal(pictures: list[Plane], mask: NDArray[np.bool_]) -> Plane:
    """Each picture at each blur as a row of its compared pixels, with zero mean and unit length."""
    import cv2

    blurs = [float(np.hypot(blur, SMOOTH_PX)) for blur in BLURS_PX]
    rows = [cv2.GaussianBlur(picture, (0, 0), blur)[mask] for picture in pictures for blur in blurs]
    stack = np.array(rows, dtype=np.float32)
    stack -= stack.mean(axis=1, keepdims=True)
    return np.asarray(stack / np.linalg.norm(stack, axis=1, keepdims=True), dtype=np.float32)


class _Canvas:
    """Draws hypotheses into the joint's window of the picture, finely, and averages."""

    def __init__(self, joint: Joint, camera: CameraModel, low: NDArray[np.int_], size: NDArray[np.int_]) -> None:
        self._joint, self._camera, self._low, self._size = joint, camera, low, size
        self._bench_from_seat = Transform(_upright(joint.axis), joint.bench_mm)

    def mask(self, outline_px: Array) -> NDArray[np.bool_]:
        """(h, w) inside the outline."""
        import cv2

        mask = np.zeros((int(self._size[1]), int(self._size[0])), np.uint8)
        cv2.fillConvexPoly(mask, np.rint(outline_px - self._low).astype(np.int32), 1)
        return mask > 0

    def bare(self, hole: float, around: float) -> Plane:
        """A stud in its hole."""
        picture = self._ground(hole, around)
        self._cylinder(picture, _circle(STUD_MM, 16, 0.0), (0.0, STUD_HEIGHT_MM), Transform.identity(), STUD_SIDE)
        self._fill(picture, _circle(STUD_MM, 16, STUD_HEIGHT_MM), STUD)
        return self._averaged(picture)

    def nut(self, lift_mm: float, tilt_deg: float, way_deg: float, turn_deg: float, around: float) -> Plane:
        """A nut, and as much of the stud's foot as shows under it."""
        picture = self._ground(around, PLATE)
        if lift_mm > 0.0:
            self._cylinder(picture, _circle(STUD_MM, 16, 0.0), (0.0, lift_mm), Transform.identity(), STUD_SIDE)
        lean = Transform.of(0, 0, 0, yaw_deg=way_deg) @ Transform.of(0, 0, 0, pitch_deg=tilt_deg)
        seat_from_nut = Transform.of(0, 0, lift_mm) @ lean @ Transform.of(0, 0, 0, yaw_deg=turn_deg - way_deg)
        hexagon = _circle(ACROSS_FLATS_MM / np.sqrt(3.0), 6, 0.0)
        self._cylinder(picture, hexagon, (0.0, NUT_HEIGHT_MM), seat_from_nut, SIDE)
        top = seat_from_nut @ Transform.of(0, 0, NUT_HEIGHT_MM)
        self._fill(picture, top.apply(hexagon), 0.8 * FACE)
        for radius_mm, level in ((CHAMFER_MM, FACE), (MOUTH_MM, MOUTH), (BORE_MM, BORE)):
            self._fill(picture, top.apply(_circle(radius_mm, 20, 0.0)), level)
        return self._averaged(picture)

    def _ground(self, hole: float, around: float) -> Plane:
        picture = np.full((int(self._size[1]) * FINE, int(self._size[0]) * FINE), around, np.float32)
        self._fill(picture, _circle(HOLE_MM, 32, 0.0), hole)
        return picture

    def _cylinder(
        self, picture: Plane, foot: Array, z_mm: tuple[float, float], seat_from_thing: Transform, level: float
    ) -> None:
        """The sides of a straight thing, all in one shade: which one is lit is not known."""
        import cv2

        ends = [seat_from_thing.apply(foot + np.array([0.0, 0.0, z])) for z in z_mm]
        pixels = self._pixels(np.vstack(ends)).astype(np.float32)
        hull = cv2.convexHull(pixels)[:, 0]
        cv2.fillConvexPoly(picture, np.rint(hull * 16).astype(np.int32), level, cv2.LINE_AA, 4)

    def _fill(self, picture: Plane, outline_mm: Array, level: float) -> None:
        import cv2

        pixels = self._pixels(outline_mm)
        cv2.fillConvexPoly(picture, np.rint(pixels * 16).astype(np.int32), level, cv2.LINE_8, 4)

    def _pixels(self, seat_mm: Array) -> Array:
        """Points over the seat -> pixels of the fine window."""
        pixels = self._camera.project(self._bench_from_seat.apply(seat_mm))
        return np.asarray((pixels - self._low + 0.5) * FINE - 0.5)

    def _averaged(self, picture: Plane) -> Plane:
        import cv2

        size = (int(self._size[0]), int(self._size[1]))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _circle(radius_mm: float, corners: int, z_mm: float) -> Array:
    """(corners, 3) of a level circle."""
    angles = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.column_stack([radius_mm * np.cos(angles), radius_mm * np.sin(angles), np.full(corners, z_mm)])


def _upright(axis: Array) -> Array:
    """A rotation whose z is the axis."""
    side = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    x = side - axis * (side @ axis)
    x /= np.linalg.norm(x)
    return np.column_stack([x, np.cross(axis, x), axis])
