"""A bench's observations as one JSON file that can be solved again. Millimetres, degrees, pixels, as in `bench_set`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from calibration.bench_set import BenchSet, KnownLens, Touch
from calibration.board import Board
from calibration.observations import BoardView, CalibrationError, CameraSize, RobotPose, RobotSpec
from station.config.written_file import draft_of, write_through
from vision.bench import TagMount
from vision.geometry import Transform

SCHEMA = "bench-set/1"


def bench_set_text(bench: BenchSet) -> str:
    """Canonical: the same observations always give the same text."""
    plain: dict[str, Any] = {
        "schema": SCHEMA,
        "cameras": [asdict(camera) for camera in bench.cameras],
        "lens_board": asdict(bench.lens_board),
        "lens_views": [_view(view) for view in bench.lens_views],
        "tags": [
            {"id": tag.tag_id, "size_mm": tag.size_mm, "bench_from_tag": _pose(tag.body_from_tag)} for tag in bench.tags
        ],
        "tag_views": {
            camera: {str(tag): corners.tolist() for tag, corners in seen.items()}
            for camera, seen in bench.tag_views.items()
        },
        "arm_board": asdict(bench.arm_board),
        "arm_views": [_view(view) for view in bench.arm_views],
        "poses": [
            {
                "pose": pose.pose,
                "joints_deg": list(pose.joints_deg),
                "base_from_flange": _pose(pose.base_from_flange),
                "t_s": pose.t_s,
            }
            for pose in bench.poses
        ],
        "robot": None
        if bench.robot is None
        else {"table": bench.robot.table.tolist(), "suspect": bench.robot.suspect, "serial": bench.robot.serial},
        "touches": [
            {
                "touch": touch.touch,
                "place": touch.place,
                "joints_deg": list(touch.joints_deg),
                "known_mm": None if touch.known_mm is None else touch.known_mm.tolist(),
                "sigma_mm": touch.sigma_mm,
            }
            for touch in bench.touches
        ],
        "first_tip_mm": list(bench.first_tip_mm),
        "known_lenses": {
            camera: {"lens": known.lens.tolist(), "covariance": known.covariance.tolist(), "artefact": known.artefact}
            for camera, known in bench.known_lenses.items()
        },
    }
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def write_bench_set(bench: BenchSet, path: Path) -> str:
    """The whole file or nothing; its sha256. Raises OSError."""
    text = bench_set_text(bench)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(path)
    write_through(draft, text)
    draft.replace(path)
    return hashlib.sha256(text.encode()).hexdigest()


def read_bench_set(path: Path) -> BenchSet:
    """Raises CalibrationError `calibration.not_readable`."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain["schema"] != SCHEMA:
            raise ValueError(f"its schema is {plain['schema']}, not {SCHEMA}")
        return _bench_set(plain)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CalibrationError(
            "calibration.not_readable", f"{path} holds no observations of a bench ({error}); calibrate again"
        ) from None


def _bench_set(plain: dict[str, Any]) -> BenchSet:
    robot = plain["robot"]
    return BenchSet(
        cameras=tuple(CameraSize(**camera) for camera in plain["cameras"]),
        lens_board=Board(**plain["lens_board"]),
        lens_views=tuple(_view_of(view) for view in plain["lens_views"]),
        tags=tuple(
            TagMount(
                tag_id=int(tag["id"]), size_mm=float(tag["size_mm"]), body_from_tag=_pose_of(tag["bench_from_tag"])
            )
            for tag in plain["tags"]
        ),
        tag_views={
            camera: {int(tag): np.array(corners, dtype=np.float64) for tag, corners in seen.items()}
            for camera, seen in plain["tag_views"].items()
        },
        arm_board=Board(**plain["arm_board"]),
        arm_views=tuple(_view_of(view) for view in plain["arm_views"]),
        poses=tuple(
            RobotPose(
                pose=int(pose["pose"]),
                joints_deg=tuple(pose["joints_deg"]),
                base_from_flange=_pose_of(pose["base_from_flange"]),
                t_s=float(pose["t_s"]),
            )
            for pose in plain["poses"]
        ),
        robot=None
        if robot is None
        else RobotSpec(table=np.array(robot["table"]), suspect=bool(robot["suspect"]), serial=str(robot["serial"])),
        touches=tuple(
            Touch(
                touch=int(touch["touch"]),
                place=str(touch["place"]),
                joints_deg=tuple(touch["joints_deg"]),
                known_mm=None if touch["known_mm"] is None else np.array(touch["known_mm"]),
                sigma_mm=float(touch["sigma_mm"]),
            )
            for touch in plain["touches"]
        ),
        first_tip_mm=tuple(plain["first_tip_mm"]),
        known_lenses={
            camera: KnownLens(
                lens=np.array(known["lens"]),
                covariance=np.array(known["covariance"]),
                artefact=str(known["artefact"]),
            )
            for camera, known in plain["known_lenses"].items()
        },
    )


def _view(view: BoardView) -> dict[str, Any]:
    return {
        "camera": view.camera,
        "view": view.view,
        "ids": view.corner_ids.tolist(),
        "px": view.corners_px.tolist(),
        "t_s": view.t_s,
        "picture": view.picture,
    }


def _view_of(plain: dict[str, Any]) -> BoardView:
    return BoardView(
        camera=str(plain["camera"]),
        view=int(plain["view"]),
        corner_ids=np.array(plain["ids"], dtype=np.int64),
        corners_px=np.array(plain["px"], dtype=np.float64).reshape(-1, 2),
        t_s=float(plain["t_s"]),
        picture=str(plain["picture"]),
    )


def _pose(pose: Transform) -> dict[str, Any]:
    return {"rotation": pose.rotation.tolist(), "mm": pose.translation_mm.tolist()}


def _pose_of(plain: dict[str, Any]) -> Transform:
    return Transform(np.array(plain["rotation"]), np.array(plain["mm"]))
