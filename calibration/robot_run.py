"""The arm takes its calibration poses, slowly and one after another, and each is paired with its pictures.

Nothing moves unless a technician has started the run (`Leave`). One command is under way at a time. A pose counts when
the arm has stood still by its own report *and* by the pictures, and pictures and joints belong to that very rest: they
are paired by the pose's number and by time, never by order. On any doubt the arm stops and the run ends with a
sentence; what was taken before is kept, and a later run goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.observations import BoardView, CalibrationError
from calibration.robot_poses import ChosenPose
from drivers.api import CobotPosture, CommandFailed
from drivers.cobot.arm.model import Angles
from station.motion.plan import Leg, MotionPlan
from vision.geometry import Array

Grey = NDArray[np.uint8]

SPEED_PERCENT = 25
STILL_FOR_S = 0.3
STILL_DEG = 0.12
"""One step of a 12-bit encoder is 0.09 degrees: a servo that holds may change by that."""
STILL_WITHIN_S = 4.0
LOOK_S = 0.05
PICTURES_APART_S = 0.15
CHANGED_LEVELS = 14.0
CHANGED_SHARE = 0.0015
"""A picture in which more of it changed than this shows something that moves."""
ELSEWHERE_DEG = 1.5
"""An arm that rests farther than this from where it was sent is not where it was sent."""
CAMERA_MOVED_PX = 0.5
"""Median shift of the fixture's tags since the first picture of the run from which on a camera has moved."""
TAGS_TO_JUDGE = 2
NO_LEAVE = "the arm does not move for a calibration by itself; a technician at the bench has to start it by name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """A technician stands at the bench, nobody else does, and has said that the arm may move."""

    technician: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """One grey picture and when it was taken, in the clock of the postures."""

    grey: Grey
    t_s: float


class Stand(Protocol):
    """The arm and the cameras, real or simulated. Calls return when they are done."""

    def now_s(self) -> float:
        """The clock of postures and pictures."""

    def wait(self, seconds: float) -> None:
        """Let time pass; postures keep coming."""

    def posture(self) -> CobotPosture | None:
        """What the arm said last of where it is; None while it does not tell."""

    def go(self, leg: Leg) -> CommandFailed | None:
        """Go a checked leg to its end, the lease kept alive meanwhile; how it failed, if it did."""

    def stop(self) -> None:
        """Let the arm stand still."""

    def picture(self, camera: str) -> Picture:
        """A new picture. Raises CalibrationError `calibration.no_picture`."""


Looker = Callable[[Picture, str, ChosenPose], "Seen"]
"""Looks for board and tags: picture, camera, pose."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What one picture shows."""

    view: BoardView | None
    refused: str = ""
    """Why the board was not taken."""
    tags_px: Mapping[int, Array] = field(default_factory=dict)
    """Fixture tag -> (4, 2) corners."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TakenPose:
    """One rest of the arm, with what the cameras saw of it."""

    pose: int
    joints_deg: Angles
    """Mean of what was reported while it stood still and pictures were taken."""
    t_s: float
    seen: Mapping[str, Seen]
    """By camera."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunEnd:
    """A run's result, complete or not."""

    taken: tuple[TakenPose, ...]
    skipped: tuple[tuple[int, str], ...]
    """Pose and why it gave nothing."""
    stopped: str = ""
    """Why it ended early; empty when it did not."""
    spoilt: bool = False
    """Whether what was taken is of no more use; otherwise the poses that are left can be taken later."""


def take_poses(
    stand: Stand,
    ways: Sequence[tuple[ChosenPose, MotionPlan]],
    look: Looker,
    *,
    cameras: Sequence[str],
    leave: Leave | None,
    keep: Callable[[TakenPose], None],
    before: Sequence[TakenPose] = (),
) -> RunEnd:
    """Go the ways, look at each end. `keep` is called for each pose as soon as it is taken; `before` were kept earlier.

    Poses that `before` holds are passed through without looking. Raises CalibrationError `calibration.no_leave` when
    no technician has started it.
    """
    if leave is None or not leave.technician.strip():
        raise CalibrationError(
            "calibration.no_leave",
            NO_LEAVE,
        )
    done = {pose.pose: pose for pose in before}
    taken = list(before)
    skipped: list[tuple[int, str]] = []
    for chosen, way in ways:
        stopped = _gone(stand, way, chosen)
        if stopped:
            stand.stop()
            return RunEnd(taken=tuple(taken), skipped=tuple(skipped), stopped=stopped)
        if chosen.pose in done:
            continue
        pose, why = rest(stand, chosen, look, cameras=cameras)
        if pose is None:
            skipped.append((chosen.pose, why))
            continue
        moved = moved_camera(taken, pose)
        if moved:
            stand.stop()
            return RunEnd(taken=tuple(taken), skipped=tuple(skipped), stopped=moved, spoilt=True)
        if all(seen.view is None for seen in pose.seen.values()):
            reasons = "; ".join(f"{camera}: {seen.refused}" for camera, seen in pose.seen.items())
            skipped.append((chosen.pose, reasons))
            continue
        keep(pose)
        taken.append(pose)
    return RunEnd(taken=tuple(taken), skipped=tuple(skipped))


