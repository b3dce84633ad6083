"""Poses for a calibration: seen, free, joined by free ways, and worth more than poses taken as they come."""

from dataclasses import replace

import numpy as np
import pytest
from support.hidden_benches import sim_choice, sim_plan

from calibration.bench_work import carrying
from calibration.observations import CalibrationError
from calibration.robot_poses import choose_poses, planned
from drivers.cobot.arm.forward import flange
from station.motion.bench_model import Box
from station.motion.room import Room
from vision.geometry import Transform


def test_every_pose_is_in_limits_clear_and_in_sight() -> None:
    work, choice = sim_plan(), sim_choice()
    scene = carrying(work.scene, work.arm_board, work.flange_from_board)
    room = Room(scene, 19.0)
    cameras = {camera.name: camera for camera in work.cameras}
    assert len(choice.poses) == work.poses
    assert len({pose.pose for pose in choice.poses}) == work.poses
    for pose in choice.poses:
        joints = np.array(pose.joints_deg)[None]
        assert room.in_limits(joints)
        assert float(room.margins(joints)[0]) >= 0.0
        base_from_flange = flange(scene.model, pose.joints_deg)
        board = (
            scene.bench_from_base
            @ Transform(base_from_flange[:3, :3], base_from_flange[:3, 3])
            @ work.flange_from_board
        )
        for name in pose.seen_by:
            pixels = cameras[name].project(board.apply(work.arm_board.nominal_mm()))
            assert np.all(pixels > 25.0) and np.all(pixels < np.array([1280, 720]) - 25.0)
    assert sum(len(pose.seen_by) > 1 for pose in choice.poses) >= 5
    turned = {round(pose.joints_deg[0] / 20.0) for pose in choice.poses}
    assert len(turned) >= 3


def test_the_ways_between_them_keep_clear_too() -> None:
    work, choice = sim_plan(), sim_choice()
    scene = carrying(work.scene, work.arm_board, work.flange_from_board)
    ways, left_out = planned(choice, choice.poses[0].joints_deg, scene, clearance_mm=12.0, speed_percent=25)
    assert len(ways) >= work.poses - 2
    assert len(ways) + len(left_out) == work.poses
    assert min(way.clearance_mm for _, way in ways if way.legs) >= 1.9  # links keep 2 mm from each other
    assert sum(way.duration_s for _, way in ways) < 120.0


def test_chosen_poses_tell_more_than_random_ones() -> None:
    """The same number, without the choice: the first that are free and seen."""
    work, choice = sim_plan(), sim_choice()
    few = replace(work, poses=10)
    scene = carrying(work.scene, work.arm_board, work.flange_from_board)
    ten = choose_poses(
        scene,
        few.cameras,
        few.arm_board,
        few.flange_from_board,
        start_deg=few.home_deg,
        places_deg=tuple(few.over_joints_deg.values()),
        count=few.poses,
        clearance_mm=20.0,
        seed=0,
    )
    assert choice.expected_mm < ten.expected_mm < 2.0 * choice.expected_mm


def test_a_bench_that_is_full_of_things_is_refused_with_what_to_do() -> None:
    work = sim_plan()
    wall = Box(id="wall", at_mm=(150.0, 100.0, 250.0), size_mm=(420.0, 420.0, 480.0))
    scene = carrying(work.scene, work.arm_board, work.flange_from_board)
    full = replace(scene, bench=replace(scene.bench, obstacles=(*scene.bench.obstacles, wall)))
    with pytest.raises(CalibrationError, match="clear the bench") as caught:
        choose_poses(
            full,
            work.cameras,
            work.arm_board,
            work.flange_from_board,
            start_deg=work.home_deg,
            places_deg=tuple(work.over_joints_deg.values()),
            count=20,
            clearance_mm=20.0,
            seed=0,
        )
    assert caught.value.code == "calibration.no_poses"


def test_a_pose_that_something_new_blocks_is_left_out_with_the_planners_words_and_the_others_are_taken() -> None:
    """A crate was put on the bench after the poses were chosen."""
    work, choice = sim_plan(), sim_choice()
    scene = carrying(work.scene, work.arm_board, work.flange_from_board)
    middles = []
    for chosen in choice.poses:
        pose = flange(scene.model, chosen.joints_deg)
        board = scene.bench_from_base @ Transform(pose[:3, :3], pose[:3, 3]) @ work.flange_from_board
        middles.append(board.apply(work.arm_board.nominal_mm()).mean(axis=0))
    # Far from where the arm stands at the beginning.
    index = int(np.argmax([np.linalg.norm(middle - middles[0]) for middle in middles]))
    blocked = choice.poses[index]
    x, y, z = (float(v) for v in middles[index])
    crate = Box(id="crate", at_mm=(x, y, z), size_mm=(40.0, 40.0, 40.0))
    with_crate = replace(scene, bench=replace(scene.bench, obstacles=(*scene.bench.obstacles, crate)))
    ways, left_out = planned(choice, choice.poses[0].joints_deg, with_crate, clearance_mm=12.0, speed_percent=25)
    assert blocked.pose in {left.pose for left, _ in left_out}
    why = next(words for left, words in left_out if left.pose == blocked.pose)
    assert "crate" in why and f"calibration pose {blocked.pose}" in why
    assert len(ways) >= 8
    assert len(ways) + len(left_out) == len(choice.poses)
