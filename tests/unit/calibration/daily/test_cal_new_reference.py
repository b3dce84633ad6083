"""A new reference makes nothing good that a check spoke against, and the page reads no more checks than it needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.calibrated_store import NOW, calibrated_store, camera_artefact, force
from support.daily_bench import FIXTURE, SIDE, TOP, bumped, pose_errors, tag_burst
from support.scripted_desk import STATION

from calibration.daily.in_force import CameraInForce, current_reference
from calibration.daily.joint_shift import ArmNoise
from calibration.daily.new_reference import arm_may_have_one, new_camera_reference
from calibration.daily.reference import Reference, arm_reference, camera_reference, reference_artefact, reference_of
from calibration.observations import CalibrationError
from calibration.store import Store
from station.config.artefact import Kind, refutation
from station.web import calibrate_overview_desk
from station.web.calibrate_overview_desk import CalibrationBook, Tags
from vision.api import TagObservation
from vision.geometry import CameraModel

DOUBT = np.diag([4e-4**2] * 3 + [0.25**2] * 3)


def seen(*cameras: CameraModel, seed: int = 5) -> Tags:
    """Forty pictures of each."""
    rng = np.random.default_rng(seed)
    bursts = {camera.name: tag_burst(camera, rng, pictures=40) for camera in cameras}
    return {
        name: [
            [TagObservation(tag_id=one, corners_px=px) for one, px in zip(burst.tag_ids, corners, strict=True)]
            for corners in burst.corners_px
        ]
        for name, burst in bursts.items()
    }


def book(folder: Path) -> CalibrationBook:
    """Of a bench with two cameras that the station file places by hand, called as the store's are."""
    cameras = tuple(
        replace(
            STATION.cameras[0],
            model=replace(camera, position_sigma_mm=0.25, rotation_sigma_deg=0.02),
            calibration="by hand",
        )
        for camera in (TOP, SIDE)
    )
    station = replace(STATION, id="b-1", cameras=cameras, fixture=FIXTURE)
    return CalibrationBook(station=station, folder=folder, software="1", utc=NOW.isoformat)


def test_a_bump_that_was_found_is_not_made_the_reference(tmp_path: Path) -> None:
    """It should refuse a reference of a camera that a check spoke against, in a sentence that says what to do."""
    store = Store(tmp_path)
    kept = force(store, camera_artefact(TOP, 0.2))
    found = CameraInForce(model=TOP, id=kept.id, covariance=DOUBT)
    burst = tag_burst(bumped(TOP, np.random.default_rng(7), shift_mm=0.6), np.random.default_rng(1), pictures=40)
    assert new_camera_reference(tmp_path, burst, found, FIXTURE).calibration == kept.id
    store.refute(Kind.CAMERA, "top", utc=NOW.isoformat(), by="Ken", why="top camera: has moved")
    with pytest.raises(CalibrationError, match=r"top camera: has moved.*Calibrate camera top again; or set it back"):
        new_camera_reference(tmp_path, burst, found, FIXTURE)
    assert refutation(tmp_path, Kind.CAMERA, "top", kept.id)
    anew = replace(found, id="camera-top-another")
    assert new_camera_reference(tmp_path, burst, anew, FIXTURE).calibration == "camera-top-another"


def test_a_camera_that_is_not_where_it_was_calibrated_gives_no_reference(tmp_path: Path) -> None:
    """It should refuse pictures that do not fit the calibration, and take those that do."""
    found = CameraInForce(model=TOP, id="camera-top-1", covariance=DOUBT)
    far = tag_burst(bumped(TOP, np.random.default_rng(7), turn_deg=0.3), np.random.default_rng(1), pictures=40)
    with pytest.raises(CalibrationError, match="mm from where its calibration has them") as told:
        new_camera_reference(tmp_path, far, found, FIXTURE)
    assert told.value.code == "daily.off_model"


def test_an_arm_that_a_check_spoke_against_gives_no_reference(tmp_path: Path) -> None:
    """It should say what was found, and say nothing of another calibration."""
    store = calibrated_store(tmp_path, days=1)
    arm = store.history(Kind.ARM, "cobot")[0].id
    arm_may_have_one(tmp_path, arm)
    store.refute(Kind.ARM, "cobot", utc=NOW.isoformat(), by="Ken", why="cobot: joint 3 is off.")
    with pytest.raises(CalibrationError, match="joint 3 is off"):
        arm_may_have_one(tmp_path, arm)
    arm_may_have_one(tmp_path, "arm-cobot-another")


def test_a_reference_of_the_cameras_alone_keeps_the_arms(tmp_path: Path) -> None:
    """It should leave the check poses as they were: the next check would else skip the arm without a word."""
    desk = book(tmp_path)
    poses = arm_reference(pose_errors(np.random.default_rng(1), ArmNoise()), "arm-1", np.zeros((6, 4)), ArmNoise())
    old = Reference(cameras=(camera_reference(tag_burst(TOP, np.random.default_rng(2), pictures=40), "c"),), arm=poses)
    made = reference_artefact("b-1", old, made_utc="2026-03-01T08:00:00+00:00", by="Ken", software="1")
    force(Store(tmp_path), made)
    kept = desk.take_reference(seen(TOP, SIDE), "Mika")
    now = reference_of(current_reference("b-1", tmp_path))
    assert kept.by == "Mika" and len(now.cameras) == 2 and now.arm == old.arm


def test_the_page_reads_the_newest_checks_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It should read a bounded number of files however many checks were kept, and none of the newest be missing."""
    store = calibrated_store(tmp_path, days=12)
    every = store.history(Kind.DAILY, "b-1")
    assert store.history(Kind.DAILY, "b-1", newest=3) == every[-3:] and len(every) == 12
    monkeypatch.setattr(calibrate_overview_desk, "NEWEST", 4)
    daily = next(each for each in book(tmp_path).standings() if each.subject == "b-1" and each.kind is Kind.DAILY)
    assert daily.history == every[-4:]
