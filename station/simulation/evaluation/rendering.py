"""Pictures of a story, as the station's cameras take them. Whoever looks at them is told nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from station.simulation.evaluation.stage import Situation, Stage
from station.simulation.evaluation.story import SHUTTER_S, Shot, Story, shots
from vision.api import Frame
from vision.sim import SceneRenderer

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

    def frames(self, story: Story) -> Iterator[Frame]:
        """All pictures of a story in order of time, stamped with its own time."""
        for seq, shot in enumerate(shots(story, self._stage), start=1):
            yield Frame(camera=shot.camera, seq=seq, t_mono_s=shot.t_s, image=self._picture(story, shot, seq))

    def _picture(self, story: Story, shot: Shot, seq: int) -> np.ndarray:
        moments = _open_shutter(story, shot.t_s)
        how = story.day(shot.camera, shot.t_s)
        if story.flicker:
            how = replace(how, gain=how.gain * (1.0 + story.flicker * float(np.sin(FLICKER_RAD_S * shot.t_s))))
        scenes = tuple(self._stage.picture_of(moment) for moment in moments)
        number = sum(story.item.encode()) * 1000 + seq
        return self._renderers[shot.camera].render_disturbed(scenes, number, how, seed=self._seed)


def _open_shutter(story: Story, t_s: float) -> tuple[Situation, ...]:
    """What is in front of the camera while the shutter is open; the stamp is the beginning."""
    first = story.situation(t_s)
    if not story.moving:
        return (first,)
    later = [story.situation(t_s + SHUTTER_S * share) for share in (0.5, 1.0)]
    return (first,) if all(moment is first for moment in later) else (first, *later)
