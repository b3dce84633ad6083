"""A whole daily check: reference written and read, verdicts in words, kept for good, and a calibration refuted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from support.calibrated_store import camera_artefact, force, made
from support.daily_bench import FIXTURE, TABLE, TOP, bumped, pose_errors, tag_burst

from calibration.daily.against_model import against_model
from calibration.daily.camera_shift import camera_shift
from calibration.daily.check import Checker, check_artefact, drift_of, keep_check
from calibration.daily.in_force import arm_in_force, camera_in_force
from calibration.daily.joint_shift import ArmNoise, averaged, joint_shift
from calibration.daily.reference import (
    Reference,
    arm_reference,
    camera_reference,
    reference_artefact,
    reference_of,
)
from calibration.daily.rundown import rundown_shift
from calibration.daily.verdicts import DeviceVerdict, Found, arm_verdict, camera_verdict, tool_verdict, untold, up
from calibration.store import Store
from station.commands.defaults import default_config
from station.config.artefact import Artefact, ArtefactError, Kind, Verdict, in_force
from station.config.station_file import load_station

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CALIBRATION = Artefact(
    kind=Kind.CAMERA, subject="top", made_utc="2026-03-01T08:00:00+00:00", by="Ken", method="tags", software="1",
    result={"figures": 1}, verdict=Verdict(good=True, text="0.2 mm at the part."),
)  # fmt: skip


def checker(minute: int = 0) -> Checker:
    stamp = f"2026-03-02T08:{minute:02d}:00+00:00"
    return Checker(station="b-1", by="Ken", made_utc=stamp, software="1", reference="daily-b-1-reference-1")


def top_verdict(rng: np.random.Generator, **bump: float) -> DeviceVerdict:
    then = tag_burst(TOP, np.random.default_rng(99), pictures=40)
    now = tag_burst(bumped(TOP, rng, **bump), rng, pictures=20)
    shift = camera_shift(now, then, TOP, FIXTURE)
    return camera_verdict(shift, against_model(now, TOP, FIXTURE, np.zeros((6, 6))))


def test_a_reference_is_read_as_it_was_written() -> None:
    """It should give the same pictures, poses and rundowns back, and name the calibrations that it was taken under."""
    rng = np.random.default_rng(1)
    burst = tag_burst(TOP, rng, pictures=12)
    noise = ArmNoise(mm=0.2, deg=0.04)
    poses = [averaged([error, error]) for error in pose_errors(rng, noise)]
    reference = Reference(
        cameras=(camera_reference(burst, "camera-top-1"),),
        arm=arm_reference(poses, "arm-cobot-1", TABLE, noise),
    )
    kept = reference_artefact("b-1", reference, made_utc=NOW.isoformat(), by="Ken", software="1")
    back = reference_of(Artefact.model_validate_json(kept.text()))
    assert back == reference and kept.inputs == {
        "camera top": "camera-top-1", "cobot": "arm-cobot-1",
    }  # fmt: skip
    top = back.camera("top")
    assert top is not None and top.burst().corners_px == pytest.approx(burst.corners_px, abs=1e-4)
    assert back.arm is not None and back.arm.noise() == noise
    assert joint_shift([pose.error() for pose in back.arm.poses], poses, TABLE, noise).statistic < 1e-9
    spoiled = kept.model_copy(update={"result": {"cameras": "none"}})
    with pytest.raises(ArtefactError, match="take it anew"):
        reference_of(spoiled)


def test_each_verdict_says_what_would_have_been_noticed() -> None:
    """It should speak plainly: what moved, by how much at the bench, what to do; or how small a move it would find."""
    rng = np.random.default_rng(2)
    same = top_verdict(rng)
    assert same.found is Found.SAME and same.good and same.advice == ""
    assert same.text == "top camera: has not moved (would have noticed 0.005 degrees or 0.08 mm)."
    little = top_verdict(rng, shift_mm=0.12)
    assert little.found is Found.LITTLE and little.good and "moved a little" in little.text
    moved = top_verdict(rng, turn_deg=0.08)
    assert moved.found is Found.MOVED and not moved.good
    assert "mm at the bench" in moved.text and "calibrate camera top again" in moved.advice
    noise = ArmNoise()
    then = [averaged([error] * 5) for error in pose_errors(rng, noise)]
    arm = arm_verdict(joint_shift(pose_errors(rng, noise, (0, 0, 1.0, 0, 0, 0)), then, TABLE, noise))
    assert not arm.good and "joint 3 is off by about 1.0" in arm.text
    assert "the weakest" in arm_verdict(joint_shift(pose_errors(rng, noise), then, TABLE, noise)).text
    history = [20.0, 20.2, 19.9, 20.1, 19.8, 20.0, 20.1, 20.0]
    tool = tool_verdict(rundown_shift(20.05, history), "N.m", allowed=2.0)
    assert tool.good and "would have noticed" in tool.text and "N.m" in tool.text
    assert not tool_verdict(rundown_shift(23.0, history), "N.m", allowed=2.0).good
    nothing = untold("side", Kind.CAMERA, "daily.tags", "Clear the bench.")
    assert not nothing.good and nothing.text == "side: not checked."


@pytest.mark.parametrize(("value", "told"), [(0.0043, "0.005"), (0.08, "0.08"), (0.2, "0.2"), (1.01, "2"), (0.0, "0")])
def test_what_is_promised_is_rounded_up(value: float, told: str) -> None:
    """It should never promise more than was computed."""
    assert up(value) == told


def test_a_failed_check_speaks_against_the_calibration(tmp_path: Path) -> None:
    """It should keep every check, let no station start on what failed, and take that back after a good check."""
    rng = np.random.default_rng(3)
    store = Store(tmp_path)
    store.put_in_force(CALIBRATION, utc=CALIBRATION.made_utc, by="Ken", why="first")
    good, bad = [top_verdict(rng)], [top_verdict(rng, turn_deg=0.1)]
    keep_check(store, check_artefact(good, checker(0)), good)
    assert in_force(tmp_path, Kind.CAMERA, "top", now=NOW) == CALIBRATION
    assert in_force(tmp_path, Kind.DAILY, "b-1", now=NOW).verdict.good
    failed = check_artefact(bad, checker(1))
    keep_check(store, failed, bad)
    with pytest.raises(
        ArtefactError, match=r"no longer holds: top camera: has moved.*Ken.*Calibrate top again"
    ) as told:
        in_force(tmp_path, Kind.CAMERA, "top", now=NOW)
    assert told.value.code == "calibration.refuted"
    blind = [untold("top", Kind.CAMERA, "daily.tags", "Clear the bench.")]
    keep_check(store, check_artefact(blind, checker(2)), blind)
    with pytest.raises(ArtefactError):
        in_force(tmp_path, Kind.CAMERA, "top", now=NOW)
    again = CALIBRATION.model_copy(update={"made_utc": "2026-03-02T09:00:00+00:00"})
    store.put_in_force(again, utc=again.made_utc, by="Ken", why="bumped")
    assert in_force(tmp_path, Kind.CAMERA, "top", now=NOW) == again, "a new calibration is not concerned"
    store.roll_back(Kind.CAMERA, "top", utc="t", by="Ken", why="try", to=CALIBRATION.id)
    with pytest.raises(ArtefactError):
        in_force(tmp_path, Kind.CAMERA, "top", now=NOW)
    keep_check(store, check_artefact(good, checker(3)), good)
    assert in_force(tmp_path, Kind.CAMERA, "top", now=NOW) == CALIBRATION
    assert len(store.history(Kind.DAILY, "b-1")) == 4
    with pytest.raises(ArtefactError, match="has no camera calibration"):
        store.refute(Kind.CAMERA, "side", utc="t", by="Ken", why="moved")


def test_a_check_is_good_for_a_day(tmp_path: Path) -> None:
    """It should expire by time."""
    verdicts = [top_verdict(np.random.default_rng(4))]
    check = check_artefact(verdicts, checker())
    keep_check(Store(tmp_path), check, verdicts)
    with pytest.raises(ArtefactError, match="was good until"):
        in_force(tmp_path, Kind.DAILY, "b-1", now=datetime(2026, 3, 3, 8, 0, 1, tzinfo=UTC))


def test_the_drift_of_a_camera_is_read_from_its_checks() -> None:
    """It should follow the checks against one reference, without those against another and those without figures."""
    rng = np.random.default_rng(5)
    checks = [check_artefact([top_verdict(rng)], checker(minute)) for minute in range(4)]
    checks.append(check_artefact([untold("top", Kind.CAMERA, "daily.tags", "Clear the bench.")], checker(5)))
    line = drift_of(checks, "top", "daily-b-1-reference-1")
    assert len(line) == 4 and not any(point.drifts for point in line)
    assert drift_of(checks, "top", "another") == () and drift_of(checks, "side", "daily-b-1-reference-1") == ()


def test_what_is_in_force_is_the_store_or_the_station_file(tmp_path: Path) -> None:
    """It should take a stored camera and arm, corrections and all, a refuted one too, and else what the file says."""
    station = load_station(default_config())
    top, cobot = station.cameras[0], station.cobot
    assert cobot is not None
    by_hand = camera_in_force(tmp_path, replace(top, model=replace(top.model, position_sigma_mm=2.0)))
    assert by_hand.id == top.calibration and by_hand.covariance[3, 3] == pytest.approx(4.0)
    with pytest.raises(ArtefactError, match="camera top was never calibrated"):
        camera_in_force(tmp_path, replace(top, calibration="store"))
    with pytest.raises(ArtefactError, match="the cobot was never calibrated"):
        arm_in_force(tmp_path, replace(cobot, calibration="store"))
    store = Store(tmp_path)
    camera = force(store, camera_artefact(TOP, 0.2))
    links = [[0.1, 0.0]] + [[0.0, -0.2]] * 5
    result: dict[str, object] = {"base_mm": [1.0, 2.0, 3.0], "base_rotation": np.eye(3).tolist()}
    result |= {"joint_offset_deg": [0.1, 0.0, 0.0, 0.0, 0.0, 0.5], "link_correction_mm": links}
    arm = force(store, made(Kind.ARM, "cobot", 1, result, {}, "0.4 mm at the part."))
    store.refute(Kind.CAMERA, "top", utc=NOW.isoformat(), by="Ken", why="moved")
    found = camera_in_force(tmp_path, replace(top, calibration="store"))
    assert found.id == camera.id and found.covariance[4, 0] == pytest.approx(-0.7 * 4e-4 * 0.25)
    told = arm_in_force(tmp_path, replace(cobot, calibration="store"))
    assert told.id == arm.id and told.offsets_deg[5] == 0.5
    assert told.table[:, 1:3] - TABLE[:, 1:3] == pytest.approx(np.array(links))
    assert told.bench_from_base.translation_mm == pytest.approx([1.0, 2.0, 3.0])
