"""The pose of a tagged body in the bench frame, from all of its tags that one picture shows.

Start: SQPnP (Terzakis and Lourakis, ECCV 2020) and its reflection; then Levenberg-Marquardt on all corners, through
the lens, and a robust fit that also gives the covariance (`vision.pose_fit`). A flat target seen small has two poses
that explain it nearly as well (Schweighofer and Pinz, PAMI 2006): the one that lies flat on the bench is taken only
where the other plainly does not; otherwise there is no answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vision.api import BodyObservation, TagObservation
from vision.bench import Body, TagMount
from vision.geometry import Array, CameraModel, Transform
from vision.pose_fit import fit_pose

LARGEST_RMS_PX = 1.2
SUSPECT_RMS_PX = 0.45
"""Corners that miss by more than this are worth the question whether one tag is misread or half hidden."""
RIVAL_SIGMA_PX = 0.12
FEWEST_TO_JUDGE_ONE = 3
"""With fewer tags nothing says which of them is wrong."""
SAME_POSE_DEG = 4.0
FLAT_DEG = 20.0
TILTED_DEG = 40.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Candidate:
    camera_from_body: Transform
    bench_from_body: Transform
    rms_px: float


def locate_bodies(
    bodies: tuple[Body, ...], tags: tuple[TagObservation, ...], camera: CameraModel
) -> tuple[BodyObservation, ...]:
    """Every body of which at least one tag is in `tags` and whose pose is not in doubt."""
    found = (locate(body, tags, camera) for body in bodies)
    return tuple(observation for observation in found if observation is not None)


def locate(body: Body, tags: tuple[TagObservation, ...], camera: CameraModel) -> BodyObservation | None:
    """The body's pose, or None: no tag seen, corners that fit no pose within the gate, or two poses that fit alike.

    A tag that contradicts all the others is left out, where it takes no more than that to make the rest fit.
    """
    seen = {tag.tag_id: tag for tag in tags}
    mounts = tuple(mount for mount in body.tags if mount.tag_id in seen)
    if not mounts:
        return None
    found = _solved(body.name, mounts, seen, camera)
    if (found is not None and found.rms_px <= SUSPECT_RMS_PX) or len(mounts) < FEWEST_TO_JUDGE_ONE:
        return found
    without = (_solved(body.name, tuple(m for m in mounts if m is not left_out), seen, camera) for left_out in mounts)
    fitting = [other for other in without if other is not None and other.rms_px <= SUSPECT_RMS_PX]
    return fitting[0] if len(fitting) == 1 else found


def _solved(
    name: str, mounts: tuple[TagMount, ...], seen: Mapping[int, TagObservation], camera: CameraModel
) -> BodyObservation | None:
    points_mm = np.vstack([mount.corners_mm() for mount in mounts])
    pixels = np.vstack([seen[mount.tag_id].corners_px for mount in mounts])
    candidates = _candidates(points_mm, pixels, camera)
    best = _choose(candidates, len(pixels))
    if best is None:
        return None
    fit = fit_pose(points_mm, pixels, best.bench_from_body, camera)
    covariance = fit.covariance
    rival_deg = max(
        (
            best.camera_from_body.angle_to_deg(other.camera_from_body)
            for other in candidates
            if _as_good(other, best, len(pixels))
        ),
        default=0.0,
    )
    if 0.0 < rival_deg <= SAME_POSE_DEG:
        covariance[3:, 3:] += math.radians(rival_deg / 2.0) ** 2 * np.eye(3)
    return BodyObservation(
        body=name,
        bench_from_body=fit.bench_from_body,
        tag_ids=tuple(mount.tag_id for mount in mounts),
        rms_px=best.rms_px,
        covariance=covariance,
    )


def _candidates(points_mm: Array, pixels: Array, camera: CameraModel) -> list[_Candidate]:
    """Poses that may explain the pixels, refined, best first."""
    import cv2

    bench_from_camera = camera.camera_from_bench.inverse()
    found = []
    for start in _starts(points_mm, pixels, camera):
        vector, translation = cv2.solvePnPRefineLM(
            points_mm,
            pixels,
            camera.matrix,
            camera.distortion,
            cv2.Rodrigues(start.rotation)[0],
            start.translation_mm.reshape(3, 1).copy(),
        )
        turn = np.asarray(cv2.Rodrigues(vector)[0], dtype=np.float64)
        pose = Transform(turn, np.asarray(translation, dtype=np.float64).reshape(3))
        bench_from_body = bench_from_camera @ pose
        misses = camera.project(bench_from_body.apply(points_mm)) - pixels
        if np.isfinite(misses).all():
            rms_px = math.sqrt(float((misses**2).sum(axis=1).mean()))
            found.append(_Candidate(camera_from_body=pose, bench_from_body=bench_from_body, rms_px=rms_px))
    return sorted(found, key=lambda candidate: candidate.rms_px)


def _starts(points_mm: Array, pixels: Array, camera: CameraModel) -> list[Transform]:
    """`camera_from_body` guesses: the one of SQPnP, and its reflection about the line of sight."""
    import cv2

    _, turns, shifts, _ = cv2.solvePnPGeneric(
        points_mm, pixels, camera.matrix, camera.distortion, flags=cv2.SOLVEPNP_SQPNP
    )
    starts = []
    for turn, shift in zip(turns, shifts, strict=True):
        rotation = np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64)
        start = Transform(rotation, np.asarray(shift, dtype=np.float64).reshape(3))
        starts += [start, _reflected(start, points_mm)]
    return starts


def _reflected(camera_from_body: Transform, points_mm: Array) -> Transform:
    """The pose whose face leans the other way: half a turn about the line of sight and one about its normal.

    Seen from far, both give the same picture; this is the second solution of a plane's pose.
    """
    middle = points_mm.mean(axis=0)
    normal = np.linalg.svd(points_mm - middle)[2][2]
    seen = camera_from_body.apply(middle)
    rotation = _half_turn(seen / np.linalg.norm(seen)) @ camera_from_body.rotation @ _half_turn(normal)
    return Transform(rotation, seen - rotation @ middle)


def _half_turn(axis: Array) -> Array:
    return np.asarray(2.0 * np.outer(axis, axis) - np.eye(3))


def _as_good(other: _Candidate, best: _Candidate, corners: int) -> bool:
    """Whether noise alone may have put `best` in front: the misses differ by less than three standard deviations."""
    if other is best:
        return False
    return corners * (other.rms_px**2 - best.rms_px**2) <= 9.0 * max(RIVAL_SIGMA_PX, best.rms_px / 2.0) ** 2


def _choose(candidates: list[_Candidate], corners: int) -> _Candidate | None:
    """The best candidate inside the gate; of two that fit alike the flat one, if only one is anywhere near flat."""
    if not candidates or candidates[0].rms_px > LARGEST_RMS_PX:
        return None
    best = candidates[0]
    rivals = [
        other
        for other in candidates
        if _as_good(other, best, corners) and best.camera_from_body.angle_to_deg(other.camera_from_body) > SAME_POSE_DEG
    ]
    if not rivals:
        return best
    by_tilt = sorted([best, *rivals], key=_tilt_deg)
    clear = _tilt_deg(by_tilt[0]) <= FLAT_DEG and _tilt_deg(by_tilt[1]) >= min(
        TILTED_DEG, _tilt_deg(by_tilt[0]) + FLAT_DEG
    )
    return by_tilt[0] if clear else None


def _tilt_deg(candidate: _Candidate) -> float:
    return math.degrees(math.acos(max(-1.0, min(1.0, float(candidate.bench_from_body.rotation[2, 2])))))
