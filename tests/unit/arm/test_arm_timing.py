"""Motions along rows of postures: nothing faster, harder or rougher than the joints can do."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.arms import MYCOBOT, UR5E

from drivers.cobot.arm import timing

posture = st.tuples(*(st.one_of(st.integers(-100, 100).map(float), st.floats(-100, 100)) for _ in range(6)))
anywhere = st.lists(posture, min_size=2, max_size=6)
"""Rows that mostly turn sharply."""


@st.composite
def bends(draw) -> list[tuple[float, ...]]:
    """Rows that go on in about the same direction: long and short lines with gentle corners between them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ahead, bend = rng.normal(size=6), draw(st.floats(0.01, 0.3))
    steps = [
        rng.uniform(0.5, 40) * way / np.linalg.norm(way)
        for way in (ahead / np.linalg.norm(ahead) + bend * rng.normal(size=6) / 2 for _ in range(rng.integers(2, 6)))
    ]
    return [tuple(point) for point in np.cumsum([np.zeros(6), *steps], axis=0).tolist()]


rows = st.one_of(anywhere, bends())
models = st.sampled_from([MYCOBOT, UR5E])
SAMPLES = 1501


def sampled(motion: timing.Trajectory):
    """Times, angles and speeds, evenly over the whole motion."""
    times = np.linspace(0, motion.duration_s, SAMPLES)
    both = np.array([motion.at(t) for t in times])
    return times, both[:, 0], both[:, 1]


@settings(deadline=None, max_examples=25)
@given(models, rows, st.floats(1, 100))
def test_no_limit_is_exceeded(model, row, speed_percent: float) -> None:
    """It should keep speed, acceleration and jerk of every joint within the model's figures, to a millionth.

    Mean values over a sampling step cannot exceed the largest value, so differences of the exact speeds are enough.
    """
    motion = timing.trajectory(model, row, speed_percent)
    times, _, speeds = sampled(motion)
    if motion.duration_s == 0:
        return
    step = times[1]
    accelerations = np.diff(speeds, axis=0) / step
    jerks = np.diff(accelerations, axis=0) / step
    rounding = 1e-11 / step**2
    assert (np.abs(speeds) <= np.array(model.speed_deg_s) * speed_percent / 100 * (1 + 1e-6)).all()
    assert (np.abs(accelerations) <= np.array(model.acceleration_deg_s2) * (1 + 1e-6) + rounding).all()
    assert (np.abs(jerks) <= np.array(model.jerk_deg_s3) * (1 + 1e-6) + rounding).all()


@settings(deadline=None, max_examples=25)
@given(models, rows, st.floats(1, 100))
def test_the_speeds_are_those_of_the_angles(model, row, speed_percent: float) -> None:
    """It should move by what its speeds say, without a jump anywhere."""
    motion = timing.trajectory(model, row, speed_percent)
    times, angles, speeds = sampled(motion)
    moved = np.diff(angles, axis=0)
    told = (speeds[1:] + speeds[:-1]) / 2 * (times[1] - times[0])
    # The trapezoid rule's error: a twelfth of the jerk times the step's cube.
    assert moved == pytest.approx(told, abs=max(model.jerk_deg_s3) * times[1] ** 3 / 12 + 1e-9)


@settings(deadline=None, max_examples=25)
@given(models, rows, st.floats(1, 100))
def test_it_starts_and_ends_at_rest(model, row, speed_percent: float) -> None:
    """It should stand at the first posture before it begins, and at the last when it is over."""
    motion = timing.trajectory(model, row, speed_percent)
    for t_s, where in ((-1.0, row[0]), (0.0, row[0]), (motion.duration_s, row[-1]), (motion.duration_s + 9, row[-1])):
        angles, speeds = motion.at(t_s)
        assert angles == pytest.approx(where, abs=2e-6)
        assert speeds == pytest.approx((0.0,) * 6, abs=1e-9)
    assert motion.at(motion.duration_s * (1 - 1e-9))[0] == pytest.approx(row[-1], abs=1e-3)


@settings(deadline=None, max_examples=25)
@given(models, rows)
def test_it_passes_near_every_posture_and_keeps_to_the_lines(model, row) -> None:
    """It should come within the corner's distance of each posture in order, and never be further from the lines."""
    motion = timing.trajectory(model, row, 50)
    _, angles, _ = sampled(motion)
    reached = 0
    for corner in row:
        away = np.linalg.norm(angles[reached:] - corner, axis=1)
        near = np.flatnonzero(away <= timing.CORNER_DEG + 0.3)
        assert len(near)
        reached += int(near[0])
    nearest = np.full(len(angles), np.inf)
    for before, after in pairwise(row):
        along = np.subtract(after, before)
        square = float(along @ along)
        share = np.clip((angles - before) @ along / square, 0, 1) if square > 0 else np.zeros(len(angles))
        nearest = np.minimum(nearest, np.linalg.norm(angles - before - share[:, None] * along, axis=1))
    assert nearest.max() <= timing.CORNER_DEG + 1e-6


