"""The simulated joint: what torque and angle may and may not do."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.torque_tool.open_protocol.joint_physics import (
    HARD_DEG,
    SOFT_DEG,
    JointKind,
    ParameterSet,
    draw_loosening,
    draw_rundown,
    joint_of_rate,
    margin_sigmas,
    sound_joint,
)
from drivers.torque_tool.open_protocol.simulated_tool import HIGH, LOW, OK, SimulatedTool, judge


def pset(target_nm: float, tolerance: float, middle_deg: int, half_width: float) -> ParameterSet:
    return ParameterSet(
        pset=1,
        torque_min_nm=target_nm * (1 - tolerance),
        torque_max_nm=target_nm * (1 + tolerance),
        torque_target_nm=target_nm,
        angle_min_deg=int(middle_deg * (1 - half_width)),
        angle_max_deg=int(middle_deg * (1 + half_width)) + 1,
        angle_target_deg=middle_deg,
        snug_nm=target_nm * 0.25,
    )


SANE = st.builds(
    pset,
    target_nm=st.floats(2.0, 200.0),
    tolerance=st.floats(0.06, 0.2),
    middle_deg=st.integers(30, 400),
    half_width=st.floats(0.35, 0.7),
)
MIRROR = pset(9.0, 0.1, 50, 0.6)


@given(settings=SANE, seed=st.integers(0, 2**32))
def test_a_good_joint_is_always_good(settings: ParameterSet, seed: int) -> None:
    """It should lie in both windows for every draw when the margins are 4 sigmas or more: chance is cut at 3.5."""
    joint = sound_joint(settings)
    assert margin_sigmas(settings, joint) >= 4
    rundown = draw_rundown(settings, joint, random.Random(seed))
    assert judge(settings, torque_nm=rundown.final_torque_nm, angle_deg=rundown.final_angle_deg).ok


def test_twenty_thousand_good_joints() -> None:
    """It should judge not one of them not OK."""
    rng = random.Random(7)
    joint = sound_joint(MIRROR)
    rundowns = [draw_rundown(MIRROR, joint, rng) for _ in range(20_000)]
    verdicts = [judge(MIRROR, torque_nm=r.final_torque_nm, angle_deg=r.final_angle_deg).ok for r in rundowns]
    assert all(verdicts)
    assert len({rundown.final_torque_nm for rundown in rundowns}) > 19_000


@pytest.mark.parametrize(
    ("kind", "torque", "angle"),
    [
        (JointKind.MISSING, LOW, HIGH),
        (JointKind.CROSSED, OK, HIGH),
        (JointKind.STRIPPED, LOW, HIGH),
        (JointKind.ALREADY_TIGHT, OK, LOW),
        (JointKind.LOW_TORQUE, LOW, None),
    ],
)
@given(settings=SANE, seed=st.integers(0, 2**32))
def test_a_bad_joint_is_never_good(
    kind: JointKind, torque: int, angle: int | None, settings: ParameterSet, seed: int
) -> None:
    """It should show as what it is, for every draw."""
    rundown = draw_rundown(settings, sound_joint(settings, kind), random.Random(seed))
    verdict = judge(settings, torque_nm=rundown.final_torque_nm, angle_deg=rundown.final_angle_deg)
    assert not verdict.ok
    assert verdict.torque_status == torque
    if angle is not None:
        assert verdict.angle_status == angle


@given(settings=SANE, seed=st.integers(0, 2**32), kind=st.sampled_from(JointKind))
def test_a_rundown_only_goes_on_and_ends_where_the_result_says(
    settings: ParameterSet, seed: int, kind: JointKind
) -> None:
    """It should never run backwards, feel no torque above the one that is reported, and reach that at its end."""
    rundown = draw_rundown(settings, sound_joint(settings, kind), random.Random(seed))
    assert rundown.end_s >= 0.3
    times_s = [rundown.end_s * step / 200 for step in range(200)] + [rundown.end_s]
    angles_deg = [rundown.angle_deg(t) for t in times_s]
    assert angles_deg == sorted(angles_deg)
    assert angles_deg[-1] == rundown.final_angle_deg
    felt_nm = [rundown.clean_torque_nm(t) for t in times_s]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(felt_nm))
    said_nm = [rundown.torque_nm(t) for t in times_s]
    assert said_nm[0] == 0.0
    assert max(said_nm) == said_nm[-1] == rundown.final_torque_nm
    assert all(abs(said - felt) < 0.03 * settings.torque_target_nm for said, felt in zip(said_nm, felt_nm, strict=True))


@given(seed=st.integers(0, 2**32), kind=st.sampled_from(JointKind))
def test_no_rundown_of_an_ordinary_joint_takes_long(seed: int, kind: JointKind) -> None:
    """It should be over within 2.5 s, whatever is the matter."""
    assert draw_rundown(MIRROR, sound_joint(MIRROR, kind), random.Random(seed)).end_s <= 2.5


@pytest.mark.parametrize("rate_deg", [HARD_DEG, 120.0, SOFT_DEG])
def test_a_joint_is_as_hard_as_its_rate_says(rate_deg: float) -> None:
    """It should take this angle from 10 % of the target to the target, but for the spread of its stiffness."""
    settings = replace(MIRROR, snug_nm=0.9, angle_max_deg=2000)
    for seed in range(15):
        rundown = draw_rundown(settings, joint_of_rate(settings, rate_deg), random.Random(seed))
        times_s = [rundown.end_s * step / 5_000 for step in range(5_001)]
        angle_at = [
            next(rundown.turned_deg(t) for t in times_s if rundown.clean_torque_nm(t) >= share * 9.0 * 0.95)
            for share in (0.1, 1.0)
        ]
        assert angle_at[1] - angle_at[0] == pytest.approx(rate_deg, rel=0.25)


def test_the_harder_the_joint_the_further_the_tool_shoots_over() -> None:
    """It should pass the target on average by more on a hard joint than on a soft one, and by little on that."""

    def mean_nm(rate_deg: float) -> float:
        joint = joint_of_rate(MIRROR, rate_deg)
        return sum(draw_rundown(MIRROR, joint, random.Random(seed)).final_torque_nm for seed in range(2_000)) / 2_000

    hard_nm, soft_nm = mean_nm(HARD_DEG), mean_nm(SOFT_DEG)
    assert 9.1 < hard_nm < 9.3
    assert 8.99 < soft_nm < 9.03


@given(seed=st.integers(0, 2**32))
def test_a_lock_nut_is_stiff_all_the_way(seed: int) -> None:
    """It should turn against 15 to 25 % of the target, and be good where the controller's snug torque is above that."""
    rundown = draw_rundown(MIRROR, sound_joint(MIRROR, JointKind.PREVAILING), random.Random(seed))
    assert 0.15 <= rundown.clean_torque_nm(0.4 * rundown.snug_s) / 9.0 <= 0.25
    assert judge(MIRROR, torque_nm=rundown.final_torque_nm, angle_deg=rundown.final_angle_deg).ok


