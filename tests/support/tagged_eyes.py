"""Cameras that look at the fixed tags, for the page of the calibrations: a new picture at each look."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from support.scripted_eyes import SEEN, VIEW, ScriptedEyes

from station.runtime.eyes_desk import CameraNow, EyesView
from vision.api import TagObservation
from vision.bench import Body
from vision.geometry import CameraModel


@dataclass
class TaggedEyes(ScriptedEyes):
    """As the cameras stand; a test may put another one in place of one."""

    cameras: dict[str, CameraModel] = field(default_factory=dict)
    fixture: Body = field(default_factory=lambda: VIEW.bench.fixture)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def view(self) -> EyesView:
        seq = next(self.count)
        return replace(VIEW, cameras=tuple(self._now(camera, seq) for camera in self.cameras.values()))

    def _now(self, camera: CameraModel, seq: int) -> CameraNow:
        tags = tuple(
            TagObservation(
                tag_id=mount.tag_id,
                corners_px=camera.project(mount.corners_mm()) + self.rng.normal(0.0, 0.03, (4, 2)),
            )
            for mount in self.fixture.tags
        )
        return CameraNow(name=camera.name, newest=replace(SEEN, camera=camera.name, seq=seq, tags=tags), per_s=10.0)
