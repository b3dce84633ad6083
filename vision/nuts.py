"""Is there a nut at the joint? Told without tags, from rings of pixels around the joint's place on the bench.

The joint is sampled in polar bench coordinates (every point projected through the calibrated lens, so there is no
picture to rectify). From inside out a seated nut shows a dark bore, a bright neutral ring of metal all the way round,
and the darker gap to the clearance hole's rim. A bare joint shows a bright stud end in a dark hole. Either must hold in
nearly every direction, or the answer is UNKNOWN: a finger or a tool over one side makes neither. All levels are
compared with each other, so a change of light moves them together.
"""

from __future__ import annotations

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
    px_per_mm = float(camera.matrix[0, 0]) / _distance_mm(joint, camera)
    levels, colours = _rings(image, _polar_px(joint, camera), px_per_mm)
    why = _too_little(levels)
    if why:
        return _unknown(joint, why)
    nut, bare = _scores(levels, colours)
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


def _rings(image: NDArray[np.uint8], polar_px: Array, px_per_mm: float) -> tuple[dict[str, Array], Array]:
    """Levels by ring, (tries, directions) each, and the metal ring's colours, (tries, directions, 3)."""
    import cv2

    offsets = np.array([[dx, dy] for dx in SEARCH_MM for dy in SEARCH_MM]) * px_per_mm
    maps = (polar_px[None] + offsets[:, None, None]).astype(np.float32).reshape(-1, len(RADII_MM), 2)
    polar = cv2.remap(image, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR).astype(np.float64)
    polar = polar.reshape(len(offsets), DIRECTIONS, len(RADII_MM), 3)
    spans = {"core": CORE_MM, "ring": RING_MM, "gap": GAP_MM, "rim": RIM_MM}
    colours = {
        name: polar[:, :, (low <= RADII_MM) & (high >= RADII_MM)].mean(axis=2) for name, (low, high) in spans.items()
    }
    return {name: colour.mean(axis=2) for name, colour in colours.items()}, np.asarray(colours["ring"])


def _contrast(levels: dict[str, Array]) -> tuple[Array, Array]:
    """Dark and bright end of each try, (tries,) each."""
    low, high = np.percentile(np.concatenate(list(levels.values()), axis=1), [5, 95], axis=1)
    return np.asarray(low), np.asarray(high)


def _enough(low: Array, high: Array) -> NDArray[np.bool_]:
    """Whether each try spans enough levels to be told from noise; in a dark picture fewer are enough."""
    return np.asarray(high - low >= LEAST_CONTRAST * np.minimum(1.0, high / 150.0))


def _too_little(levels: dict[str, Array]) -> str:
    """Why no offset shows enough to tell anything, or nothing."""
    low, high = _contrast(levels)
    if float(high.max()) < LEAST_LEVEL:
        return "too dark"
    return "" if bool(_enough(low, high).any()) else "no contrast"


def _scores(levels: dict[str, Array], colours: Array) -> tuple[float, float]:
    """Largest share, over the offsets, of directions that look like a nut, and of those that look like a bare joint."""
    low, high = _contrast(levels)
    step = (STEP * (high - low))[:, None]
    core, ring = np.median(levels["core"], axis=1)[:, None], levels["ring"]
    neutral = np.ptp(colours, axis=2) <= NEUTRAL * ring + 8.0
    metal = (ring >= core + 1.5 * step) & (ring >= levels["gap"] + step / 2.0) & neutral
    hole = (ring <= core - step) & (ring <= levels["rim"] - step / 2.0)
    seen = _enough(low, high)
    return float((metal.mean(axis=1) * seen).max()), float((hole.mean(axis=1) * seen).max())