@settings(deadline=None, max_examples=60)
@given(models, rows, st.floats(1, 100), st.floats(1, 100))
def test_faster_never_takes_longer(model, row, one: float, other: float) -> None:
    """It should have a duration that only falls with the speed."""
    slow, fast = sorted((one, other))
    slower, faster = (timing.trajectory(model, row, percent).duration_s for percent in (slow, fast))
    assert faster <= slower * (1 + 1e-9)


def test_a_long_way_is_gone_at_full_speed() -> None:
    """It should take what the data sheet's figures allow for 90 degrees of one joint, and not a moment more."""
    motion = timing.trajectory(MYCOBOT, [(0,) * 6, (90, 0, 0, 0, 0, 0)], 40)
    # 60 deg/s, reached in 0.3 s at 200 deg/s2 and another 0.1 s for the jerk: 90 / 60 + 0.4.
    assert motion.duration_s == pytest.approx(1.9)
    assert motion.at(motion.duration_s / 2) == (
        pytest.approx((45, 0, 0, 0, 0, 0)),
        pytest.approx((60, 0, 0, 0, 0, 0)),
    )


def test_a_short_way_is_gone_as_hard_as_the_jerk_allows() -> None:
    """It should never get to full acceleration on one degree: four ramps of jerk and nothing else."""
    motion = timing.trajectory(MYCOBOT, [(0,) * 6, (1, 0, 0, 0, 0, 0)], 100)
    assert motion.duration_s == pytest.approx(4 * (1 / (2 * 2000)) ** (1 / 3))


def test_a_gentle_corner_is_rounded_and_a_sharp_one_is_rested_in() -> None:
    """It should go through a bend of 30 degrees at speed, and stand in one of 60."""

    def at_the_corner(turn_deg: float) -> tuple[float, float]:
        """How slow it gets, and how near it comes."""
        turn = np.radians(turn_deg)
        corner = np.array([50.0, 0, 0, 0, 0, 0])
        row = [(0,) * 6, corner, corner + 50 * np.array([np.cos(turn), np.sin(turn), 0, 0, 0, 0])]
        _, angles, speeds = sampled(timing.trajectory(MYCOBOT, row, 30))
        away = np.linalg.norm(angles - corner, axis=1)
        return float(np.linalg.norm(speeds[away < 10], axis=1).min()), float(away.min())

    speed, away = at_the_corner(30)
    assert speed > 30
    assert 1.5 < away <= timing.CORNER_DEG + 1e-9
    speed, away = at_the_corner(60)
    assert speed < 1
    assert away < 0.05


def test_postures_on_the_way_cost_nothing() -> None:
    """It should go a line that was cut into steps as quickly as the whole line, and a repeated posture as once."""
    start, goal = (0,) * 6, (60, -20, 10, 0, 5, 90)
    whole = timing.trajectory(UR5E, [start, goal], 60).duration_s
    fine = [tuple(q * i / 30 for q in goal) for i in range(31)]
    assert timing.trajectory(UR5E, fine, 60).duration_s == pytest.approx(whole)
    assert timing.trajectory(UR5E, [start, start, goal, goal], 60).duration_s == pytest.approx(whole)


def test_a_row_of_one_posture_is_a_motion_without_duration() -> None:
    """It should stand there, at any time."""
    motion = timing.trajectory(UR5E, [(1, 2, 3, 4, 5, 6)], 50)
    assert motion.duration_s == 0
    assert motion.at(-1.0) == motion.at(0.0) == motion.at(5.0) == ((1, 2, 3, 4, 5, 6), (0,) * 6)


@pytest.mark.parametrize("speed_percent", [0, -5, 101, float("nan")])
def test_a_speed_out_of_range_is_refused(speed_percent: float) -> None:
    """It should not make up a speed."""
    with pytest.raises(ValueError, match="percent"):
        timing.trajectory(UR5E, [(0,) * 6, (9,) * 6], speed_percent)


def test_an_empty_row_is_refused() -> None:
    """It should need to know where the arm is."""
    with pytest.raises(ValueError, match="posture"):
        timing.trajectory(UR5E, [], 50)
