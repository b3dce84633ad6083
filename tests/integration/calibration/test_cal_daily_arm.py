"""The arm's daily check whole: the real driver on simulated bytes, and the board found in rendered pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from calibration.daily.arm_check import (
    VISITS,
    ArmNow,
    board_on,
    check_arm,
    check_whole,
    choose_check_poses,
    chosen_again,
    measured,
    visit,
)
from calibration.daily.joint_shift import ArmNoise, PoseError
from calibration.daily.reference import ArmReference, arm_reference
from calibration.daily.verdicts import DeviceVerdict, Found
from calibration.daily.whole import DailyBench
from calibration.robot_poses import ChosenPose
from calibration.robot_run import Leave
from calibration.store import Store
from station.commands.daily_arm import simulated_arm
from station.commands.daily_sources import Mishaps
from station.commands.defaults import default_config
from station.runtime.setting import Files, read_files
from station.simulation.calibration_bench import CalibrationBench

LEAVE = Leave(technician="Ken")


@pytest.fixture(scope="module")
def files() -> Files:
    return read_files(default_config())


@pytest.fixture(scope="module")
def arm(files: Files, tmp_path_factory: pytest.TempPathFactory) -> ArmNow:
    store = Store(tmp_path_factory.mktemp("store"))
    return DailyBench(station=files.station, procedure=files.procedure, store=store, software="test").arm_now()


@pytest.fixture(scope="module")
def poses(arm: ArmNow) -> tuple[ChosenPose, ...]:
    return choose_check_poses(arm)


@pytest.fixture
def stand(files: Files, arm: ArmNow, poses: tuple[ChosenPose, ...]) -> Iterator[CalibrationBench]:
    """At the first check pose, with the board on."""
    with simulated_arm(files, arm, 1, Mishaps()) as (bench, hands):
        assert isinstance(bench, CalibrationBench)
        board_on(arm, poses, bench, hands)
        yield bench


class Recorded:
    """A technician who does what is asked, and what that was, in order."""

    def __init__(self, bench: CalibrationBench) -> None:
        self.bench = bench
        self.asked: list[str] = []

    def on_flange(self) -> str:
        self.asked.append("what is on")
        return self.bench.on_flange

    def stand_clear(self, where: str) -> None:
        self.asked.append(f"clear: {where}")

    def put_on(self, what: str) -> None:
        self.asked.append(f"put on {what}")
        self.bench.on_flange = what


def reference(arm: ArmNow, poses: tuple[ChosenPose, ...], stand: CalibrationBench, visits: int) -> ArmReference:
    errors, noise = measured([visit(arm, poses, stand, LEAVE) for _ in range(visits)])
    return arm_reference(errors, arm.calibration, arm.table, noise, {pose.pose: pose.seen_by for pose in poses})


def slipped(stand: CalibrationBench, joint: int, degrees: float) -> None:
    offsets = np.zeros(6)
    offsets[joint - 1] = degrees
    stand.truth = replace(stand.truth, joint_offset_deg=offsets)


def test_a_joint_that_slipped_is_found_by_the_cameras(
    arm: ArmNow, poses: tuple[ChosenPose, ...], stand: CalibrationBench
) -> None:
    """It should find nothing on a bench at rest, and 0.5 degrees of a joint whose own report knows nothing of it."""
    kept = reference(arm, poses, stand, 2)
    assert len(kept.poses) == 3 and 0.02 < kept.noise_mm < 0.6
    began_s = stand.now_s()
    calm = check_arm(arm, kept, stand, LEAVE)
    assert calm.found is Found.SAME and "would have noticed" in calm.text
    assert stand.now_s() - began_s < 60.0, "the arm is needed for under a minute"
    slipped(stand, 2, 0.5)
    moved = check_arm(arm, kept, stand, LEAVE)
    assert moved.found is Found.MOVED and "calibrate the robot again" in moved.advice
    zeroed = replace(arm, offsets_deg=np.full(6, 0.5))
    told = chosen_again(zeroed, kept)[0].joints_deg
    assert np.array(told) + 0.5 == pytest.approx(np.array(kept.poses[0].joints_deg), abs=0.01)
    hands = Recorded(stand)
    other = check_whole(replace(arm, calibration="arm-cobot-2"), kept, stand, hands, LEAVE)
    assert other.found is Found.UNTOLD and "calibrated since" in other.advice and not hands.asked
    check_whole(arm, kept, stand, hands, LEAVE)
    assert hands.asked == ["what is on", "clear: its check poses, one after another", "put on pointer"]
    assert stand.on_flange == "pointer", "no visit begins with the board on the flange"


def test_a_board_that_nobody_put_on_is_told(
    arm: ArmNow, poses: tuple[ChosenPose, ...], stand: CalibrationBench
) -> None:
    """It should say that the board is not seen, and judge nothing."""
    stand.on_flange = "pointer"
    nothing = [
        PoseError(pose=pose.pose, joints_deg=pose.joints_deg, twist=np.zeros(6), picture_covariance=np.eye(6))
        for pose in poses
    ]
    seen_by = {pose.pose: pose.seen_by for pose in poses}
    kept = arm_reference(nothing, arm.calibration, arm.table, ArmNoise(), seen_by)
    told = check_arm(arm, kept, stand, LEAVE)
    assert told.found is Found.UNTOLD and "board" in told.advice
    hands = Recorded(stand)
    check_whole(arm, kept, stand, hands, LEAVE)
    began = [asked.split(":")[0] for asked in hands.asked]
    assert began == ["what is on", "clear", "put on board", "clear", "put on pointer"]


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_campaign_joint_zeros_on_pixels(arm: ArmNow, poses: tuple[ChosenPose, ...], stand: CalibrationBench) -> None:
    """The bar on rendered pictures: 0.3 degrees of each joint in 95 % of the checks, and next to no false alarm."""
    kept = reference(arm, poses, stand, VISITS)
    found = {}
    for joint in range(1, 7):
        slipped(stand, joint, 0.3)
        found[joint] = [check_arm(arm, kept, stand, LEAVE) for _ in range(10)]
    slipped(stand, 1, 0.0)
    calm = [check_arm(arm, kept, stand, LEAVE) for _ in range(40)]
    shares = {joint: sum(_is(verdict) for verdict in told) for joint, told in found.items()}
    print("0.3 degrees, found of 10:", shares, "false of 40:", sum(map(_is, calm)), calm[0].text)
    assert sum(shares.values()) >= 57 and sum(map(_is, calm)) <= 2


def _is(verdict: DeviceVerdict) -> bool:
    assert verdict.found is not Found.UNTOLD, verdict.advice
    return verdict.found is Found.MOVED
