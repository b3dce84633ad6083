"""Cameras to a robot: right and honest for fixed cameras and for one on the flange, whatever is wrong with the set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from support.cal_scene import ARM_BOARD, TABLE, Bench, Scene, forward, scene, with_views

from calibration.adjustment.chain import A_OFFSETS, D_OFFSETS, JOINT_OFFSETS
from calibration.adjustment.consistency import chi_square_limit, nees
from calibration.adjustment.levenberg import solve
from calibration.arm_chain import arm_poses
from calibration.hand_eye import HandEyeResult, solve_hand_eye
from calibration.hand_eye_adjustment import adjust
from calibration.hand_eye_model import CAMERA, MOUNT
from calibration.hand_eye_start import first_model, look
from calibration.nominal_links import with_nominal_links
from calibration.observations import BoardView
from calibration.rotations import as_array, as_transform, deviation, exp, homogeneous
from vision.geometry import Array

SEEDS = 4
KINDS = {
    "fixed camera": Bench(),
    "camera on the flange": Bench(mode="eye_in_hand"),
    "two fixed cameras": Bench(cameras=2, lens_views=8),
    "many poses": Bench(poses=20, lens_views=8),
    "still robot": Bench(poses=16, move_mm=0.02, turn_deg=0.003),
    "bowed boards": Bench(bow_mm=0.4),
    "joint zeros and links": Bench(
        encoder_deg=0.03,
        offsets_deg=np.array([0.2, -0.3, 0.25, 0.3, -0.35, 0.3]),
        d_off_mm=np.array([0.1, 0, 0, -0.2, 0.2, 0.1]),
        poses=16,
    ),
}


@pytest.fixture(scope="module")
def solved_before() -> dict[tuple[str, int], tuple[Scene, HandEyeResult]]:
    """By kind and seed: a set is solved once for all tests."""
    return {}


Solved = Callable[[str, int], list[tuple[Scene, HandEyeResult]]]


@pytest.fixture
def solved(solved_before: dict[tuple[str, int], tuple[Scene, HandEyeResult]]) -> Solved:
    def of(kind: str, count: int) -> list[tuple[Scene, HandEyeResult]]:
        for seed in range(count):
            if (kind, seed) not in solved_before:
                found = scene(replace(KINDS[kind], seed=seed))
                solved_before[kind, seed] = (found, solve_hand_eye(found.seen))
        return [solved_before[kind, seed] for seed in range(count)]

    return of


def _error(found: Scene, result: HandEyeResult, camera: int = 0) -> Array:
    return deviation(found.mount_from_camera[camera], as_array(result.cameras[camera].mount_from_camera))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("many poses", "still robot")])
def test_the_covariance_is_honest(kind: str, solved: Solved) -> None:
    sets = solved(kind, SEEDS)
    squares = [nees(_error(found, result), result.cameras[0].covariance) for found, result in sets]
    assert chi_square_limit(6 * SEEDS, 0.0005) < sum(squares) < chi_square_limit(6 * SEEDS, 0.9995) * 1.15
    assert all(not [left for left in result.left_out if left.what == "pose"] for _, result in sets)


def test_the_noise_of_robot_and_corners_is_found(solved: Solved) -> None:
    sets = solved("many poses", 4)
    assert np.mean([result.robot_sigma_mm for _, result in sets]) == pytest.approx(0.3, rel=0.2)
    assert np.mean([result.robot_sigma_deg for _, result in sets]) == pytest.approx(0.05, rel=0.25)
    assert np.mean([result.cameras[0].sigma_px for _, result in sets]) == pytest.approx(0.2, rel=0.04)


def test_joint_zeros_are_corrected_end_to_end(solved: Solved) -> None:
    """Where camera and board stand can take up the zeros of the first and the last joint; what is between cannot."""
    bench = KINDS["joint zeros and links"]
    found, result = solved("joint zeros and links", 1)[0]
    assert result.kinematics is not None
    off = result.kinematics.joint_offsets_deg - bench.offsets_deg
    spread = np.rad2deg(np.sqrt(np.diag(result.kinematics.covariance)[:6]))
    assert (np.abs(off) < 4.0 * spread).all()
    assert spread[0] > 0.4 and (spread[1:4] < 0.15).all()
    assert any("joint 1" in note for note in result.notes)
    table = TABLE.copy()
    table[:, 1] += bench.d_off_mm
    true = forward(table, found.true_joints)
    reported = np.deg2rad([pose.joints_deg for pose in found.seen.poses])
    here = arm_poses(
        TABLE,
        reported + np.deg2rad(result.kinematics.joint_offsets_deg),
        result.kinematics.d_offsets_mm,
        result.kinematics.a_offsets_mm,
    ).base_from_flange
    camera_true, camera = found.mount_from_camera[0], as_array(result.cameras[0].mount_from_camera)
    seen_true, seen = np.linalg.inv(camera_true) @ true, np.linalg.inv(camera) @ here
    plain = np.linalg.inv(camera_true) @ forward(TABLE, reported)
    tip = np.array([0.0, 0.0, 100.0, 1.0])
    right = np.linalg.norm((seen_true @ tip - seen @ tip)[:, :3], axis=1)
    wrong = np.linalg.norm((seen_true @ tip - plain @ tip)[:, :3], axis=1)
    assert np.sqrt((right**2).mean()) < 0.4 * np.sqrt((wrong**2).mean())


def test_wrong_poses_and_false_corners_are_out_and_listed() -> None:
    found = scene(Bench(poses=14, seed=2))
    poses = list(found.seen.poses)
    for at in (3, 8):
        turned = homogeneous(exp(np.deg2rad([0.6, -0.6, 0.6])), [3.0, -3.0, 3.0])
        wrong = as_array(poses[at].base_from_flange) @ turned
        poses[at] = replace(poses[at], base_from_flange=as_transform(wrong))

    def spoilt(view: BoardView) -> BoardView:
        pixels = np.array(view.corners_px)
        pixels[view.view % len(pixels)] += [7.0, -6.0]
        return replace(view, corners_px=pixels)

    result = solve_hand_eye(with_views(replace(found.seen, poses=tuple(poses)), spoilt))
    out = [left for left in result.left_out if left.what == "pose"]
    assert [left.view for left in out] == [3, 8]
    assert all("mm" in left.reason and "degrees" in left.reason for left in out)
    assert len([left for left in result.left_out if left.what == "corner"]) == 14
    assert nees(_error(found, result), result.cameras[0].covariance) < chi_square_limit(6, 0.9999)


def test_boards_that_are_bowed_or_flat_are_told_apart(solved: Solved) -> None:
    bowed = solved("bowed boards", 1)[0][1]
    assert bowed.shape.lens_bow_mm == pytest.approx([0.2, 0.2], abs=0.05)
    assert bowed.shape.arm_bow_mm == pytest.approx([0.2, 0.2], abs=0.05)
    flat = solved("fixed camera", 1)[0][1]
    assert not flat.shape.lens_bow_mm.any() and not flat.shape.arm_bow_mm.any()
    assert flat.shape.arm_scale == 0.0


def test_held_out_poses_are_off_by_the_robots_noise(solved: Solved) -> None:
    result = solved("many poses", 1)[0][1]
    assert result.held_out.poses == 20
    assert 0.3 < result.held_out.rms_mm < 1.2
    assert result.held_out.rms_px > 3.0 * result.cameras[0].sigma_px
    still = solved("still robot", 1)[0][1]
    assert still.held_out.rms_mm < 0.4 * result.held_out.rms_mm


def test_the_stated_millimetres_at_a_point_are_the_error_there(solved: Solved) -> None:
    point, squares = np.array([170.0, 0.0, 190.0]), []
    for found, result in solved("fixed camera", SEEDS):
        seen = np.linalg.inv(found.mount_from_camera[0]) @ [*point, 1.0]
        error = (as_array(result.cameras[0].mount_from_camera) @ seen)[:3] - point
        squares.append(nees(error, result.covariance_at(0, point)))
    assert chi_square_limit(3 * SEEDS, 0.0005) < sum(squares) < chi_square_limit(3 * SEEDS, 0.9995) * 1.15


def test_cameras_together_are_known_to_each_other_better_than_to_the_robot(solved: Solved) -> None:
    found, result = solved("two fixed cameras", 1)[0]
    assert result.covariance.shape == (12, 12)
    for c in range(2):
        own = slice(6 * c, 6 * c + 6)
        np.testing.assert_allclose(result.covariance[own, own], result.cameras[c].covariance)
    apart = result.covariance[:6, :6] + result.covariance[6:, 6:]
    together = apart - result.covariance[:6, 6:] - result.covariance[6:, :6]
    assert np.trace(together[3:, 3:]) < 0.7 * np.trace(apart[3:, 3:])
    assert nees(_error(found, result) - _error(found, result, 1), together) < chi_square_limit(6, 0.9999)


def test_the_mount_of_the_board_is_told_too(solved: Solved) -> None:
    for kind in ("fixed camera", "camera on the flange"):
        found, result = solved(kind, 1)[0]
        error = deviation(found.far_from_board, as_array(result.mount))
        assert nees(error, result.mount_covariance) < chi_square_limit(6, 0.9999)


def test_a_measured_print_scale_is_used() -> None:
    found = scene(Bench(poses=14))
    half = replace(ARM_BOARD, square_mm=ARM_BOARD.square_mm * 1.01, print_scale=1.0 / 1.01)
    result = solve_hand_eye(replace(found.seen, arm_board=half))
    plain = solve_hand_eye(found.seen)
    there, here = (as_array(r.cameras[0].mount_from_camera) for r in (result, plain))
    np.testing.assert_allclose(there, here, atol=0.01)


def test_a_controller_that_keeps_its_links_is_told_what_an_adjustment_without_links_finds(solved: Solved) -> None:
    found, result = solved("joint zeros and links", 1)[0]
    nominal = with_nominal_links(result)
    adjusted = adjust(*first_model(found.seen, look(found.seen)))
    model = replace(adjusted.model, free=adjusted.model.free - {D_OFFSETS, A_OFFSETS})
    start = {**adjusted.solution.values, D_OFFSETS: np.zeros((1, 6)), A_OFFSETS: np.zeros((1, 6))}
    asked = solve(model.families, model.terms, start).values
    shift = deviation(asked[CAMERA][0], as_array(result.cameras[0].mount_from_camera))
    left = deviation(asked[CAMERA][0], as_array(nominal.mounts_from_cameras[0]))
    assert np.linalg.norm(left[3:]) < 0.1 * np.linalg.norm(shift[3:])
    told, found_again = nominal.joint_offsets_deg, np.rad2deg(asked[JOINT_OFFSETS][0])
    np.testing.assert_allclose(told[:5], found_again[:5], atol=0.005)
    assert told[5] == pytest.approx(found_again[5], abs=0.1)  # goes with the board's mount
    assert np.linalg.norm(deviation(asked[MOUNT][0], as_array(nominal.mount))[3:]) < 0.1


def test_the_covariance_for_links_as_designed_is_honest_too(solved: Solved) -> None:
    squares = []
    for found, result in solved("joint zeros and links", SEEDS):
        nominal = with_nominal_links(result)
        assert np.linalg.eigvalsh(nominal.covariances[0] - result.cameras[0].covariance).min() > -1e-9
        error = deviation(found.mount_from_camera[0], as_array(nominal.mounts_from_cameras[0]))
        squares.append(nees(error, nominal.covariances[0]))
    assert chi_square_limit(6 * SEEDS, 0.0005) < sum(squares) < chi_square_limit(6 * SEEDS, 0.9995) * 1.15


def test_an_arm_that_is_not_suspect_is_told_what_was_found(solved: Solved) -> None:
    result = solved("fixed camera", 1)[0][1]
    nominal = with_nominal_links(result)
    assert nominal.mounts_from_cameras[0] is result.cameras[0].mount_from_camera
    assert not nominal.joint_offsets_deg.any()


def test_a_print_that_nobody_measured_makes_the_result_less_sure() -> None:
    found = scene(Bench(poses=14))
    measured = solve_hand_eye(found.seen)
    guessed = solve_hand_eye(replace(found.seen, arm_board=replace(ARM_BOARD, print_scale_sigma=0.001)))
    exact = solve_hand_eye(replace(found.seen, arm_board=replace(ARM_BOARD, print_scale_sigma=1e-9)))
    assert measured.shape.arm_scale == 0.0 and guessed.shape.arm_scale != 0.0
    assert guessed.shape.arm_scale_sigma < 0.001  # the robot's motions say something of it
    doubts = [float(np.trace(result.cameras[0].covariance[3:, 3:])) for result in (exact, measured, guessed)]
    assert doubts[0] < doubts[1] < doubts[2]
    there, here = (as_array(result.cameras[0].mount_from_camera) for result in (exact, measured))
    np.testing.assert_allclose(there, here, atol=1e-6)
