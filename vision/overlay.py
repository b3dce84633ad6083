"""What the screen draws over a camera's picture, as data: JSON-ready, in the picture's own pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.api import FrameAnalysis
from vision.bench import Bench
from vision.geometry import Array, CameraModel

AXIS_MM = 30.0


def overlay_of(analysis: FrameAnalysis, bench: Bench, camera: CameraModel) -> dict[str, Any]:
    """Hands, tags, bodies (outline of their seen tags, axes), joints with their state, and zones with theirs.

    Points are [x, y] pairs of pixels; one behind the camera leaves its thing out.
    """
    return {
        "camera": analysis.camera,
        "seq": analysis.seq,
        "width_px": camera.width_px,
        "height_px": camera.height_px,
        "state": analysis.state.value,
        "hands": [{"points_px": _pairs(hand.landmarks_px), "score": round(hand.score, 3)} for hand in analysis.hands],
        "tags": [{"id": tag.tag_id, "corners_px": _pairs(tag.corners_px)} for tag in analysis.tags],
        "bodies": _bodies(analysis, bench, camera),
        "joints": _joints(analysis, bench, camera),
        "zones": _zones(analysis, bench, camera),
    }


def _pairs(points: Any) -> list[list[float]]:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in points]


def _projected(camera: CameraModel, points_mm: Array) -> list[list[float]] | None:
    pixels = camera.project(points_mm)
    return _pairs(pixels) if np.isfinite(pixels).all() else None


def _bodies(analysis: FrameAnalysis, bench: Bench, camera: CameraModel) -> list[dict[str, Any]]:
    found = []
    for seen in analysis.bodies:
        corners = np.vstack([mount.corners_mm() for mount in bench.body(seen.body).tags])
        low, high, top = corners.min(axis=0), corners.max(axis=0), float(corners[:, 2].max())
        box = [[low[0], low[1], top], [high[0], low[1], top], [high[0], high[1], top], [low[0], high[1], top]]
        outline = _projected(camera, seen.bench_from_body.apply(box))
        axes = _projected(
            camera, seen.bench_from_body.apply([[0, 0, 0], [AXIS_MM, 0, 0], [0, AXIS_MM, 0], [0, 0, AXIS_MM]])
        )
        if outline is not None and axes is not None:
            found.append({"body": seen.body, "outline_px": outline, "axes_px": axes})
    return found


def _joints(analysis: FrameAnalysis, bench: Bench, camera: CameraModel) -> list[dict[str, Any]]:
    states = {site.joint: site for site in analysis.sites}
    found = []
    for joint in bench.joints:
        place = _projected(camera, joint.bench_mm.reshape(1, 3))
        if place is not None:
            site = states.get(joint.name)
            state = "not looked at" if site is None else site.value.value
            found.append({"joint": joint.name, "at_px": place[0], "state": state})
    return found


def _zones(analysis: FrameAnalysis, bench: Bench, camera: CameraModel) -> list[dict[str, Any]]:
    found = []
    for zone in bench.zones:
        floor = np.column_stack([zone.outline_mm, np.full(len(zone.outline_mm), zone.z_mm[0])])
        outline = _projected(camera, floor)
        if outline is not None:
            busy = analysis.busy_zones.get(zone.name)
            found.append({"zone": zone.name, "outline_px": outline, "busy": busy})
    return found
