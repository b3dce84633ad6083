"""The arm's daily check: a joint whose zero shifted is found at three poses, and named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from support.daily_bench import CHECK_POSES, TABLE, pose_errors

from calibration.daily.joint_shift import ArmNoise, PoseError, averaged, best_poses, joint_shift

NOISE = ArmNoise()
VISITS = 5
"""Of each check pose for the reference: the arm's own noise has to be small in it."""


def reference(rng: np.random.Generator, offsets_deg: Sequence[float] = (0.0,) * 6) -> list[PoseError]:
    visits = [pose_errors(rng, NOISE, offsets_deg) for _ in range(VISITS)]
    return [averaged([visit[pose] for visit in visits]) for pose in range(len(CHECK_POSES))]


def off(joint: int, degrees: float) -> list[float]:
    return [degrees if number == joint else 0.0 for number in range(1, 7)]


def found(rng: np.random.Generator, joint: int, degrees: float, trials: int) -> float:
    return (
        sum(
            joint_shift(pose_errors(rng, NOISE, off(joint, degrees)), reference(rng), TABLE, NOISE).moved
            for _ in range(trials)
        )
        / trials
    )


@pytest.mark.parametrize("joint", range(1, 7))
def test_a_shifted_zero_is_found(joint: int) -> None:
    """It should find 0.3 degrees of each joint, and promise no more than that beforehand."""
    rng = np.random.default_rng(joint)
    assert found(rng, joint, 0.3, 20) >= 0.95
    promised = joint_shift(pose_errors(rng, NOISE), reference(rng), TABLE, NOISE).notices_deg[joint - 1]
    assert 0.1 < promised <= 0.3


def test_nothing_is_found_where_nothing_moved() -> None:
    """It should stay below its false-alarm rate; what the calibration has wrong itself falls out of the difference."""
    rng = np.random.default_rng(7)
    wrong = [0.4, -0.3, 0.2, 0.5, -0.6, 0.1]
    alarms = sum(
        joint_shift(pose_errors(rng, NOISE, wrong), reference(rng, wrong), TABLE, NOISE).moved for _ in range(100)
    )
    assert alarms <= 5
    assert joint_shift(pose_errors(rng, NOISE, wrong), (), TABLE, NOISE).moved, "against the calibration it is no zero"


@pytest.mark.parametrize("joint", range(1, 7))
def test_the_joint_is_named(joint: int) -> None:
    """It should name the joint that explains it and by how much, and never another one alone."""
    rng = np.random.default_rng(20 + joint)
    told = [joint_shift(pose_errors(rng, NOISE, off(joint, 1.0)), reference(rng), TABLE, NOISE) for _ in range(6)]
    named = [shift.likely_joint for shift in told if shift.likely_joint is not None]
    assert len(named) >= 4 and set(named) == {joint}
    degrees = [shift.likely_deg for shift in told if shift.likely_joint == joint]
    assert np.mean(degrees) == pytest.approx(1.0, abs=0.15)


def test_a_knocked_mount_is_no_joint() -> None:
    """It should not blame a joint for what no single joint does."""
    rng = np.random.default_rng(30)
    moved = [
        PoseError(
            pose=error.pose,
            joints_deg=error.joints_deg,
            twist=error.twist + np.array([0.0, 0.0, 0.0, 4.0, 3.0, -2.0]),
            picture_covariance=error.picture_covariance,
        )
        for error in pose_errors(rng, NOISE)
    ]
    shift = joint_shift(moved, reference(rng), TABLE, NOISE)
    assert shift.moved and shift.likely_joint is None and shift.largest_mm > 3.0


def test_the_stated_power_is_what_trials_show() -> None:
    """It should find the shift that it calls noticeable about 95 times in 100."""
    rng = np.random.default_rng(31)
    then = reference(rng)
    promised = joint_shift(pose_errors(rng, NOISE), then, TABLE, NOISE).notices_deg
    weakest = int(np.argmax(promised)) + 1
    assert 0.87 <= found(rng, weakest, promised[weakest - 1], 80) <= 0.995


def test_poses_are_chosen_for_the_hardest_joint() -> None:
    """It should take the three of the candidates at which the weakest joint is noticed best."""
    candidates = [*CHECK_POSES, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), (10.0, 0.0, 0.0, 0.0, 0.0, 0.0)]
    noise = [NOISE.covariance() * scale for scale in (1.0, 1.0, 1.0, 9.0, 9.0)]
    assert best_poses(candidates, TABLE, noise)[0] == (0, 1, 2)


def test_a_pose_that_the_reference_lacks_is_left_out() -> None:
    """It should compare the others, and refuse when nothing is left."""
    rng = np.random.default_rng(33)
    then = reference(rng)
    assert joint_shift(pose_errors(rng, NOISE), then[:2], TABLE, NOISE).poses == 2
    with pytest.raises(ValueError, match="no check pose"):
        joint_shift(pose_errors(rng, NOISE)[2:], then[:2], TABLE, NOISE)


@pytest.mark.campaign
def test_campaign_joint_zeros_and_false_alarms() -> None:
    """The bar: 0.3 degrees of each joint in at least 95 % of 200 trials, under 1 % of 1,000 false alarms."""
    rng = np.random.default_rng(34)
    shares = [found(rng, joint, 0.3, 200) for joint in range(1, 7)]
    false = found(rng, 1, 0.0, 1000)
    print("0.3 deg:", " ".join(f"J{joint} {share:.1%}" for joint, share in enumerate(shares, 1)), f"false {false:.2%}")
    assert min(shares) >= 0.95 and false < 0.01
