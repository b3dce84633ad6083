"""A simulated camera: draws the bench as one calibrated camera would see it. The real trackers look at these pictures.

The static bench is painted once. Each frame paints what can move over a copy of it, far to near, as a pinhole would see it,
and then passes through the lens: distortion, blur, uneven light, noise. Positions agree with `CameraModel.project`.
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array, CameraModel
from vision.scene import Colour, DrawnHand, Placed, Scene
from vision.sim_bench import static_picture
from vision.sim_bodies import arm_items, card_item, nut_item, pin_item, placed_items
from vision.sim_hand import flesh_of, joints_of
from vision.sim_lens import Lens
from vision.sim_order import Item, in_painting_order
from vision.sim_paint import SHADOW_PER_MM
from vision.sim_skin import paint_hand

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
        self._static = static_picture(self._view, static, rng)
        self._work = self._static.copy()
        grain = cv2.GaussianBlur(rng.normal(size=(512, 512)).astype(np.float32), (0, 0), 1.4)
        self._skin_texture = np.asarray(1.0 + 0.035 * grain / grain.std(), dtype=np.float32)
        self._blocks = tuple(_bench_outlines(static))

    def render(self, scene: Scene, frame_index: int, *, covered: bool = False) -> NDArray[np.uint8]:
        """A new picture, uint8 (height, width, 3) BGR. `covered`: something lies on the lens."""
        if covered:
            return self._lens.covered(frame_index, scene.light)
        np.copyto(self._work, self._static)
        for item in in_painting_order(self._items(scene)):
            if item.shadow is not None:
                item.shadow(self._work)
            item.paint(self._work)
        return self._lens.expose(self._work, frame_index, scene.light)

    def _items(self, scene: Scene) -> list[Item]:
        view = self._view
        items: list[Item] = []
        for placed in scene.placed:
            items.extend(placed_items(view, placed, self._support_mm(placed.bench_from_body.translation_mm)))
        pins = self._pins_through(items, scene)
        items.extend(pins)
        items.extend(nut_item(view, nut, self._support_mm(nut.bench_mm)) for nut in scene.nuts)
        if scene.card is not None:
            items.append(card_item(view, scene.card))
        if scene.arm is not None:
            items.extend(arm_items(view, scene.arm))
        items.extend(self._hand_item(hand) for hand in scene.hands)
        return items

    def _support_mm(self, point_mm: Array) -> float:
        """Height of the static surface under a point, as far as it is not above the point."""
        tops = [
            high
            for outline, _, high, _ in self._blocks
            if high <= point_mm[2] + 3.0 and _inside(outline, point_mm[0], point_mm[1])
        ]
        return max(tops, default=0.0)

    def _pins_through(self, items: list[Item], scene: Scene) -> list[Item]:
        """Pins of the static bench that stick out of what was put over them. A nut hides the end of its pin."""
        pins = []
        for outline, low, high, colour in self._blocks:
            if np.ptp(outline, axis=0).max() > _PIN_WIDTH_MM:
                continue
            x, y = outline.mean(axis=0)
            over = [
                float(item.high_mm[2])
                for item in items
                if item.low_mm[0] < x < item.high_mm[0]
                and item.low_mm[1] < y < item.high_mm[1]
                and low - 3.0 < item.high_mm[2] < high
            ]
            hidden = any(
                np.hypot(nut.bench_mm[0] - x, nut.bench_mm[1] - y) < nut.size_mm / 3 and low - 5.0 < nut.bench_mm[2] < high
                for nut in scene.nuts
            )
            if over and not hidden:
                pins.append(pin_item(self._view, outline, (max(over), high), colour))
        return pins

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
                skin=hand.skin,
                texture=self._skin_texture,
                shadow_px=(float(pixels[1, 0] - pixels[0, 0]), float(pixels[1, 1] - pixels[0, 1])),
            ),
        )


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
