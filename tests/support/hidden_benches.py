"""Benches with hidden truth as numbers, without pictures: what detectors would have seen, with noise of their size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from calibration.bench_plan import bench_plan
from calibration.bench_set import BenchSet, Touch
from calibration.bench_work import BenchPlan, carrying, pivot_leans
from calibration.board import Board, bowed
from calibration.intrinsics import LensResult
from calibration.observations import BoardView, CameraSize, RobotPose, RobotSpec
from calibration.robot_poses import PoseChoice, choose_poses, table_of
from calibration.store import Store
from drivers.cobot.arm.forward import flange
from station.config.artefact import Artefact, Kind, Verdict
from station.runtime.setting import Files, read_files
from station.simulation.calibration_person import joints_for, lens_places
from station.simulation.calibration_score import touched_points
from station.simulation.calibration_truth import ENCODER_DEG, Truth, hidden_truth
from vision.geometry import Array, CameraModel, Transform

STATION = Path(__file__).parents[2] / "config" / "station.sim.toml"
CORNER_PX, TAG_PX, HAND_MM = 0.04, 0.06, 0.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberBench:
    """One bench."""

    work: BenchPlan
    truth: Truth
    seen: BenchSet


@lru_cache(maxsize=1)
def sim_files() -> Files:
    """The simulated station."""
    return read_files(STATION)


@lru_cache(maxsize=1)
def sim_plan() -> BenchPlan:
    """What is calibrated on it."""
    return bench_plan(sim_files().station, sim_files().procedure, touch_sigma_mm=HAND_MM)


@lru_cache(maxsize=1)
def sim_choice() -> PoseChoice:
    """The poses that are chosen for it."""
    work = sim_plan()
    return choose_poses(
        carrying(work.scene, work.arm_board, work.flange_from_board),
        work.cameras,
        work.arm_board,
        work.flange_from_board,
        start_deg=work.home_deg,
        places_deg=tuple(work.over_joints_deg.values()),
        count=work.poses,
        clearance_mm=20.0,
        seed=0,
    )


def number_bench(seed: int, *, touches: bool = True) -> NumberBench:
    """A bench of a seed. Deterministic."""
    work, files = sim_plan(), sim_files()
    truth = hidden_truth(
        files.station, files.procedure, (work.lens_board, work.arm_board), work.flange_from_board, seed
    )
    rng = np.random.default_rng([seed, 77])
    poses, arm_views = [], []
    for chosen in sim_choice().poses:
        told = np.array(chosen.joints_deg)
        held = told + truth.joint_offset_deg + rng.uniform(-ENCODER_DEG / 2, ENCODER_DEG / 2, 6)
        base_from_flange = flange(truth.arm, held.tolist())
        on_bench = (
            truth.bench_from_base
            @ Transform(base_from_flange[:3, :3], base_from_flange[:3, 3])
            @ truth.flange_from_board
        )
        reported = flange(work.scene.model, told.tolist())
        poses.append(
            RobotPose(
                pose=chosen.pose,
                joints_deg=chosen.joints_deg,
                base_from_flange=Transform(reported[:3, :3], reported[:3, 3]),
                t_s=4.0 * chosen.pose,
            )
        )
        for name in chosen.seen_by:
            view = _view(truth.cameras[name], on_bench, work.arm_board, truth, chosen.pose, rng)
            if view is not None:
                arm_views.append(view)
    lens_views = []
    for index, camera in enumerate(truth.cameras.values()):
        for number, place in enumerate(lens_places(work.lens_views, rng)):
            pose = _held_up(camera, work.lens_board, place)
            view = _view(camera, pose, work.lens_board, truth, 1000 * (index + 1) + number, rng)
            if view is not None:
                lens_views.append(view)
    return NumberBench(
        work=work,
        truth=truth,
        seen=BenchSet(
            cameras=tuple(
                CameraSize(camera=name, width_px=camera.width_px, height_px=camera.height_px)
                for name, camera in truth.cameras.items()
            ),
            lens_board=work.lens_board,
            lens_views=tuple(lens_views),
            tags=work.fixture,
            tag_views={name: _tags(camera, work, rng) for name, camera in truth.cameras.items()},
            arm_board=work.arm_board,
            arm_views=tuple(arm_views),
            poses=tuple(poses),
            robot=RobotSpec(table=table_of(work.scene.model), suspect=True),
            touches=_touches(work, truth, rng) if touches else (),
            first_tip_mm=work.scene.tip_mm,
        ),
    )


def _touches(work: BenchPlan, truth: Truth, rng: np.random.Generator) -> tuple[Touch, ...]:
    points = touched_points(truth, work)
    tag = f"tag {work.pivot_tag}"
    leans: list[tuple[str, float, float]] = [(tag, *lean) for lean in pivot_leans(work.pivot_touches)]
    leans += [(joint, 0.0, 0.0) for joint in work.joints_mm for _ in range(work.joint_touches)]
    touches: list[Touch] = []
    for place, lean, towards in leans:
        at = points[place] + rng.normal(0.0, HAND_MM, 3)
        joints = _leaning(work, truth, at, lean, towards) if place == tag else _as_it_stands(work, truth, at, place)
        if joints is None:
            continue
        told = np.array(joints) - rng.uniform(-ENCODER_DEG / 2, ENCODER_DEG / 2, 6)
        touches.append(
            Touch(
                touch=len(touches) + 1,
                place=place,
                joints_deg=tuple(float(v) for v in told),
                known_mm=points[place] if place == tag else None,
                sigma_mm=HAND_MM,
            )
        )
    return tuple(touches)


def _as_it_stands(work: BenchPlan, truth: Truth, at: Array, joint: str) -> tuple[float, ...] | None:
    over = work.over_joints_deg[joint]
    turn = (
        truth.bench_from_base.rotation @ flange(truth.arm, (np.array(over) + truth.joint_offset_deg).tolist())[:3, :3]
    )
    return joints_for(truth, work.scene.model, Transform(turn, at - turn @ truth.tip_mm), over)


def _leaning(work: BenchPlan, truth: Truth, at: Array, lean: float, towards: float) -> tuple[float, ...] | None:
    for share in (1.0, 0.6, 0.3, 0.0):
        tilt, about = np.radians(lean * share), np.radians(towards)
        axis = np.array([np.sin(tilt) * np.cos(about), np.sin(tilt) * np.sin(about), -np.cos(tilt)])
        side = np.cross(axis, [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        turn = np.column_stack([side, np.cross(axis, side), axis])
        found = joints_for(truth, work.scene.model, Transform(turn, at - turn @ truth.tip_mm), work.home_deg)
        if found is not None:
            return found
    return None


def _view(
    camera: CameraModel, pose: Transform, board: Board, truth: Truth, view: int, rng: np.random.Generator
) -> BoardView | None:
    corners = bowed(board.nominal_mm() * truth.print_scale[board.name], *truth.bow_mm[board.name])
    pixels = camera.project(pose.apply(corners))
    inside = np.all((pixels > 5.0) & (pixels < np.array([camera.width_px, camera.height_px]) - 6.0), axis=1)
    ids = np.nonzero(inside)[0]
    if len(ids) < 8:
        return None
    noisy = pixels[ids] + rng.normal(0.0, CORNER_PX, (len(ids), 2))
    return BoardView(camera=camera.name, view=view, corner_ids=ids, corners_px=noisy)


def _tags(camera: CameraModel, work: BenchPlan, rng: np.random.Generator) -> dict[int, Array]:
    seen = {}
    for mount in work.fixture:
        pixels = camera.project(mount.corners_mm())
        if np.all((pixels > 5.0) & (pixels < np.array([camera.width_px, camera.height_px]) - 6.0)):
            seen[mount.tag_id] = pixels + rng.normal(0.0, TAG_PX, (4, 2))
    return seen


def _held_up(camera: CameraModel, board: Board, place: tuple[float, float, float, Array]) -> Transform:
    x, y, far, turn = place
    pixel = np.array([x * camera.width_px, y * camera.height_px])
    ray = np.array([*((pixel - camera.matrix[:2, 2]) / np.diag(camera.matrix)[:2]), 1.0])
    middle = board.nominal_mm().mean(axis=0)
    return camera.camera_from_bench.inverse() @ Transform(turn, ray * far - turn @ middle)


def without(bench: BenchSet, poses: Sequence[int]) -> BenchSet:
    """The same without some poses."""
    from dataclasses import replace

    return replace(
        bench,
        poses=tuple(pose for pose in bench.poses if pose.pose not in poses),
        arm_views=tuple(view for view in bench.arm_views if view.view not in poses),
    )


def put_lens_in_force(store: Store, found: LensResult, made_utc: str) -> None:
    """A lens as views of the large board told it."""
    artefact = Artefact(
        kind=Kind.LENS,
        subject=found.camera.camera,
        made_utc=made_utc,
        by="Ken",
        method="views of a board",
        software="1",
        result={
            "lens": found.lens.tolist(),
            "covariance": found.covariance.tolist(),
            "width_px": 1280,
            "height_px": 720,
        },
        verdict=Verdict(good=True, text="Good to 0.1 mm at the part."),
    )
    store.put_in_force(artefact, utc=made_utc, by="Ken", why="test")
