"""Scenes for tests of the planner: the benches of the configuration, and what a motion does between its samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from drivers.cobot.arm import timing
from drivers.cobot.arm.clearance import placed
from drivers.cobot.arm.forward import flange
from station.config.motion_scene import motion_scene
from station.config.procedure_file import load_procedure
from station.config.station_file import load_station
from station.core.procedure import Procedure
from station.motion.bench_model import Box
from station.motion.plan import MotionPlan
from station.motion.planner import plan
from station.motion.scene import MotionScene

CONFIG = Path(__file__).parents[2] / "config"
BENCHES = ("station.sim.toml", "station.ur.toml")


@cache
def bench(name: str = "station.sim.toml") -> tuple[MotionScene, Procedure]:
    """The scene of a station file with its own procedure, and the procedure."""
    station = load_station(CONFIG / name)
    procedure = load_procedure(station.procedure)
    return motion_scene(station, procedure), procedure


def home_of(scene: MotionScene) -> tuple[float, ...]:
    """The taught posture `home`."""
    return scene.gestures["home"].angles_deg  # type: ignore[union-attr]


def end_of(scene: MotionScene, gesture: str) -> tuple[float, ...]:
    """Where the arm stands when it has done a gesture from home."""
    return plan(gesture, here_deg=home_of(scene), scene=scene).goal_deg or home_of(scene)


def with_box(scene: MotionScene, box: Box) -> MotionScene:
    """The scene with one more thing on the bench."""
    return replace(scene, bench=replace(scene.bench, obstacles=(*scene.bench.obstacles, box)))


def tip_of(scene: MotionScene, angles_deg: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Tip (3,) and where the tool points (3,), bench frame, by forward kinematics alone."""
    base_from_flange = flange(scene.model, angles_deg)
    tip = base_from_flange[:3, 3] + base_from_flange[:3, :3] @ np.array(scene.tip_mm)
    return scene.bench_from_base.apply(tip), scene.bench_from_base.rotation @ base_from_flange[:3, 2]


def motion_of(found: MotionPlan, scene: MotionScene, every_s: float) -> list[tuple[float, ...]]:
    """Where the arm is along the timed motion of a plan, every so many seconds and at the end of each leg."""
    postures: list[tuple[float, ...]] = []
    for leg in found.legs:
        motion = timing.trajectory(scene.model, leg.points_deg, leg.speed_percent)
        postures += [motion.at(t)[0] for t in np.arange(0.0, motion.duration_s, every_s)]
        postures.append(motion.goal_deg)
    return postures


def clearances_mm(
    scene: MotionScene, angles_deg: tuple[float, ...], boxes: Sequence[Box], names: set[str] | None = None
) -> np.ndarray:
    """How near the arm comes to each of the boxes: its capsules as balls every 3 mm, by nothing that the planner uses.

    `names` are the parts of the arm that count; None = all that move.
    """
    capsules = placed(scene.model, angles_deg, scene.tool)
    balls, radii = [], []
    for start, end, radius, name in zip(
        capsules.starts_mm, capsules.ends_mm, capsules.radii_mm, capsules.names, strict=True
    ):
        if name == "base" or (names is not None and name not in names):
            continue
        count = int(np.linalg.norm(end - start) / 3) + 2
        balls.append(scene.bench_from_base.apply(start + np.linspace(0, 1, count)[:, None] * (end - start)))
        radii.append(np.full(count, radius))
    middles, radius = np.vstack(balls), np.concatenate(radii)
    found = []
    for box in boxes:
        turn = np.radians(box.yaw_deg)
        into = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        outside = np.maximum(np.abs((middles - box.at_mm) @ into.T) - np.array(box.size_mm) / 2, 0)
        found.append(float((np.sqrt((outside**2).sum(axis=1)) - radius).min()))
    return np.array(found)


def least_mm(scene: MotionScene, motion: Iterable[tuple[float, ...]], box: Box) -> float:
    """The smallest clearance from one box over a motion."""
    return min(float(clearances_mm(scene, angles, [box])[0]) for angles in motion)
