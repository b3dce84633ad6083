"""The eyes for their page: the bench as a plan, and everything that is seen on it five times a second. Pure.

Lengths are bench millimetres, rounded to what a drawing can show. What is older than it may be is left out or said to
be old: the page never shows a last value as if it were so now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from station.config.phrases import Phrases
from station.config.station_file import TOOL
from station.core.screen import Screen
from station.runtime.arm_desk import ArmView
from station.runtime.eyes_desk import CameraNow, EyesView
from station.web.arm_views import links_view
from station.web.fact_views import fact_view
from vision.api import CameraState, FrameAnalysis
from vision.bench import Bench, same_zones
from vision.doubt import ELLIPSE_DRAWN, ellipse_mm, half_axes_mm
from vision.overlay import TOOL_AXIS_MM, check_corners_mm, nearest_joint


def bench_view(view: EyesView) -> dict[str, Any]:
    """What changes only when somebody draws: cameras with their calibration, zones, joints, taught regions."""
    bench = view.bench
    return {
        "kind": "bench",
        "cameras": [
            {
                "name": camera.name,
                "width_px": camera.width_px,
                "height_px": camera.height_px,
                "matrix": _rows(camera.matrix, 4),
                "distortion": _row(camera.distortion, 8),
                "rotation": _rows(camera.camera_from_bench.rotation, 9),
                "translation_mm": _row(camera.camera_from_bench.translation_mm, 4),
            }
            for camera in bench.cameras
        ],
        "zones": [
            {
                "id": zone.name,
                "outline_mm": _rows(zone.outline_mm),
                "z_mm": _row(zone.z_mm),
                "used": zone.name in view.zones_used,
            }
            for zone in bench.zones
        ],
        "zones_sha256": view.zones_sha256,
        "zones_kept": view.zones_kept,
        "joints": [{"id": joint.name, "at_mm": _row(joint.bench_mm)} for joint in bench.joints],
        "tags": [_rows(mount.corners_mm()[:, :2]) for mount in bench.fixture.tags],
        "checks": [
            {"id": check.name, "kind": check.kind, "outline_mm": _rows(check_corners_mm(check)[:, :2])}
            for check in bench.checks
        ],
        "ellipse_times": ELLIPSE_DRAWN,
        "hand_height_mm": bench.hand_height_mm,
    }


def same_bench(one: EyesView, other: EyesView | None) -> bool:
    """Whether a page shows the same bench for both: zones are all that changes."""
    if other is None or one.zones_sha256 != other.zones_sha256:
        return False
    return same_zones(one.bench.zones, other.bench.zones)


def eyes_view(view: EyesView, screen: Screen, arm: ArmView | None, phrases: Phrases, language: str) -> dict[str, Any]:
    """Everything else."""
    fresh = fresh_of(view)
    return {
        "kind": "now",
        "cameras": [_camera(camera, view, screen, phrases, language) for camera in view.cameras],
        "facts": [
            fact_view(reading, view, screen.waiting_for, phrases, language)
            for reading in sorted(view.readings, key=lambda reading: reading.fact not in screen.waiting_for)
        ],
        "bodies": _bodies(fresh),
        "tool": _tool(fresh, view.bench),
        "hands": [
            {
                "cameras": list(hand.cameras),
                "points_mm": _rows(hand.points_mm[:, :2]),
                "height_mm": round(float(np.median(hand.points_mm[:, 2])), 1),
                "sigma_mm": round(float(np.median(hand.sigma_mm)), 1),
            }
            for hand in view.hands
        ],
        "people": [
            {"camera": analysis.camera, "outline_mm": _rows(person.outline_mm), "cues": list(person.cues)}
            for analysis in fresh
            for person in analysis.people
        ],
        "busy": _busy(fresh, view.bench),
        "links": links_view(arm) if arm is not None else [],
        "refusal": phrases.shown(language, "ui.eyes.refused.visit") if screen.phase == "running" else "",
    }


def fresh_of(view: EyesView) -> tuple[FrameAnalysis, ...]:
    """What each camera says now: analyses that are neither old nor of a camera that cannot be trusted."""
    newest = (camera.newest for camera in view.cameras)
    return tuple(
        analysis
        for analysis in newest
        if analysis is not None
        and view.t_mono_s - analysis.t_mono_s <= view.stale_s
        and analysis.state is CameraState.GOOD
    )


def _camera(camera: CameraNow, view: EyesView, screen: Screen, phrases: Phrases, language: str) -> dict[str, Any]:
    newest = camera.newest
    age_s = None if newest is None else max(0.0, view.t_mono_s - newest.t_mono_s)
    stale = age_s is None or age_s > view.stale_s
    code = screen.bad_cameras.get(camera.name, "")
    if not code and newest is not None and not stale and newest.state is not CameraState.GOOD:
        code = f"camera.{newest.state}"
    if not code and stale:
        code = "" if newest is None else "camera.lost"
    key = f"fault.{code}.technician" if code else "ui.eyes.camera.none" if newest is None else "ui.console.good"
    return {
        "name": camera.name,
        "good": not code and not stale,
        "stale": stale,
        "code": code,
        "text": phrases.shown(language, key, {"camera": camera.name}),
        "age_s": None if age_s is None else round(age_s, 2),
        "per_s": round(camera.per_s, 1),
        **_counts(None if stale else newest),
    }


def _counts(newest: FrameAnalysis | None) -> dict[str, int | None]:
    """How many are in the picture; None where nobody knows."""
    if newest is None:
        return {"hands": None, "tags": None, "people": None}
    good = newest.state is CameraState.GOOD
    return {
        "hands": len(newest.hands) if good and newest.hands_known else None,
        "tags": len(newest.tags),
        "people": len(newest.people) if good and newest.people_known else None,
    }


def _bodies(fresh: tuple[FrameAnalysis, ...]) -> list[dict[str, Any]]:
    found = []
    for analysis in fresh:
        for seen in analysis.bodies:
            at_mm = seen.bench_from_body.translation_mm
            longer, shorter = half_axes_mm(seen.covariance)
            axes = seen.bench_from_body.rotation[:2, :2].T
            found.append(
                {
                    "camera": analysis.camera,
                    "body": seen.body,
                    "tool": seen.body == TOOL,
                    "at_mm": _row(at_mm),
                    "axes": _rows(axes, 4),
                    "ellipse_mm": _rows(ellipse_mm(seen.covariance, times=ELLIPSE_DRAWN) + at_mm[:2]),
                    "half_axes_mm": [round(longer, 2), round(shorter, 2)],
                    "sigma_deg": round(seen.sigma_deg, 2),
                    "tags": len(seen.tag_ids),
                }
            )
    return found


def _tool(fresh: tuple[FrameAnalysis, ...], bench: Bench) -> dict[str, Any] | None:
    """The tool by the camera that is surest of it: tip, where its axis goes, the joint that is nearest."""
    seen = [body for analysis in fresh for body in analysis.bodies if body.body == TOOL]
    if not seen:
        return None
    tool = min(seen, key=lambda body: body.sigma_mm)
    near = nearest_joint(tool, bench)
    return {
        "tip_mm": _row(tool.bench_from_body.translation_mm),
        "top_mm": _row(tool.bench_from_body.apply([0.0, 0.0, TOOL_AXIS_MM])),
        "joint": near[0].name if near else "",
        "joint_mm": _row(near[0].bench_mm) if near else None,
        "distance_mm": round(near[1], 1) if near else None,
        "angle_deg": round(near[2], 1) if near else None,
    }


def _busy(fresh: tuple[FrameAnalysis, ...], bench: Bench) -> dict[str, bool | None]:
    """Zone -> whether any camera says so now; None where none can tell."""
    said = {
        zone.name: [analysis.busy_zones[zone.name] for analysis in fresh if zone.name in analysis.busy_zones]
        for zone in bench.zones
    }
    return {name: any(words) if words else None for name, words in said.items()}


def _row(figures: Iterable[Any], digits: int = 1) -> list[float]:
    return [round(float(figure), digits) for figure in figures]


def _rows(figures: Iterable[Any], digits: int = 1) -> list[list[float]]:
    return [_row(row, digits) for row in figures]
