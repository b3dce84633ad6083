"""Poses on disk as they are taken, one line each: a protective stop, a crash or a power cut loses none of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from calibration.observations import BoardView, CalibrationError
from calibration.robot_run import Seen, TakenPose


class RunRecord:
    """One file of taken poses. A line that was cut off in the middle counts as not taken."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, pose: TakenPose) -> None:
        """Write one pose through to the disk. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._mend()
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(_plain(pose)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _mend(self) -> None:
        """Take off a last line that was cut off while it was written."""
        if not self._path.exists():
            return
        data = self._path.read_bytes()
        if not data.endswith(b"\n"):
            os.truncate(self._path, data.rfind(b"\n") + 1)

    def read(self) -> tuple[TakenPose, ...]:
        """Everything that was kept. Raises CalibrationError `calibration.not_readable` for a line that is damaged."""
        if not self._path.exists():
            return ()
        lines = self._path.read_text(encoding="utf-8").split("\n")
        poses = []
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                poses.append(_pose(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                if number == len(lines):  # without its end of line: cut off while it was written
                    break
                raise CalibrationError(
                    "calibration.not_readable",
                    f"line {number} of {self._path} is no taken pose ({error}); remove the file and begin anew",
                ) from None
        return tuple(poses)

    def clear(self) -> None:
        """Forget them: the calibration is made, or begins anew."""
        self._path.unlink(missing_ok=True)


def _plain(pose: TakenPose) -> dict[str, Any]:
    return {
        "pose": pose.pose,
        "joints_deg": list(pose.joints_deg),
        "t_s": pose.t_s,
        "seen": {
            camera: {
                "refused": seen.refused,
                "tags_px": {str(tag): corners.tolist() for tag, corners in seen.tags_px.items()},
                "view": None
                if seen.view is None
                else {"ids": seen.view.corner_ids.tolist(), "px": seen.view.corners_px.tolist(), "t_s": seen.view.t_s},
            }
            for camera, seen in pose.seen.items()
        },
    }


def _pose(plain: dict[str, Any]) -> TakenPose:
    seen = {}
    for camera, one in plain["seen"].items():
        view = one["view"]
        seen[camera] = Seen(
            view=None
            if view is None
            else BoardView(
                camera=camera,
                view=int(plain["pose"]),
                corner_ids=np.array(view["ids"], dtype=np.int64),
                corners_px=np.array(view["px"], dtype=np.float64).reshape(-1, 2),
                t_s=float(view["t_s"]),
            ),
            refused=str(one["refused"]),
            tags_px={int(tag): np.array(corners, dtype=np.float64) for tag, corners in one["tags_px"].items()},
        )
    return TakenPose(
        pose=int(plain["pose"]),
        joints_deg=tuple(float(v) for v in plain["joints_deg"]),
        t_s=float(plain["t_s"]),
        seen=seen,
    )