def test_a_lock_nut_with_settings_for_another_nut_is_not_good() -> None:
    """It should count the whole rundown, as a controller does whose snug torque lies below the prevailing torque."""
    settings = replace(MIRROR, snug_nm=0.9)
    rundown = draw_rundown(settings, sound_joint(settings, JointKind.PREVAILING), random.Random(1))
    verdict = judge(settings, torque_nm=rundown.final_torque_nm, angle_deg=rundown.final_angle_deg)
    assert (verdict.torque_status, verdict.angle_status) == (OK, HIGH)


@given(seed=st.integers(0, 2**32))
def test_a_tight_joint_breaks_away_and_runs_off(seed: int) -> None:
    """It should report what broke away, fall to the free nut's torque and to nothing, and count backwards."""
    rundown = draw_loosening(MIRROR, sound_joint(MIRROR, JointKind.ALREADY_TIGHT), random.Random(seed))
    assert 0.75 * 9.0 <= rundown.final_torque_nm <= 0.95 * 9.0
    times_s = [rundown.end_s * step / 400 for step in range(401)]
    torques_nm = [rundown.torque_nm(t) for t in times_s]
    assert max(torques_nm[:60]) > 0.9 * rundown.final_torque_nm
    assert max(torques_nm[200:]) < 0.6
    assert rundown.clean_torque_nm(rundown.end_s) == 0.0
    angles_deg = [rundown.angle_deg(t) for t in times_s]
    assert angles_deg == sorted(angles_deg, reverse=True)
    assert angles_deg[-1] == rundown.final_angle_deg < -MIRROR.angle_max_deg


@given(seed=st.integers(0, 2**32), kind=st.sampled_from([k for k in JointKind if k is not JointKind.ALREADY_TIGHT]))
def test_what_is_not_tight_has_nothing_to_break_away_from(seed: int, kind: JointKind) -> None:
    """It should turn back at the torque of the free nut."""
    rundown = draw_loosening(MIRROR, sound_joint(MIRROR, kind), random.Random(seed))
    assert rundown.final_torque_nm <= 0.25 * 9.0


