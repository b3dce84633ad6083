"""Pictures of the simulated bench for a daily check, before and after a mishap that nobody tells the check of."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from station.runtime.setting import Files
from station.simulation.rig import build_rig
from vision.geometry import CameraModel, Transform
from vision.sim import SceneRenderer


@dataclass(frozen=True, slots=True, kw_only=True)
class Bump:
    """What happened to each camera meanwhile, in a direction that the seed draws."""

    turn_deg: float = 0.0
    shift_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class _Standing:
    """A clock that stands still: the bench before anybody comes."""

    def now_s(self) -> float:
        return 0.0

    def utc(self) -> str:
        return "2026-01-01T00:00:00+00:00"


class DailyBench:
    """The bench as its cameras see it while nobody is there."""

    def __init__(self, files: Files, *, seed: int) -> None:
        rig = build_rig(files, seed=1, clock=_Standing(), in_memory=True)
        self._scene, self._static = rig.world.scene(), rig.world.static
        rig.close()
        self._random = random.Random(seed)
        self._seed = seed

    def pictures(self, camera: CameraModel, count: int, bump: Bump) -> Iterator[NDArray[np.uint8]]:
        """`count` pictures of a camera that stands a bump away from where `camera` says."""
        # Dimmed by up to 15 %: no two days have the same light.
        scene = replace(self._scene, light=self._random.uniform(0.85, 1.0))
        renderer = SceneRenderer(_bumped(camera, bump, self._random), self._static, seed=self._seed)
        first = self._random.randrange(1_000_000)
        for number in range(count):
            yield renderer.render(scene, first + number)


def _bumped(camera: CameraModel, bump: Bump, rng: random.Random) -> CameraModel:
    """Turned about a random axis through the lens, and shifted along another."""
    import cv2

    axes = [np.array([rng.gauss(0.0, 1.0) for _ in range(3)]) for _ in range(2)]
    turn, shift = (axis / np.linalg.norm(axis) for axis in axes)
    rotation = np.asarray(cv2.Rodrigues(turn * np.radians(bump.turn_deg))[0], dtype=np.float64)
    motion = Transform(rotation, shift * bump.shift_mm)
    return replace(camera, camera_from_bench=motion @ camera.camera_from_bench)
