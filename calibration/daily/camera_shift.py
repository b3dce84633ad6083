"""Has a camera moved: two bursts of pictures of the same fixed tags, one of them taken at calibration.

d is the motion between the two, six figures in the camera's own frame (rotation vector rad, translation mm, applied to
the points it sees), by least squares over all corners: `d = (J'J)^-1 J' (today - reference)`. Whatever a detector gets
wrong about a tag in the same way each time falls out of the difference. The noise is not assumed: it is the scatter of
d from picture to picture, its shape S pooled over both bursts, `C = S (s_n^2/n + s_m^2/m) + A`. A is what a camera does
from day to day without anybody's touch (warmth). Whether a move matters is another question: it does when it puts
points of the bench off by more than is allowed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from calibration.daily.power import limit, needed, noticeable, power_at
from calibration.daily.tag_burst import LEAST_TAGS, TagBurst, frozen_pictures
from calibration.observations import CalibrationError
from calibration.rotations import exp
from vision.bench import Body
from vision.geometry import Array, CameraModel, Transform, frozen

ROTATION = slice(0, 3)
TRANSLATION = slice(3, 6)
HARMLESS_DEG = 0.0005
"""What is not a move, one standard deviation a day and axis. At a metre a turn of 0.002 degrees would already hide a
shift of 0.1 mm."""
HARMLESS_MM = 0.01
ALLOWED_MM = 0.25
"""A camera that moved and puts the bench off by more is not to be worked with."""
TAG_MOVED_PX = 0.5
"""Rms of a tag's corners beside where the motion of all other tags puts them; more, and it may have been moved by
itself."""
FROZEN_PX = 1e-6
"""Less noise than rounding makes: no live picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraShift:
    """What the two bursts say."""

    camera: str
    twist: Array
    """(6,) rad and mm: camera frame now from camera frame then."""
    noise: Array
    """(6, 6) of today's pictures, and what a camera does from day to day."""
    reference_noise: Array
    """(6, 6) of the reference's pictures, the same on each day."""
    freedom: int
    """Degrees of freedom of both."""
    statistic: float
    limit: float
    """Of the statistic, at the false-alarm rate."""
    loose_tags: tuple[int, ...]
    """Tags that were moved themselves: left out."""
    used_tags: tuple[int, ...]
    noise_px: float
    off_mm: float
    """How far the calibration now puts a point of the bench off, the worst of the tags' middles."""
    turned_deg: float
    shifted_mm: float
    notices_deg: float
    """A turn about the worst axis that is noticed in 95 of 100 checks."""
    notices_mm: float
    notices_off_mm: float
    """At the bench: a move that puts it further off, turn and shift together, is noticed in 95 of 100 checks."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "twist", frozen(self.twist, (6,)))
        object.__setattr__(self, "noise", frozen(self.noise, (6, 6)))
        object.__setattr__(self, "reference_noise", frozen(self.reference_noise, (6, 6)))

    @property
    def covariance(self) -> Array:
        """(6, 6) of the twist."""
        return np.asarray(self.noise + self.reference_noise)

    @property
    def moved(self) -> bool:
        """Whether it has, be it ever so little."""
        return self.statistic > self.limit

    def matters(self, allowed_mm: float = ALLOWED_MM) -> bool:
        """Whether it has moved so far that the bench is not where the calibration says."""
        return self.moved and self.off_mm > allowed_mm

    def power(self, *, turn_deg: float = 0.0, shift_mm: float = 0.0) -> float:
        """How often such a turn or shift is noticed (one of them), in the worst direction."""
        if turn_deg:
            return power_at(self.covariance, ROTATION, math.radians(turn_deg), freedom=self.freedom)
        return power_at(self.covariance, TRANSLATION, shift_mm, freedom=self.freedom)


def camera_shift(
    today: TagBurst,
    reference: TagBurst,
    camera: CameraModel,
    fixture: Body,
    *,
    harmless_deg: float = HARMLESS_DEG,
    harmless_mm: float = HARMLESS_MM,
) -> CameraShift:
    """Compare. `camera` is the calibration in force, `fixture` the tags.

    Raises CalibrationError `daily.tags`, `daily.frozen`.
    """
    common = tuple(tag_id for tag_id in today.tag_ids if tag_id in reference.tag_ids)
    found = _compare(today, reference, common, camera, fixture, (harmless_deg, harmless_mm))
    suspect = _loose_tag(today, reference, common, camera, fixture) if found.moved else None
    if suspect is None:
        return found
    rest = tuple(tag_id for tag_id in common if tag_id != suspect)
    without = _compare(today, reference, rest, camera, fixture, (harmless_deg, harmless_mm))
    return replace(without, loose_tags=(suspect,))


def moved_camera(camera: CameraModel, twist: Array) -> CameraModel:
    """The camera after a motion: `camera_from_bench` becomes `[Exp(r), t] camera_from_bench`."""
    motion = Transform(exp(twist[ROTATION]), twist[TRANSLATION])
    return replace(camera, camera_from_bench=motion @ camera.camera_from_bench)


def motion_jacobian(camera: CameraModel, bench_mm: Array) -> Array:
    """(2N, 6): how the pixels of bench points (N, 3) move with a small twist of the camera frame."""
    points = camera.camera_from_bench.apply(bench_mm)
    x, y, z = points.T
    pixel_by_point = _pixel_by_point(camera, points)
    zero = np.zeros_like(x)
    # A point p goes to p + r x p + t: its derivative by r is -[p].
    by_turn = np.array([[zero, z, -y], [-z, zero, x], [y, -x, zero]]).transpose(2, 0, 1)
    by_twist = np.concatenate([by_turn, np.broadcast_to(np.eye(3), by_turn.shape)], axis=2)
    return np.asarray((pixel_by_point @ by_twist).reshape(-1, 6))


def _pixel_by_point(camera: CameraModel, points: Array) -> Array:
    """(N, 2, 3): pixels by camera points, by OpenCV's own derivative (by translation)."""
    import cv2

    _, jacobian = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.matrix, camera.distortion)
    return np.asarray(jacobian[:, 3:6], dtype=np.float64).reshape(-1, 2, 3)


