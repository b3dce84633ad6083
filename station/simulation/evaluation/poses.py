"""How far poses are from the truth, and whether their stated uncertainty is honest: pure arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from station.simulation.evaluation.tally import Spread, spread
from station.simulation.evaluation.truth import Moment, Truth
from station.simulation.evaluation.watching import SeenPose
from vision.geometry import Array, CameraModel, Transform

INSIDE_95 = 12.592
"""95 % of a chi-square with six degrees of freedom."""
STILL_S = 0.3
"""A body must have been where it is for so long; what moves is not where one stamp says."""
NEAR_MM = 800.0
"""Between near and far from the camera."""
FREE, HALF = 0.95, 0.5
"""Shares of a body's tags that the best camera is shown: free, partly hidden, mostly hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseError:
    """One pose against the truth."""

    item: str
    body: str
    cameras: int
    distance_mm: float
    """From the nearest camera that saw it."""
    shown: float
    """Share of its tags that the best of those cameras was shown."""
    off_mm: float
    off_deg: float
    inside_95: bool
    """The truth is in the region that the pose says holds it with 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseRow:
    """The errors of one group of poses."""

    group: str
    off_mm: Spread
    off_deg: Spread
    inside_95: float
    """Share, 0 to 1."""


def errors(truth: Truth, poses: Iterable[SeenPose], cameras: Mapping[str, CameraModel]) -> list[PoseError]:
    """The last pose of each body by each set of cameras in each stretch in which it stood still."""
    last: dict[tuple[str, tuple[str, ...], bytes], tuple[SeenPose, Moment]] = {}
    for pose in poses:
        now, before = truth.at(pose.t_s), truth.at(pose.t_s - STILL_S)
        if now is None or before is None or pose.body not in now.bodies or pose.body not in before.bodies:
            continue
        true = now.bodies[pose.body].bench_from_body
        if true.distance_to_mm(before.bodies[pose.body].bench_from_body) < 0.01:
            last[pose.body, pose.cameras, true.translation_mm.tobytes()] = (pose, now)
    return [_error(truth.item, pose, moment, cameras) for pose, moment in last.values()]


def rows(found: Iterable[PoseError]) -> tuple[PoseRow, ...]:
    """All together, and by number of cameras, distance and how much is hidden."""
    everything = list(found)
    groups: list[tuple[str, Callable[[PoseError], bool]]] = [
        ("all", lambda e: True),
        ("one camera", lambda e: e.cameras == 1),
        ("one camera, near", lambda e: e.cameras == 1 and e.distance_mm < NEAR_MM),
        ("one camera, far", lambda e: e.cameras == 1 and e.distance_mm >= NEAR_MM),
        ("one camera, free", lambda e: e.cameras == 1 and e.shown >= FREE),
        ("one camera, partly hidden", lambda e: e.cameras == 1 and HALF <= e.shown < FREE),
        ("one camera, mostly hidden", lambda e: e.cameras == 1 and e.shown < HALF),
        ("two cameras", lambda e: e.cameras == 2),
        ("two cameras, free", lambda e: e.cameras == 2 and e.shown >= FREE),
        ("two cameras, partly hidden", lambda e: e.cameras == 2 and e.shown < FREE),
        *((f"{body}, two cameras", _of(body)) for body in dict.fromkeys(e.body for e in everything)),
    ]
    made = (_row(name, [e for e in everything if belongs(e)]) for name, belongs in groups)
    return tuple(row for row in made if row is not None)


def inside_95(true: Transform, said: Transform, covariance: Array) -> bool:
    """Whether the error e, as `BodyObservation.covariance` defines it, has e' C^-1 e within 95 %."""
    import cv2

    turn, _ = cv2.Rodrigues(true.rotation @ said.rotation.T)
    error = np.concatenate([true.translation_mm - said.translation_mm, np.asarray(turn).reshape(3)])
    return float(error @ np.linalg.pinv(covariance) @ error) <= INSIDE_95


def _error(item: str, pose: SeenPose, moment: Moment, cameras: Mapping[str, CameraModel]) -> PoseError:
    truth = moment.bodies[pose.body]
    true = truth.bench_from_body
    from_camera = [
        float(np.linalg.norm(cameras[name].camera_from_bench.apply(true.translation_mm))) for name in pose.cameras
    ]
    return PoseError(
        item=item,
        body=pose.body,
        cameras=len(pose.cameras),
        distance_mm=min(from_camera),
        shown=max(truth.shown.get(name, 1.0) for name in pose.cameras),
        off_mm=true.distance_to_mm(pose.bench_from_body),
        off_deg=true.angle_to_deg(pose.bench_from_body),
        inside_95=inside_95(true, pose.bench_from_body, pose.covariance),
    )


def _row(group: str, found: list[PoseError]) -> PoseRow | None:
    off_mm, off_deg = spread([e.off_mm for e in found]), spread([e.off_deg for e in found])
    if off_mm is None or off_deg is None:
        return None
    share = sum(e.inside_95 for e in found) / len(found)
    return PoseRow(group=group, off_mm=off_mm, off_deg=off_deg, inside_95=share)


def _of(body: str) -> Callable[[PoseError], bool]:
    return lambda error: error.body == body and error.cameras == 2
