"""A check that could have missed what matters says nothing for its device, and a picture that repeats tells nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.calibrated_store import camera_artefact, force, torque_artefact
from support.daily_bench import FIXTURE, SIDE, TABLE, TOP, bumped, pose_errors, tag_burst

from calibration.daily.against_model import against_model
from calibration.daily.camera_check import check_camera
from calibration.daily.camera_shift import ALLOWED_MM, camera_shift
from calibration.daily.check import Checker, check_artefact, keep_check
from calibration.daily.joint_shift import ArmNoise, averaged, joint_shift
from calibration.daily.reference import camera_reference
from calibration.daily.tag_burst import TagBurst, burst_of
from calibration.daily.tool_check import check_tool
from calibration.daily.verdicts import ALLOWED_DEG, DeviceVerdict, Found, arm_verdict, camera_verdict
from calibration.observations import CalibrationError
from calibration.store import Store
from station.config.artefact import Kind, refutation
from vision.api import TagObservation
from vision.geometry import CameraModel

KNOWN = frozenset(mount.tag_id for mount in FIXTURE.tags)
DOUBT = np.diag([4e-4**2] * 3 + [0.25**2] * 3)


def verdict(camera: CameraModel, noise_px: float, seed: int, *, shift_mm: float = 0.0) -> DeviceVerdict:
    then = tag_burst(camera, np.random.default_rng(99), pictures=40)
    moved = bumped(camera, np.random.default_rng(seed), shift_mm=shift_mm)
    now = tag_burst(moved, np.random.default_rng(seed + 1000), pictures=20, noise_px=noise_px)
    return camera_verdict(camera_shift(now, then, camera, FIXTURE), against_model(now, camera, FIXTURE, DOUBT))


@pytest.mark.parametrize("camera", [TOP, SIDE])
def test_a_bump_that_matters_is_never_called_good_in_noise(camera: CameraModel) -> None:
    """It should find a bump of 1 mm or say that it cannot tell, however unsteady the pictures; and be good in calm."""
    for noise_px in (0.3, 1.0, 4.0, 6.0):
        found = [verdict(camera, noise_px, seed, shift_mm=1.0) for seed in range(4)]
        assert not any(each.good for each in found if float(str(each.figures["off_mm"])) > ALLOWED_MM)
    blind = verdict(camera, 4.0, 1)
    assert blind.found is Found.UNTOLD and "0.25 mm are allowed" in blind.advice and "check again" in blind.advice
    assert verdict(camera, 0.03, 1).found is Found.SAME


def test_what_is_noticed_at_the_bench_is_noticed() -> None:
    """It should notice a move that puts the bench off by so much, whatever mixture of turn and shift it is."""
    then = tag_burst(TOP, np.random.default_rng(99), pictures=40, noise_px=0.2)
    calm = camera_shift(tag_burst(TOP, np.random.default_rng(2), pictures=20, noise_px=0.2), then, TOP, FIXTURE)
    hits, count = 0, 30
    for seed in range(count):
        rng = np.random.default_rng(seed)
        unit = bumped(TOP, rng, turn_deg=0.01, shift_mm=0.1)
        now = tag_burst(unit, rng, pictures=200, noise_px=1e-3)
        size = calm.notices_off_mm / camera_shift(now, then, TOP, FIXTURE).off_mm
        moved = bumped(TOP, np.random.default_rng(seed), turn_deg=0.01 * size, shift_mm=0.1 * size)
        hits += camera_shift(tag_burst(moved, rng, pictures=20, noise_px=0.2), then, TOP, FIXTURE).moved
    assert hits >= 0.9 * count


def test_a_check_that_cannot_tell_takes_nothing_back(tmp_path: Path) -> None:
    """It should leave a camera refuted that was found bumped, when the next pictures are too unsteady to say."""
    store = Store(tmp_path)
    kept = force(store, camera_artefact(TOP, 0.2))
    checker = Checker(station="b-1", by="Ken", made_utc="2026-03-02T08:00:00+00:00", software="1", reference="r")
    for found in (verdict(TOP, 0.03, 7, shift_mm=1.0), *(verdict(TOP, 4.0, seed, shift_mm=0.3) for seed in range(5))):
        keep_check(store, check_artefact([found], checker), [found])
    assert refutation(tmp_path, Kind.CAMERA, "top", kept.id)


def test_an_arm_that_comes_back_coarsely_is_not_called_good() -> None:
    """It should say that it cannot tell of an arm with noise of millimetres, and be content with a usual one."""
    rng = np.random.default_rng(3)
    for noise, found in ((ArmNoise(), Found.SAME), (ArmNoise(mm=2.0, deg=0.4), Found.UNTOLD)):
        then = [averaged([error] * 5) for error in pose_errors(rng, noise)]
        told = arm_verdict(joint_shift(then, then, TABLE, noise))
        assert told.found is found
    assert f"{ALLOWED_DEG:g} degrees are allowed" in told.advice


def test_a_tool_that_scatters_over_its_tolerance_is_not_called_good(tmp_path: Path) -> None:
    """It should judge by one rundown where that notices a tool that leaves its tolerance, and nowhere else."""
    store = Store(tmp_path)
    kept = torque_artefact()
    force(store, kept)
    assert check_tool(tmp_path, 20.1, None).found is Found.SAME
    series = kept.figures["series"]
    assert isinstance(series, dict) and isinstance(series["hard"], dict)
    for change in ({"min_nm": 19.5}, {"min_nm": None}):
        narrow = kept.model_copy(update={"figures": {"series": {"hard": {**series["hard"], **change}}}})
        force(store, narrow)
        told = check_tool(tmp_path, 20.1, None)
        assert told.found is Found.UNTOLD and "station calibrate torque" in told.advice


def seen(burst: TagBurst, pictures: list[int]) -> list[list[TagObservation]]:
    """These of its pictures as a detector gives them."""
    return [
        [
            TagObservation(tag_id=tag_id, corners_px=corners)
            for tag_id, corners in zip(burst.tag_ids, burst.corners_px[number], strict=True)
        ]
        for number in pictures
    ]


def test_a_frozen_picture_is_refused_in_a_sentence() -> None:
    """It should tell a camera that sends one picture for ever, count repeated ones once, and never divide by zero."""
    burst = tag_burst(TOP, np.random.default_rng(1), pictures=12)
    with pytest.raises(CalibrationError, match="same picture again and again") as told:
        burst_of("top", seen(burst, [0] * 40), KNOWN)
    assert told.value.code == "daily.frozen"
    assert burst_of("top", seen(burst, [number // 2 for number in range(24)]), KNOWN).pictures == 12
    still = TagBurst(camera="top", tag_ids=burst.tag_ids, corners_px=np.repeat(burst.corners_px[:1], 20, axis=0))
    reference = camera_reference(tag_burst(TOP, np.random.default_rng(2), pictures=40), "c-1")
    for today, against in ((still, reference), (burst, camera_reference(still, "c-1"))):
        found = check_camera(lambda today=today: today, against, TOP, "c-1", FIXTURE, DOUBT)  # type: ignore[misc]
        assert found.found is Found.UNTOLD and "same picture" in found.advice


def test_a_reckoning_without_an_answer_is_told_too() -> None:
    """It should say that the pictures tell nothing where the figures have no solution."""
    rng = np.random.default_rng(4)
    reference = camera_reference(tag_burst(TOP, rng, pictures=40), "c-1")
    flat = replace(TOP, matrix=np.diag([0.0, 0.0, 1.0]))
    found = check_camera(lambda: tag_burst(TOP, rng, pictures=20), reference, flat, "c-1", FIXTURE, DOUBT)
    assert found.found is Found.UNTOLD and "check again" in found.advice
