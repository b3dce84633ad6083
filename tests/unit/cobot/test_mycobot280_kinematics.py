"""The myCobot 280's kinematics against the reference's postures, and the inverse against the forward."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from drivers.cobot.mycobot280.kinematics import coords, joint_frames, rotation_of, solve_coords
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


angles = st.tuples(*(st.floats(0.9 * low, 0.9 * high) for low, high in LIMITS_DEG))


@given(angles)
def test_rotation_angles_make_the_round_trip(posture: tuple[float, ...]) -> None:
    """It should report angles that give the flange's rotation again, also where rx and rz are not unique."""
    assert rotation_of(*coords(posture)[3:]) == pytest.approx(joint_frames(posture)[-1, :3, :3], abs=1e-6)


@settings(deadline=None)
@given(angles, st.floats(-8, 8))
def test_coordinates_that_were_reported_can_be_gone_to(posture: tuple[float, ...], away_deg: float) -> None:
    """It should find joint angles within the limits for every pose that the arm can have, and hit it."""
    pose = coords(posture)
    found = solve_coords(pose, tuple(angle + away_deg for angle in posture), LIMITS_DEG)
    assert found is not None
    assert coords(found)[:3] == pytest.approx(pose[:3], abs=1e-5)
    assert joint_frames(found)[-1, :3, :3] == pytest.approx(rotation_of(*pose[3:]), abs=1e-6)
    assert all(low <= angle <= high for angle, (low, high) in zip(found, LIMITS_DEG, strict=True))


@settings(deadline=None)
@given(angles)
@example((31.0, -20.0, 0.0, 91.0, 61.0, -144.0))  # its wrist is over the base
def test_what_a_stretched_arm_reports_can_be_gone_to(posture: tuple[float, ...]) -> None:
    """It should come near coordinates as they stand on the line, though rounding may have them out of reach."""
    # Near a singular wrist (joint 5 at 90) a hundredth of a degree becomes much more at joints 4 and 6.
    assume(abs(np.cos(np.radians(posture[4]))) > 0.3)
    stretched = (*posture[:2], 0.0, *posture[3:])
    pose = coords(stretched)
    told = (*(round(v, 1) for v in pose[:3]), *(round(v, 2) for v in pose[3:]))
    found = solve_coords(told, stretched, LIMITS_DEG)
    assert found is not None
    assert np.linalg.norm(np.subtract(coords(found)[:3], told[:3])) < 0.3


def test_coordinates_out_of_reach_have_no_joint_angles() -> None:
    """It should say None for a flange pose further away than the arm is long."""
    assert solve_coords((600.0, 0.0, 200.0, 0.0, 0.0, 0.0), (0,) * 6, LIMITS_DEG) is None
