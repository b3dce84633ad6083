"""How well a bench is predicted where it was not measured: by poses and by touches that took no part.

Every fourth pose is left out at once. Touches are few, so a third of them is left out at a time, and each once: the
others tell where the tip is then, and that is compared with the point it was set on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibration.aim import tip_pose
from calibration.arm_chain import arm_poses
from calibration.bench_cameras import solve_bench
from calibration.bench_set import BenchResult, BenchSet, Touch
from calibration.bench_start import start_from
from calibration.board import bowed
from calibration.lens_model import lens_of, project
from calibration.rotations import as_array

EVERY = 4
FOLDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Observations that a result was not made from."""

    rms_mm: float
    """Of poses: between where the board was predicted and where it was seen, across the view. Of touches: between tip
    and point. The arm's own scatter and the hand's are in it. NaN where nothing was held out."""
    count: int
    of: str = "poses"
    lacking: tuple[str, ...] = ()
    """Places of which no touch was held out, because the others could not tell where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What each part of a bench is judged by."""

    poses: HeldOut
    tip: HeldOut
    joints: HeldOut


def checked_bench(bench: BenchSet, result: BenchResult) -> Checked:
    """All of it. Raises what `bench_cameras.solve_bench` raises."""
    tip, joints = held_out_touches(bench, result)
    return Checked(poses=held_out(bench, result), tip=tip, joints=joints)


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
    return HeldOut(rms_mm=float(np.sqrt(np.mean(np.square(worst)))) if worst else float("nan"), count=len(worst))


def held_out_touches(bench: BenchSet, result: BenchResult) -> tuple[HeldOut, HeldOut]:
    """Of known points (they tell the tip), and of sought ones (the joints). Touches that do not fit are not judged.

    Raises what `bench_cameras.solve_bench` raises.
    """
    refused = {word.what for word in result.unused}
    by_place: dict[str, list[Touch]] = {}
    for touch in bench.touches:
        if f"touch {touch.touch} of {touch.place}" not in refused:
            by_place.setdefault(touch.place, []).append(touch)
    missed: dict[str, list[float]] = {touch.place: [] for touch in bench.touches}
    for fold in range(FOLDS):
        judged = [touch for touches in by_place.values() if len(touches) > 1 for touch in touches[fold::FOLDS]]
        if not judged:
            continue
        left = {(touch.place, touch.touch) for touch in judged}
        fewer = replace(bench, touches=tuple(t for t in bench.touches if (t.place, t.touch) not in left))
        found = solve_bench(fewer, start=start_from(result))
        for touch in judged:
            tip, _ = tip_pose(found, touch.joints_deg)
            point = found.places_mm[touch.place] if touch.known_mm is None else touch.known_mm
            missed[touch.place].append(float(np.linalg.norm(tip - point)))
    known = {touch.place for touch in bench.touches if touch.known_mm is not None}
    return (
        _touched({place: off for place, off in missed.items() if place in known}),
        _touched({place: off for place, off in missed.items() if place not in known}),
    )


def _touched(missed: dict[str, list[float]]) -> HeldOut:
    off = [each for place in missed.values() for each in place]
    return HeldOut(
        rms_mm=float(np.sqrt(np.mean(np.square(off)))) if off else float("nan"),
        count=len(off),
        of="touches",
        lacking=tuple(place for place, each in missed.items() if not each),
    )
