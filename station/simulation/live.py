"""The simulated bench in real time: one thread turns the world and the far ends of the lines; processes render it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from station.core.screen import Screen
from station.simulation.bad_views import LATE_S, BadView, spoiled
from station.simulation.incidents import Incident
from station.simulation.rig import Rig
from station.simulation.scene_feed import unpacked
from vision.api import Frame
from vision.cameras.notices import Ask
from vision.cameras.source import CameraError
from vision.geometry import CameraModel
from vision.scene import Look, Placed
from vision.sim import SceneRenderer

TURN_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneOpener:
    """A camera that looks at the simulated world: a `vision.cameras.notices.Opener`. Its process renders."""

    model: CameraModel
    static: tuple[Placed, ...]
    looks: tuple[Look, ...]
    """Those of the world, in its order."""
    fps: float
    seed: int

    def open(self, now_s: Callable[[], float], ask: Ask) -> SceneCamera:
        """Paint what never moves. `ask` leads to a `SceneFeed`."""
        return SceneCamera(self, now_s, ask)


class SceneCamera:
    """The opened camera: a `vision.cameras.source.FrameSource`."""

    described = "rendered"

    def __init__(self, opener: SceneOpener, now_s: Callable[[], float], ask: Ask) -> None:
        self._opener = opener
        self._renderer = SceneRenderer(opener.model, opener.static, seed=opener.seed)
        self._now_s = now_s
        self._ask = ask
        self._next_s = now_s()
        self._seq = 0
        self._last: NDArray[np.uint8] | None = None

    def read(self) -> Frame | None:
        """The next frame when it is due. Raises CameraError while the camera is silent."""
        time.sleep(max(0.0, self._next_s - self._now_s()))
        self._next_s = max(self._next_s + 1.0 / self._opener.fps, self._now_s())
        name = self._opener.model.name
        t_mono_s = self._now_s()
        moment = unpacked(self._ask("moment"), self._opener.looks)
        if moment.view is BadView.SILENT:
            raise CameraError("camera.lost", f"camera {name} gives no pictures; look at its cable")
        self._seq += 1
        if moment.view is not BadView.FROZEN or self._last is None:
            image = self._renderer.render(moment.scene, self._seq, covered=moment.view is BadView.COVERED)
            self._last = spoiled(image, moment.view)
        taken_s = t_mono_s - (LATE_S if moment.view is BadView.LATE else 0.0)
        return Frame(camera=name, seq=self._seq, t_mono_s=taken_s, image=self._last)

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