def _compare(
    today: TagBurst,
    reference: TagBurst,
    tag_ids: tuple[int, ...],
    camera: CameraModel,
    fixture: Body,
    harmless: tuple[float, float],
) -> CameraShift:
    if len(tag_ids) < LEAST_TAGS:
        raise CalibrationError(
            "daily.tags",
            f"camera {camera.name} sees {len(tag_ids)} of the fixed tags that its reference has and {LEAST_TAGS} are "
            "needed; clear the bench and check again, or calibrate the camera",
        )
    today, reference = today.only(tag_ids), reference.only(tag_ids)
    if min(today.noise_px, reference.noise_px) < FROZEN_PX:
        raise frozen_pictures(camera.name)
    jacobian = motion_jacobian(camera, _corners_mm(fixture, tag_ids))
    solve = np.linalg.solve(jacobian.T @ jacobian, jacobian.T)
    now, then = _flat(today) @ solve.T, _flat(reference) @ solve.T
    freedom = len(now) + len(then) - 2
    # The shape of the scatter is pooled; its size is each day's own, since light differs.
    now_px, then_px = today.noise_px**2, reference.noise_px**2
    scatter = (_squares(now) / now_px + _squares(then) / then_px) / freedom
    allowed = np.diag(np.repeat([math.radians(harmless[0]), harmless[1]], 3) ** 2)
    noise, reference_noise = scatter * now_px / len(now) + allowed, scatter * then_px / len(then)
    covariance = noise + reference_noise
    twist = now.mean(axis=0) - then.mean(axis=0)
    return CameraShift(
        camera=camera.name,
        twist=twist,
        noise=noise,
        reference_noise=reference_noise,
        freedom=freedom,
        statistic=float(twist @ np.linalg.solve(covariance, twist)),
        limit=limit(6, freedom=freedom),
        loose_tags=(),
        used_tags=tag_ids,
        noise_px=today.noise_px,
        off_mm=off_at_bench_mm(twist, camera, _middles_mm(fixture, tag_ids)),
        turned_deg=math.degrees(float(np.linalg.norm(twist[ROTATION]))),
        shifted_mm=float(np.linalg.norm(twist[TRANSLATION])),
        notices_deg=math.degrees(noticeable(covariance, ROTATION, freedom=freedom)),
        notices_mm=noticeable(covariance, TRANSLATION, freedom=freedom),
        notices_off_mm=_noticeable_off_mm(covariance, camera, _middles_mm(fixture, tag_ids), freedom),
    )


