"""Sets of observations as files that can be solved again: a NumPy archive, and its pictures beside it by their sha256.

`<name>.npz`: `meta` (JSON: schema, kind, cameras, boards, arm, what each view and pose is), `corner_ids` (N,) and
`corners_px` (N, 2) of all views one after the other, `joints_deg` (P, J), `base_from_flange` (P, 4, 4) mm.
`<name>-pictures/<sha256>.png`: the pictures that the views name. Schema `calibration-set/1`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from calibration.board import Board
from calibration.observations import (
    BoardView,
    CalibrationError,
    CameraSize,
    HandEyeSet,
    LensSet,
    RobotPose,
    RobotSpec,
)
from calibration.rotations import as_array, as_transform
from station.config.written_file import draft_of
from vision.geometry import Array

SCHEMA = "calibration-set/1"


def pictures_of(path: Path) -> Path:
    """Folder of a set's pictures."""
    return path.with_name(f"{path.stem}-pictures")


def write_set(path: Path, observed: LensSet | HandEyeSet, pictures: Mapping[str, bytes] | None = None) -> None:
    """The whole set or nothing; `pictures` are PNG files' bytes by their sha256, as the views name them.

    Raises CalibrationError `calibration.not_written`, ValueError for a picture under another name than its sha256.
    """
    for name, content in (pictures or {}).items():
        if hashlib.sha256(content).hexdigest() != name:
            raise ValueError(f"a picture is not {name}")
    draft = draft_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for name, content in (pictures or {}).items():
            kept = pictures_of(path) / f"{name}.png"
            kept.parent.mkdir(exist_ok=True)
            half = draft_of(kept)
            half.write_bytes(content)
            half.replace(kept)
        with draft.open("wb") as file:
            np.savez_compressed(file, **_arrays(observed))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise CalibrationError(
            "calibration.not_written", f"{path} cannot be written ({error.strerror}); free some space or say where else"
        ) from None


def schema_of(path: Path) -> str:
    """What kind of set an archive says it is. Raises CalibrationError `calibration.not_readable`."""
    return str(archive_of(path)[1]["schema"])


def read_set(path: Path) -> LensSet | HandEyeSet:
    """A set that `write_set` wrote. Raises CalibrationError `calibration.not_readable`."""
    held, meta = archive_of(path)
    try:
        if meta["schema"] != SCHEMA:
            raise ValueError(f"its schema is {meta['schema']}, not {SCHEMA}")
        return _assembled(held, meta)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise not_readable(path, error) from None


def check_pictures(path: Path, observed: LensSet | HandEyeSet) -> None:
    """Raises CalibrationError `calibration.damaged` when a picture that a view names is missing or was changed."""
    for view in _views(observed):
        if not view.picture:
            continue
        kept = pictures_of(path) / f"{view.picture}.png"
        if not kept.exists() or hashlib.sha256(kept.read_bytes()).hexdigest() != view.picture:
            raise CalibrationError(
                "calibration.damaged",
                f"{kept} is missing or was changed after view {view.view} was taken; copy the set again",
            )


def archive_of(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """An archive's arrays, and what its `meta` says. Raises CalibrationError `calibration.not_readable`."""
    try:
        # opened here, as NumPy leaves the file of a broken archive open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            held = {key: archive[key] for key in archive.files}
        meta = json.loads(str(held["meta"]))
        return held, {**meta, "schema": str(meta["schema"])}
    except FileNotFoundError:
        raise CalibrationError("calibration.not_readable", f"{path} is not there; name an existing set") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, BadZipFile) as error:
        raise not_readable(path, error) from None


def not_readable(path: Path, error: Exception) -> CalibrationError:
    """What is said of a file that is none."""
    return CalibrationError(
        "calibration.not_readable", f"{path} is no set of observations ({error}); record or copy it again"
    )


def _views(observed: LensSet | HandEyeSet) -> Iterator[BoardView]:
    if isinstance(observed, LensSet):
        yield from observed.views
    else:
        yield from observed.lens_views
        yield from observed.arm_views


def _arrays(observed: LensSet | HandEyeSet) -> dict[str, Any]:
    views = list(_views(observed))
    meta: dict[str, Any] = {"schema": SCHEMA, "views": [_view_keys(view) for view in views]}
    arrays: dict[str, Any] = {
        "corner_ids": np.concatenate([view.corner_ids for view in views]) if views else np.zeros(0, np.int64),
        "corners_px": np.concatenate([view.corners_px for view in views]) if views else np.zeros((0, 2)),
    }
    if isinstance(observed, LensSet):
        meta |= {"kind": "lens", "camera": asdict(observed.camera), "board": asdict(observed.board)}
    else:
        robot = observed.robot
        meta |= {
            "kind": "hand_eye",
            "mode": observed.mode,
            "cameras": [asdict(camera) for camera in observed.cameras],
            "lens_board": asdict(observed.lens_board),
            "lens_views": len(observed.lens_views),
            "arm_board": asdict(observed.arm_board),
            "poses": [{"pose": pose.pose, "t_s": pose.t_s} for pose in observed.poses],
            "robot": {
                "table": robot.table.tolist(),
                "sigma_mm": robot.sigma_mm,
                "sigma_deg": robot.sigma_deg,
                "suspect": robot.suspect,
                "serial": robot.serial,
            },
        }
        arrays["joints_deg"] = np.array([pose.joints_deg for pose in observed.poses])
        arrays["base_from_flange"] = np.array([as_array(pose.base_from_flange) for pose in observed.poses])
    return {**arrays, "meta": np.array(json.dumps(meta))}


def _view_keys(view: BoardView) -> dict[str, Any]:
    return {
        "camera": view.camera,
        "view": view.view,
        "t_s": view.t_s,
        "picture": view.picture,
        "corners": len(view.corner_ids),
    }


def _assembled(held: Mapping[str, Array], meta: dict[str, Any]) -> LensSet | HandEyeSet:
    ends = np.cumsum([said["corners"] for said in meta["views"]])
    if len(ends) and (ends[-1] != len(held["corner_ids"]) or ends[-1] != len(held["corners_px"])):
        raise ValueError("it has more or fewer corners than its views say")
    views = tuple(
        BoardView(
            camera=said["camera"],
            view=said["view"],
            t_s=said["t_s"],
            picture=said["picture"],
            corner_ids=held["corner_ids"][end - said["corners"] : end].astype(np.int64),
            corners_px=held["corners_px"][end - said["corners"] : end],
        )
        for said, end in zip(meta["views"], ends, strict=True)
    )
    if meta["kind"] == "lens":
        return LensSet(camera=CameraSize(**meta["camera"]), board=Board(**meta["board"]), views=views)
    poses = zip(meta["poses"], held["joints_deg"], held["base_from_flange"], strict=True)
    return HandEyeSet(
        mode=meta["mode"],
        cameras=tuple(CameraSize(**camera) for camera in meta["cameras"]),
        lens_board=Board(**meta["lens_board"]),
        lens_views=views[: meta["lens_views"]],
        arm_board=Board(**meta["arm_board"]),
        arm_views=views[meta["lens_views"] :],
        poses=tuple(
            RobotPose(
                pose=said["pose"],
                t_s=said["t_s"],
                joints_deg=tuple(float(joint) for joint in joints),
                base_from_flange=as_transform(pose),
            )
            for said, joints, pose in poses
        ),
        robot=RobotSpec(**{**meta["robot"], "table": np.array(meta["robot"]["table"])}),
    )
