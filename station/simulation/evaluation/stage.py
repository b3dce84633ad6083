"""The bench of an evaluation: what the station's files say of it, and how it looks at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from station.config.bench import bench_of, pose_of, watches_of
from station.config.scene_file import SceneConfig, load_scene
from station.core.facts import CODE
from station.runtime.setting import Files
from vision.bench import Bench, Watch, WatchCheck, WatchCode, WatchFastener, WatchHands, WatchPart, WatchTool, WatchUnit
from vision.geometry import Transform
from vision.scene import DrawnArm, DrawnCard, DrawnHand, DrawnNut, Placed, Scene, Shine

TOOL = "tool"
"""The tool's body."""
PEOPLE = "people"
"""Name of the fact that somebody is in the picture; no step asks for it, the gap to the arm does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NutState:
    """A nut on a stud."""

    lift_mm: float = 0.0
    """Over its seat: 0 = tight."""
    tilt_deg: float = 0.0
    """More than nothing: crossed."""
    turn_deg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """Everything that can change on the bench, at one moment."""

    bodies: Mapping[str, Transform]
    """Parts and the tool, as far as they are on the bench."""
    nuts: Mapping[str, NutState] = field(default_factory=dict)
    """By joint."""
    hands: tuple[DrawnHand, ...] = ()
    card: DrawnCard | None = None
    arm: DrawnArm | None = None
    shine: Shine | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """What stays the same over a whole set."""

    files: Files
    scene: SceneConfig
    bench: Bench
    watches: tuple[Watch, ...]

    @property
    def stale_s(self) -> float:
        """The station's limit for stale pictures."""
        return self.files.station.limits.camera_stale_s

    def place(self, name: str) -> Transform:
        """bench_from_place. Raises KeyError."""
        return {place.id: pose_of(place) for place in self.files.procedure.places}[name]

    def kinds(self) -> dict[str, str]:
        """Fact name -> kind, as the report names it."""
        return {watch.fact: _kind(watch, self) for watch in self.watches} | {PEOPLE: "people"}

    def picture_of(self, situation: Situation) -> Scene:
        """As the renderer wants it."""
        return Scene(
            placed=tuple(
                Placed(look=self.scene.looks[name], bench_from_body=pose)
                for name, pose in situation.bodies.items()
                if name in self.scene.looks
            ),
            nuts=tuple(
                DrawnNut(
                    bench_mm=self.bench_joint(joint) + np.array([0.0, 0.0, nut.lift_mm]),
                    turn_deg=nut.turn_deg,
                    tilt_deg=nut.tilt_deg,
                )
                for joint, nut in situation.nuts.items()
            ),
            hands=situation.hands,
            card=situation.card,
            arm=situation.arm,
            shine=situation.shine,
        )

    def bench_joint(self, name: str) -> np.ndarray:
        """(3,) where a tight nut sits. Raises KeyError."""
        return np.array({joint.name: joint.bench_mm for joint in self.bench.joints}[name])


def stage_of(files: Files) -> Stage:
    """The stage of a station with `scenes`. Raises ConfigError, or ValueError where the station has none."""
    if files.station.scenes is None:
        raise ValueError(f"station {files.station.id} has no `scenes` folder; a rendered set needs one")
    scene = load_scene(files.station.scenes / f"{files.procedure.id}.toml", files.station, files.procedure)
    return Stage(
        files=files,
        scene=scene,
        bench=bench_of(files.station, files.procedure),
        watches=watches_of(files.station, files.procedure),
    )


def _kind(watch: Watch, stage: Stage) -> str:
    match watch:
        case WatchPart():
            trays = {part.tray for part in stage.files.procedure.parts}
            place = watch.fact.rpartition("@")[2] if "@" in watch.fact else ""
            return "part in tray" if place in trays else "seated" if place else "part near"
        case WatchUnit():
            return "unit measured"
        case WatchFastener():
            return "nut present"
        case WatchTool():
            return "tool at joint"
        case WatchHands():
            return "hands in zone"
        case WatchCode():
            return CODE
        case WatchCheck():
            return "taught check"
