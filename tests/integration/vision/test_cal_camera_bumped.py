"""A camera that is bumped while it looks: told at once by its own pipeline, long before a daily check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from calibration.daily.camera_shift import moved_camera
from station.commands.defaults import default_config
from station.config.bench import bench_of
from station.runtime.setting import Files, read_files
from station.simulation.daily_bench import Bump, DailyBench
from vision.api import CameraState, Frame
from vision.bench import Bench
from vision.geometry import CameraModel
from vision.pipeline import Pipeline, Want
from vision.steadiness import FIRST_PICTURES, LARGEST_PX, SMALL_PX, Steadiness
from vision.tags import TagTracker


@pytest.fixture(scope="module")
def files() -> Files:
    return read_files(default_config())


@pytest.fixture(scope="module")
def bench(files: Files) -> Bench:
    return bench_of(files.station, files.procedure)


def frames(files: Files, camera: CameraModel, count: int, seed: int = 1, first: int = 0) -> Iterator[Frame]:
    for number, image in enumerate(DailyBench(files, seed=seed).pictures(camera, count, Bump())):
        yield Frame(camera=camera.name, seq=first + number, t_mono_s=0.1 * (first + number), image=image)


@pytest.mark.parametrize(
    ("name", "axis", "degrees"), [("top", 0, 0.1), ("top", 2, 0.1), ("side", 1, 0.05), ("side", 2, 0.1)]
)
def test_a_bump_of_a_tenth_of_a_degree_is_told_from_its_second_picture_on(
    files: Files, bench: Bench, name: str, axis: int, degrees: float
) -> None:
    """It should say that the camera has moved, and claim nothing from then on; before, it should be trusted."""
    camera = bench.camera(name)
    twist = np.zeros(6)
    twist[axis] = np.radians(degrees)
    pipeline = Pipeline(bench, camera)
    try:
        before = [pipeline.analyse(frame, Want()).state for frame in frames(files, camera, FIRST_PICTURES + 5)]
        assert set(before) == {CameraState.GOOD}
        bumped = [
            pipeline.analyse(frame, Want())
            for frame in frames(files, moved_camera(camera, twist), 4, first=FIRST_PICTURES + 5)
        ]
    finally:
        pipeline.close()
    assert [seen.state for seen in bumped[1:]] == [CameraState.MOVED] * 3
    assert not bumped[-1].busy_zones and not bumped[-1].bodies


def test_what_is_no_bump_is_left_alone(files: Files, bench: Bench) -> None:
    """It should bear another light, a covered tag, a tag that somebody moved, and one shaken picture."""
    camera = bench.camera("top")
    steadiness = Steadiness(bench.fixture, camera)
    tracker = TagTracker(frozenset(mount.tag_id for mount in bench.fixture.tags))

    def tags(frame: Frame) -> tuple:  # type: ignore[type-arg]
        return tracker.find(np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8))

    for frame in frames(files, camera, FIRST_PICTURES):
        assert not steadiness.moved(tags(frame))
    for frame in frames(files, camera, 5, seed=2):
        seen = tags(frame)
        assert not steadiness.moved(seen) and not steadiness.moved(seen[:2])
        far = (replace(seen[0], corners_px=seen[0].corners_px + 9.0), *seen[1:])
        assert not steadiness.moved(far)
    shaken = tuple(replace(tag, corners_px=tag.corners_px + 1.2) for tag in seen)
    assert not steadiness.moved(shaken)
    assert not steadiness.moved(seen) and not steadiness.moved(seen)
    tracker.close()


def test_a_calibration_that_doubts_itself_is_not_held_to_half_a_pixel(bench: Bench) -> None:
    """It should allow what the calibration does not know itself, up to where the calibration's own rule begins."""
    camera = bench.camera("top")
    assert Steadiness(bench.fixture, camera).limit_px == SMALL_PX
    doubtful = replace(camera, position_sigma_mm=1.0)
    assert SMALL_PX < Steadiness(bench.fixture, doubtful).limit_px < LARGEST_PX
    by_hand = replace(camera, position_sigma_mm=5.0, rotation_sigma_deg=0.5)
    assert Steadiness(bench.fixture, by_hand).limit_px == LARGEST_PX
