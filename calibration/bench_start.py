"""Where the adjustment of a bench begins: lenses alone, cameras by the fixture's tags, the arm by closed forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.arm_chain import arm_poses
from calibration.bench_set import BenchResult, BenchSet, Unused
from calibration.closed_forms import closed_forms
from calibration.corner_rows import first_pose
from calibration.intrinsics import LensResult, solve_lens
from calibration.lens_model import camera_matrix, project
from calibration.observations import CalibrationError, LensSet
from calibration.rotations import as_array, homogeneous, inverse
from vision.geometry import Array

POSES_NEEDED = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchStart:
    """Values that are roughly right."""

    lenses: Array
    """(C, 9)."""
    cameras: Array
    """(C, 4, 4) camera_from_bench."""
    lens_poses: Array
    """(V, 4, 4) camera_from_board of each lens view."""
    bench_from_base: Array
    """(4, 4)."""
    flange_from_board: Array
    """(4, 4)."""
    joint_offsets_rad: Array
    """(6,)."""
    link_mm: Array
    """(6, 2)."""
    unused: tuple[Unused, ...] = ()


def lens_results(bench: BenchSet) -> tuple[LensResult, ...]:
    """The lens of each camera that has none from before, by its views. Raises what `intrinsics.solve_lens` raises."""
    return tuple(
        solve_lens(
            LensSet(
                camera=camera,
                board=bench.lens_board,
                views=tuple(view for view in bench.lens_views if view.camera == camera.camera),
            )
        )
        for camera in bench.cameras
        if camera.camera not in bench.known_lenses
    )


def bench_start(bench: BenchSet, lenses: tuple[LensResult, ...] | None = None) -> BenchStart:
    """From nothing but the observations.

    Raises CalibrationError: what `intrinsics.solve_lens` raises, `calibration.no_tags`, `calibration.too_few_poses`,
    `calibration.no_hand_eye`.
    """
    found = lens_results(bench) if lenses is None else lenses
    by_camera = {name: known.lens for name, known in bench.known_lenses.items()}
    by_camera |= {each.camera.camera: each.lens for each in found}
    lens = np.array([by_camera[camera.camera] for camera in bench.cameras])
    cameras = np.array([_by_tags(bench, index, lens[index]) for index in range(len(bench.cameras))])
    fitted = {
        (each.camera.camera, view.view): as_array(view.camera_from_board) for each in found for view in each.views
    }
    places = {camera.camera: index for index, camera in enumerate(bench.cameras)}
    nominal = bench.lens_board.nominal_mm() * bench.lens_board.print_scale
    poses = np.array(
        [
            fitted[(view.camera, view.view)]
            if (view.camera, view.view) in fitted
            else first_pose(nominal[view.corner_ids], view.corners_px, lens[places[view.camera]])
            for view in bench.lens_views
        ]
    ).reshape(-1, 4, 4)
    base, mount = (np.eye(4), np.eye(4)) if bench.robot is None else _hand_eye(bench, lens, cameras)
    return BenchStart(
        lenses=lens,
        cameras=cameras,
        lens_poses=poses,
        bench_from_base=base,
        flange_from_board=mount,
        joint_offsets_rad=np.zeros(6),
        link_mm=np.zeros((6, 2)),
        unused=tuple(
            Unused(
                what=f"{f'corner {left.corner} of ' if left.corner >= 0 else ''}view {left.view} of camera "
                f"{each.camera.camera}",
                why=left.reason,
            )
            for each in found
            for left in each.left_out
        ),
    )


def start_from(result: BenchResult) -> BenchStart:
    """An earlier result of the same pictures as a start, when touches have come to them."""
    values = result.solution.values
    return BenchStart(
        lenses=values["lens"],
        cameras=values["camera from bench"],
        lens_poses=values["lens view"],
        bench_from_base=values["bench from base"][0],
        flange_from_board=values["flange from board"][0],
        joint_offsets_rad=values["joint offsets"][0],
        link_mm=np.column_stack([values["link d"][0], values["link a"][0]]),
        unused=tuple(word for word in result.unused if word.what.startswith(("view ", "corner "))),
    )


def _by_tags(bench: BenchSet, index: int, lens: Array) -> Array:
    import cv2

    camera = bench.cameras[index].camera
    mounts = {mount.tag_id: mount for mount in bench.tags}
    seen = {tag: px for tag, px in bench.tag_views.get(camera, {}).items() if tag in mounts}
    points = np.concatenate([mounts[tag].corners_mm() for tag in seen])
    pixels = np.concatenate(list(seen.values()))
    found, turn, move = cv2.solvePnP(points, pixels, camera_matrix(lens), lens[4:], flags=cv2.SOLVEPNP_SQPNP)
    if not found:
        raise CalibrationError(
            "calibration.no_tags", f"the fixture's tags do not tell where camera {camera} is; look at its picture"
        )
    return homogeneous(cv2.Rodrigues(turn)[0], move.ravel())


def _hand_eye(bench: BenchSet, lenses: Array, cameras: Array) -> tuple[Array, Array]:
    """`bench_from_base` and `flange_from_board` of the closed form with the smallest median corner error."""
    assert bench.robot is not None
    places = {camera.camera: index for index, camera in enumerate(bench.cameras)}
    nominal = bench.arm_board.nominal_mm() * bench.arm_board.print_scale
    joints = {pose.pose: np.radians(pose.joints_deg) for pose in bench.poses}
    boards: dict[int, Array] = {}
    for view in bench.arm_views:
        index = places[view.camera]
        try:
            pose = first_pose(nominal[view.corner_ids], view.corners_px, lenses[index])
        except ValueError:  # another camera or pose tells enough
            continue
        boards.setdefault(view.view, inverse(cameras[index]) @ pose)
    if len(boards) < POSES_NEEDED:
        raise CalibrationError(
            "calibration.too_few_poses",
            f"the board was seen at {len(boards)} poses of the arm, {POSES_NEEDED} are needed; take more poses",
        )
    ids = list(boards)
    flanges = arm_poses(bench.robot.table, np.array([joints[pose] for pose in ids])).base_from_flange
    seen = np.array([boards[pose] for pose in ids])
    best: tuple[float, Array, Array] | None = None
    for _, base_from_bench, mount in closed_forms(inverse(flanges), seen):
        base = inverse(base_from_bench)
        error = _median_px(bench, lenses, cameras, base, mount)
        if best is None or error < best[0]:
            best = (error, base, mount)
    if best is None or not np.isfinite(best[0]):
        raise CalibrationError(
            "calibration.no_hand_eye",
            "no closed form finds the arm from these poses; turn the board about two axes that stand well apart",
        )
    return best[1], best[2]


def _median_px(bench: BenchSet, lenses: Array, cameras: Array, base: Array, mount: Array) -> float:
    assert bench.robot is not None
    places = {camera.camera: index for index, camera in enumerate(bench.cameras)}
    nominal = bench.arm_board.nominal_mm() * bench.arm_board.print_scale
    joints = {pose.pose: np.radians(pose.joints_deg) for pose in bench.poses}
    off = []
    for view in bench.arm_views:
        flange = arm_poses(bench.robot.table, joints[view.view][None]).base_from_flange[0]
        pose = cameras[places[view.camera]] @ base @ flange @ mount
        points = nominal[view.corner_ids] @ pose[:3, :3].T + pose[:3, 3]
        off.append(np.linalg.norm(project(points, lenses[places[view.camera]]) - view.corners_px, axis=1))
    return float(np.median(np.concatenate(off)))
