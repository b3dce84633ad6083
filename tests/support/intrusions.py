"""Rendered hands that move into the moving arm's way, through the real cues to the supervisor's verdict.

Time is simulated: pictures are taken at the camera's pace, and a verdict comes `LOOK_S` after its picture. What is
scored is the truth: when the hand's flesh enters the arm's zone, when it could first touch the arm, and when the
verdict is a hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from support.doorbench import door_bench, static_looks
from support.handview import GLOVES, SKINS, flesh_in_view
from support.supervised import BENCH_FROM_BASE, CONFIG, HOME, POINT_J1, measured, posture, watch

from drivers.cobot.arm.clearance import segment_distances_mm
from drivers.cobot.arm.forward import joint_frames
from drivers.cobot.mycobot280.kinematics import MODEL
from station.motion.people import PeopleWatch, views_of
from station.motion.supervision import Verdict
from station.motion.supervisor import Supervisor
from vision.api import CameraState, FrameAnalysis
from vision.geometry import Array
from vision.scene import DrawnArm, DrawnHand, Scene
from vision.sim import SceneRenderer
from vision.zones import ZoneWatcher

FRAME_S = 0.1
LOOK_S = 0.04
POSTURE_S = 0.05
STEP_S = 0.005
"""How finely the truth is looked at."""
STAYS_S = 0.5
"""How long the hand stays where it wanted to go; a hold that has not come by then was missed."""
PERCENT = 30.0
BENCH = door_bench()
TOP = BENCH.camera("top")
ZONE = {zone.name: zone for zone in BENCH.zones}["cobot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intrusion:
    """One hand on a straight way to a place where the arm is, at an even speed."""

    from_mm: tuple[float, float, float]
    to_mm: tuple[float, float, float]
    speed_mm_s: float
    skin: tuple[int, int, int]
    side: str
    grip: float
    begins_s: float
    """After a picture: hands do not wait for the camera."""

    def hand(self, since_s: float) -> DrawnHand:
        """The hand this long after it set out."""
        way = np.subtract(self.to_mm, self.from_mm)
        share = min(1.0, max(0.0, since_s) * self.speed_mm_s / float(np.linalg.norm(way)))
        return DrawnHand(bench_mm=self.from_mm + share * way, side=self.side, grip=self.grip, skin=self.skin)

    @property
    def takes_s(self) -> float:
        """Until it is there."""
        return float(np.linalg.norm(np.subtract(self.to_mm, self.from_mm))) / self.speed_mm_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Intruded:
    """What became of one. Times are since the hand set out; None = it never happened."""

    speed_mm_s: float
    in_view_s: float | None
    in_zone_s: float | None
    touch_s: float | None
    """When the flesh would meet the arm, if both went on."""
    hold_s: float | None
    """When the verdict was a hold."""

    @property
    def noticed_in_time(self) -> bool:
        """Held because of this hand, and before it could touch the arm."""
        if self.hold_s is None or self.in_view_s is None:
            return False
        return self.in_view_s <= self.hold_s and (self.touch_s is None or self.hold_s < self.touch_s)

    @property
    def frames(self) -> float:
        """Frame times from the hand's entering the zone to the verdict; below 0 it came before."""
        assert self.hold_s is not None
        assert self.in_zone_s is not None
        return (self.hold_s - self.in_zone_s) / FRAME_S


def intrusions(count: int, seed: int) -> list[Intrusion]:
    """Hands of all skins and gloves from the visitor's side, at 0.2 to 2.0 m/s, evenly over the logarithm."""
    rng = np.random.default_rng(seed)
    looks = (*SKINS, *GLOVES)
    made = []
    for index in range(count):
        x, z = float(rng.uniform(-150, 380)), float(rng.uniform(95, 200))
        made.append(
            Intrusion(
                from_mm=(x + float(rng.uniform(-60, 60)), -480.0, z + 20.0),
                to_mm=(float(np.clip(x, 40, 260)), float(rng.uniform(0, 60)), z),
                speed_mm_s=float(200.0 * 10.0 ** rng.uniform(0, 1)),
                skin=looks[index % len(looks)],
                side="right" if rng.random() < 0.5 else "left",
                grip=float(rng.random()),
                begins_s=float(rng.uniform(0, FRAME_S)),
            )
        )
    return made


