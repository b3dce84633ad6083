"""An item of a rendered set: what happens, in what light, and when each camera takes a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from station.simulation.evaluation.labels import bodies, labels, sight_of
from station.simulation.evaluation.stage import Situation, Stage
from station.simulation.evaluation.truth import Moment, Truth
from vision.sim_disturbances import Disturbances

LEAD_S = 2.25
LEAD_EVERY_S = 0.45
"""Before an item begins, the cameras have looked at the bench for a while, rarely to save time: they know it."""
SHUTTER_S = 0.03


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Story:
    """What happens on the bench from 0 to `end_s`; the first `LEAD_S` of it nobody is there."""

    item: str
    title: str
    end_s: float
    situation: Callable[[float], Situation]
    """The same object for as long as nothing changes."""
    day: Callable[[str, float], Disturbances]
    """What is wrong with a camera's picture at a time; the same object for as long as nothing changes."""
    flicker: float
    """Amplitude of a lamp that flickers, in shares of the light."""
    codes: bool
    """Whether the station looks for codes meanwhile, as it does while a pass is asked for."""
    moving: bool
    """Whether things move: pictures are then taken through a shutter that is open for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture to be taken."""

    camera: str
    t_s: float


def shots(story: Story, stage: Stage) -> list[Shot]:
    """All pictures in order of time: at each camera's rate, shifted a little against each other, after the lead-in."""
    taken = []
    for number, camera in enumerate(stage.files.station.cameras):
        offset_s = 0.037 * number
        lead = [offset_s + i * LEAD_EVERY_S for i in range(round(LEAD_S / LEAD_EVERY_S))]
        count = int((story.end_s - LEAD_S - offset_s) * camera.fps - 1e-6) + 1
        after = [LEAD_S + offset_s + i / camera.fps for i in range(count)]
        taken += [Shot(camera=camera.name, t_s=round(t_s, 6)) for t_s in (*lead, *after)]
    return sorted(taken, key=lambda shot: (shot.t_s, shot.camera))


def truth_of(story: Story, stage: Stage) -> Truth:
    """What is true when each picture is taken, with a new moment only where something is another than before."""
    moments: list[Moment] = []
    before: tuple[object, ...] = ()
    for t_s in sorted({0.0, *(shot.t_s for shot in shots(story, stage))}):
        days = [story.day(camera.name, t_s) for camera in stage.bench.cameras]
        now = (story.situation(t_s), *days)
        if len(before) != len(now) or any(a is not b for a, b in zip(now, before, strict=True)):
            moments.append(moment_at(story, stage, t_s))
        before = now
    return Truth(item=story.item, story=story.title, moments=tuple(moments), end_s=story.end_s)


def moment_at(story: Story, stage: Stage, t_s: float) -> Moment:
    """What is true at one time."""
    situation = story.situation(t_s)
    days = {camera.name: story.day(camera.name, t_s) for camera in stage.bench.cameras}
    sight = sight_of(situation, stage, days)
    return Moment(t_s=t_s, facts=labels(sight), bodies=bodies(sight))
