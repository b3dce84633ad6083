"""What keeps a patch from being judged: pure rules, each with its reason in words. Below any of them it is UNKNOWN."""

from __future__ import annotations

import numpy as np

from vision.api import HandObservation, PersonOutline
from vision.geometry import Array
from vision.taught.rectify import RegionView, Registration

STEEPEST_DEG = 65.0
LEAST_SCALE = 0.5
"""A picture with fewer pixels a millimetre than half of the patch's shows too little."""
MOST_SHIFT_MM = 2.5
"""How far the whole picture may be from its calibration, at the region: that much is taken off."""
MOST_SHIFT_BY_ONE_TAG_PX = 1.0
"""The same by a single tag, which takes nothing off."""
MOST_SPREAD_PX = 1.0
"""How much the tags may differ in it: a picture that is turned is not only shifted."""
DARK_LEVEL = 22.0
BURNT_SHARE = 0.12
"""Burnt pixels beyond the most that any example had."""
HAND_MARGIN_PX = 25.0
"""Flesh round the landmarks of a hand."""

OUTSIDE = "outside the picture"
OBLIQUE = "seen too obliquely"
SMALL = "too small in the picture"
UNREGISTERED = "no fixture tag seen"
SHIFTED = "the camera has moved"
BY_A_HAND = "hidden by a hand"
BY_A_PERSON = "hidden by a person"
DARK = "too dark"
BURNT = "burnt out"
BLURRED = "blurred"
UNLIKE = "unlike all examples"
UNDECIDED = "too close to call"


def view_gate(view: RegionView) -> str:
    """Why this camera can never tell the region's state; empty where it can."""
    if view.tilt_deg > STEEPEST_DEG:
        return OBLIQUE
    if not view.inside():
        return OUTSIDE
    if view.px_per_mm < LEAST_SCALE * view.patch_px_per_mm:
        return SMALL
    return ""


def registration_gate(registration: Registration, view: RegionView) -> str:
    """Why this picture's patch may lie elsewhere than its calibration says."""
    if not registration.tags:
        return UNREGISTERED
    limit_px = MOST_SHIFT_MM * view.px_per_mm if registration.tags >= 2 else MOST_SHIFT_BY_ONE_TAG_PX
    if np.linalg.norm(registration.shift_px) > limit_px or registration.spread_px > MOST_SPREAD_PX:
        return SHIFTED
    return ""


def hiding_gate(view: RegionView, hands: tuple[HandObservation, ...], people: tuple[PersonOutline, ...]) -> str:
    """Whether a hand or an outline of a person reaches into the region."""
    for hand in hands:
        if _meet(hand.landmarks_px.astype(np.float64), view.corners_px, HAND_MARGIN_PX):
            return BY_A_HAND
    half = np.array(view.check.size_mm) / 2.0
    flat = np.array([[-half[0], -half[1], 0], [half[0], -half[1], 0], [half[0], half[1], 0], [-half[0], half[1], 0]])
    on_bench = view.check.bench_from_region.apply(flat)[:, :2]
    return BY_A_PERSON if any(_meet(each.outline_mm, on_bench, 0.0) for each in people) else ""


def light_gate(mean_level: float, burnt: float, *, burnt_before: float) -> str:
    """Whether there is light to tell by. `burnt_before`: the most burnt share of any example."""
    if mean_level < DARK_LEVEL:
        return DARK
    return BURNT if burnt > burnt_before + BURNT_SHARE else ""


def _meet(one: Array, other: Array, margin: float) -> bool:
    """Whether two convex outlines (N, 2), (M, 2) come nearer than `margin`."""
    import cv2

    a, b = (np.asarray(cv2.convexHull(each.astype(np.float32)), dtype=np.float32) for each in (one, other))
    if len(a) >= 3 and len(b) >= 3 and cv2.intersectConvexConvex(a, b)[0] > 0.0:
        return True
    near = -max(margin, 1e-6)
    return any(
        cv2.pointPolygonTest(hull, (float(x), float(y)), True) >= near
        for hull, points in ((a, b.reshape(-1, 2)), (b, a.reshape(-1, 2)))
        for x, y in points
    )
