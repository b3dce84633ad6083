"""The pose of a tagged body in the bench frame, from all of its tags that one picture shows.

Start: planar pose with both of its solutions (Collins and Bartoli, IPPE, IJCV 2014), or SQPnP (Terzakis and Lourakis,
ECCV 2020) where the tags are not in one plane; then Levenberg-Marquardt on all corners. Points are undistorted, never
pictures. A flat target seen small has two poses that explain it nearly as well: the one that lies flat on the bench is
taken only where the other plainly does not; otherwise there is no answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vision.api import BodyObservation, TagObservation
from vision.bench import Body
from vision.geometry import Array, CameraModel, Transform

LARGEST_RMS_PX = 1.2
LEAST_CORNER_SIGMA_PX = 0.1
"""The detector's own corner noise on clean pictures (0.075 px measured in reference work), rounded up."""
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
    """The body's pose, or None: no tag seen, corners that fit no pose within the gate, or two poses that fit alike."""
    import cv2

    seen = {tag.tag_id: tag for tag in tags}
    mounts = [mount for mount in body.tags if mount.tag_id in seen]
    if not mounts:
        return None
    points_mm = np.vstack([mount.corners_mm() for mount in mounts])
    pixels = np.vstack([seen[mount.tag_id].corners_px for mount in mounts])
    rays = cv2.undistortPoints(pixels.reshape(-1, 1, 2), camera.matrix, camera.distortion).reshape(-1, 2)
    candidates = _candidates(points_mm, np.ascontiguousarray(rays), camera)
    best = _choose(candidates)
    if best is None:
        return None
    sigma_mm, sigma_deg = _spread(points_mm, best, camera)
    rival_deg = max(
        (best.camera_from_body.angle_to_deg(other.camera_from_body) for other in candidates if _as_good(other, best)),
        default=0.0,
    )
    return BodyObservation(
        body=body.name,
        bench_from_body=best.bench_from_body,
        tag_ids=tuple(mount.tag_id for mount in mounts),
        rms_px=best.rms_px,
        sigma_mm=sigma_mm,
        sigma_deg=max(sigma_deg, rival_deg / 2.0 if rival_deg <= SAME_POSE_DEG else 0.0),
    )


def _candidates(points_mm: Array, rays: Array, camera: CameraModel) -> list[_Candidate]:
    """Poses that may explain the rays, refined, best first."""
    import cv2

    eye, none = np.eye(3), np.zeros(5)
    centred = points_mm - points_mm.mean(axis=0)
    planar = np.linalg.svd(centred, compute_uv=False)[2] < 1e-3 * len(points_mm)
    method = cv2.SOLVEPNP_IPPE if planar else cv2.SOLVEPNP_SQPNP
    _, rotations, translations, _ = cv2.solvePnPGeneric(points_mm, rays, eye, none, flags=method)
    bench_from_camera = camera.camera_from_bench.inverse()
    focal_px = float(camera.matrix[0, 0] + camera.matrix[1, 1]) / 2.0
    found = []
    for start_r, start_t in zip(rotations, translations, strict=True):
        vector, translation = cv2.solvePnPRefineLM(points_mm, rays, eye, none, start_r.copy(), start_t.copy())
        pose = Transform(
            np.asarray(cv2.Rodrigues(vector)[0], dtype=np.float64), np.asarray(translation, dtype=np.float64).reshape(3)
        )
        in_camera = pose.apply(points_mm)
        if not np.isfinite(in_camera).all() or in_camera[:, 2].min() <= 1.0:
            continue
        misses = in_camera[:, :2] / in_camera[:, 2:] - rays
        rms_px = focal_px * math.sqrt(float((misses**2).sum(axis=1).mean()))
        found.append(_Candidate(camera_from_body=pose, bench_from_body=bench_from_camera @ pose, rms_px=rms_px))
    return sorted(found, key=lambda candidate: candidate.rms_px)


def _as_good(other: _Candidate, best: _Candidate) -> bool:
    return other is not best and other.rms_px <= 1.5 * best.rms_px + 0.05


def _choose(candidates: list[_Candidate]) -> _Candidate | None:
    """The best candidate inside the gate; of two that fit alike the flat one, if only one is anywhere near flat."""
    if not candidates or candidates[0].rms_px > LARGEST_RMS_PX:
        return None
    best = candidates[0]
    rivals = [
        other
        for other in candidates
        if _as_good(other, best) and best.camera_from_body.angle_to_deg(other.camera_from_body) > SAME_POSE_DEG
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


def _spread(points_mm: Array, candidate: _Candidate, camera: CameraModel) -> tuple[float, float]:
    """Standard deviations along the worst direction (mm at the body's origin, degrees) by first-order propagation.

    Turn about the body's origin: p = R exp([w]) x + t, so dp/dw = -R [x]. Pixel noise s gives the covariance s^2
    (J'J)^-1.
    """
    rotation = candidate.camera_from_body.rotation
    in_camera = candidate.camera_from_body.apply(points_mm)
    focal_px = float(camera.matrix[0, 0] + camera.matrix[1, 1]) / 2.0
    rows = []
    for point, seen in zip(points_mm, in_camera, strict=True):
        x, y, z = seen
        by_point = focal_px / z * np.array([[1.0, 0.0, -x / z], [0.0, 1.0, -y / z]])
        px, py, pz = point
        cross = np.array([[0.0, -pz, py], [pz, 0.0, -px], [-py, px, 0.0]])
        rows.append(by_point @ np.hstack([-rotation @ cross, np.eye(3)]))
    jacobian = np.vstack(rows)
    noise_px = max(LEAST_CORNER_SIGMA_PX, candidate.rms_px)
    covariance = noise_px**2 * np.linalg.pinv(jacobian.T @ jacobian)
    turn = float(np.linalg.eigvalsh(covariance[:3, :3])[-1])
    shift = float(np.linalg.eigvalsh(covariance[3:, 3:])[-1])
    return math.sqrt(max(0.0, shift)), math.degrees(math.sqrt(max(0.0, turn)))
