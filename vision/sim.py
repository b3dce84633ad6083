"""A simulated camera: draws the bench as one calibrated camera would see it. The real trackers look at these pictures.

The static bench is painted once. Each frame paints what can move over a copy of it, far to near, as a pinhole would see
it, and then passes through the lens: distortion, blur, uneven light, noise. Positions agree with `CameraModel.project`.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array, CameraModel, Transform
from vision.scene import Colour, DrawnArm, DrawnBoard, DrawnCard, DrawnHand, DrawnNut, Placed, Scene, Shine
from vision.sim_bench import static_picture
from vision.sim_boards import board_items
from vision.sim_bodies import placed_items, prism_item
from vision.sim_hand import flesh_of, joints_of
from vision.sim_layer import Layers
from vision.sim_lens import Lens
from vision.sim_order import Item, in_painting_order
from vision.sim_paint import SHADOW_PER_MM
from vision.sim_skin import paint_hand
from vision.sim_things import arm_items, card_items, nut_items

Thing = Placed | DrawnNut | DrawnCard | DrawnBoard | DrawnArm | DrawnHand

_PIN_WIDTH_MM = 24.0
"""Static blocks narrower than this are pins that may stick out of a part."""
_HAND_OVER_PALM_MM = 12.0
"""A hand is painted after everything lower than its back, so after the part or handle it holds."""


class SceneRenderer:
    """Draws scenes for one camera. Deterministic in (seed, scene, frame_index). For one thread at a time."""

    def __init__(self, camera: CameraModel, static: tuple[Placed, ...], *, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._lens = Lens(camera, rng)
        self._view = self._lens.pinhole
        self._layers = Layers(static_picture(self._view, static, rng))
        grain = cv2.GaussianBlur(rng.normal(size=(512, 512)).astype(np.float32), (0, 0), 2.2)
        self._skin_texture = np.asarray(1.0 + 0.025 * grain / grain.std(), dtype=np.float32)
        self._blocks = tuple(_bench_outlines(static))
        self._known: dict[Hashable, list[Item]] = {}

    def render(self, scene: Scene, frame_index: int, *, covered: bool = False) -> NDArray[np.uint8]:
        """A new picture, uint8 (height, width, 3) BGR. `covered`: something lies on the lens."""
        if covered:
            return self._lens.covered(frame_index, scene.light)
        picture = self._layers.painted(in_painting_order(self._items(scene)))
        return self._lens.expose(picture, frame_index, scene.light)

    def optical(self, scenes: tuple[Scene, ...]) -> NDArray[np.uint8]:
        """What falls on the sensor, uint8 (height, width, 3) BGR without noise.

        `scenes` are moments while the shutter is open: what moves between them is smeared.
        """
        moments = [
            self._lens.optical(self._layers.painted(in_painting_order(self._items(scene))), scene.light)
            for scene in scenes
        ]
        if len(moments) == 1:
            return moments[0]
        return np.asarray(np.mean(moments, axis=0), dtype=np.uint8)

    def _items(self, scene: Scene) -> list[Item]:
        """Everything to paint. An unmoved thing gives the very items of the last frame."""
        known: dict[Hashable, list[Item]] = {}
        items: list[Item] = []
        key: Hashable
        single = tuple(thing for thing in (scene.card, scene.board, scene.arm) if thing is not None)
        for thing in (*scene.placed, *scene.nuts, *single, *scene.hands):
            key = (_key(thing), scene.shine if isinstance(thing, Placed) else None)
            known[key] = self._known[key] if key in self._known else self._made(thing, scene.shine)
            items += known[key]
        for outline, z_mm, colour in self._pins_through(items, scene.nuts):
            key = (outline.tobytes(), z_mm)
            known[key] = self._known[key] if key in self._known else [self._pin(outline, z_mm, colour)]
            items += known[key]
        self._known = known
        return items

    def _made(self, thing: Thing, shine: Shine | None) -> list[Item]:
        match thing:
            case Placed():
                support_mm = self._support_mm(thing.bench_from_body.translation_mm)
                return placed_items(self._view, thing, support_mm, shine)
            case DrawnNut():
                return nut_items(self._view, thing, self._support_mm(thing.bench_mm))
            case DrawnCard():
                return card_items(self._view, thing)
            case DrawnBoard():
                return board_items(self._view, thing)
            case DrawnArm():
                return arm_items(self._view, thing)
            case DrawnHand():
                return [self._hand_item(thing)]

    def _support_mm(self, point_mm: Array) -> float:
        """Height of the static surface under a point, as far as it is not above the point."""
        tops = [
            high
            for outline, _, high, _ in self._blocks
            if high <= point_mm[2] + 3.0 and _inside(outline, point_mm[0], point_mm[1])
        ]
        return max(tops, default=0.0)

    def _pins_through(
        self, items: list[Item], nuts: tuple[DrawnNut, ...]
    ) -> list[tuple[Array, tuple[float, float], Colour]]:
        """Outline, heights and colour of what sticks out of bodies put over pins. A nut hides the end of its pin."""
        bounds = np.array([[*item.low_mm, *item.high_mm] for item in items]).reshape(-1, 6)
        pins = []
        for outline, low, high, colour in self._blocks:
            if np.ptp(outline, axis=0).max() > _PIN_WIDTH_MM:
                continue
            x, y = outline.mean(axis=0)
            over = (bounds[:, 0] < x) & (x < bounds[:, 3]) & (bounds[:, 1] < y) & (y < bounds[:, 4])
            over &= (low - 3.0 < bounds[:, 5]) & (bounds[:, 5] < high)
            hidden = any(
                np.hypot(nut.bench_mm[0] - x, nut.bench_mm[1] - y) < nut.size_mm / 3
                and low - 5.0 < nut.bench_mm[2] < high
                for nut in nuts
            )
            if over.any() and not hidden:
                pins.append((outline, (float(bounds[over, 5].max()), high), colour))
        return pins

    def _pin(self, outline: Array, z_mm: tuple[float, float], colour: Colour) -> Item:
        lower, upper = (np.column_stack([outline, np.full(len(outline), z)]) for z in z_mm)
        return prism_item(self._view, lower, upper, colour)

    def _hand_item(self, hand: DrawnHand) -> Item:
        joints = joints_of(hand)
        back = np.array([0.0, 0.0, _HAND_OVER_PALM_MM])
        fall_mm = max(0.0, float(hand.bench_mm[2]) - 30.0)
        foot = np.array(hand.bench_mm) - [0.0, 0.0, fall_mm]
        foot[:2] += SHADOW_PER_MM * fall_mm
        pixels, depths = self._view.project(np.vstack([hand.bench_mm, foot]))
        return Item(
            depth_mm=float(depths[0]) - _HAND_OVER_PALM_MM,
            low_mm=np.append(joints.min(axis=0)[:2], hand.bench_mm[2] + back[2]),
            high_mm=np.append(joints.max(axis=0)[:2], hand.bench_mm[2] + back[2]),
            paint=partial(
                paint_hand,
                view=self._view,
                capsules=flesh_of(hand, joints),
                colours={"skin": hand.skin, "glove": hand.glove or hand.skin, "sleeve": hand.sleeve or hand.skin},
                texture=self._skin_texture,
                shadow_px=(float(pixels[1, 0] - pixels[0, 0]), float(pixels[1, 1] - pixels[0, 1])),
            ),
        )


def _key(thing: Thing) -> Hashable:
    """What a thing's painting depends on, by value; looks by identity."""
    match thing:
        case Placed():
            return (thing.look, *_pose_key(thing.bench_from_body))
        case DrawnNut():
            return ("nut", thing.bench_mm.tobytes(), thing.turn_deg, thing.tilt_deg, thing.size_mm)
        case DrawnCard():
            return ("card", thing.text, thing.size_mm, *_pose_key(thing.bench_from_card))
        case DrawnBoard():
            print_key = (thing.columns, thing.rows, thing.square_mm, thing.marker_mm, thing.dictionary)
            shape_key = (thing.first_marker, thing.legacy, thing.print_scale, thing.bow_mm, thing.margin_mm)
            return ("board", *print_key, *shape_key, *_pose_key(thing.bench_from_board))
        case DrawnArm():
            return ("arm", thing.points_mm.tobytes(), thing.lamp)
        case DrawnHand():
            worn = (thing.skin, thing.glove, thing.sleeve)
            return ("hand", thing.bench_mm.tobytes(), thing.side, thing.grip, thing.turn_deg, worn)


def _pose_key(pose: Transform) -> tuple[bytes, bytes]:
    return pose.rotation.tobytes(), pose.translation_mm.tobytes()


def _bench_outlines(static: tuple[Placed, ...]) -> list[tuple[Array, float, float, Colour]]:
    """Static blocks as (outline (N, 2) in the bench frame, low, high, colour). Static bodies stand upright."""
    blocks = []
    for placed in static:
        for prism in placed.look.prisms:
            flat = np.column_stack([prism.outline_mm, np.zeros(len(prism.outline_mm))])
            outline = placed.bench_from_body.apply(flat)
            z = float(placed.bench_from_body.translation_mm[2])
            blocks.append((outline[:, :2], z + prism.z_mm[0], z + prism.z_mm[1], prism.colour))
    return blocks


def _inside(outline: Array, x: float, y: float) -> bool:
    return bool(cv2.pointPolygonTest(outline.astype(np.float32), (float(x), float(y)), False) >= 0)