def _gone(stand: Stand, way: MotionPlan, chosen: ChosenPose) -> str:
    """Go one way, leg by leg; why not, if not."""
    for leg in way.legs:
        failed = stand.go(leg)
        if failed is not None:
            return (
                f"On the way to pose {chosen.pose} the arm stopped: {failed.detail} ({failed.code}). What was taken is "
                "kept; look at the arm, clear the stop, then start again, and the poses that are left are taken."
            )
    here = stand.posture()
    if here is None:
        return f"At pose {chosen.pose} the arm no longer tells where it is; look at its line, then start again."
    off = max(abs(a - b) for a, b in zip(here.angles_deg, chosen.joints_deg, strict=True))
    if off > ELSEWHERE_DEG:
        return (
            f"The arm says it stands {off:.1f} degrees beside pose {chosen.pose}; nothing is measured there. Look for "
            "what holds it, then start again."
        )
    return ""


def rest(stand: Stand, chosen: ChosenPose, look: Looker, *, cameras: Sequence[str]) -> tuple[TakenPose | None, str]:
    """Wait until the arm is still by its report and by the pictures, and look; or why that did not happen."""
    end_s, pose = stand.now_s() + STILL_WITHIN_S, chosen.pose
    why = f"pose {pose}: by its own report the arm did not stand still within {STILL_WITHIN_S:.0f} s"
    while stand.now_s() < end_s:
        reported = still_joints(stand, end_s)
        if reported is None:
            break
        first = {camera: stand.picture(camera) for camera in cameras}
        stand.wait(PICTURES_APART_S)
        second = {camera: stand.picture(camera) for camera in cameras}
        changed = [camera for camera in cameras if shows_motion(first[camera].grey, second[camera].grey)]
        after = stand.posture()
        if after is None or _apart(after.angles_deg, reported) > STILL_DEG:
            why = f"pose {pose}: the arm moved while pictures were taken"
            continue
        if changed:
            why = f"pose {pose}: in the picture of {', '.join(changed)} something still moved"
            continue
        joints = tuple((a + b) / 2.0 for a, b in zip(reported, after.angles_deg, strict=True))
        t_s = stand.now_s() - PICTURES_APART_S / 2.0
        seen = {camera: look(second[camera], camera, chosen) for camera in cameras}
        return TakenPose(pose=pose, joints_deg=joints, t_s=t_s, seen=seen), ""
    return None, why


def shows_motion(first: Grey, second: Grey) -> bool:
    """Whether two pictures of one camera differ by more than their noise."""
    import cv2

    soft = [
        cv2.blur(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), (3, 3))
        for grey in (first, second)
    ]
    changed = cv2.absdiff(soft[0], soft[1]) > CHANGED_LEVELS
    return float(np.count_nonzero(changed)) > CHANGED_SHARE * changed.size


def moved_camera(taken: Sequence[TakenPose], now: TakenPose) -> str:
    """The sentence when a camera has moved since the first pose of the run, by the fixture's tags; empty when none."""
    for camera, seen in now.seen.items():
        shifts = []
        for tag, corners in seen.tags_px.items():
            first = next((p.seen[camera].tags_px[tag] for p in taken if tag in p.seen[camera].tags_px), None)
            if first is not None:
                shifts.append(float(np.linalg.norm((corners - first).mean(axis=0))))
        if len(shifts) >= TAGS_TO_JUDGE and float(np.median(shifts)) > CAMERA_MOVED_PX:
            last = taken[-1].pose
            return (
                f"Camera {camera} moved between pose {last} and pose {now.pose}: the fixture's tags are "
                f"{float(np.median(shifts)):.1f} px beside where they were. Fasten the camera and begin anew; the "
                "poses that were taken do not fit it any more, and the old calibration stays in force."
            )
    return ""


def still_joints(stand: Stand, end_s: float) -> Angles | None:
    """Mean joints of a time in which the arm reported no motion, by the reports' own times: silence is no rest."""
    kept: list[CobotPosture] = []
    while stand.now_s() < end_s:
        posture = stand.posture()
        if posture is None or posture.moving or (kept and _apart(posture.angles_deg, kept[0].angles_deg) > STILL_DEG):
            kept = []
        if posture is not None and not posture.moving and (not kept or posture.t_mono_s > kept[-1].t_mono_s):
            kept.append(posture)
            if posture.t_mono_s - kept[0].t_mono_s >= STILL_FOR_S:
                return tuple(float(v) for v in np.mean([each.angles_deg for each in kept], axis=0))
        stand.wait(LOOK_S)
    return None


def _apart(one: Angles, other: Angles) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
