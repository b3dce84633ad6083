"""How well a bench is predicted where it was not measured: poses that took no part, against what the cameras saw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibration.arm_chain import arm_poses
from calibration.bench_cameras import solve_bench
from calibration.bench_set import BenchResult, BenchSet
from calibration.bench_start import start_from
from calibration.board import bowed
from calibration.lens_model import lens_of, project
from calibration.rotations import as_array

EVERY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Poses that the result was not made from."""

    rms_mm: float
    """Between where the board was predicted and where it was seen, across the view; the arm's own scatter is in it."""
    poses: int


def held_out(bench: BenchSet, result: BenchResult) -> HeldOut:
    """Solve without every fourth pose, and predict those. Raises what `bench_cameras.solve_bench` raises."""
    refused = {word.what.removeprefix("pose ") for word in result.unused if word.what.startswith("pose ")}
    judged = [pose for pose in bench.poses[EVERY - 1 :: EVERY] if str(pose.pose) not in refused]
    left = {pose.pose for pose in judged}
    fewer = replace(
        bench,
        poses=tuple(pose for pose in bench.poses if pose.pose not in left),
        arm_views=tuple(view for view in bench.arm_views if view.view not in left),
    )
    found = solve_bench(fewer, start=start_from(result))
    assert found.bench_from_base is not None and found.flange_from_board is not None
    joints = {pose.pose: np.radians(pose.joints_deg) + np.radians(found.joint_offset_deg) for pose in judged}
    values = found.solution.values
    points = bowed(
        bench.arm_board.nominal_mm() * bench.arm_board.print_scale, *(float(v) for v in values["arm bow"][0])
    )
    off: dict[int, list[float]] = {}
    for view in bench.arm_views:
        if view.view not in left:
            continue
        camera = found.camera(view.camera)
        flange = arm_poses(found.table, joints[view.view][None], found.link_mm[:, 0], found.link_mm[:, 1])
        pose = (
            as_array(camera.camera_from_bench)
            @ as_array(found.bench_from_base)
            @ flange.base_from_flange[0]
            @ as_array(found.flange_from_board)
        )
        at = points[view.corner_ids] @ pose[:3, :3].T + pose[:3, 3]
        missed_px = (project(at, lens_of(camera.matrix, camera.distortion)) - view.corners_px).mean(axis=0)
        off.setdefault(view.view, []).append(
            float(np.linalg.norm(missed_px)) * float(at[:, 2].mean()) / float(camera.matrix[0, 0])
        )
    worst = [max(each) for each in off.values()]
    return HeldOut(rms_mm=float(np.sqrt(np.mean(np.square(worst)))) if worst else float("nan"), poses=len(worst))
