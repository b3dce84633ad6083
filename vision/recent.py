"""What each camera said lately: a pure function of analyses, with poses and motions worked out once, when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vision.api import BodyObservation, CameraState, FactReading, FactValue, FrameAnalysis
from vision.fusion import FusedPose, Sighting, fuse
from vision.motion import Motion, follow

SAME_MOMENT_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recent:
    """The analyses of the cameras that can be trusted now, oldest first, each camera's newest at most `stale_s` old."""

    analyses: Mapping[str, tuple[FrameAnalysis, ...]]
    now_s: float
    stale_s: float
    since_s: float = float("-inf")
    """Nothing older than this counts."""
    _cameras: list[tuple[str, tuple[FrameAnalysis, ...]]] = field(default_factory=list, init=False)
    _sightings: dict[str, dict[str, tuple[Sighting, ...]]] = field(default_factory=dict, init=False)
    _newest: dict[str, tuple[Sighting, ...]] = field(default_factory=dict, init=False)
    _poses: dict[str, FusedPose] = field(default_factory=dict, init=False)
    _motions: dict[str, Motion] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._cameras.extend(self._trusted())

    def per_camera(self) -> list[tuple[str, tuple[FrameAnalysis, ...]]]:
        """Cameras with at least one analysis that counts."""
        return self._cameras

    def sightings(self, body: str) -> dict[str, tuple[Sighting, ...]]:
        """For each camera with a sighting that is not stale: all its sightings of the body, oldest first."""
        # Several watches ask for the same body; the answer is the same for all of them.
        if body not in self._sightings:
            self._sightings[body] = dict(self._seen(body))
        return self._sightings[body]

    def newest(self, body: str) -> tuple[Sighting, ...]:
        """The newest sighting of each camera; one much older than the newest is of another moment and stays out."""
        if body not in self._newest:
            found = [s for camera, analyses in self.per_camera() for s in self._last(body, camera, analyses)]
            latest_s = max((s.t_mono_s for s in found), default=0.0)
            self._newest[body] = tuple(s for s in found if latest_s - s.t_mono_s <= SAME_MOMENT_S)
        return self._newest[body]

    def pose(self, body: str) -> FusedPose:
        """The common pose of a body that has sightings."""
        if body not in self._poses:
            self._poses[body] = fuse(self.newest(body))
        return self._poses[body]

    def motion(self, body: str) -> Motion:
        """How a body that has sightings moves. Costs as much as several poses: ask when the answer matters."""
        if body not in self._motions:
            self._motions[body] = follow(s for seen in self.sightings(body).values() for s in seen)
        return self._motions[body]

    def _trusted(self) -> Iterator[tuple[str, tuple[FrameAnalysis, ...]]]:
        for camera, analyses in self.analyses.items():
            counted = tuple(a for a in analyses if a.t_mono_s >= self.since_s)
            fresh = counted and self.now_s - counted[-1].t_mono_s <= self.stale_s
            if fresh and counted[-1].state is CameraState.GOOD:
                yield camera, counted

    def _last(self, body: str, camera: str, analyses: tuple[FrameAnalysis, ...]) -> Iterator[Sighting]:
        """The camera's newest sighting, if it is not stale."""
        for analysis in reversed(analyses):
            if self.now_s - analysis.t_mono_s > self.stale_s:
                return
            for seen in analysis.bodies:
                if seen.body == body:
                    yield _sighting(camera, analysis, seen)
                    return

    def _seen(self, body: str) -> Iterator[tuple[str, tuple[Sighting, ...]]]:
        for camera, analyses in self.per_camera():
            seen = tuple(_sighting(camera, a, b) for a in analyses for b in a.bodies if b.body == body)
            if seen and self.now_s - seen[-1].t_mono_s <= self.stale_s:
                yield camera, seen


def _sighting(camera: str, analysis: FrameAnalysis, seen: BodyObservation) -> Sighting:
    return Sighting(
        camera=camera,
        t_mono_s=analysis.t_mono_s,
        bench_from_body=seen.bench_from_body,
        covariance=seen.covariance,
    )


def unknown(fact: str, t_mono_s: float, why: str, measures: Mapping[str, float] | None = None) -> FactReading:
    """A reading that tells nothing but why."""
    return FactReading(fact=fact, value=FactValue.UNKNOWN, t_mono_s=t_mono_s, text=why, measures=measures or {})
