"""What the screen draws over a camera's picture, as data: JSON-ready, in the picture's own pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.api import BodyObservation, FrameAnalysis
from vision.bench import Bench, Joint, TaughtCheck
from vision.doubt import ELLIPSE_DRAWN, ellipse_mm
from vision.geometry import Array, CameraModel

AXIS_MM = 30.0
TOOL_AXIS_MM = 150.0


def overlay_of(analysis: FrameAnalysis, bench: Bench, camera: CameraModel, *, tool: str = "") -> dict[str, Any]:
    """Everything of a frame: hands, tags, bodies, the tool, joints, zones, people, taught checks, codes.

    Points are [x, y] pairs of pixels; one behind the camera leaves its thing out. `tool` is the body that has a tip and
    an axis; empty = none has.
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
        "tool": _tool(analysis, bench, camera, tool),
        "joints": _joints(analysis, bench, camera),
        "zones": _zones(analysis, bench, camera),
        "people": _people(analysis, camera),
        "checks": _checks(analysis, bench, camera),
        "codes": [
            {"kind": code.kind, "text": code.text, "corners_px": _pairs(code.corners_px)} for code in analysis.codes
        ],
    }


def nearest_joint(tool: BodyObservation, bench: Bench) -> tuple[Joint, float, float] | None:
    """The joint nearest to the tool's tip (its body's origin), the distance in mm, and the angle in degrees between the
    tool's axis (its body's z) and the joint's. None on a bench without joints."""
    if not bench.joints:
        return None
    tip = tool.bench_from_body.translation_mm
    joint = min(bench.joints, key=lambda each: float(np.linalg.norm(each.bench_mm - tip)))
    cosine = float(np.clip(tool.bench_from_body.rotation[:, 2] @ joint.axis, -1.0, 1.0))
    return joint, float(np.linalg.norm(joint.bench_mm - tip)), float(np.degrees(np.arccos(cosine)))


def check_corners_mm(check: TaughtCheck) -> Array:
    """(4, 3) bench corners of a taught check's region: top left, top right, bottom right, bottom left."""
    x, y = check.size_mm[0] / 2.0, check.size_mm[1] / 2.0
    return check.bench_from_region.apply([[-x, y, 0], [x, y, 0], [x, -y, 0], [-x, -y, 0]])


def _pairs(points: Any) -> list[list[float]]:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in points]


def _projected(camera: CameraModel, points_mm: Any) -> list[list[float]] | None:
    pixels = camera.project(points_mm)
    return _pairs(pixels) if np.isfinite(pixels).all() else None


def _flat(points_mm: Array, z_mm: float) -> Array:
    """(N, 2) bench points put at a height: (N, 3)."""
    return np.column_stack([points_mm, np.full(len(points_mm), z_mm)])


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
        at_mm = seen.bench_from_body.translation_mm
        doubt = _projected(camera, _flat(ellipse_mm(seen.covariance, times=ELLIPSE_DRAWN) + at_mm[:2], at_mm[2]))
        if outline is not None and axes is not None:
            found.append({"body": seen.body, "outline_px": outline, "axes_px": axes, "ellipse_px": doubt or []})
    return found


def _tool(analysis: FrameAnalysis, bench: Bench, camera: CameraModel, tool: str) -> dict[str, Any] | None:
    """The tool's axis from its tip upwards, and the joint that its tip is nearest to."""
    seen = next((body for body in analysis.bodies if body.body == tool), None)
    near = nearest_joint(seen, bench) if seen is not None else None
    if seen is None or near is None:
        return None
    joint, distance_mm, angle_deg = near
    axis = _projected(camera, seen.bench_from_body.apply([[0, 0, 0], [0, 0, TOOL_AXIS_MM]]))
    place = _projected(camera, joint.bench_mm.reshape(1, 3))
    if axis is None or place is None:
        return None
    return {
        "axis_px": axis,
        "joint": joint.name,
        "joint_px": place[0],
        "distance_mm": round(distance_mm, 1),
        "angle_deg": round(angle_deg, 1),
    }


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
        outline = _projected(camera, _flat(zone.outline_mm, zone.z_mm[0]))
        if outline is not None:
            busy = analysis.busy_zones.get(zone.name)
            found.append({"zone": zone.name, "outline_px": outline, "busy": busy})
    return found


def _people(analysis: FrameAnalysis, camera: CameraModel) -> list[dict[str, Any]]:
    """Outlines of people where they would stand on the table."""
    drawn = [(_projected(camera, _flat(seen.outline_mm, seen.z_mm[0])), seen.cues) for seen in analysis.people]
    return [{"outline_px": outline, "cues": list(cues)} for outline, cues in drawn if outline is not None]


def _checks(analysis: FrameAnalysis, bench: Bench, camera: CameraModel) -> list[dict[str, Any]]:
    """Regions of the taught checks that this camera looks at, and what was said of them; state None = not looked at."""
    said = {check.check: check for check in analysis.checks}
    found = []
    for check in bench.checks:
        outline = _projected(camera, check_corners_mm(check))
        if outline is None or (check.cameras and camera.name not in check.cameras):
            continue
        word = said.get(check.name)
        found.append(
            {
                "check": check.name,
                "outline_px": outline,
                "state": None if word is None else word.state,
                "score": None if word is None else round(word.score, 3),
                "reason": "" if word is None else word.reason,
            }
        )
    return found
