"""Hands in bench millimetres: from one camera with a guess at the height, from two where their rays meet.

One camera: each landmark's ray meets the plane at hand height. How high a hand really is nobody knows, and that doubt
runs along the ray; across it there is the landmark model's own error, which grows with the hand. The height that the
hand's apparent size suggests is no better: hands differ by a tenth in length, which is 90 mm over a camera 900 mm away.

Two cameras: two hands are one when the rays of their landmarks pass each other within what the landmarks' errors allow,
and at a height where hands can be. A point is then the place with the least squares of distances from its rays, each
counted in its own standard deviations, and its covariance follows from them.

For guidance and pictures, never for a pass. Nothing depends on handedness.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from vision.api import BenchHand, CameraState, FrameAnalysis, HandObservation
from vision.geometry import Array, CameraModel

HEIGHT_SIGMA_MM = 50.0
"""Of the height of a landmark over or under hand height."""
LANDMARK_SHARE = 0.1
"""One standard deviation of a landmark in the picture, along each axis, as a share of the palm's length there."""
LEAST_SIGMA_PX = 2.0
SAME_MOMENT_S = 0.12
"""Pictures taken farther apart than this are not put together."""
FASTEST_MM_S = 400.0
"""How fast a hand is allowed to be between two pictures that are put together, as one standard deviation."""
MEET_SIGMAS = 2.5
"""Two hands meet when the median landmark's rays pass within so many standard deviations."""
HEIGHTS_MM = (-60.0, 450.0)
STALE_S = 0.5
PALM = (0, 5, 9, 13, 17)
"""Wrist and knuckles."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandRays:
    """One camera's landmarks as rays."""

    camera: str
    t_mono_s: float
    origin_mm: Array
    """(3,)."""
    origin_sigma_mm: float
    directions: Array
    """(21, 3) unit vectors, bench frame."""
    sigma_rad: float
    """One standard deviation of each ray's direction, across it."""

    def across_mm(self, along_mm: Array) -> Array:
        """(21,) one standard deviation across each ray, so far along it."""
        return np.hypot(along_mm * self.sigma_rad, self.origin_sigma_mm)


def rays_of(hand: HandObservation, camera: CameraModel, t_mono_s: float) -> HandRays:
    """The rays of a hand's landmarks."""
    import cv2

    pixels = np.asarray(hand.landmarks_px, dtype=np.float64)
    flat = cv2.undistortPoints(pixels.reshape(-1, 1, 2), camera.matrix, camera.distortion).reshape(-1, 2)
    bench_from_camera = camera.camera_from_bench.inverse()
    directions = np.column_stack([flat, np.ones(len(flat))]) @ bench_from_camera.rotation.T
    palm_px = float(np.linalg.norm(pixels[list(PALM[1:])] - pixels[0], axis=1).max())
    sigma_px = max(LEAST_SIGMA_PX, LANDMARK_SHARE * palm_px)
    sigma_rad = np.hypot(sigma_px / float(camera.matrix[0, 0]), np.radians(camera.rotation_sigma_deg))
    return HandRays(
        camera=camera.name,
        t_mono_s=t_mono_s,
        origin_mm=bench_from_camera.translation_mm,
        origin_sigma_mm=camera.position_sigma_mm,
        directions=directions / np.linalg.norm(directions, axis=1)[:, None],
        sigma_rad=float(sigma_rad),
    )


def on_plane(rays: HandRays, height_mm: float) -> BenchHand | None:
    """The hand at that height; None when a ray does not come down to it."""
    down = -rays.directions[:, 2]
    above_mm = float(rays.origin_mm[2]) - height_mm
    if above_mm <= 0.0 or (down <= 0.05).any():
        return None
    along_mm = above_mm / down
    # Across the ray the plane stretches an error by 1/down; along it the doubt of the height is stretched likewise.
    sigma_mm = np.hypot(HEIGHT_SIGMA_MM, rays.across_mm(along_mm)) / down
    return BenchHand(
        points_mm=rays.origin_mm + rays.directions * along_mm[:, None],
        sigma_mm=sigma_mm,
        cameras=(rays.camera,),
        t_mono_s=rays.t_mono_s,
    )


