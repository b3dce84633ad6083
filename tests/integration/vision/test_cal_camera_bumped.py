"""A camera that is bumped while it looks: told at once by its own pipeline, long before a daily check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.daily.camera_check import tag_pictures
from calibration.daily.camera_shift import moved_camera
from calibration.daily.in_force import tags_at_reference
from calibration.daily.reference import Reference, camera_reference, reference_artefact
from calibration.store import Store
from station.commands.defaults import default_config
from station.config.bench import bench_of
from station.runtime.setting import Files, read_files
from station.simulation.daily_bench import Bump, DailyBench
from vision.api import CameraState, Frame
from vision.bench import Bench
from vision.geometry import Array, CameraModel
from vision.looking import BenchEyes
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


def tags_of(files: Files, camera: CameraModel, seed: int) -> dict[int, Array]:
    """Where a reference has the fixed tags."""
    burst = tag_pictures(camera.name, DailyBench(files, seed=seed).pictures(camera, 12, Bump()), files.station.fixture)
    return dict(zip(burst.tag_ids, burst.mean_px, strict=True))


def test_a_restart_after_a_bump_hides_nothing(files: Files, bench: Bench) -> None:
    """It should tell from the daily check's reference that a camera was bumped before the start, and leave one that
    was not alone; without a reference of this bench's tags it has only its first pictures to go by."""
    camera = bench.camera("top")
    before = tags_of(files, camera, 5)
    bumped = moved_camera(camera, np.radians([0.12, 0.0, 0.0, 0.0, 0.0, 0.0]))
    for known, seen_by, states in (
        (before, bumped, {CameraState.MOVED}),
        (before, camera, {CameraState.GOOD}),
        ({}, bumped, {CameraState.GOOD}),
        ({77: before[0], 0: before[0]}, bumped, {CameraState.GOOD}),
    ):
        eyes = BenchEyes(bench=bench, camera="top", hand_model=None, hands_every=1, before=known)
        pipeline = eyes(False)
        try:
            found = [pipeline.analyse(frame, Want()).state for frame in frames(files, seen_by, 4, seed=3)]
        finally:
            pipeline.close()
        assert set(found) == states


def test_a_station_starts_with_the_reference_that_is_its_cameras(files: Files, tmp_path: Path) -> None:
    """It should look with the reference of the calibration that each camera runs on, and with none of another."""
    top, side = files.station.cameras
    store = tmp_path / "calibration"
    station = replace(files.station, data_dir=tmp_path, calibrations=store)
    bursts = [tag_pictures(top.name, DailyBench(files, seed=5).pictures(top.model, 12, Bump()), station.fixture)] * 2
    parts = (
        camera_reference(bursts[0], top.calibration),
        camera_reference(replace(bursts[1], camera="side"), "camera-side-older"),
    )
    assert tags_at_reference(station.id, store, top) == {}
    made = reference_artefact(station.id, Reference(cameras=parts), made_utc="2026-03-01T08:00:00+00:00", by="Ken",
                              software="1")  # fmt: skip
    Store(store).put_in_force(made, utc=made.made_utc, by="Ken", why="reference")
    kept = tags_at_reference(station.id, store, top)
    assert kept[0] == pytest.approx(bursts[0].mean_px[0], abs=1e-3) and len(kept) == len(station.fixture.tags)
    assert tags_at_reference(station.id, store, side) == {}
    (store / f"daily-{station.id}-reference" / f"{made.id}.json").write_text("{")
    assert tags_at_reference(station.id, store, top) == {}


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
