"""The simulated bench in real time: one thread turns the world and the far ends of the lines; cameras render it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np

from station.core.screen import Screen
from station.simulation.incidents import Incident
from station.simulation.rig import Rig
from station.simulation.world import World
from vision.api import Frame
from vision.cameras.source import CameraError
from vision.geometry import CameraModel
from vision.sim import SceneRenderer

TURN_S = 0.005


class SceneCamera:
    """A camera that looks at the simulated world: a `vision.cameras.source.FrameSource`."""

    def __init__(self, world: World, model: CameraModel, *, fps: float, seed: int, now_s: Callable[[], float]) -> None:
        self._world = world
        self._name = model.name
        self._renderer = SceneRenderer(model, world.static, seed=seed)
        self._every_s = 1.0 / fps
        self._now_s = now_s
        self._next_s = now_s()
        self._seq = 0
        self._pause = threading.Event()

    def read(self) -> Frame | None:
        """The next frame when it is due. Raises CameraError while the camera is silent."""
        wait_s = self._next_s - self._now_s()
        if wait_s > 0:
            self._pause.wait(wait_s)
        self._next_s = max(self._next_s + self._every_s, self._now_s())
        if self._name in self._world.silent:
            raise CameraError("camera.lost", f"camera {self._name} gives no pictures; look at its cable")
        self._seq += 1
        t_mono_s = self._now_s()
        image = self._renderer.render(self._world.scene(), self._seq, covered=self._name in self._world.covered)
        return Frame(camera=self._name, seq=self._seq, t_mono_s=t_mono_s, image=np.asarray(image))

    def close(self) -> None:
        """Nothing to give back."""


def turn_bench(
    rig: Rig,
    acting: Iterator[None],
    incident: Incident | None,
    screen: Callable[[], Screen],
    now_s: Callable[[], float],
    *,
    stop: threading.Event,
) -> None:
    """Turn world, visitor and simulated devices until `stop`. For one thread, owned by the caller."""
    while not stop.wait(TURN_S):
        moment_s = now_s()
        rig.pump(moment_s)
        rig.world.advance(moment_s)
        next(acting, None)
        if incident is not None:
            incident.turn(moment_s, screen())
