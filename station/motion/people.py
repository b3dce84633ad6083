"""What is known now of the people at a bench: the newest outlines of every camera that counts, or that nobody knows.

Not knowing is never "nobody there". People are known while one camera at least that sees the whole of the arm's zone
has just said where they are. Then a person seen by any camera that counts is there.

An outline does not grow with its age: how old it is counts in the reaction time, and would count twice here.
What no camera sees is not judged: a hand beyond the picture's border is nobody until it comes in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivers.cobot.arm.model import Array
from vision.api import CameraHealth, CameraState, FrameAnalysis
from vision.bench import Bench
from vision.geometry import CameraModel

STALE_S = 0.5
STEEPEST_DEG = 45.0
"""A view flatter than this, from the vertical, smears a hand over so much of the bench that it says nothing."""
SEEN_UP_TO_MM = 45.0
"""The arm's zone must be seen up to this over hand height."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Person:
    """Something of a person, as an upright prism from the table up to `top_mm`."""

    outline_mm: Array
    """(k, 2) convex, bench frame."""
    top_mm: float
    camera: str
    t_mono_s: float
    """When the picture was taken."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Everybody at one moment."""

    known: bool
    why: str
    """Why not known: one sentence for the technician, else empty."""
    persons: tuple[Person, ...]
    t_mono_s: float
    """When the newest picture of the whole zone was taken; when there is none, the time asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Which cameras count."""

    counted: frozenset[str]
    """Cameras that look down steeply enough: a person that any of them sees is there."""
    covering: frozenset[str]
    """Those of them that see the whole of the arm's zone: one of them must be good."""


class PeopleWatch:
    """Keeps each camera's newest word. Not thread-safe."""

    def __init__(self, views: Views, *, rise_mm: float, stale_s: float = STALE_S) -> None:
        """`rise_mm` is added to the top of what was seen: a forearm that climbs, a head of unknown height."""
        self._views = views
        self._rise_mm = rise_mm
        self._stale_s = stale_s
        self._newest: dict[str, FrameAnalysis] = {}

    def seen_by(self, views: Views) -> None:
        """Let other cameras count from now on; each has to say anew what it sees."""
        self._views = views
        self._newest = {}

    def seen(self, analysis: FrameAnalysis) -> None:
        """Take one frame's people. An older frame than the last of that camera says nothing new."""
        before = self._newest.get(analysis.camera)
        if analysis.camera in self._views.counted and (before is None or analysis.t_mono_s >= before.t_mono_s):
            self._newest[analysis.camera] = analysis

    def health(self, report: CameraHealth) -> None:
        """A camera that is not good takes back all that it said; it has to say it again."""
        if not report.good:
            self._newest.pop(report.camera, None)

    def at(self, now_s: float) -> People:
        """Who is there, as far as frames of at most `stale_s` tell."""
        telling = {name: said for name, said in self._newest.items() if self._tells(said, now_s)}
        whole = [analysis.t_mono_s for name, analysis in telling.items() if name in self._views.covering]
        persons = tuple(
            Person(
                outline_mm=outline.outline_mm,
                top_mm=outline.z_mm[1] + self._rise_mm,
                camera=name,
                t_mono_s=analysis.t_mono_s,
            )
            for name, analysis in telling.items()
            for outline in analysis.people
        )
        if whole:
            return People(known=True, why="", persons=persons, t_mono_s=max(whole))
        return People(known=False, why=self._why(), persons=persons, t_mono_s=now_s)

    def _tells(self, analysis: FrameAnalysis, now_s: float) -> bool:
        fresh = now_s - analysis.t_mono_s <= self._stale_s
        return fresh and analysis.people_known and analysis.state is CameraState.GOOD

    def _why(self) -> str:
        covering = sorted(self._views.covering)
        if not covering:
            return "No camera sees the whole of the arm's zone from above; put one over it, or make the zone smaller."
        names = " and ".join(covering)
        states = {self._newest[name].state for name in covering if name in self._newest}
        bad = sorted(state.value for state in states if state is not CameraState.GOOD)
        if bad:
            return f"Camera {names} is {' and '.join(bad)}; clean it or see to the light."
        return f"Camera {names} does not tell where people are; wait two seconds, then see to its cable."


def views_of(bench: Bench, zone_name: str, *, top_mm: float) -> Views:
    """The cameras that count for the arm's zone, with people up to `top_mm` over the table. KeyError: no such zone."""
    zone = {zone.name: zone for zone in bench.zones}[zone_name]
    low, seen, high = (
        np.column_stack([zone.outline_mm, np.full(len(zone.outline_mm), z)])
        for z in (0.0, bench.hand_height_mm + SEEN_UP_TO_MM, top_mm)
    )
    counted = frozenset(camera.name for camera in bench.cameras if _steep(camera, high))
    covering = frozenset(
        camera.name for camera in bench.cameras if camera.name in counted and _sees(camera, np.vstack([low, seen]))
    )
    return Views(counted=counted, covering=covering)


def _steep(camera: CameraModel, points_mm: Array) -> bool:
    down = camera.camera_from_bench.inverse().translation_mm - points_mm
    return bool((down[:, 2] >= np.cos(np.radians(STEEPEST_DEG)) * np.linalg.norm(down, axis=1)).all())


def _sees(camera: CameraModel, points_mm: Array) -> bool:
    pixels = camera.project(points_mm)
    inside = (pixels >= 0.0) & (pixels <= [camera.width_px - 1, camera.height_px - 1])
    return bool(inside.all())
