"""Is there a nut at the joint? Told without tags, by comparing the picture with what geometry says it would show.

The joint's window of the picture is correlated with templates of a nut (down, high on its stud, crossed) and of the
bare stud, made for this camera's view (`vision.nut_templates`). One must look very much like the picture and the other
much less, or the answer is UNKNOWN: a hand, a sleeve or a tool over the joint looks like neither, and so does what
light, blur or noise has made unrecognisable. Correlation does not see brightness and contrast, so a change of light
moves nothing. A crossed nut is a nut. Where a part lies askew round the stud, or none does, the stud alone tells that
it is bare.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vision.api import FactValue, HandObservation, SiteObservation
from vision.bench import Joint
from vision.geometry import Array, CameraModel
from vision.nut_templates import LOOKED_AT_MM, SHIFT_PX, SMOOTH_PX, Bank, Templates, templates

STEEPEST_DEG = 65.0
LEAST_CONTRAST = 1.2
"""Standard deviation of the compared pixels, in levels, below which nothing can be there to compare."""
LIKE_NUT, NUT_LEAD = 0.80, 0.30
"""A nut: its best correlation, and how far it is before the bare stud's. Higher than for bare, as it passes steps."""
LIKE_BARE, BARE_LEAD = 0.75, 0.27
LIKE_STUD, STUD_LEAD, UNLIKE_NUT = 0.80, 0.30, 0.50
"""The same told from the stud alone, where its surroundings are not as they should be."""
COARSE_PX = 4.0
NUT_DETAIL, BARE_DETAIL = 0.40, 0.27
"""Share of the contrast that a blur of `COARSE_PX` takes away: less is a picture too blurred to tell. A nut shows 0.6
and more in a picture that is blurred by 2.4 px, a bare stud seen from the side 0.35."""


def look_at_joint(
    joint: Joint, image: NDArray[np.uint8], camera: CameraModel, hands: tuple[HandObservation, ...] = ()
) -> SiteObservation:
    """What a BGR picture shows at the joint. A hand over it, too flat a view or no clear likeness give UNKNOWN."""
    if _tilt_deg(joint, camera) > STEEPEST_DEG:
        return _unknown(joint, "seen too obliquely")
    kept = _templates(joint, camera)
    if kept is None:
        return _unknown(joint, "outside the picture")
    pixels = camera.project(joint.bench_mm.reshape(1, 3))[0]
    reach_px = float(camera.matrix[0, 0]) * LOOKED_AT_MM / _distance_mm(joint, camera)
    if any(_covers(hand, pixels, reach_px) for hand in hands):
        return _unknown(joint, "hidden by a hand")
    look = _likeness(image, kept)
    if look.contrast < LEAST_CONTRAST:
        return _unknown(joint, "no contrast")
    if look.detail < BARE_DETAIL:
        return _unknown(joint, "blurred")
    score = min(1.0, max(0.0, look.nut))
    if look.nut >= LIKE_NUT and look.nut - look.bare >= NUT_LEAD and look.detail >= NUT_DETAIL:
        return SiteObservation(joint=joint.name, value=FactValue.PRESENT, score=score, reason="")
    bare = look.bare >= LIKE_BARE and look.bare - look.nut >= BARE_LEAD
    stud = look.stud >= LIKE_STUD and look.stud - look.stud_nut >= STUD_LEAD and look.nut < UNLIKE_NUT
    if bare or stud:
        return SiteObservation(joint=joint.name, value=FactValue.ABSENT, score=score, reason="")
    return SiteObservation(joint=joint.name, value=FactValue.UNKNOWN, score=score, reason="hidden or unclear")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Best correlations, -1 to 1, and what they are worth."""

    nut: float
    bare: float
    stud_nut: float
    """Of the stud's close surroundings with any nut."""
    stud: float
    """Of the same with the bare stud."""
    contrast: float
    """Standard deviation of the whole window, levels."""
    detail: float
    """Share of the contrast that is fine."""


@lru_cache(maxsize=64)
def _templates(joint: Joint, camera: CameraModel) -> Templates | None:
    # Joints and cameras are values that live as long as their bench: drawn once for each pair.
    return templates(joint, camera)


def _likeness(image: NDArray[np.uint8], kept: Templates) -> _Look:
    import cv2

    mask = kept.whole.mask
    height, width = mask.shape
    top, left = kept.top_px - SHIFT_PX, kept.left_px - SHIFT_PX
    region = image[top : kept.top_px + height + SHIFT_PX, left : kept.left_px + width + SHIFT_PX]
    grey = cv2.cvtColor(region, cv2.COLOR_BGR2GRAY).astype(np.float32)
    grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), SMOOTH_PX), dtype=np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(grey, (height, width)).reshape(-1, height, width)
    nut, bare = _best(windows, kept.whole)
    stud_nut, stud = _best(windows, kept.stud)
    place = (slice(SHIFT_PX, SHIFT_PX + height), slice(SHIFT_PX, SHIFT_PX + width))
    contrast = float(grey[place][mask].std())
    fine = float((grey - cv2.GaussianBlur(grey, (0, 0), COARSE_PX))[place][mask].std())
    return _Look(nut=nut, bare=bare, stud_nut=stud_nut, stud=stud, contrast=contrast, detail=fine / max(contrast, 1e-6))


def _best(windows: NDArray[np.float32], bank: Bank) -> tuple[float, float]:
    """Best correlation of any window (S, h, w) with any nut, and with any bare stud."""
    import cv2

    pixels = windows[:, bank.mask]
    pixels = pixels - pixels.mean(axis=1, keepdims=True)
    length = np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 1e-6)
    # OpenCV multiplies on this thread alone; numpy's library wakes one a core for a product of this size.
    parts = np.asarray(cv2.gemm(pixels, bank.basis, 1.0, np.zeros(0, np.float32), 0.0, flags=cv2.GEMM_2_T)) / length
    return float((parts @ bank.nut.T).max()), float((parts @ bank.bare.T).max())


def _unknown(joint: Joint, why: str) -> SiteObservation:
    return SiteObservation(joint=joint.name, value=FactValue.UNKNOWN, score=0.0, reason=why)


def _distance_mm(joint: Joint, camera: CameraModel) -> float:
    return float(np.linalg.norm(camera.camera_from_bench.apply(joint.bench_mm)))


def _tilt_deg(joint: Joint, camera: CameraModel) -> float:
    """Angle between the joint's axis and the line of sight."""
    to_camera = camera.camera_from_bench.inverse().translation_mm - joint.bench_mm
    return float(np.degrees(np.arccos(np.clip(to_camera @ joint.axis / np.linalg.norm(to_camera), -1.0, 1.0))))


def _covers(hand: HandObservation, pixels: Array, reach_px: float) -> bool:
    import cv2

    hull = cv2.convexHull(hand.landmarks_px.astype(np.float32))
    return cv2.pointPolygonTest(hull, (float(pixels[0]), float(pixels[1])), True) >= -reach_px
