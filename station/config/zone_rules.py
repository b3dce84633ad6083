"""What makes a zone one that cameras can watch: rules for its shape, and for all zones of a bench together. Pure.

A mistake is a code with words; the pages have a sentence for each code in every language, the files an English one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vision.bench import Zone
from vision.geometry import Array, CameraModel

LEAST_MM2 = 2500.0
"""A zone of less than 50 by 50 mm is lost beside a hand, and the cues have nothing to count in it."""
LEAST_HEIGHT_MM = 20.0
LEAST_EDGE_MM = 2.0
CORNERS = (3, 24)
ZONES_MAX = 24
_NAME = re.compile(r"[\w][\w -]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMistake:
    """Why a zone cannot be used."""

    code: str
    """One of `SENTENCES`."""
    zone: str
    words: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return SENTENCES[self.code].format(zone=self.zone, **self.words)


SENTENCES: Mapping[str, str] = {
    "corners": "zone `{zone}` has {count} corners; draw it with {least} to {most}",
    "short_edge": "two neighbouring corners of zone `{zone}` lie on each other (corner {corner}); take one away",
    "crossing": "edges {one} and {other} of zone `{zone}` cross; move a corner so that its outline is simple",
    "too_small": "zone `{zone}` is only {area} mm² large; make it {least} mm² or more, or nothing can be seen in it",
    "too_flat": "zone `{zone}` reaches from {low} to {high} mm; make it {least} mm high or more, lower height first",
    "below": "zone `{zone}` begins {low} mm below the table; begin at 0 or above",
    "off_bench": "corner {corner} of zone `{zone}` ({x}, {y} mm) lies where no camera looks; move it into a picture",
    "name": "`{zone}` is no name for a zone; use up to 40 letters, digits, - and _",
    "twice": "two zones are called `{zone}`; rename one",
    "too_many": "there are {count} zones; keep {most} at most",
    "used": "zone `{zone}` is used by the work and may not go; keep it, or take it out of the procedure first",
}


def shape_mistake(zone: Zone) -> ZoneMistake | None:
    """What is wrong with the zone by itself; None when nothing is."""
    outline, (low, high) = zone.outline_mm, zone.z_mm
    count = len(outline)

    def mistake(code: str, **words: float | int | str) -> ZoneMistake:
        return ZoneMistake(code=code, zone=zone.name, words={key: _short(value) for key, value in words.items()})

    if not CORNERS[0] <= count <= CORNERS[1]:
        return mistake("corners", count=count, least=CORNERS[0], most=CORNERS[1])
    edges = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
    if edges.min() < LEAST_EDGE_MM:
        return mistake("short_edge", corner=int(edges.argmin()) + 1)
    crossing = crossing_edges(outline)
    if crossing is not None:
        return mistake("crossing", one=crossing[0] + 1, other=crossing[1] + 1)
    if area_mm2(outline) < LEAST_MM2:
        return mistake("too_small", area=round(area_mm2(outline)), least=LEAST_MM2)
    if high - low < LEAST_HEIGHT_MM:
        return mistake("too_flat", low=low, high=high, least=LEAST_HEIGHT_MM)
    return mistake("below", low=-low) if low < 0.0 else None


def bench_mistake(
    zones: tuple[Zone, ...], cameras: tuple[CameraModel, ...], used: Collection[str]
) -> ZoneMistake | None:
    """What is wrong first with all zones of a bench together, each one's shape included; None when nothing is.

    `used` are the zones that the work asks for. Every corner must be seen by a camera at its zone's lower height.
    """
    if len(zones) > ZONES_MAX:
        words = {"count": str(len(zones)), "most": str(ZONES_MAX)}
        return ZoneMistake(code="too_many", zone="", words=words)
    names = [zone.name for zone in zones]
    for name in used:
        if name not in names:
            return ZoneMistake(code="used", zone=name)
    for zone in zones:
        if not _NAME.fullmatch(zone.name):
            return ZoneMistake(code="name", zone=zone.name)
        if names.count(zone.name) > 1:
            return ZoneMistake(code="twice", zone=zone.name)
        found = shape_mistake(zone) or _unseen(zone, cameras)
        if found is not None:
            return found
    return None


def area_mm2(outline_mm: Array) -> float:
    """Area within a simple outline (N, 2): the shoelace formula."""
    x, y = outline_mm[:, 0], outline_mm[:, 1]
    return abs(float(x @ np.roll(y, -1) - np.roll(x, -1) @ y)) / 2.0


def crossing_edges(outline_mm: Array) -> tuple[int, int] | None:
    """Two edges (each from the corner of its number to the next) that meet elsewhere than in a common corner."""
    count = len(outline_mm)
    for one, other in itertools.combinations(range(count), 2):
        a, b = outline_mm[one], outline_mm[(one + 1) % count]
        c, d = outline_mm[other], outline_mm[(other + 1) % count]
        neighbours = other - one in (1, count - 1)
        if (_folded(a, b, c, d) if neighbours else _meet(a, b, c, d)) is True:
            return one, other
    return None


def _meet(a: Array, b: Array, c: Array, d: Array) -> bool:
    """Whether the segments ab and cd have a point in common."""
    sides = (_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b))
    if sides[0] * sides[1] < 0.0 and sides[2] * sides[3] < 0.0:
        return True
    touching = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0.0 and _between(*three) for side, three in zip(sides, touching, strict=True))


def _folded(a: Array, b: Array, c: Array, d: Array) -> bool:
    """Whether two edges with a common corner lie on each other."""
    if np.array_equal(b, c):
        return _side(a, b, d) == 0.0 and float((a - b) @ (d - b)) > 0.0
    return _side(c, d, b) == 0.0 and float((c - d) @ (b - a)) > 0.0


def _side(a: Array, b: Array, p: Array) -> float:
    return float((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]))


def _between(a: Array, b: Array, p: Array) -> bool:
    low, high = np.minimum(a, b), np.maximum(a, b)
    return bool((low <= p).all() and (p <= high).all())


def _unseen(zone: Zone, cameras: tuple[CameraModel, ...]) -> ZoneMistake | None:
    corners = np.column_stack([zone.outline_mm, np.full(len(zone.outline_mm), zone.z_mm[0])])
    seen = np.zeros(len(corners), dtype=bool)
    for camera in cameras:
        seen |= _in_picture(camera, corners)
    if seen.all():
        return None
    corner = int(seen.argmin())
    x, y = zone.outline_mm[corner]
    words = {"corner": str(corner + 1), "x": _short(float(x)), "y": _short(float(y))}
    return ZoneMistake(code="off_bench", zone=zone.name, words=words)


def _in_picture(camera: CameraModel, points_mm: Array) -> NDArray[np.bool_]:
    """(N,) which bench points the picture shows. A point behind the camera is NaN, which is inside nothing."""
    last = np.array([camera.width_px - 1, camera.height_px - 1])
    in_camera = camera.camera_from_bench.apply(points_mm)
    straight = (in_camera / in_camera[:, 2:]) @ camera.matrix.T
    # Far outside the lens's view its distortion folds points back into the picture.
    near = (np.abs(straight[:, :2] - last / 2.0) <= last).all(axis=1)
    pixels = camera.project(points_mm)
    return np.asarray(near & ((pixels >= 0.0) & (pixels <= last)).all(axis=1))


def _short(value: float | int | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