def off_at_bench_mm(twist: Array, camera: CameraModel, bench_mm: Array) -> float:
    """How far a camera that moved by `twist` puts bench points (N, 3) of one height off: the worst, mm."""
    moved = moved_camera(camera, twist)
    return max(
        float(np.linalg.norm(camera.bench_point_on_plane(moved.project([point]), float(point[2]))[0] - point))
        for point in bench_mm
    )


def _noticeable_off_mm(covariance: Array, camera: CameraModel, bench_mm: Array, freedom: int) -> float:
    """The worst of all moves d that are just noticed for sure, `d' C^-1 d = lambda`, at the worst of the points (N, 3).

    With G the (2, 6) derivative of where a point is put, it is `sqrt(lambda)` times the largest singular value of
    `G C^(1/2)`.
    """
    root = np.linalg.cholesky(covariance) * math.sqrt(needed(len(covariance), freedom=freedom))
    steps = np.diag(np.repeat([1e-5, 1e-2], 3))
    worst = 0.0
    for point in bench_mm:
        columns = [(_put(camera, step, point) - _put(camera, -step, point)) / (2.0 * step.max()) for step in steps]
        worst = max(worst, float(np.linalg.norm(np.array(columns).T @ root, ord=2)))
    return worst


def _put(camera: CameraModel, twist: Array, point: Array) -> Array:
    """(2,) mm: where the calibration puts a bench point of known height after the camera moved by `twist`."""
    seen = moved_camera(camera, twist).project([point])
    return np.asarray(camera.bench_point_on_plane(seen, float(point[2]))[0][:2])


def _loose_tag(
    today: TagBurst, reference: TagBurst, tag_ids: tuple[int, ...], camera: CameraModel, fixture: Body
) -> int | None:
    """The tag that moved by itself: without it the others agree on one motion, with it they do not."""
    if len(tag_ids) <= LEAST_TAGS:
        return None
    shift = today.only(tag_ids).mean_px - reference.only(tag_ids).mean_px
    spread, beside = {}, {}
    for tag_id in tag_ids:
        rest = [index for index, other in enumerate(tag_ids) if other != tag_id]
        jacobian = motion_jacobian(camera, _corners_mm(fixture, [tag_ids[index] for index in rest]))
        seen = shift[rest].reshape(-1)
        motion = np.linalg.lstsq(jacobian, seen, rcond=None)[0]
        spread[tag_id] = float(np.sqrt(((seen - jacobian @ motion) ** 2).mean()))
        own = (
            shift[tag_ids.index(tag_id)].reshape(-1) - motion_jacobian(camera, _corners_mm(fixture, [tag_id])) @ motion
        )
        beside[tag_id] = float(np.sqrt((own**2).mean()))
    suspect = min(spread, key=lambda tag_id: spread[tag_id])
    jacobian = motion_jacobian(camera, _corners_mm(fixture, tag_ids))
    left = shift.reshape(-1) - jacobian @ np.linalg.lstsq(jacobian, shift.reshape(-1), rcond=None)[0]
    together = float(np.sqrt((left**2).mean()))
    return suspect if beside[suspect] > TAG_MOVED_PX and spread[suspect] < together / 3.0 else None


def _corners_mm(fixture: Body, tag_ids: tuple[int, ...] | list[int]) -> Array:
    mounts = {mount.tag_id: mount for mount in fixture.tags}
    corners = np.array([mounts[tag_id].corners_mm() for tag_id in tag_ids])
    return np.asarray(corners.reshape(-1, 3), dtype=np.float64)


def _middles_mm(fixture: Body, tag_ids: tuple[int, ...]) -> Array:
    return np.asarray(_corners_mm(fixture, tag_ids).reshape(-1, 4, 3).mean(axis=1))


def _flat(burst: TagBurst) -> Array:
    return np.asarray(burst.corners_px.reshape(burst.pictures, -1))


def _squares(rows: Array) -> Array:
    off = rows - rows.mean(axis=0)
    return np.asarray(off.T @ off)
