"""Every derivative that the adjustment uses, against differences; lens and arm against other people's arithmetic."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cal_scene import LENS, TABLE, Bench, forward, scene

from calibration.adjustment.chain import A_OFFSETS, D_OFFSETS, JOINT_OFFSETS
from calibration.adjustment.terms import Term
from calibration.adjustment.unknowns import Family, Layout, Values
from calibration.arm_chain import arm_poses
from calibration.hand_eye_model import ARM_BOW, ERROR, KINEMATICS, LENS_BOW, SCALE, Model
from calibration.hand_eye_start import first_model, look
from calibration.lens_model import camera_matrix, project, project_with_derivatives, rays
from calibration.rotations import deviation, exp, homogeneous, left_jacobian, log, moved
from vision.geometry import Array

vectors = st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3).map(np.array)


@given(vectors)
def test_a_rotation_vector_comes_back_from_its_rotation(vector: Array) -> None:
    length = np.linalg.norm(vector)
    if length > np.pi:
        vector = vector / length * 3.1
    rotation = exp(vector)
    np.testing.assert_allclose(rotation, cv2.Rodrigues(vector)[0], atol=1e-12)
    np.testing.assert_allclose(log(rotation), vector, atol=1e-7)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-6, 1e-3, 1.0, np.pi - 1e-6, np.pi - 1e-10])
def test_rotations_are_exact_from_no_turn_to_half_a_turn(angle: float) -> None:
    vector = angle * np.array([0.48, -0.6, 0.64])
    np.testing.assert_allclose(log(exp(vector)), vector, atol=1e-9)


@given(vectors)
def test_the_left_jacobian_is_the_derivative_of_the_rotation(vector: Array) -> None:
    for axis in np.eye(3):
        step = 1e-6
        turned = log(exp(vector + step * axis) @ exp(vector).T) / step
        np.testing.assert_allclose(left_jacobian(vector) @ axis, turned, atol=1e-4)


def test_a_deviation_undoes_a_move() -> None:
    rng = np.random.default_rng(2)
    poses = homogeneous(exp(rng.normal(size=(20, 3))), 100 * rng.normal(size=(20, 3)))
    steps = rng.normal(size=(20, 6))
    np.testing.assert_allclose(deviation(moved(poses, steps), poses), steps, atol=1e-9)


def test_the_lens_is_opencvs() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform([-150, -100, 300], [150, 100, 600], (300, 3))
    seen, by_point, by_lens = project_with_derivatives(points, LENS)
    theirs, jacobian = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera_matrix(LENS), LENS[4:])
    np.testing.assert_allclose(seen, theirs.reshape(-1, 2), atol=1e-9)
    np.testing.assert_allclose(project(points, LENS), seen, atol=1e-12)
    # OpenCV's columns: turn, move, fx fy, cx cy, k1 k2 p1 p2 k3
    np.testing.assert_allclose(by_point.reshape(-1, 3), jacobian[:, 3:6], atol=1e-9)
    np.testing.assert_allclose(by_lens.reshape(-1, 9), jacobian[:, 6:15], atol=1e-7)


def test_rays_are_projections_backwards_and_say_where_the_lens_folds() -> None:
    rng = np.random.default_rng(4)
    points = rng.uniform([-0.5, -0.3, 1.0], [0.5, 0.3, 1.0], (200, 3))
    found, good = rays(project(points * 400.0, LENS), LENS)
    assert good.all()
    np.testing.assert_allclose(found, points, atol=1e-9)
    folding = np.array([500.0, 500, 640, 360, -0.9, 0.0, 0, 0, 0])
    _, good = rays(np.array([[640.0, 360.0], [1279.0, 719.0]]), folding)
    assert list(good) == [True, False]


def test_the_arm_is_its_elementary_motions() -> None:
    joints = np.random.default_rng(5).uniform(-2, 2, (30, 6))
    np.testing.assert_allclose(arm_poses(TABLE, joints).base_from_flange, forward(TABLE, joints), atol=1e-9)


def test_the_body_jacobian_is_how_the_flange_moves_in_its_own_frame() -> None:
    joints = np.random.default_rng(6).uniform(-2, 2, (5, 6))
    arm, step = arm_poses(TABLE, joints), 1e-6
    for joint in range(6):
        there = arm_poses(TABLE, joints + step * np.eye(6)[joint]).base_from_flange
        own = np.linalg.inv(arm.base_from_flange) @ there
        moved_by = np.concatenate([log(own[:, :3, :3]), own[:, :3, 3]], axis=1) / step
        np.testing.assert_allclose(arm.body_jacobian()[:, :, joint], moved_by, atol=1e-3)


def _by_differences(term: Term, values: Values, layout: Layout, name: str, block: int, column: int) -> Array:
    step = 1e-6 if layout.families[name].size != 9 or column > 3 else 1e-4
    if column >= 3 and layout.families[name].pose:
        step = 1e-4
    sides = []
    for way in (step, -step):
        main = np.zeros(layout.main_size)
        local = {f.name: np.zeros((f.count, f.size)) for f in layout.families.values() if f.local}
        if layout.families[name].local:
            local[name][block, column] = way
        else:
            main[layout.main(name, block).start + column] = way
        sides.append(term.residuals(layout.stepped(values, main, local)))
    return (sides[0] - sides[1]) / (2 * step)


def _disturbed(model: Model, start: Values) -> dict[str, Array]:
    """Values at which nothing is zero by luck."""
    rng = np.random.default_rng(8)
    values = {**start, LENS_BOW: np.array([[0.2, -0.1]]), ARM_BOW: np.array([[0.3, 0.1]]), SCALE: np.array([[0.003]])}
    values[JOINT_OFFSETS] = 0.01 * rng.normal(size=(1, 6))
    values[D_OFFSETS], values[A_OFFSETS] = rng.normal(size=(1, 6)), rng.normal(size=(1, 6))
    small = np.concatenate([0.02 * rng.normal(size=(len(model.poses), 3)), rng.normal(size=(len(model.poses), 3))], 1)
    values[ERROR] = moved(np.tile(np.eye(4), (len(model.poses), 1, 1)), small)
    return values


@pytest.mark.parametrize("mode", ["eye_to_hand", "eye_in_hand"])
@pytest.mark.parametrize("suspect", [True, False], ids=["arm sought", "arm as reported"])
def test_every_column_of_every_term_is_a_derivative(mode: str, suspect: bool) -> None:
    bench = Bench(mode=mode, lens_views=4, poses=5, encoder_deg=0.03 if suspect else 0.0)
    observed = scene(bench).seen
    model, start = first_model(observed, look(observed))
    model = replace(model, free=frozenset({LENS_BOW, ARM_BOW, SCALE, *(KINEMATICS if suspect else ())}))
    values, layout = _disturbed(model, start), Layout.of(model.families)
    checked = set()
    for term in model.terms:
        linear = term.linear(values, layout)
        np.testing.assert_allclose(linear.residuals, term.residuals(values), atol=1e-9)
        for part in linear.parts:
            family: Family = layout.families[part.family]
            checked.add(family.name)
            for column in range(family.size):
                block = int(part.blocks[-1])
                segments = np.repeat(np.arange(len(term.starts) - 1), np.diff(term.starts))
                rows = np.isin(segments, np.flatnonzero(part.blocks == block))
                wanted = _by_differences(term, values, layout, family.name, block, column)
                ours = np.where(rows[:, None], part.jacobian[:, :, column], 0.0)
                np.testing.assert_allclose(ours, wanted, rtol=2e-4, atol=2e-4 * max(1.0, np.abs(wanted).max()))
    assert checked == set(layout.families)