def test_loosening_is_never_taken_for_a_good_tightening() -> None:
    """It should be reported as what it is, with an angle below zero, and not OK; letting go is its proper end."""
    tool = SimulatedTool({1: MIRROR}, random.Random(1), enabled=True)
    tight = sound_joint(MIRROR, JointKind.ALREADY_TIGHT)
    assert tool.pull_trigger(tight, 0.0, loosening=True)
    whole = tool.advance(5.0)
    assert tool.pull_trigger(tight, 10.0, loosening=True)
    let_go = tool.interrupt(10.5, "trigger lost")
    for measured in (whole, let_go):
        assert measured is not None
        assert (measured.result_type, measured.ok, measured.error_bits) == ("loosening", False, ())
        assert measured.angle_deg < 0
        assert measured.torque_nm > 6.0


def test_a_curve_looks_like_the_result_it_belongs_to() -> None:
    """It should peak at the reported torque, end at the reported angle, relax after it, and have noise everywhere."""
    tool = SimulatedTool({1: MIRROR}, random.Random(4), enabled=True)
    assert tool.last_curve(0.002) is None
    tool.pull_trigger(sound_joint(MIRROR), 0.0)
    assert tool.last_curve(0.002) is None
    measured = tool.advance(3.0)
    curve = tool.last_curve(0.002)
    assert measured is not None
    assert curve is not None
    assert len(curve.torque_nm) == len(curve.angle_deg) > 300
    assert int(max(curve.torque_nm) * 100) / 100 == measured.torque_nm
    assert int(curve.angle_deg[-1]) == measured.angle_deg
    assert curve.angle_deg[0] < -1000
    assert curve.torque_nm[-1] < 0.97 * max(curve.torque_nm)
    rundown_nm = curve.torque_nm[50:300]
    assert len(set(rundown_nm)) == len(rundown_nm)
    assert curve == tool.last_curve(0.002)
    with pytest.raises(ValueError, match="above zero"):
        tool.last_curve(0.0)


def test_an_interrupted_curve_ends_where_it_was_interrupted() -> None:
    """It should have no sample of what did not happen, and nothing after the power was lost."""
    tool = SimulatedTool({1: MIRROR}, random.Random(4), enabled=True)
    tool.pull_trigger(sound_joint(MIRROR), 1.0)
    tool.interrupt(1.5, "disable drive")
    curve = tool.last_curve(0.01)
    assert curve is not None
    assert len(curve.torque_nm) == 51
    tool.switch_off()
    assert tool.last_curve(0.01) is None


def test_noise_is_small_steady_and_the_same_again() -> None:
    """It should have the standard deviation that it claims, and give the same torque for the same moment."""
    rundown = draw_rundown(MIRROR, sound_joint(MIRROR), random.Random(9))
    times_s = [0.1 + 0.0001 * step for step in range(5_000)]
    noise_nm = [rundown.torque_nm(t) - rundown.clean_torque_nm(t) for t in times_s]
    spread_nm = math.sqrt(sum(value * value for value in noise_nm) / len(noise_nm))
    assert 0.5 * rundown.noise_nm < spread_nm < 1.5 * rundown.noise_nm
    again = [rundown.torque_nm(t) - rundown.clean_torque_nm(t) for t in reversed(times_s)]
    assert again == noise_nm[::-1]


def test_chance_is_only_that_of_the_generator() -> None:
    """It should give the same rundown again for the same seed."""
    joint = sound_joint(MIRROR)
    assert draw_rundown(MIRROR, joint, random.Random(3)) == draw_rundown(MIRROR, joint, random.Random(3))


def test_the_tool_turns_only_when_it_may() -> None:
    """It should refuse a trigger while disabled or turning, and lose its rundown with its power."""
    tool = SimulatedTool({1: MIRROR}, random.Random(1), enabled=False)
    joint = sound_joint(MIRROR)
    assert not tool.pull_trigger(joint, 0.0)
    tool.enabled = True
    assert tool.pull_trigger(joint, 0.0)
    assert not tool.pull_trigger(joint, 0.1)
    assert tool.advance(0.2) is None
    tool.switch_off()
    assert not tool.running
    assert tool.advance(5.0) is None
    assert tool.interrupt(5.0, "trigger lost") is None
    assert (tool.torque_nm(5.0), tool.angle_deg(5.0), tool.ends_s) == (0.0, 0.0, None)


def test_letting_go_after_the_shut_off_changes_nothing() -> None:
    """It should report the finished rundown as it was."""
    tool = SimulatedTool({1: MIRROR}, random.Random(1), enabled=True)
    tool.pull_trigger(sound_joint(MIRROR), 0.0)
    finished = tool.interrupt(3.0, "trigger lost")
    assert finished is not None
    assert finished.ok


def test_a_tool_without_parameter_sets_is_refused() -> None:
    """It should say what it needs."""
    with pytest.raises(ValueError, match="parameter set"):
        SimulatedTool({}, random.Random(1), enabled=True)
