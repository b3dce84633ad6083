"""Which zones of the bench are busy, by three cues, any of which is enough.

1. *Landmarks* of a tracked hand, put on the bench at hand height, lie in the zone.
2. *Skin*: a skin-coloured blob of some size overlaps the zone as the camera sees it at hand height.
3. *Reach*: something that does not belong to the empty bench and is joined to the picture's border overlaps the zone.
That is how a gloved arm is noticed, whichever side it comes from; and how a placed part or a falling nut is not: they
lie inside the picture. The links of a machine that stands there are cut out of it, where somebody says where they are;
where a machine may be anywhere, only the border on the visitor's half of the bench counts.

Skin is told by chromaticity, which a change of light leaves alone: red over green over blue, neither grey nor paint.
What is the empty bench stands in `vision.background`. It is learned from the first pictures, and again when something
comes in over the border meanwhile. An arm that rests there from the beginning cannot be told from the bench: so either
somebody answers for it that nobody reaches in at the start, or a kept picture of the empty bench is given, or only what
is there is told, and nothing is called clear.

From the same cues come the outlines of people, for whoever watches the gap between them and a moving arm. What touches
a person in the picture counts as a part of that person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.api import HandObservation, PersonOutline, Picture
from vision.background import LEARN_S, Background
from vision.bench import Bench, Zone
from vision.geometry import CameraModel
from vision.machine import Machine, silhouette
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
BORDER_PX = 3
"""How near the picture's border, in the reduced picture, counts as joined to it."""
HAND_SPAN_MM = 45.0
MACHINE_SHADE_MM = 60.0
"""How far from the machine's silhouette its shadow may lie at the border of the picture."""
PERSON_ABOVE_MM = 150.0
"""How high over hand height a hand with a tool, or a forearm, is allowed for; downwards the table is the end."""
LANDMARK_MARGIN_MM = 25.0
"""Flesh round the landmarks of a tracked hand, which lie on its bones."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneSight:
    """What the cues say of one frame."""

    busy: Mapping[str, bool]
    """Zone name -> busy, for every zone that this camera can judge; only busy ones while the bench is not known."""
    people: tuple[PersonOutline, ...]
    people_known: bool
    """False until the background is learned, and for a view that cannot tell where on the bench things are."""


class ZoneWatcher:
    """Busy zones and people of one camera. Keeps the background of the pictures that it was given, in order of time."""

    def __init__(
        self, bench: Bench, camera: CameraModel, *, starts_empty: bool = True, empty: Picture | None = None
    ) -> None:
        """`starts_empty`: whoever makes this answers for it that nobody rests on the bench while the first pictures are
        learned. `empty` is what `said_empty` gave for this camera once, and better than that.
        """
        self._bench = bench
        self._camera = camera
        self._size = (round(camera.width_px * SCALE), round(camera.height_px * SCALE))
        self._mm2_per_px = _mm2_per_px(camera, bench.hand_height_mm)
        self._border = self._border_band()
        self._visitors_border = self._border & self._visitors_half()
        self._background = Background()
        self._reached: Mask | None = None
        self._looked_like_skin: Mask | None = None
        self._kept = self._asked = False
        self._said: Picture | None = None
        self._answered_for = starts_empty
        if empty is not None and empty.shape[1::-1] == self._size:
            self._background.start(empty)
            self._kept = True
        self._zones: tuple[Zone, ...] = ()
        self._masks: dict[str, Mask] = {}
        self.draw(bench.zones)
        self._person_z_mm = (0.0, bench.hand_height_mm + PERSON_ABOVE_MM)
        self._looks_down = _looks_down(camera, self._person_z_mm[1])

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of the zones that this camera sees enough of to judge."""
        return tuple(self._masks)

    @property
    def _knows(self) -> bool:
        """Whether the empty bench is known and its pictures have settled, so that where nothing is seen nobody is."""
        return self._kept or (self._answered_for and self._background.learned_s >= LEARN_S)

    def draw(self, zones: tuple[Zone, ...]) -> None:
        """Watch these zones from now on."""
        self._zones = zones
        self._masks = {zone.name: mask for zone in zones if (mask := self._zone_mask(zone)) is not None}

    def bench_is_empty(self) -> None:
        """A technician says so: what the next pictures show is the bench, once nothing moves in them at the border."""
        self._background.forget()
        self._reached = self._looked_like_skin = None
        self._kept, self._answered_for, self._asked = False, False, True

    def look(
        self,
        image: Picture,
        t_mono_s: float,
        hands: tuple[HandObservation, ...],
        machine: Machine | None = None,
    ) -> ZoneSight:
        """Zones and people in a BGR `image` captured at `t_mono_s`, with the `hands` that were tracked in it.

        `machine` is where its links are; None = nobody knows, and one may be anywhere.
        """
        small = self._reduced(image)
        reach = self._reach(small, t_mono_s, machine)
        skin = self._skin(small)
        # A bare hand is not learned either, where its sleeve looks like the bench and nothing joins it to the border.
        self._background.learn(reach | skin)
        cues = {"skin": skin, "reach": reach, "landmarks": self._tracked(hands)}
        if self._asked:
            self._learn_again(somebody=bool(hands) or bool((skin & self._border).any()))
        people: tuple[PersonOutline, ...] = ()
        if self._looks_down:
            least_px = LEAST_SKIN_MM2 / self._mm2_per_px
            people = person_outlines(cues, self._camera, scale=SCALE, z_mm=self._person_z_mm, least_px=least_px)
        busy = self._busy(skin | cues["reach"], hands)
        if not (self._kept or self._answered_for):
            busy = {name: True for name, is_busy in busy.items() if is_busy}
        return ZoneSight(busy=busy, people=people, people_known=self._looks_down and self._knows)

    def _learn_again(self, *, somebody: bool) -> None:
        """After a technician's word: begin anew while somebody is still there, and believe it after a quiet while."""
        if somebody or self._joined_to(self._border, self._background.moving).any():
            self._background.forget()
        elif self._background.learned_s >= LEARN_S:
            self._answered_for, self._asked = True, False
            self._said = self._background.bench

    def said_empty(self) -> Picture | None:
        """The bench that a technician's word has just been believed of, once; it is what `empty` takes."""
        said, self._said = self._said, None
        return said

    def _reduced(self, image: Picture) -> Picture:
        """A quarter of the size, in two steps: halving is what OpenCV is fast at."""
        import cv2

        half = cv2.resize(image, (2 * self._size[0], 2 * self._size[1]), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(half, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _busy(self, suspicious: Mask, hands: tuple[HandObservation, ...]) -> Mapping[str, bool]:
        import cv2

        busy = {
            name: float(cv2.countNonZero(suspicious & mask)) * self._mm2_per_px >= LEAST_IN_ZONE_MM2
            for name, mask in self._masks.items()
        }
        for zone in self._zones:
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
        if self._looked_like_skin is None:
            self._looked_like_skin = mask
        if not cv2.countNonZero(mask):
            return mask
        bench = self._background.bench
        if bench is not None:
            # What of the bench takes the colour of skin with the light is no skin.
            mask &= ~skin_mask(bench) | self._looked_like_skin
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        keep = np.zeros(count, dtype=np.uint8)
        keep[1:] = np.where(stats[1:, cv2.CC_STAT_AREA] * self._mm2_per_px >= LEAST_SKIN_MM2, 255, 0)
        return np.asarray(keep[labels], dtype=np.uint8)

    def _reach(self, small: Picture, t_mono_s: float, machine: Machine | None) -> Mask:
        import cv2

        now = np.asarray(cv2.GaussianBlur(small, (5, 5), 0), dtype=np.uint8)
        hidden = silhouette(machine, self._camera, self._size) if machine is not None else None
        border = self._visitors_border
        if hidden is not None:
            # What the machine does to the bench beside it, its shadow first, is nobody who comes in there. On the
            # visitor's side no such thing is allowed for.
            span = 2 * round(MACHINE_SHADE_MM / self._mm2_per_px**0.5) + 1
            beside = np.asarray(cv2.dilate(hidden, np.ones((span, span), np.uint8)), dtype=np.uint8)
            border = border | (self._border & ~beside)
        reach = self._joined_to(border, self._background.changed(now, t_mono_s, self._reached, hidden))
        self._reached = reach
        return reach

    def _joined_to(self, border: Mask, mask: Mask) -> Mask:
        import cv2

        if not cv2.countNonZero(mask & border):
            return np.zeros_like(mask)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        at_border = np.zeros(count, dtype=bool)
        at_border[np.unique(labels[(border & mask) > 0])] = True
        keep = at_border & (stats[:, cv2.CC_STAT_AREA] * self._mm2_per_px >= LEAST_SKIN_MM2)
        keep[0] = False
        return np.asarray((keep.astype(np.uint8) * 255)[labels], dtype=np.uint8)

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

    def _visitors_half(self) -> Mask:
        """255 where the picture shows the visitor's half of the bench at hand height."""
        width, height = self._size
        rows, columns = np.mgrid[0:height, 0:width]
        pixels = np.column_stack([columns.ravel(), rows.ravel()]) / SCALE
        away_mm = self._camera.bench_point_on_plane(pixels, self._bench.hand_height_mm)[:, 1].reshape(height, width)
        middle = [[self._camera.width_px / 2, self._camera.height_px / 2]]
        middle_mm = float(self._camera.bench_point_on_plane(middle, 0.0)[0, 1])
        nearest_mm = float(away_mm[self._border > 0].min())
        return np.where(away_mm < (nearest_mm + middle_mm) / 2.0, 255, 0).astype(np.uint8)

    def _border_band(self) -> Mask:
        """255 within `BORDER_PX` of the picture's border."""
        width, height = self._size
        band = np.full((height, width), 255, dtype=np.uint8)
        band[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = 0
        return band


def skin_mask(image: Picture) -> Mask:
    """255 where a BGR picture has the colour of bare skin in neutral light (YCrCb ranges after Chai and Ngan, 1999)."""
    import cv2

    ycrcb = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    inside = cv2.inRange(ycrcb, np.array([0, SKIN_CR[0], SKIN_CB[0]]), np.array([255, SKIN_CR[1], SKIN_CB[1]]))
    blue, green, red = cv2.split(image)
    tests = (
        inside,
        cv2.threshold(red, LEAST_RED - 1, 255, cv2.THRESH_BINARY)[1],
        cv2.compare(green, blue, cv2.CMP_GT),
        cv2.compare(green, cv2.convertScaleAbs(red, alpha=GREEN_OVER_RED[0]), cv2.CMP_GE),
        cv2.compare(green, cv2.convertScaleAbs(red, alpha=GREEN_OVER_RED[1]), cv2.CMP_LE),
        cv2.compare(blue, cv2.convertScaleAbs(green, alpha=LEAST_BLUE_OVER_GREEN), cv2.CMP_GE),
    )
    mask = tests[0]
    for test in tests[1:]:
        mask = cv2.bitwise_and(mask, test)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), dtype=np.uint8)


def _looks_down(camera: CameraModel, z_mm: float) -> bool:
    """Whether every ray of the picture meets the table, from a camera that hangs higher than `z_mm`."""
    bench_from_camera = camera.camera_from_bench.inverse()
    origin = bench_from_camera.translation_mm
    right, bottom = camera.width_px - 1, camera.height_px - 1
    corners = camera.bench_point_on_plane([[0, 0], [right, 0], [0, bottom], [right, bottom]], 0.0)
    ahead = (corners - origin) @ bench_from_camera.rotation[:, 2]
    return bool(origin[2] > z_mm and np.isfinite(corners).all() and (ahead > 0.0).all())


def _mm2_per_px(camera: CameraModel, z_mm: float) -> float:
    """Bench area at height `z_mm` behind one pixel of the reduced picture, in the picture's middle."""
    x, y, step = camera.width_px / 2, camera.height_px / 2, 1.0 / SCALE
    a, b, c = camera.bench_point_on_plane([[x, y], [x + step, y], [x, y + step]], z_mm)[:, :2]
    (ux, uy), (vx, vy) = b - a, c - a
    return abs(float(ux * vy - uy * vx))
