"""What `station calibrate daily` looks at: the real cameras, or the simulated bench before and after a mishap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from station.config.station_values import CameraConfig
from station.runtime.setting import Files
from vision.geometry import Array, CameraModel

Pictures = Callable[[CameraConfig, CameraModel, int], Iterator[NDArray[np.uint8]]]
"""A camera as its file says, its calibration, how many -> uint8 (height, width, 3) BGR pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """What happened to the simulated bench since its reference."""

    bump_deg: float = 0.0
    shift_mm: float = 0.0
    joint: int = 3
    joint_zero_deg: float = 0.0

    @property
    def any(self) -> bool:
        """Whether anything has."""
        return any((self.bump_deg, self.shift_mm, self.joint_zero_deg))

    def slipped_deg(self) -> Array:
        """(6,) how far each joint is beside what it tells."""
        slipped = np.zeros(6)
        slipped[self.joint - 1] = self.joint_zero_deg
        return slipped


def only_rendered(files: Files) -> bool:
    """Whether no camera of the station is a real one."""
    from station.app import SCENE

    return all(camera.source == SCENE for camera in files.station.cameras)


def rendered(files: Files, seed: int, mishaps: Mishaps) -> Pictures:
    """Of the simulated bench."""
    from station.simulation.daily_bench import Bump, DailyBench

    bench, bump = DailyBench(files, seed=seed), Bump(turn_deg=mishaps.bump_deg, shift_mm=mishaps.shift_mm)
    return lambda camera, model, count: bench.pictures(camera.model, count, bump)


def live(camera: CameraConfig, model: CameraModel, count: int) -> Iterator[NDArray[np.uint8]]:
    """Of the real camera. Raises CameraError."""
    from vision.cameras.opening import open_source

    source = open_source(camera.name, camera.source, model, camera.fps, time.monotonic, camera.settings)
    try:
        for _ in range(count):
            frame = source.read()
            if frame is None:
                return
            yield frame.image
    finally:
        source.close()
