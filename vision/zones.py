"""Which zones of the bench are busy, by three cues, any of which is enough.

1. *Landmarks* of a tracked hand, put on the bench at hand height, lie in the zone.
2. *Skin*: a skin-coloured blob of some size overlaps the zone as the camera sees it at hand height.
3. *Reach*: something that was not there before and is joined to the visitor's edge of the picture overlaps the zone.
That is how a gloved arm is noticed, and how a cobot, a placed part or a falling nut is not: they do not come from
there.

Skin is told by chromaticity, which a change of light leaves alone: red over green over blue, neither grey nor paint.
The background of the reach cue is learned slowly, and never under something that reaches in and moves; a thing that
reaches in and has been still for `GIVE_UP_S` was left there, and becomes background, so that a forgotten bag does not
hold the bench.

From the same cues come the outlines of people, for whoever watches the gap between them and a moving arm. What touches
a person in the picture counts as a part of that person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.api import HandObservation, PersonOutline, Picture
from vision.bench import Bench, Zone
from vision.geometry import CameraModel
from vision.outlines import person_outlines

Mask = NDArray[np.uint8]
SCALE = 0.25
SKIN_CR = (136, 178)
SKIN_CB = (78, 126)
LEAST_RED = 55
GREEN_OVER_RED = (0.48, 0.9)
LEAST_BLUE_OVER_GREEN = 0.38
"""Orange plastic and paint in shadow pass every other test; skin from light to dark has at least 0.42."""
LEAST_SKIN_MM2 = 600.0
LEAST_IN_ZONE_MM2 = 200.0
CHANGE_LEVELS = 13
MOTION_LEVELS = 10
LEARN_S = 1.5
GIVE_UP_S = 20.0
VISITOR_EDGE_MM = 40.0
"""How far into the picture, on the bench, from its visitor-side border an arm must be joined to that border."""
HAND_SPAN_MM = 45.0
PERSON_ABOVE_MM = 150.0
"""How high over hand height a hand with a tool, or a forearm, is allowed for; downwards the table is the end."""
LANDMARK_MARGIN_MM = 25.0
"""Flesh round the landmarks of a tracked hand, which lie on its bones."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneSight:
    """What the cues say of one frame."""

    busy: Mapping[str, bool]
    """Zone name -> busy, for every zone that this camera can judge."""
    people: tuple[PersonOutline, ...]
    people_known: bool
    """False until the background is learned, and for a view that cannot tell where on the bench things are."""


