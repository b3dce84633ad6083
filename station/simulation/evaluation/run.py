"""A whole set made, looked at and scored, by a few processes that end with it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from station.runtime.setting import Files
from station.simulation.evaluation import store
from station.simulation.evaluation.pictures import save_failures
from station.simulation.evaluation.poses import PoseError, errors
from station.simulation.evaluation.rendering import Renderer
from station.simulation.evaluation.scenes import scene
from station.simulation.evaluation.scoring import Verdict, judge
from station.simulation.evaluation.sequences import sequence
from station.simulation.evaluation.stage import Stage, stage_of
from station.simulation.evaluation.story import Story, truth_of
from station.simulation.evaluation.truth import Truth
from station.simulation.evaluation.watching import watch
from vision.api import Frame, HandTracker
from vision.hands import MediapipeHands

CHUNK = 10
"""Items that one process is given at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is to be evaluated."""

    files: Files
    seed: int = 0
    scenes: int = 200
    sequences: int = 40
    folder: Path | None = None
    """A set on disk; None = rendered in memory."""
    hand_model: Path | None = None
    """None: without the hand tracker."""
    failures: Path | None = None
    """Where pictures of what went wrong are to go."""
    workers: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What came of some items."""

    verdicts: tuple[Verdict, ...]
    poses: tuple[PoseError, ...]
    stories: tuple[tuple[str, str], ...]
    """Item and what happens in it."""
    frames: int


Item = tuple[str, int]
"""`scene` or `sequence` and its number; for a set on disk, the item's name and 0."""


def evaluate(ask: Ask, progress: Callable[[int, int], None] = lambda done, of: None) -> Scored:
    """Look at the whole set and score it. Raises SetError for a set on disk that cannot be read."""
    items = _items(ask)
    chunks = [tuple(items[i : i + CHUNK]) for i in range(0, len(items), CHUNK)]
    found: dict[int, Scored] = {}
    done = 0
    if ask.workers <= 1:
        for number, chunk in enumerate(chunks):
            found[number] = score(ask, chunk)
            done += len(chunk)
            progress(done, len(items))
        return _together(found)
    # A fresh process each: neither the tracker's threads nor OpenCV's survive a fork.
    with ProcessPoolExecutor(ask.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(score, ask, chunk): number for number, chunk in enumerate(chunks)}
        for future in as_completed(running):
            found[running[future]] = future.result()
            done += len(chunks[running[future]])
            progress(done, len(items))
    return _together(found)


def make(ask: Ask, folder: Path, *, lossless: bool, progress: Callable[[int, int], None]) -> int:
    """Write a rendered set to disk; gives the number of items. Raises OSError, ConfigError."""
    stage = stage_of(ask.files)
    renderer = Renderer(stage, ask.seed)
    items = _rendered(ask)
    procedure, station = ask.files.procedure.id, ask.files.station.id
    about = {"station": station, "procedure": procedure, "seed": ask.seed, "items": len(items), "simulated": True}
    store.write_about(folder, about)
    for done, item in enumerate(items, start=1):
        story = story_of(item, ask.seed, stage)
        truth, frames = truth_of(story, stage), renderer.frames(story)
        store.write_item(folder, truth, frames, codes=story.codes, lossless=lossless)
        progress(done, len(items))
    return len(items)


def story_of(item: Item, seed: int, stage: Stage) -> Story:
    """The story of a rendered item."""
    kind, number = item
    return scene(number, seed, stage) if kind == "scene" else sequence(number, seed, stage)


def score(ask: Ask, items: tuple[Item, ...]) -> Scored:
    """Look at some items in this process."""
    stage = stage_of(ask.files)
    renderer = None if ask.folder is not None else Renderer(stage, ask.seed)
    cameras = {camera.name: camera for camera in stage.bench.cameras}
    verdicts: list[Verdict] = []
    poses: list[PoseError] = []
    stories: list[tuple[str, str]] = []
    frames = 0
    with _trackers(ask, stage) as trackers:
        for item in items:
            truth, frames_of, codes = _opened(ask, item, stage, renderer)
            seen = watch(frames_of(), stage, trackers, codes=codes)
            judged = judge(truth, seen.heard, stage.kinds())
            if ask.failures is not None:
                save_failures(ask.failures, truth, judged, frames_of())
            verdicts += judged
            poses += errors(truth, seen.poses, cameras)
            stories.append((truth.item, truth.story))
            frames += seen.frames
    return Scored(verdicts=tuple(verdicts), poses=tuple(poses), stories=tuple(stories), frames=frames)


def _opened(
    ask: Ask, item: Item, stage: Stage, renderer: Renderer | None
) -> tuple[Truth, Callable[[], Iterator[Frame]], bool]:
    """An item's truth, its pictures as often as they are asked for, and whether codes are looked for in them."""
    if renderer is None:
        assert ask.folder is not None
        name = item[0]
        codes = store.looks_for_codes(ask.folder, name)
        return store.read_truth(ask.folder, name), partial(store.read_frames, ask.folder, name), codes
    story = story_of(item, ask.seed, stage)
    return truth_of(story, stage), partial(renderer.frames, story), story.codes


def _items(ask: Ask) -> list[Item]:
    if ask.folder is not None:
        return [(name, 0) for name in store.items_of(ask.folder)]
    return _rendered(ask)


def _rendered(ask: Ask) -> list[Item]:
    return [*(("scene", i) for i in range(ask.scenes)), *(("sequence", i) for i in range(ask.sequences))]


@contextmanager
def _trackers(ask: Ask, stage: Stage) -> Iterator[dict[str, HandTracker]]:
    with ExitStack() as stack:
        trackers: dict[str, HandTracker] = {}
        for camera in stage.bench.cameras if ask.hand_model is not None else ():
            assert ask.hand_model is not None
            tracker = MediapipeHands(ask.hand_model)
            stack.callback(tracker.close)
            trackers[camera.name] = tracker
        yield trackers


def _together(found: dict[int, Scored]) -> Scored:
    parts = [found[number] for number in sorted(found)]
    return Scored(
        verdicts=tuple(v for part in parts for v in part.verdicts),
        poses=tuple(p for part in parts for p in part.poses),
        stories=tuple(s for part in parts for s in part.stories),
        frames=sum(part.frames for part in parts),
    )
