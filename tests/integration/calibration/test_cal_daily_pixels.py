"""The daily check on rendered pictures of the simulated bench, with the product's own tag detector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration.daily.camera_check import PICTURES, REFERENCE_PICTURES, check_camera, covariance_by_hand, tag_pictures
from calibration.daily.reference import CameraReference, camera_reference
from calibration.daily.tag_burst import TagBurst
from calibration.daily.verdicts import DeviceVerdict, Found
from calibration.store import Store
from station.cli import app
from station.commands.defaults import default_config
from station.config.artefact import Kind
from station.runtime.setting import Files, read_files
from station.simulation.daily_bench import Bump, DailyBench
from vision.geometry import CameraModel


@pytest.fixture(scope="module")
def files() -> Files:
    return read_files(default_config())


def references(files: Files, seed: int) -> dict[str, CameraReference]:
    bench = DailyBench(files, seed=seed)
    return {
        camera.name: camera_reference(
            tag_pictures(camera.name, bench.pictures(camera.model, REFERENCE_PICTURES, Bump()), files.station.fixture),
            camera.calibration,
        )
        for camera in files.station.cameras
    }


def verdicts(
    files: Files, against: dict[str, CameraReference], seed: int, bump: Bump
) -> Iterator[tuple[str, DeviceVerdict]]:
    bench = DailyBench(files, seed=seed)
    for camera in files.station.cameras:
        yield (
            camera.name,
            check_camera(
                partial(_burst, bench, camera.model, bump, files),
                against[camera.name],
                camera.model,
                camera.calibration,
                files.station.fixture,
                covariance_by_hand(camera.model),
            ),
        )


def _burst(bench: DailyBench, camera: CameraModel, bump: Bump, files: Files) -> TagBurst:
    return tag_pictures(camera.name, bench.pictures(camera, PICTURES, bump), files.station.fixture)


def test_a_technician_checks_a_bench_whose_cameras_were_bumped(tmp_path: Path) -> None:
    """It should say of a still bench how small a bump it would have noticed, and of a bumped one what to do."""
    run = CliRunner()
    command = ["calibrate", "daily", "--sim", "--only", "cameras", "--store", str(tmp_path), "--by", "Ken", "--json"]
    calm = run.invoke(app, command)
    assert calm.exit_code == 0, calm.output
    told = json.loads(calm.output)
    assert told["good"] and "top camera: has not moved (would have noticed 0.0" in told["text"]
    assert told["devices"]["side"]["power_002_deg"] >= 0.95 and told["devices"]["top"]["power_01_mm"] >= 0.95
    bumped = run.invoke(app, [*command, "--bump-deg", "0.05", "--seed", "3"])
    assert bumped.exit_code == 1
    assert "calibrate camera side again" in json.loads(bumped.output)["advice"]
    checks = Store(tmp_path).history(Kind.DAILY, "sim-1")
    assert [check.verdict.good for check in checks].count(True) == 1 and len(checks) == 2
    assert {check.by for check in checks} == {"Ken"}


def test_a_check_without_a_reference_is_refused(tmp_path: Path) -> None:
    """It should say what to do, and take a mishap on the simulated bench only."""
    run = CliRunner()
    refused = run.invoke(app, ["calibrate", "daily", "--store", str(tmp_path)])
    assert "station calibrate daily --reference" in str(refused.exception)
    assert run.invoke(app, ["calibrate", "daily", "--store", str(tmp_path), "--bump-deg", "1"]).exit_code == 2


def test_rendered_pictures_stay_out_of_a_real_benchs_store(tmp_path: Path) -> None:
    """It should refuse before anything is written where the station file names real cameras."""
    run, file = CliRunner(), Path(__file__).parents[3] / "config" / "station.toml"
    command = ["calibrate", "daily", "--sim", "--only", "cameras", "--config", str(file)]
    refused = run.invoke(app, command)
    assert refused.exit_code == 2 and "--store" in refused.output


def test_a_camera_that_was_calibrated_since_is_not_compared(files: Files) -> None:
    """It should ask for another reference, before it takes a picture."""
    camera = files.station.cameras[0]
    old = CameraReference(camera="top", calibration="before", tag_ids=(0, 1, 2), corners_px=((0.0,) * 24,) * 2)
    for reference, words in ((old, "was calibrated since"), (None, "has no reference")):
        told = check_camera(
            lambda: pytest.fail("it took pictures"),
            reference,
            camera.model,
            camera.calibration,
            files.station.fixture,
            np.zeros((6, 6)),
        )
        assert told.found is Found.UNTOLD and words in told.advice


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_campaign_bumps_and_false_alarms_on_pixels(files: Files) -> None:
    """The bar on rendered pictures under changing light: bumps found in 95 %, and next to no false alarm."""
    trials, calm = 40, 120
    against = {seed: references(files, seed) for seed in range(1, 5)}
    for name, bump, count in (
        ("0.02 deg", Bump(turn_deg=0.02), trials),
        ("0.1 mm", Bump(shift_mm=0.1), trials),
        ("nothing", Bump(), calm),
    ):
        hits = {camera.name: 0 for camera in files.station.cameras}
        worst = dict.fromkeys(hits, 0.0)
        for trial in range(count):
            for camera, verdict in verdicts(files, against[1 + trial % 4], 100 + trial, bump):
                ratio = float(str(verdict.figures["statistic"])) / float(str(verdict.figures["limit"]))
                assert (ratio > 1.0) == (verdict.found is not Found.SAME)
                hits[camera] += ratio > 1.0
                worst[camera] = max(worst[camera], ratio)
        print(name, {camera: f"{hit}/{count}" for camera, hit in hits.items()}, "largest share of the limit", worst)
        for hit in hits.values():
            assert hit <= 1 if name == "nothing" else hit / count >= 0.95
