"""The arm for its page: the bench around it, and everything that it says of itself ten times a second. Pure.

Lengths are bench millimetres, rounded to what a drawing can show.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from station.config.phrases import Phrases
from station.core.screen import Screen, ScreenArm
from station.motion.bench_model import Box
from station.motion.scene import MotionScene
from station.runtime.arm_desk import ArmView
from station.web.gap_views import gap_view
from station.web.gesture_figures import gesture_view

STOPS = ("cobot.protective_stop", "cobot.emergency_stop", "cobot.servo_error", "cobot.local_control")
"""Notes with which a powered arm takes no motion."""
POSTURES = ("home", "park", "transport")
"""Gestures that have a button of their own, where they have been taught."""


def scene_view(scene: MotionScene) -> dict[str, Any]:
    """What changes only when somebody teaches: the bench as boxes, the arm's place and limits, its gestures."""
    base = scene.bench_from_base.translation_mm
    return {
        "kind": "scene",
        "family": scene.model.name,
        "base_mm": _row(base),
        "reach_mm": round(scene.model.reach_mm + scene.tip_mm[2], 1),
        "obstacles": [_box(box) for box in scene.bench.obstacles],
        "visitor": _box(scene.bench.visitor) if scene.bench.visitor is not None else None,
        "joints": [{"id": name, "at_mm": list(at)} for name, at in scene.joints.items()],
        "limits_deg": [list(pair) for pair in scene.limits_deg],
        "gestures": [gesture_view(gesture) for gesture in scene.gestures.values()],
        "postures": [name for name in POSTURES if name in scene.gestures],
    }


def now_view(view: ArmView, screen: Screen, phrases: Phrases, language: str) -> dict[str, Any]:
    """Everything else."""
    status, posture = view.status, view.posture
    mode = mode_of(view, screen)
    plan = view.plan
    return {
        "kind": "now",
        "connected": view.connected,
        "connection": _connection(view, phrases, language),
        "identity": [[key, value] for key, value in view.identity.items() if key != "joint_limits_deg"],
        "mode": mode,
        "mode_text": phrases.shown(language, f"ui.arm.mode.{mode}"),
        "error": status.error if status is not None else "",
        "notes": [
            {"code": note.code, "text": _note(note.code, phrases, language), "detail": note.detail}
            for note in screen.health
            if note.device == "cobot"
        ],
        "angles_deg": [round(angle, 2) for angle in posture.angles_deg] if posture is not None else [],
        "moving": posture is not None and posture.moving,
        "posture_age_s": round(max(0.0, view.t_mono_s - posture.t_mono_s), 3) if posture is not None else None,
        "flange": _row(status.flange) if status is not None else [],
        "temperatures_c": _row(status.temperatures_c) if status is not None else [],
        "voltages_v": _row(status.voltages_v, 2) if status is not None else [],
        "currents_a": _row(status.currents_a, 2) if status is not None else [],
        "gripper_percent": status.gripper_percent if status is not None else None,
        "speed_limit_percent": status.speed_limit_percent if status is not None else None,
        "links": links_view(view),
        "persons": [
            {
                "outline_mm": [_row(corner) for corner in person.outline_mm],
                "top_mm": round(person.top_mm, 1),
                "camera": person.camera,
            }
            for person in view.persons
        ],
        "gap": gap_view(view, phrases, language),
        "phase": screen.phase,
        "robot": screen.robot,
        "service": screen.arm.service,
        "gesture": screen.arm.gesture,
        "refusal": phrases.shown(language, screen.arm.refusal) if screen.arm.refusal else "",
        "word": _word(screen.arm, phrases, language),
        "plan": {
            "gesture": plan.gesture,
            "clearance_mm": round(plan.clearance_mm, 1) if np.isfinite(plan.clearance_mm) else None,
            "between": list(plan.between),
            "duration_s": round(plan.duration_s, 2),
        }
        if plan is not None
        else None,
    }


def mode_of(view: ArmView, screen: Screen) -> str:
    """`away`, `greeting`, `free`, `off`, `stopped`, `moving`, `ready` or `busy`."""
    status = view.status
    if not view.connected:
        return "away"
    if status is None:
        return "greeting"
    if status.free_drive:
        return "free"
    if not status.powered:
        return "off"
    if any(note.device == "cobot" and note.code in STOPS for note in screen.health):
        return "stopped"
    if view.posture is not None and view.posture.moving:
        return "moving"
    return "ready" if status.ready else "busy"


def _connection(view: ArmView, phrases: Phrases, language: str) -> str:
    if view.connected:
        return phrases.shown(language, "ui.arm.connected")
    return view.lost_because or phrases.shown(language, "ui.arm.not_yet_connected")


def _note(code: str, phrases: Phrases, language: str) -> str:
    key = f"service.note.{code}"
    return phrases.shown(language, key) if key in phrases.keys(language) else ""


def _word(arm: ScreenArm, phrases: Phrases, language: str) -> dict[str, str] | None:
    """What became of the last wish, when something went wrong with it."""
    if not arm.service_word:
        return None
    key = f"service.{arm.service_word}"
    known = key if key in phrases.keys(language) else "service.other"
    return {"code": arm.service_word, "text": phrases.shown(language, known), "detail": arm.service_detail}


def links_view(view: ArmView) -> list[dict[str, Any]]:
    """The arm's links as they lie on the bench; empty where nobody knows."""
    if view.links is None:
        return []
    links, decides = view.links, view.verdict.link if view.verdict is not None else ""
    return [
        {
            "name": name,
            "from_mm": _row(links.starts_mm[index]),
            "to_mm": _row(links.ends_mm[index]),
            "radius_mm": round(float(links.radii_mm[index]), 1),
            "decides": bool(decides) and name == decides,
        }
        for index, name in enumerate(links.names)
    ]


def _box(box: Box) -> dict[str, Any]:
    """Its outline on the table and how high it is from where to where."""
    x, y, z = (size / 2.0 for size in box.size_mm)
    turn = np.radians(box.yaw_deg)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    corners = ((-x, -y), (x, -y), (x, y), (-x, y))
    at_x, at_y, at_z = box.at_mm
    return {
        "id": box.id,
        "outline_mm": [_row((at_x + cos * a - sin * b, at_y + sin * a + cos * b)) for a, b in corners],
        "z_mm": _row((at_z - z, at_z + z)),
    }


def _row(figures: Any, digits: int = 1) -> list[float]:
    return [round(float(figure), digits) for figure in figures]
