"""The simulated joint: what torque and angle may and may not do."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.torque_tool.open_protocol.joint_physics import (
    JointKind,
    ParameterSet,
    draw_rundown,
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
def test_torque_and_angle_only_rise_and_end_where_the_result_says(
    settings: ParameterSet, seed: int, kind: JointKind
) -> None:
    """It should never run backwards, stay below its final values, and last 0.3 to 2 seconds."""
    rundown = draw_rundown(settings, sound_joint(settings, kind), random.Random(seed))
    assert 0.3 <= rundown.end_s <= 2.0
    times_s = [rundown.end_s * step / 200 for step in range(200)] + [rundown.end_s]
    angles_deg = [rundown.angle_deg(t) for t in times_s]
    assert angles_deg == sorted(angles_deg)
    assert angles_deg[-1] == rundown.final_angle_deg
    torques_nm = [rundown.torque_nm(t) for t in times_s if t >= rundown.snug_s or kind is JointKind.MISSING]
    assert torques_nm == sorted(torques_nm)
    assert torques_nm[-1] == rundown.final_torque_nm
    assert rundown.torque_nm(0.0) == 0.0 or kind is JointKind.ALREADY_TIGHT


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