def triangulated(one: HandRays, other: HandRays) -> tuple[BenchHand, float] | None:
    """The hand whose rays both are, with the median miss in standard deviations; None when they do not meet."""
    apart_s = abs(one.t_mono_s - other.t_mono_s)
    if apart_s > SAME_MOMENT_S or one.camera == other.camera:
        return None
    both = (one, other)
    across = [np.eye(3) - r.directions[:, :, None] * r.directions[:, None, :] for r in both]
    points = _nearest(both, across, [np.ones(len(one.directions))] * 2)
    for _ in range(2):
        away = [np.asarray(np.einsum("ni,ni->n", points - r.origin_mm, r.directions)) for r in both]
        if any((a <= 0.0).any() for a in away):
            return None
        moved_mm = FASTEST_MM_S * apart_s / 2.0
        sigmas = [np.hypot(r.across_mm(a), moved_mm) for a, r in zip(away, both, strict=True)]
        points = _nearest(both, across, [1.0 / sigma**2 for sigma in sigmas])
    misses = [
        np.linalg.norm(np.einsum("nij,nj->ni", a, points - r.origin_mm), axis=1) / sigma
        for a, r, sigma in zip(across, both, sigmas, strict=True)
    ]
    # The two rays' misses are one gap, shared between them by their weights.
    miss = float(np.median(np.hypot(misses[0], misses[1])))
    low, high = float(points[:, 2].min()), float(points[:, 2].max())
    if miss > MEET_SIGMAS or low < HEIGHTS_MM[0] or high > HEIGHTS_MM[1]:
        return None
    covariance = np.linalg.inv(np.sum([a / s[:, None, None] ** 2 for a, s in zip(across, sigmas, strict=True)], axis=0))
    hand = BenchHand(
        points_mm=points,
        sigma_mm=np.sqrt(np.linalg.eigvalsh(covariance)[:, -1]),
        cameras=tuple(sorted((one.camera, other.camera))),
        t_mono_s=min(one.t_mono_s, other.t_mono_s),
    )
    return hand, miss


def _nearest(rays: tuple[HandRays, ...], across: list[Array], weights: list[Array]) -> Array:
    """(21, 3) mm: the points with the least weighted squares of distances from the rays."""
    parts = [a * w[:, None, None] for a, w in zip(across, weights, strict=True)]
    right = np.sum([part @ ray.origin_mm for part, ray in zip(parts, rays, strict=True)], axis=0)
    return np.asarray(np.linalg.solve(np.sum(parts, axis=0), right[..., None])[..., 0])


def hands_together(rays: Iterable[HandRays], height_mm: float) -> tuple[BenchHand, ...]:
    """Every hand once: pairs that meet, the best first, and what is left by its one camera."""
    left = list(rays)
    pairs = []
    for (i, one), (j, other) in combinations(enumerate(left), 2):
        met = triangulated(one, other)
        if met is not None:
            pairs.append((met[1], i, j, met[0]))
    taken: set[int] = set()
    hands: list[BenchHand] = []
    for _, i, j, hand in sorted(pairs, key=lambda pair: pair[:3]):
        if not taken & {i, j}:
            taken |= {i, j}
            hands.append(hand)
    alone = (on_plane(ray, height_mm) for index, ray in enumerate(left) if index not in taken)
    return (*hands, *(hand for hand in alone if hand is not None))


def hands_of_one(
    hands: tuple[HandObservation, ...], camera: CameraModel, height_mm: float, t_mono_s: float
) -> tuple[BenchHand, ...]:
    """One picture's hands."""
    return hands_together((rays_of(hand, camera, t_mono_s) for hand in hands), height_mm)


class HandBoard:
    """The newest hands of all cameras. Thread-safe: analysis threads call `update`, anybody asks for `hands`."""

    def __init__(self, cameras: tuple[CameraModel, ...], height_mm: float, *, stale_s: float = STALE_S) -> None:
        self._cameras = {camera.name: camera for camera in cameras}
        self._height_mm = height_mm
        self._stale_s = stale_s
        self._lock = threading.Lock()
        self._newest: dict[str, FrameAnalysis] = {}

    def update(self, analysis: FrameAnalysis) -> None:
        """Take an analysis. Where nobody looked for hands it changes nothing; a bad camera's takes all back."""
        good = analysis.state is CameraState.GOOD
        with self._lock:
            before = self._newest.get(analysis.camera)
            if before is not None and analysis.t_mono_s < before.t_mono_s:
                return
            if good and analysis.hands_known:
                self._newest[analysis.camera] = analysis
            elif not good:
                self._newest.pop(analysis.camera, None)

    def hands(self, now_s: float) -> tuple[BenchHand, ...]:
        """Hands as seen in pictures of at most `stale_s`; nothing seen is not "no hands"."""
        with self._lock:
            newest = list(self._newest.values())
        fresh = [a for a in newest if now_s - a.t_mono_s <= self._stale_s]
        rays = [rays_of(hand, self._cameras[a.camera], a.t_mono_s) for a in fresh for hand in a.hands]
        return hands_together(rays, self._height_mm)