class ZoneWatcher:
    """Busy zones and people of one camera. Keeps the background of the pictures that it was given, in order of time."""

    def __init__(self, bench: Bench, camera: CameraModel) -> None:
        self._bench = bench
        self._camera = camera
        self._size = (round(camera.width_px * SCALE), round(camera.height_px * SCALE))
        self._mm2_per_px = _mm2_per_px(camera, bench.hand_height_mm)
        self._masks = {zone.name: mask for zone in bench.zones if (mask := self._zone_mask(zone)) is not None}
        self._edge = self._visitor_edge()
        self._background: NDArray[np.float32] | None = None
        self._before: NDArray[np.float32] | None = None
        self._still_s = np.zeros(self._size[::-1], dtype=np.float32)
        self._last_s = 0.0
        self._learned_s = 0.0
        self._person_z_mm = (0.0, bench.hand_height_mm + PERSON_ABOVE_MM)
        self._looks_down = _looks_down(camera, self._person_z_mm[1])

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of the zones that this camera sees enough of to judge."""
        return tuple(self._masks)

    def look(self, image: Picture, t_mono_s: float, hands: tuple[HandObservation, ...]) -> ZoneSight:
        """Zones and people in a BGR `image` captured at `t_mono_s`, with the `hands` that were tracked in it."""
        import cv2

        small = np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        cues = {"skin": self._skin(small), "reach": self._reach(small, t_mono_s), "landmarks": self._tracked(hands)}
        people_known = self._looks_down and self._learned_s >= LEARN_S
        people: tuple[PersonOutline, ...] = ()
        if self._looks_down:
            least_px = LEAST_SKIN_MM2 / self._mm2_per_px
            people = person_outlines(cues, self._camera, scale=SCALE, z_mm=self._person_z_mm, least_px=least_px)
        return ZoneSight(busy=self._busy(cues["skin"] | cues["reach"], hands), people=people, people_known=people_known)

    def _busy(self, suspicious: Mask, hands: tuple[HandObservation, ...]) -> Mapping[str, bool]:
        import cv2

        busy = {
            name: float(cv2.countNonZero(suspicious & mask)) * self._mm2_per_px >= LEAST_IN_ZONE_MM2
            for name, mask in self._masks.items()
        }
        for zone in self._bench.zones:
            if zone.name in busy and any(self._hand_in(zone, hand) for hand in hands):
                busy[zone.name] = True
        return busy

    def _tracked(self, hands: tuple[HandObservation, ...]) -> Mask:
        """255 where tracked hands are: the hull of their landmarks, and flesh around it."""
        import cv2

        mask = np.zeros(self._size[::-1], dtype=np.uint8)
        margin_px = max(1, round(LANDMARK_MARGIN_MM / self._mm2_per_px**0.5))
        for hand in hands:
            hull = cv2.convexHull(np.round(hand.landmarks_px * SCALE).astype(np.int32))
            cv2.fillConvexPoly(mask, hull, 255)
            cv2.polylines(mask, [hull], True, 255, thickness=2 * margin_px)
        return mask

    def _skin(self, small: Picture) -> Mask:
        import cv2

        mask = skin_mask(small)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        keep = np.zeros(count, dtype=np.uint8)
        keep[1:] = np.where(stats[1:, cv2.CC_STAT_AREA] * self._mm2_per_px >= LEAST_SKIN_MM2, 255, 0)
        return np.asarray(keep[labels], dtype=np.uint8)

    def _reach(self, small: Picture, t_mono_s: float) -> Mask:
        import cv2

        now = np.asarray(cv2.GaussianBlur(small, (5, 5), 0), dtype=np.float32)
        if self._background is None or self._before is None:
            self._background, self._before, self._last_s = now.copy(), now, t_mono_s
            return np.zeros(now.shape[:2], dtype=np.uint8)
        since_s = min(1.0, max(0.0, t_mono_s - self._last_s))
        self._learned_s += since_s
        gain = float(np.median(now[::4, ::4])) / max(1.0, float(np.median(self._background[::4, ::4])))
        changed = _largest(np.abs(now - gain * self._background)) > CHANGE_LEVELS
        closed = cv2.morphologyEx(changed.astype(np.uint8) * 255, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        reach = self._joined_to_visitor(np.asarray(closed, dtype=np.uint8))
        moving = _largest(np.abs(now - self._before)) > MOTION_LEVELS
        self._still_s = np.where(moving, 0.0, self._still_s + since_s).astype(np.float32)
        learn = (reach == 0) | (self._still_s >= GIVE_UP_S)
        step = min(1.0, since_s / LEARN_S)
        self._background = self._background + np.where(learn, step, 0.0).astype(np.float32)[..., None] * (
            now - self._background
        )
        self._before, self._last_s = now, t_mono_s
        return reach

    def _joined_to_visitor(self, mask: Mask) -> Mask:
        import cv2

        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        at_edge = np.zeros(count, dtype=bool)
        at_edge[np.unique(labels[(self._edge > 0) & (mask > 0)])] = True
        keep = at_edge & (stats[:, cv2.CC_STAT_AREA] * self._mm2_per_px >= LEAST_SKIN_MM2)
        keep[0] = False
        return np.asarray(np.where(keep[labels], 255, 0), dtype=np.uint8)

    def _hand_in(self, zone: Zone, hand: HandObservation) -> bool:
        import cv2

        points = self._camera.bench_point_on_plane(hand.landmarks_px, self._bench.hand_height_mm)[:, :2]
        outline = zone.outline_mm.astype(np.float32).reshape(-1, 1, 2)
        return any(cv2.pointPolygonTest(outline, (float(x), float(y)), False) >= 0 for x, y in points)

    def _zone_mask(self, zone: Zone) -> Mask | None:
        """The zone as seen where hands are: its outline a hand's span below and above hand height, and all between."""
        import cv2

        low = min(max(zone.z_mm[0], self._bench.hand_height_mm - HAND_SPAN_MM), zone.z_mm[1])
        high = max(min(zone.z_mm[1], self._bench.hand_height_mm + HAND_SPAN_MM), low)
        mask = np.zeros(self._size[::-1], dtype=np.uint8)
        for z_mm in np.linspace(low, high, 4):
            pixels = self._camera.project(np.column_stack([zone.outline_mm, np.full(len(zone.outline_mm), z_mm)]))
            if not np.isfinite(pixels).all():
                return None
            cv2.fillPoly(mask, [np.round(pixels * SCALE).astype(np.int32)], 255)
        return mask if cv2.countNonZero(mask) * self._mm2_per_px >= LEAST_SKIN_MM2 else None

    def _visitor_edge(self) -> Mask:
        """Pixels within `VISITOR_EDGE_MM` of the picture's border, where it shows the visitor's half of the bench."""
        width, height = self._size
        mask = np.zeros((height, width), dtype=np.uint8)
        deep = max(2, round(VISITOR_EDGE_MM / self._mm2_per_px**0.5))
        rows, columns = np.mgrid[0:height, 0:width]
        from_edge = np.minimum.reduce([rows, columns, height - 1 - rows, width - 1 - columns])
        band = from_edge < deep
        pixels = np.column_stack([columns[band], rows[band]]) / SCALE
        on_bench = self._camera.bench_point_on_plane(pixels, self._bench.hand_height_mm)
        nearest = float(on_bench[:, 1].min())
        middle = float(
            self._camera.bench_point_on_plane([[self._camera.width_px / 2, self._camera.height_px / 2]], 0.0)[0, 1]
        )
        mask[band] = np.where(on_bench[:, 1] < (nearest + middle) / 2.0, 255, 0)
        return mask


