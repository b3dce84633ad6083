"""Where frames and flange are, against published figures, and the Jacobian against differences."""

import numpy as np
import pytest
from hypothesis import given
from support.arms import ARMS, UR5E, arms_and_postures

from drivers.cobot.arm import forward
from drivers.cobot.universal_robots.models import MODELS


@pytest.mark.parametrize(
    ("angles", "flange_mm"),
    [
        # Sums of the manufacturer's table at zero: a2 + a3, -(d4 + d6), d1 - d5.
        ((0, 0, 0, 0, 0, 0), (-817.2, -232.9, 62.8)),
        ((0, -90, 90, -90, -90, 0), (-491.8, -133.3, 487.9)),
        ((90, -90, 90, -90, -90, 0), (133.3, -491.8, 487.9)),
    ],
)
def test_the_ur5e_flange_is_where_the_table_puts_it(angles: tuple[float, ...], flange_mm: tuple[float, ...]) -> None:
    """It should agree with what the manufacturer's table gives by hand."""
    assert forward.flange(UR5E, angles)[:3, 3] == pytest.approx(flange_mm, abs=0.11)


def test_the_ur5e_flange_at_zero_is_turned_as_the_controller_says() -> None:
    """It should have the flange's z against the base's y, as UR5e models elsewhere have."""
    assert forward.flange(UR5E, (0,) * 6)[:3, :3] == pytest.approx(np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]))


@pytest.mark.parametrize(("name", "x_mm"), [("UR3e", 456.75), ("UR5e", 817.2), ("UR10e", 1184.25)])
def test_each_size_has_its_own_table(name: str, x_mm: float) -> None:
    """It should stretch as far as the two long links of its size."""
    assert forward.flange(MODELS[name], (0,) * 6)[0, 3] == pytest.approx(-x_mm)


@given(arms_and_postures)
def test_frames_are_turns_and_the_last_is_the_flange(case) -> None:
    """It should give seven rigid frames from the base to the flange, each the convention's step from the one before."""
    model, angles = case
    frames = forward.joint_frames(model, angles)
    assert frames.shape == (7, 4, 4)
    assert np.array_equal(frames[0], np.eye(4))
    assert np.array_equal(frames[-1], forward.flange(model, angles))
    for row, angle, before, here in zip(model.rows, angles, frames[:-1], frames[1:], strict=True):
        q = np.radians(angle) + row.offset_rad
        spin, tilt = np.eye(4), np.eye(4)
        spin[:2, :2] = [[np.cos(q), -np.sin(q)], [np.sin(q), np.cos(q)]]
        spin[2, 3] = row.d_mm
        tilt[1:3, 1:3] = [
            [np.cos(row.alpha_rad), -np.sin(row.alpha_rad)],
            [np.sin(row.alpha_rad), np.cos(row.alpha_rad)],
        ]
        tilt[0, 3] = row.a_mm
        assert here == pytest.approx(before @ spin @ tilt, abs=1e-9)


@given(arms_and_postures)
def test_the_jacobian_says_how_the_tip_moves(case) -> None:
    """It should agree with small differences of the tip's position and turn, joint by joint."""
    model, angles = case
    tip = (12.0, -7.0, 85.0)
    jacobian = forward.jacobian(model, angles, tip)
    step_rad = 1e-5
    for joint in range(6):
        plus, minus = (
            forward.flange(model, [q + sign * np.degrees(step_rad) * (i == joint) for i, q in enumerate(angles)])
            for sign in (1, -1)
        )
        moved = (plus - minus) / (2 * step_rad)
        assert moved[:3, 3] + moved[:3, :3] @ np.array(tip) == pytest.approx(jacobian[:3, joint], abs=1e-4)
        spin = moved[:3, :3] @ forward.flange(model, angles)[:3, :3].T
        assert (spin[2, 1], spin[0, 2], spin[1, 0]) == pytest.approx(jacobian[3:, joint], abs=1e-6)


def test_the_models_are_told_apart_by_the_type_plate() -> None:
    """It should have one model for each name, and every arm's capsules should cover all its frames."""
    assert set(MODELS) == {"UR3e", "UR5e", "UR10e"}
    for model in ARMS:
        assert {capsule.frame for capsule in model.capsules} == set(range(7))