class Bench:
    """The arm goes to and fro between its home and a joint; one camera looks on."""

    def __init__(self, seed: int = 1) -> None:
        self._renderer = SceneRenderer(TOP, static_looks(), seed=seed)
        self._zones = ZoneWatcher(BENCH, TOP)
        self._views = views_of(BENCH, "cobot", top_mm=240.0 + CONFIG.rise_mm)
        self._frame = 0
        for _ in range(20):
            self._look(None)
        self._begin()

    def run(self, one: Intrusion) -> Intruded:
        """Let one hand come in, and go away again."""
        self._look(None)
        self._begin()
        sets_out_s = self._now_s + one.begins_s
        hold_s = None
        while hold_s is None and self._now_s < sets_out_s + one.takes_s + STAYS_S:
            verdict = self._judged(one.hand(self._now_s + FRAME_S - sets_out_s))
            hold_s = verdict.t_mono_s - sets_out_s if verdict.limit_percent == 0 else None
        return Intruded(speed_mm_s=one.speed_mm_s, hold_s=hold_s, **_truth(one, sets_out_s))

    def alone(self, frames: int) -> list[Verdict]:
        """The verdicts on the moving arm while nobody is there."""
        self._look(None)
        self._begin()
        return [self._judged(None) for _ in range(frames)]

    def _begin(self) -> None:
        self._people = PeopleWatch(self._views, rise_mm=CONFIG.rise_mm)
        self._supervisor, self._arm = Supervisor(CONFIG, measured("top")), watch()
        self._arm.asks((), PERCENT)

    def _judged(self, hand: DrawnHand | None) -> Verdict:
        """The verdict on the next picture."""
        self._people.seen(self._look(hand))
        verdict_s = self._now_s + LOOK_S
        for behind in (2, 1, 0):
            at_s = verdict_s - behind * POSTURE_S
            self._arm.posture(posture(at_s, _angles(at_s), moving=True))
        return self._supervisor.update(verdict_s, self._arm.now(), self._people.at(verdict_s))

    @property
    def _now_s(self) -> float:
        """When the last picture was taken."""
        return self._frame * FRAME_S

    def _look(self, hand: DrawnHand | None) -> FrameAnalysis:
        self._frame += 1
        arm = DrawnArm(points_mm=_points(_angles(self._now_s)), lamp=(0, 200, 0))
        scene = Scene(arm=arm, hands=(hand,) if hand is not None else ())
        sight = self._zones.look(self._renderer.render(scene, self._frame), self._now_s, ())
        return FrameAnalysis(
            camera="top",
            seq=self._frame,
            t_mono_s=self._now_s,
            state=CameraState.GOOD,
            people=sight.people,
            people_known=sight.people_known,
        )


def _angles(t_s: float) -> tuple[float, ...]:
    """To and fro at `PERCENT` of the arm's speed."""
    longest = max(abs(a - b) for a, b in zip(HOME, POINT_J1, strict=True))
    turns = t_s * PERCENT / 100.0 * MODEL.speed_deg_s[0] / longest
    share = abs((turns + 1.0) % 2.0 - 1.0)
    return tuple((1 - share) * a + share * b for a, b in zip(HOME, POINT_J1, strict=True))


def _points(angles_deg: tuple[float, ...]) -> Array:
    frames = joint_frames(MODEL, angles_deg)
    tip = frames[-1, :3, 3] + 85.0 * frames[-1, :3, 2]
    return BENCH_FROM_BASE.apply(np.vstack([frames[:, :3, 3], tip]))


def _truth(one: Intrusion, sets_out_s: float) -> dict[str, float | None]:
    """When the flesh comes into view, when it enters the zone, and when it would meet the arm."""
    in_view_s = in_zone_s = touch_s = None
    arm = watch()
    for index in range(int((one.takes_s + STAYS_S) / STEP_S)):
        since_s = index * STEP_S
        points, radii = flesh_in_view(one.hand(since_s), TOP)
        if not len(points):
            continue
        in_view_s = since_s if in_view_s is None else in_view_s
        if in_zone_s is None and _in_zone(points, radii):
            in_zone_s = since_s
        if in_zone_s is not None and index % 4 == 0:
            at_s = sets_out_s + since_s
            arm.posture(posture(at_s, _angles(at_s)))
            placed = arm.now()
            assert placed is not None
            away = segment_distances_mm(placed.starts_mm, placed.ends_mm, points, points)
            if float((away - placed.radii_mm[:, None] - radii[None]).min()) <= 0.0:
                touch_s = since_s
                break
    return {"in_view_s": in_view_s, "in_zone_s": in_zone_s, "touch_s": touch_s}


def _in_zone(points: Array, radii: Array) -> bool:
    low, high = ZONE.outline_mm.min(axis=0), ZONE.outline_mm.max(axis=0)
    level, beyond = points[:, :2], radii[:, None]
    return bool(((level + beyond >= low) & (level - beyond <= high)).all(axis=1).any())
