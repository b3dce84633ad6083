"""Poses on disk as they are taken, one line each: a protective stop, a crash or a power cut loses none of them.

The first line says what the run was begun with. Poses of another station, other lenses, another plan or another board
are not mixed with new ones, and neither are those of yesterday: a camera or the board may have been moved meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from calibration.board import Board
from calibration.observations import BoardView, CalibrationError
from calibration.robot_poses import ChosenPose
from calibration.robot_run import Seen, TakenPose

SCHEMA = "robot-run/1"
GOES_ON_WITHIN = timedelta(hours=12)
"""Later it is not one run any more."""
FINISHED = {"finished": True}
UNLIKE: Mapping[str, str] = {
    "station_sha256": "with another station file",
    "lenses": "with other lenses",
    "board": "with another board",
    "plan_sha256": "with other poses planned",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a run was begun with."""

    station_sha256: str
    lenses: Mapping[str, str]
    """Camera -> id of the lens that it came with; empty for one whose lens is measured in this run."""
    board: str
    """What is printed on the board that the arm carries."""
    plan_sha256: str
    """Of the poses that were chosen, with their numbers: a kept pose is known again by its number alone."""
    begun_utc: str


def head_of(
    *, station_sha256: str, lenses: Mapping[str, str], board: Board, poses: Sequence[ChosenPose], utc: str
) -> Head:
    """A run that begins now."""
    plan = [[pose.pose, [round(angle, 3) for angle in pose.joints_deg], list(pose.seen_by)] for pose in poses]
    return Head(
        station_sha256=station_sha256,
        lenses=dict(lenses),
        board=json.dumps(asdict(board), sort_keys=True),
        plan_sha256=hashlib.sha256(json.dumps(plan).encode()).hexdigest(),
        begun_utc=utc,
    )


class RunRecord:
    """One file of taken poses. A line that was cut off in the middle counts as not taken."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, head: Head) -> str:
        """Go on with what is kept, or begin: then what stands there is put aside, and the sentence says so.

        Empty when nothing was put aside. Raises OSError.
        """
        why = self._unlike(head) if self._path.exists() else ""
        aside = f"{why} They are kept as {self.put_aside().name}; all poses are taken anew." if why else ""
        if not self._path.exists():
            self._write({"schema": SCHEMA, **asdict(head)})
        return aside

    def finish(self) -> None:
        """Every pose was tried; those that gave nothing are not tried again. Raises OSError."""
        self._mend()
        self._write(FINISHED)

    def finished(self) -> bool:
        """Whether every pose of what is kept was tried."""
        return self._path.exists() and json.dumps(FINISHED) in self._path.read_text(encoding="utf-8").split("\n")

    def put_aside(self) -> Path:
        """The kept run gets a name that no other run takes. Raises OSError."""
        digest = hashlib.sha256(self._path.read_bytes()).hexdigest()[:16]
        target = self._path.with_name(f"{self._path.stem}-{digest}.jsonl")
        self._path.replace(target)
        return target

    def _unlike(self, head: Head) -> str:
        """Why what is kept is of another run; empty when it is of this one."""
        with self._path.open(encoding="utf-8") as file:
            line = file.readline()
        try:
            found = json.loads(line)
            begun = datetime.fromisoformat(found["begun_utc"])
            if found["schema"] != SCHEMA:
                raise ValueError(found["schema"])
            since = datetime.fromisoformat(head.begun_utc) - begun
        except (ValueError, KeyError, TypeError):
            return "Poses were kept, but not what they were begun with."
        for key, words in UNLIKE.items():
            if found.get(key) != getattr(head, key):
                return f"The poses that were kept were begun {words}."
        if not timedelta(0) <= since <= GOES_ON_WITHIN:
            return f"The poses that were kept were begun {found['begun_utc']}, too far from now for one run."
        return ""

    def keep(self, pose: TakenPose) -> None:
        """Write one pose of a run that was begun through to the disk. Raises OSError."""
        self._mend()
        self._write(_plain(pose))

    def _write(self, line: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
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
            if number == 1 or line in ("", json.dumps(FINISHED)):  # the head is read by `begin`
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
