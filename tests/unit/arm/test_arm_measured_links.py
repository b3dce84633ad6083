"""Links that were measured are a little off the structure with a closed form; every posture is found all the same."""

import random
from dataclasses import replace

import numpy as np
import pytest

from drivers.cobot.arm import inverse
from drivers.cobot.arm.forward import flange
from drivers.cobot.mycobot280.kinematics import MODEL

LINKS_MM = ((0.0, -0.04), (-0.01, -0.38), (-0.01, 0.4), (-0.01, 0.1), (0.04, 0.02), (-0.02, -0.01))
MEASURED = replace(
    MODEL,
    rows=tuple(
        replace(row, d_mm=row.d_mm + d, a_mm=row.a_mm + a) for row, (d, a) in zip(MODEL.rows, LINKS_MM, strict=True)
    ),
)


@pytest.mark.parametrize("seed", range(120))
def test_the_posture_that_made_a_pose_is_among_those_that_are_found(seed):
    rng = random.Random(seed)
    made = tuple(rng.uniform(0.9 * low, 0.9 * high) for low, high in MODEL.limits_deg)
    pose = flange(MEASURED, made)
    found = inverse.solutions(MEASURED, pose)
    nearest = min(max(abs(a - b) for a, b in zip(posture, made, strict=True)) for posture in found)
    # A bent-through wrist or a stretched arm turns a lot for a millionth of a millimetre.
    assert nearest < 0.01
    assert all(np.abs(flange(MEASURED, posture) - pose).max() < 1e-5 for posture in found)


def test_where_joint_6_is_free_the_pose_is_met_too():
    pose = flange(MODEL, (10.0, -40.0, 60.0, -20.0 - 90.0, 0.0, 15.0))
    found = inverse.nearest(MEASURED, pose, (10.0, -40.0, 60.0, -110.0, 0.0, 15.0))
    assert found is not None
    assert np.abs(flange(MEASURED, found) - pose).max() < 1e-5


def test_a_place_out_of_reach_is_met_by_none():
    pose = np.eye(4)
    pose[:3, 3] = (600.0, 0.0, 100.0)
    assert inverse.solutions(MEASURED, pose) == ()
