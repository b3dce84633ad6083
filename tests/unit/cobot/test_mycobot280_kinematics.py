"""The myCobot 280's kinematics against the reference's postures, and the inverse against the forward."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cobot.mycobot280.kinematics import coords, joint_frames, link_points_mm, rotation_of, solve, solve_coords
from drivers.cobot.mycobot280.simulator import LIMITS_DEG

POSTURES = [
    ((0, 0, 0, 0, 0, 0), (45.600, -63.400, 412.670, -90, 0, -90)),
    ((1.40, 0.61, -0.26, -1.93, 1.75, -1.75), (47.370, -60.868, 411.377, -91.580, -1.701, -86.802)),
    ((90, 0, 0, 0, 0, 0), (63.400, 45.600, 412.670, -90, 0, 0)),
    ((0, -30, 60, -30, 0, 0), (52.800, -63.400, 385.018, -90, 0, -90)),
    ((10, -20, 30.5, 0, 5, -45), (60.794, -49.623, 411.426, -75.136, -44.951, -85.535)),
    ((0, 90, 0, 0, 0, 0), (-281.450, -63.400, 176.820, 0, 0, -90)),
]


@pytest.mark.parametrize(("angles", "pose"), POSTURES)
def test_forward_kinematics_by_the_table(angles: tuple[float, ...], pose: tuple[float, ...]) -> None:
    """It should put the flange where the vendor's table puts it."""
    assert coords(angles) == pytest.approx(pose, abs=1e-3)


def test_the_vendors_own_example_is_near() -> None:
    """It should agree with the coordinates that the document prints for a real arm, within its tolerance."""
    here = coords((1.40, 0.61, -0.26, -1.93, 1.75, -1.75))
    assert np.linalg.norm(np.subtract(here[:3], (44.4, -60.8, 411.7))) < 3.1
    assert here[3:] == pytest.approx((-91.14, -1.72, -86.71), abs=0.5)


def test_link_points_run_from_base_to_flange() -> None:
    """It should give seven points that begin at the base and end at the flange."""
    points = link_points_mm((10, -20, 30.5, 0, 5, -45))
    assert points.shape == (7, 3)
    assert points[0] == pytest.approx((0, 0, 0))
    assert points[-1] == pytest.approx(coords((10, -20, 30.5, 0, 5, -45))[:3])


angles = st.tuples(*(st.floats(0.9 * low, 0.9 * high) for low, high in LIMITS_DEG))


@given(angles)
def test_rotation_angles_make_the_round_trip(posture: tuple[float, ...]) -> None:
    """It should report angles that give the flange's rotation again, also where rx and rz are not unique."""
    assert rotation_of(*coords(posture)[3:]) == pytest.approx(joint_frames(posture)[-1, :3, :3], abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(angles, st.floats(-8, 8))
def test_the_inverse_finds_poses_near_the_start(posture: tuple[float, ...], away_deg: float) -> None:
    """It should never return angles that miss the pose or break the limits, and find most poses near the start."""
    pose = coords(posture)
    found = solve_coords(pose, tuple(angle + away_deg for angle in posture), LIMITS_DEG)
    if found is not None:
        assert np.linalg.norm(np.subtract(coords(found)[:3], pose[:3])) < 0.02
        assert all(low - 1e-6 <= angle <= high + 1e-6 for angle, (low, high) in zip(found, LIMITS_DEG, strict=True))


def test_the_tip_points_where_it_should() -> None:
    """It should bring a tip to a point in front of the arm with a given direction."""
    tip = (0.0, 0.0, 40.0)
    found = solve((180.0, -60.0, 150.0), (0.0, 0.0, -1.0), (0, -40, 80, -40, 0, 0), LIMITS_DEG, tip_mm=tip)
    assert found is not None
    flange = joint_frames(found)[-1]
    assert flange[:3, :3] @ np.array(tip) + flange[:3, 3] == pytest.approx((180.0, -60.0, 150.0), abs=0.02)
    assert flange[:3, 2] == pytest.approx((0, 0, -1), abs=1e-3)


def test_any_direction_will_do_when_none_is_asked_for() -> None:
    """It should reach a point without an axis, and say None for one out of reach."""
    assert solve((200.0, 0.0, 200.0), None, (0,) * 6, LIMITS_DEG) is not None
    assert solve((600.0, 0.0, 0.0), None, (0,) * 6, LIMITS_DEG) is None
