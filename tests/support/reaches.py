"""Arms that reach in over the bench from any side, in gloves and sleeves, with the truth of which zones they are in."""

from __future__ import annotations

import numpy as np
from support.doorbench import door_bench, static_looks
from support.handview import SKINS

from vision.api import Picture
from vision.machine import NO_MACHINE
from vision.scene import Colour, DrawnHand, Scene
from vision.sim import SceneRenderer
from vision.sim_hand import joints_of
from vision.zones import ZoneSight, ZoneWatcher

BENCH = door_bench()
TOP = BENCH.camera("top")
BENCH_GREY: Colour = (97, 85, 82)
"""The mat of the simulated bench, as its camera shows it."""
GLOVES: tuple[Colour, ...] = ((30, 30, 30), BENCH_GREY, (150, 60, 30), (230, 230, 230), (60, 140, 70))
"""Black, bench grey, blue, white, green."""
SLEEVES: tuple[Colour | None, ...] = (None, (40, 40, 45), BENCH_GREY, (120, 70, 40))
SIDES_DEG = (0.0, 90.0, -90.0, 180.0)
"""From the visitor's side, from the right, from the left, from the far side."""
FRAME_S = 0.1


class Eye:
    """The camera over the bench, ten pictures a second, on a bench without a machine."""

    def __init__(self, seed: int, watcher: ZoneWatcher | None = None) -> None:
        self.watcher = watcher or ZoneWatcher(BENCH, TOP)
        self.now_s = 0.0
        self._renderer = SceneRenderer(TOP, static_looks(), seed=seed)
        self._index = 0

    def see(self, scene: Scene) -> ZoneSight:
        """The next picture."""
        return self.show(self.picture(scene))

    def show(self, picture: Picture, after_s: float = FRAME_S) -> ZoneSight:
        """A picture, taken so long after the last."""
        self.now_s += after_s
        return self.watcher.look(picture, self.now_s, (), NO_MACHINE)

    def picture(self, scene: Scene) -> Picture:
        """A rendered picture that nobody has looked at."""
        self._index += 1
        return self._renderer.render(scene, self._index)

    def learn(self, scene: Scene | None = None) -> None:
        """Two seconds of the bench without anybody."""
        pictures = [self.picture(scene or Scene()) for _ in range(3)]
        for index in range(20):
            self.show(pictures[index % len(pictures)])


def reaching(
    to_mm: tuple[float, float, float], *, turn_deg: float = 0.0, share: float = 1.0, **looks: object
) -> DrawnHand:
    """A hand on its way from outside the picture to a place; `share` of the way is done."""
    turn = np.radians(turn_deg)
    away = 650.0 * (1.0 - share) * np.array([-np.sin(turn), np.cos(turn), 0.0])
    worn = {"side": "right", "grip": 0.4, **looks}
    return DrawnHand(bench_mm=np.array(to_mm) - away, turn_deg=turn_deg, **worn)  # type: ignore[arg-type]


def zones_of(hand: DrawnHand) -> set[str]:
    """The zones that a joint of the hand is in."""
    joints = joints_of(hand)
    found = set()
    for zone in BENCH.zones:
        low, high = zone.outline_mm.min(axis=0), zone.outline_mm.max(axis=0)
        level = ((joints[:, :2] >= low) & (joints[:, :2] <= high)).all(axis=1)
        if (level & (joints[:, 2] >= zone.z_mm[0]) & (joints[:, 2] <= zone.z_mm[1])).any():
            found.add(zone.name)
    return found


def missed(sight: ZoneSight, *hands: DrawnHand) -> set[str]:
    """Zones that hands are in and that the sight does not call busy."""
    return {name for hand in hands for name in zones_of(hand) if not sight.busy.get(name, False)}


def reach_at_random(rng: np.random.Generator) -> list[DrawnHand]:
    """A reach to the work and a rest there: seven pictures' hands."""
    glove = [*GLOVES, None][rng.integers(len(GLOVES) + 1)]
    looks = {
        "side": ("left", "right")[rng.integers(2)],
        "grip": float(rng.random()),
        "skin": SKINS[rng.integers(len(SKINS))],
        "glove": glove,
        "sleeve": SLEEVES[rng.integers(len(SLEEVES))],
    }
    to_mm = (float(rng.uniform(20, 200)), float(rng.uniform(-20, 200)), float(rng.uniform(70, 180)))
    turn_deg = SIDES_DEG[rng.integers(len(SIDES_DEG))]
    return [reaching(to_mm, turn_deg=turn_deg, share=share, **looks) for share in (0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0)]