def skin_mask(image: Picture) -> Mask:
    """255 where a BGR picture has the colour of bare skin in neutral light (YCrCb ranges after Chai and Ngan, 1999)."""
    import cv2

    ycrcb = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    inside = cv2.inRange(ycrcb, np.array([0, SKIN_CR[0], SKIN_CB[0]]), np.array([255, SKIN_CR[1], SKIN_CB[1]]))
    blue, green, red = (image[..., channel].astype(np.int16) for channel in range(3))
    ordered = (red >= LEAST_RED) & (green > blue)
    ordered &= (green >= GREEN_OVER_RED[0] * red) & (green <= GREEN_OVER_RED[1] * red)
    ordered &= blue >= LEAST_BLUE_OVER_GREEN * green
    mask = np.where(ordered, inside, 0).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), dtype=np.uint8)


def _looks_down(camera: CameraModel, z_mm: float) -> bool:
    """Whether every ray of the picture meets the table, from a camera that hangs higher than `z_mm`."""
    bench_from_camera = camera.camera_from_bench.inverse()
    origin = bench_from_camera.translation_mm
    right, bottom = camera.width_px - 1, camera.height_px - 1
    corners = camera.bench_point_on_plane([[0, 0], [right, 0], [0, bottom], [right, bottom]], 0.0)
    ahead = (corners - origin) @ bench_from_camera.rotation[:, 2]
    return bool(origin[2] > z_mm and np.isfinite(corners).all() and (ahead > 0.0).all())


def _largest(differences: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest of the three channels."""
    return np.maximum(np.maximum(differences[..., 0], differences[..., 1]), differences[..., 2])


def _mm2_per_px(camera: CameraModel, z_mm: float) -> float:
    """Bench area at height `z_mm` behind one pixel of the reduced picture, in the picture's middle."""
    x, y, step = camera.width_px / 2, camera.height_px / 2, 1.0 / SCALE
    a, b, c = camera.bench_point_on_plane([[x, y], [x + step, y], [x, y + step]], z_mm)[:, :2]
    (ux, uy), (vx, vy) = b - a, c - a
    return abs(float(ux * vy - uy * vx))
