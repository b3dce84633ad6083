"""Data that give no calibration: each kind is recognised, and told in a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from support.cal_scene import (
    ARM_BOARD,
    LENS,
    LENS_BOARD,
    SIZE,
    TABLE,
    Bench,
    forward,
    lens_set,
    pixels_of,
    scene,
    with_views,
)

from calibration.hand_eye import solve_hand_eye
from calibration.intrinsics import solve_lens
from calibration.observations import BoardView, CalibrationError, HandEyeSet, LensSet, RobotPose
from calibration.rotations import as_array, as_transform, exp, homogeneous, log
from vision.geometry import Transform


@pytest.fixture(scope="module")
def good() -> HandEyeSet:
    return scene(Bench(lens_views=7, poses=10)).seen


def _poses(seen: HandEyeSet, change: Callable[[RobotPose], RobotPose]) -> HandEyeSet:
    return replace(seen, poses=tuple(change(pose) for pose in seen.poses))


def _in_metres(pose: RobotPose) -> RobotPose:
    where = pose.base_from_flange
    return replace(pose, base_from_flange=Transform(where.rotation, where.translation_mm / 1000.0))


def _turned_by_radians_read_as_degrees(pose: RobotPose) -> RobotPose:
    where = pose.base_from_flange
    turn = exp(np.deg2rad(log(where.rotation)))
    return replace(pose, base_from_flange=Transform(turn, where.translation_mm))


def _refused(observed: HandEyeSet) -> CalibrationError:
    with pytest.raises(CalibrationError) as caught:
        solve_hand_eye(observed)
    return caught.value


def _refused_lens(observed: LensSet) -> CalibrationError:
    with pytest.raises(CalibrationError) as caught:
        solve_lens(observed)
    return caught.value


def test_the_set_that_is_spoilt_below_is_good(good: HandEyeSet) -> None:
    assert solve_hand_eye(good).left_out == ()


def test_pictures_that_are_one_pose_late(good: HandEyeSet) -> None:
    late = with_views(good, lambda view: replace(view, view=(view.view + 1) % 10))
    error = _refused(late)
    assert error.code == "calibration.mispaired"
    assert "1 earlier" in str(error) and "ids" in str(error)


def test_pictures_in_any_order(good: HandEyeSet) -> None:
    order = [3, 7, 0, 9, 5, 1, 8, 2, 6, 4]
    error = _refused(with_views(good, lambda view: replace(view, view=order[view.view])))
    assert error.code == "calibration.mispaired"
    assert "pair them again" in str(error)


def test_two_pictures_that_changed_places_are_left_out_alone(good: HandEyeSet) -> None:
    swapped = {3: 4, 4: 3}
    result = solve_hand_eye(with_views(good, lambda view: replace(view, view=swapped.get(view.view, view.view))))
    assert sorted(left.view for left in result.left_out if left.what == "pose") == [3, 4]


def test_a_picture_of_a_pose_that_is_not_there(good: HandEyeSet) -> None:
    error = _refused(replace(good, poses=good.poses[:-1]))
    assert (error.code, "picture 9" in str(error)) == ("calibration.mispaired", True)


def test_positions_in_metres(good: HandEyeSet) -> None:
    error = _refused(_poses(good, _in_metres))
    assert (error.code, "millimetres" in str(error)) == ("calibration.metres", True)


def test_joints_in_radians(good: HandEyeSet) -> None:
    error = _refused(_poses(good, lambda p: replace(p, joints_deg=tuple(np.deg2rad(p.joints_deg)))))
    assert (error.code, "degrees" in str(error)) == ("calibration.radians", True)


def test_rotations_in_radians_that_were_read_as_degrees(good: HandEyeSet) -> None:
    error = _refused(_poses(good, _turned_by_radians_read_as_degrees))
    assert error.code == "calibration.radians"


def test_robot_poses_all_alike(good: HandEyeSet) -> None:
    first = next(view for view in good.arm_views)
    alike = _poses(good, lambda pose: replace(pose, base_from_flange=good.poses[0].base_from_flange))
    error = _refused(with_views(alike, lambda v: replace(first, view=v.view)))
    assert (error.code, "turn the flange" in str(error)) == ("calibration.poses_alike", True)


def test_rotations_about_one_axis() -> None:
    error = _refused(_about_one_axis(scene(Bench(lens_views=7, poses=10)).seen))
    assert (error.code, "second axis" in str(error)) == ("calibration.one_axis", True)


def _about_one_axis(seen: HandEyeSet) -> HandEyeSet:
    """The flange only turns about its own z axis; the board is seen by a camera that looks down on it."""
    rng = np.random.default_rng(5)
    flange = as_array(seen.poses[0].base_from_flange)
    camera_from_board = homogeneous(exp([0.4, 0.1, 0.0]), [-40.0, -30.0, 330.0])
    mount = homogeneous(np.eye(3), [-45.0, 35.0, 25.0])
    camera_from_base = camera_from_board @ np.linalg.inv(mount) @ np.linalg.inv(flange)
    lens = solve_lens(LensSet(camera=seen.cameras[0], board=seen.lens_board, views=seen.lens_views)).lens
    views, poses = [], []
    for p, angle in enumerate(np.linspace(-0.5, 0.5, 10)):
        where = flange @ homogeneous(exp([0, 0, angle]), [rng.uniform(-10, 10), rng.uniform(-10, 10), 0.0])
        pixels = pixels_of(camera_from_base @ where @ mount, ARM_BOARD.nominal_mm(), lens)
        pixels = pixels + 0.2 * rng.normal(size=pixels.shape)
        views.append(BoardView(camera="0", view=p, corner_ids=np.arange(len(pixels)), corners_px=pixels))
        joints = (0.0,) * 5 + (float(np.rad2deg(angle)),)
        poses.append(RobotPose(pose=p, joints_deg=joints, base_from_flange=as_transform(where)))
    return replace(seen, arm_views=tuple(views), poses=tuple(poses))


def test_a_camera_that_was_bumped_in_the_middle() -> None:
    bench = Bench(lens_views=7, poses=14, seed=3)
    before, after = scene(bench), scene(bench)
    lens = before.lenses[0]
    bump = homogeneous(exp(np.deg2rad([0.3, 0.2, -0.3])), [1.5, -1.0, 1.0])

    def bumped(view: BoardView) -> BoardView:
        if view.view < 7:
            return view
        here = (
            np.linalg.inv(bump @ before.mount_from_camera[0])
            @ forward(TABLE, before.true_joints[view.view : view.view + 1])[0]
        )
        pixels = pixels_of(here @ before.far_from_board, ARM_BOARD.nominal_mm()[view.corner_ids], lens)
        noise = 0.2 * np.random.default_rng(view.view).normal(size=pixels.shape)
        return replace(view, corners_px=pixels + noise)

    error = _refused(with_views(after.seen, bumped))
    assert (error.code, "second half" in str(error)) == ("calibration.camera_moved", True)


def test_a_board_with_another_square_size(good: HandEyeSet) -> None:
    error = _refused(replace(good, arm_board=replace(ARM_BOARD, square_mm=15.0)))
    assert error.code == "calibration.square_size"
    assert "measure 14.0" in str(error) or "measure 13.9" in str(error)


def test_a_board_with_other_columns(good: HandEyeSet) -> None:
    error = _refused(replace(good, arm_board=replace(ARM_BOARD, columns=6, rows=8)))
    assert (error.code, "columns" in str(error)) == ("calibration.board_geometry", True)


def test_a_board_with_fewer_corners_than_were_seen(good: HandEyeSet) -> None:
    error = _refused(replace(good, arm_board=replace(ARM_BOARD, columns=5)))
    assert (error.code, "choose the board" in str(error)) == ("calibration.wrong_board", True)


def test_a_board_that_another_arm_holds(good: HandEyeSet) -> None:
    other = scene(Bench(lens_views=7, poses=10, seed=9)).seen
    assert _refused(replace(good, poses=other.poses)).code == "calibration.mispaired"


@pytest.mark.parametrize("broken", ["corner", "joint", "place"])
def test_a_figure_that_is_no_number(good: HandEyeSet, broken: str) -> None:
    if broken == "corner":
        pixels = np.array(good.arm_views[2].corners_px)
        pixels[3, 1] = np.nan
        views = (*good.arm_views[:2], replace(good.arm_views[2], corners_px=pixels), *good.arm_views[3:])
        observed = replace(good, arm_views=views)
    elif broken == "joint":
        observed = replace(good, poses=(*good.poses[:-1], replace(good.poses[-1], joints_deg=(np.inf,) * 6)))
    else:
        nowhere = Transform(np.eye(3), np.array([np.nan, 0.0, 0.0]))
        observed = replace(good, poses=(*good.poses[:-1], replace(good.poses[-1], base_from_flange=nowhere)))
    assert _refused(observed).code == "calibration.not_finite"


def test_too_few_robot_poses(good: HandEyeSet) -> None:
    few = replace(good, poses=good.poses[:4], arm_views=tuple(v for v in good.arm_views if v.view < 4))
    error = _refused(few)
    assert (error.code, "at least 5" in str(error)) == ("calibration.too_few_poses", True)


def test_corners_in_a_mirror() -> None:
    def mirrored(view: BoardView) -> BoardView:
        return replace(view, corners_px=np.column_stack([SIZE[0] - 1 - view.corners_px[:, 0], view.corners_px[:, 1]]))

    seen = lens_set(1)
    error = _refused_lens(replace(seen, views=tuple(mirrored(view) for view in seen.views)))
    assert (error.code, "mirror" in str(error)) == ("calibration.mirrored", True)
    one = solve_lens(replace(seen, views=(mirrored(seen.views[0]), *seen.views[1:])))
    assert [(left.what, left.view) for left in one.left_out] == [("view", 0)]


def test_one_corner_twice_as_from_a_second_board() -> None:
    seen = lens_set(1)
    view = seen.views[0]
    ids = np.array(view.corner_ids)
    ids[1] = ids[0]
    error = _refused_lens(replace(seen, views=(replace(view, corner_ids=ids), *seen.views[1:])))
    assert (error.code, "second board" in str(error)) == ("calibration.wrong_board", True)


def test_views_that_are_all_parallel_leave_the_focal_length_open() -> None:
    rng = np.random.default_rng(4)
    views = []
    for v in range(10):
        turn = exp(np.deg2rad(rng.uniform(-0.5, 0.5, 3)))
        pose = homogeneous(turn, [rng.uniform(-150, -30), rng.uniform(-110, -30), rng.uniform(380, 520)])
        pixels = pixels_of(pose, LENS_BOARD.nominal_mm(), LENS)
        pixels += 0.2 * rng.normal(size=pixels.shape)
        views.append(BoardView(camera="side", view=v, corner_ids=np.arange(len(pixels)), corners_px=pixels))
    error = _refused_lens(replace(lens_set(1), views=tuple(views)))
    assert (error.code, "tilt" in str(error)) == ("calibration.views_parallel", True)


def test_too_few_views_and_too_few_corners() -> None:
    seen = lens_set(1)
    assert _refused_lens(replace(seen, views=seen.views[:3])).code == "calibration.too_few_views"
    cut = tuple(replace(v, corner_ids=v.corner_ids[:11], corners_px=v.corners_px[:11]) for v in seen.views)
    error = _refused_lens(replace(seen, views=cut))
    assert (error.code, "more pictures" in str(error)) == ("calibration.too_few_views", True)
    assert _refused_lens(replace(seen, views=())).code == "calibration.too_few_views"


def test_a_board_that_is_loose_in_the_gripper() -> None:
    error = _refused(scene(Bench(lens_views=7, poses=12, move_mm=9.0, turn_deg=0.8)).seen)
    assert (error.code, "clamped" in str(error)) == ("calibration.robot_disagrees", True)


def test_corners_that_lie_nowhere_near_the_board() -> None:
    error = _refused_lens(lens_set(1, noise_px=9.0))
    assert (error.code, "choose the board" in str(error)) == ("calibration.board_geometry", True)
