"""Pictures of a story, as the station's cameras take them. Whoever looks at them is told nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from station.simulation.evaluation.stage import Situation, Stage
from station.simulation.evaluation.story import SHUTTER_S, Shot, Story, shots
from vision.api import Frame
from vision.sim import SceneRenderer
from vision.sim_disturbances import Disturbances, fallen, sensed

FLICKER_RAD_S = 61.0
"""A lamp's flicker as the camera's rate lets it through."""


class Renderer:
    """Draws stories; one renderer a camera, kept over all of them."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._seed = seed
        self._renderers = {
            camera.name: SceneRenderer(camera, stage.scene.static, seed=seed) for camera in stage.bench.cameras
        }
        self._last: dict[str, tuple[tuple[Situation, ...], Disturbances, NDArray[np.float32]]] = {}
        """Camera -> what its last picture was of, and the light that fell on its sensor."""

    def frames(self, story: Story) -> Iterator[Frame]:
        """All pictures of a story in order of time, stamped with its own time."""
        for seq, shot in enumerate(shots(story, self._stage), start=1):
            yield Frame(camera=shot.camera, seq=seq, t_mono_s=shot.t_s, image=self._picture(story, shot, seq))

    def _picture(self, story: Story, shot: Shot, seq: int) -> NDArray[np.uint8]:
        how, moments = story.day(shot.camera, shot.t_s), _open_shutter(story, shot.t_s)
        last = self._last.get(shot.camera)
        if last is None or last[1] is not how or not _same(last[0], moments):
            scenes = tuple(self._stage.picture_of(moment) for moment in moments)
            optical = self._renderers[shot.camera].optical(scenes)
            last = (moments, how, fallen(optical, how, self._stage.bench.camera(shot.camera)))
            self._last[shot.camera] = last
        flicker = 1.0 + story.flicker * float(np.sin(FLICKER_RAD_S * shot.t_s))
        number = sum(story.item.encode()) * 1000 + seq
        return sensed(last[2], how, seed=self._seed, frame_index=number, flicker=flicker)


def _same(some: tuple[Situation, ...], others: tuple[Situation, ...]) -> bool:
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))


def _open_shutter(story: Story, t_s: float) -> tuple[Situation, ...]:
    """What is in front of the camera while the shutter is open; the stamp is the beginning."""
    first = story.situation(t_s)
    if not story.moving:
        return (first,)
    later = [story.situation(t_s + SHUTTER_S * share) for share in (0.5, 1.0)]
    return (first,) if all(moment is first for moment in later) else (first, *later)
