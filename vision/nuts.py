"""Is there a nut at the joint? Told without tags, from rings of pixels around the joint's place on the bench.

The joint is sampled in polar bench coordinates (every point projected through the calibrated lens, so there is no
picture to rectify). From inside out a seated nut shows a dark bore, a bright neutral ring of metal all the way round,
and the darker gap to the clearance hole's rim. A bare joint shows a bright stud end in a dark hole. Either must hold in
nearly every direction, or the answer is UNKNOWN: a finger or a tool over one side makes neither. All levels are
compared with each other, so a change of light moves them together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.api import FactValue, HandObservation, SiteObservation
from vision.bench import Joint
from vision.geometry import Array, CameraModel

HEAD_MM = 10.0
"""Height of a nut's upper face over the joint: the plane that is sampled."""
RADII_MM = np.arange(0.5, 17.0, 0.5)
DIRECTIONS = 24
CORE_MM = (0.0, 3.0)
RING_MM = (6.8, 8.4)
GAP_MM = (11.2, 12.4)
RIM_MM = (14.0, 16.5)
SEARCH_MM = (-3.0, -1.5, 0.0, 1.5, 3.0)
"""Offsets tried in both directions: a nut high on its stud appears shifted, and so does a part within tolerance."""
STEEPEST_DEG = 30.0
LEAST_CONTRAST = 35.0
LEAST_LEVEL = 40.0
LEAST_SHARE = 0.85
STEP = 0.3
"""Part of the patch's own contrast that makes a step between two rings."""
NEUTRAL = 0.16
"""Largest spread between colour channels, over the level, that bare metal and grey paint show."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rings:
    """Mean colour in each direction, (directions, 3), of the core, the ring, the gap and the rim."""

    core: Array
    ring: Array
    gap: Array
    rim: Array


def look_at_joint(
    joint: Joint, image: NDArray[np.uint8], camera: CameraModel, hands: tuple[HandObservation, ...] = ()
) -> SiteObservation:
    """What a BGR picture shows at the joint. A hand over it, too flat a view or too little contrast give UNKNOWN."""
    if _tilt_deg(joint, camera) > STEEPEST_DEG:
        return _unknown(joint, "seen too obliquely")
    pixels = camera.project((joint.bench_mm + np.array([0.0, 0.0, HEAD_MM])).reshape(1, 3))[0]
    reach_px = float(camera.matrix[0, 0]) * RADII_MM[-1] * 1.3 / _distance_mm(joint, camera)
    height, width = image.shape[:2]
    inside = reach_px <= pixels[0] < width - reach_px and reach_px <= pixels[1] < height - reach_px
    if not inside:
        return _unknown(joint, "outside the picture")
    if any(_covers(hand, pixels, reach_px) for hand in hands):
        return _unknown(joint, "hidden by a hand")
    polar = _polar_px(joint, camera)
    px_per_mm = float(camera.matrix[0, 0]) / _distance_mm(joint, camera)
    tries = [_score(_sample(polar + np.array([dx, dy]) * px_per_mm, image)) for dx in SEARCH_MM for dy in SEARCH_MM]
    nut, bare = max(nut for nut, _, _ in tries), max(bare for _, bare, _ in tries)
    faint = [why for _, _, why in tries if why]
    if len(faint) == len(tries):
        return _unknown(joint, faint[0])
    if nut >= LEAST_SHARE and bare < LEAST_SHARE:
        return SiteObservation(joint=joint.name, value=FactValue.PRESENT, score=nut, reason="")
    if bare >= LEAST_SHARE and nut < LEAST_SHARE:
        return SiteObservation(joint=joint.name, value=FactValue.ABSENT, score=1.0 - bare, reason="")
    return SiteObservation(joint=joint.name, value=FactValue.UNKNOWN, score=nut, reason="hidden or unclear")


def _unknown(joint: Joint, why: str) -> SiteObservation:
    return SiteObservation(joint=joint.name, value=FactValue.UNKNOWN, score=0.0, reason=why)


def _distance_mm(joint: Joint, camera: CameraModel) -> float:
    return float(np.linalg.norm(camera.camera_from_bench.apply(joint.bench_mm)))


def _tilt_deg(joint: Joint, camera: CameraModel) -> float:
    """Angle between the joint's axis (bench z) and the line of sight."""
    to_camera = camera.camera_from_bench.inverse().translation_mm - joint.bench_mm
    return float(np.degrees(np.arccos(to_camera[2] / np.linalg.norm(to_camera))))


def _covers(hand: HandObservation, pixels: Array, reach_px: float) -> bool:
    import cv2

    hull = cv2.convexHull(hand.landmarks_px.astype(np.float32))
    return cv2.pointPolygonTest(hull, (float(pixels[0]), float(pixels[1])), True) >= -reach_px


def _polar_px(joint: Joint, camera: CameraModel) -> Array:
    """(directions, radii, 2) pixels of rings around the joint, in the plane of a seated nut's face."""
    angles = np.linspace(0.0, 2.0 * np.pi, DIRECTIONS, endpoint=False)[:, None]
    x, y = RADII_MM * np.cos(angles), RADII_MM * np.sin(angles)
    points = joint.bench_mm + np.stack([x, y, np.full(x.shape, HEAD_MM)], axis=-1)
    return camera.project(points).reshape(*x.shape, 2)


def _sample(polar_px: Array, image: NDArray[np.uint8]) -> _Rings:
    import cv2

    maps = polar_px.astype(np.float32)
    polar = cv2.remap(image, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR).astype(np.float64)

    def ring(span_mm: tuple[float, float]) -> Array:
        chosen = (span_mm[0] <= RADII_MM) & (span_mm[1] >= RADII_MM)
        return np.asarray(polar[:, chosen].mean(axis=1))

    return _Rings(core=ring(CORE_MM), ring=ring(RING_MM), gap=ring(GAP_MM), rim=ring(RIM_MM))


def _score(rings: _Rings) -> tuple[float, float, str]:
    """Shares of directions that look like a nut and like a bare joint, and why nothing can be said, if so."""
    core, ring, gap, rim = (part.mean(axis=1) for part in (rings.core, rings.ring, rings.gap, rings.rim))
    low, high = (float(v) for v in np.percentile(np.concatenate([core, ring, gap, rim]), [5, 95]))
    if high < LEAST_LEVEL:
        return 0.0, 0.0, "too dark"
    if high - low < LEAST_CONTRAST * min(1.0, high / 150.0):
        return 0.0, 0.0, "no contrast"
    step = STEP * (high - low)
    middle = float(np.median(core))
    neutral = np.ptp(rings.ring, axis=1) <= NEUTRAL * ring + 8.0
    metal = (ring >= middle + 1.5 * step) & (ring >= gap + step / 2.0) & neutral
    hole = (ring <= middle - step) & (ring <= rim - step / 2.0)
    return float(metal.mean()), float(hole.mean()), ""
