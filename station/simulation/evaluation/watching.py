"""The station's own eyes on an item's pictures: pipeline and fact board as a bench has them, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from station.simulation.evaluation.scoring import Heard
from station.simulation.evaluation.stage import PEOPLE, Stage
from station.simulation.headless import HANDS_EVERY
from vision.api import BodyObservation, FactReading, FactValue, Frame, FrameAnalysis, HandTracker
from vision.facts import FactBoard
from vision.fusion import Sighting, fuse
from vision.geometry import Array, Transform
from vision.pipeline import Pipeline, Want

TOGETHER_S = 0.25
"""Sightings of two cameras no farther apart than this make a common pose."""
FORGET_FRAMES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenPose:
    """Where a body was said to be."""

    t_s: float
    body: str
    cameras: tuple[str, ...]
    bench_from_body: Transform
    covariance: Array
    """(6, 6), as `vision.api.BodyObservation.covariance`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watched:
    """Everything that was said of an item."""

    heard: tuple[Heard, ...]
    poses: tuple[SeenPose, ...]
    frames: int


def watch(frames: Iterable[Frame], stage: Stage, trackers: Mapping[str, HandTracker], *, codes: bool) -> Watched:
    """Look at the frames in order of time. Trackers are made to forget what they saw before."""
    for name, tracker in trackers.items():
        _forget(tracker, name, stage)
    pipelines = _pipelines(stage, trackers)
    board = FactBoard(stage.bench, stage.watches, stale_s=stage.stale_s)
    want = Want(
        hands=True,
        codes=codes,
        joints=frozenset(joint.name for joint in stage.bench.joints),
        checks=frozenset(check.name for check in stage.bench.checks),
    )
    heard: list[Heard] = []
    poses: list[SeenPose] = []
    newest: dict[str, FrameAnalysis] = {}
    count = 0
    try:
        for frame in frames:
            count += 1
            analysis = pipelines[frame.camera].analyse(frame, want)
            board.update(analysis)
            newest[frame.camera] = analysis
            readings = {reading.fact: reading for reading in board.readings()}
            readings[PEOPLE] = _people(newest, frame.t_mono_s, stage.stale_s)
            heard.append(Heard(t_s=frame.t_mono_s, readings=readings))
            poses += _poses(analysis, newest)
    finally:
        for pipeline in pipelines.values():
            pipeline.close()
    return Watched(heard=tuple(heard), poses=tuple(poses), frames=count)


def _pipelines(stage: Stage, trackers: Mapping[str, HandTracker]) -> dict[str, Pipeline]:
    every = list(HANDS_EVERY.values())
    return {
        camera.name: Pipeline(
            stage.bench, camera, trackers.get(camera.name), hands_every=every[min(number, len(every) - 1)]
        )
        for number, camera in enumerate(stage.bench.cameras)
    }


def _forget(tracker: HandTracker, camera: str, stage: Stage) -> None:
    """The tracker goes on from where hands were; after a few pictures without any it starts anew."""
    model = stage.bench.camera(camera)
    empty = np.full((model.height_px, model.width_px, 3), 90, np.uint8)
    for i in range(FORGET_FRAMES):
        tracker.track(Frame(camera=camera, seq=i, t_mono_s=0.0, image=empty))


def _people(newest: Mapping[str, FrameAnalysis], now_s: float, stale_s: float) -> FactReading:
    """Whether any camera that can tell sees somebody."""
    looks = [a for a in newest.values() if a.people_known and now_s - a.t_mono_s <= stale_s]
    value = FactValue.UNKNOWN
    if looks:
        value = FactValue.PRESENT if any(a.people for a in looks) else FactValue.ABSENT
    return FactReading(fact=PEOPLE, value=value, t_mono_s=now_s)


def _poses(analysis: FrameAnalysis, newest: Mapping[str, FrameAnalysis]) -> Iterator[SeenPose]:
    for body in analysis.bodies:
        yield _seen(analysis.t_mono_s, (analysis.camera,), body.body, body.bench_from_body, body.covariance)
        others = [
            (other, seen)
            for other in newest.values()
            if other.camera != analysis.camera and analysis.t_mono_s - other.t_mono_s <= TOGETHER_S
            for seen in other.bodies
            if seen.body == body.body
        ]
        if others:
            both = [(analysis, body), *others]
            pose = fuse(tuple(_sighting(a, seen) for a, seen in both))
            names = tuple(sorted(a.camera for a, _ in both))
            yield _seen(analysis.t_mono_s, names, body.body, pose.bench_from_body, pose.covariance)


def _sighting(analysis: FrameAnalysis, seen: BodyObservation) -> Sighting:
    return Sighting(
        camera=analysis.camera,
        t_mono_s=analysis.t_mono_s,
        bench_from_body=seen.bench_from_body,
        covariance=seen.covariance,
    )


def _seen(t_s: float, cameras: tuple[str, ...], body: str, pose: Transform, covariance: Array) -> SeenPose:
    return SeenPose(t_s=t_s, body=body, cameras=cameras, bench_from_body=pose, covariance=covariance)
