"""A lens's calibration for its page: where to hold the board, what is covered, and what came of it, in words. Pure."""

from __future__ import annotations

from typing import Any

from calibration.capture import CaptureState, Doing
from calibration.lens_artefact import GOOD_VIEWS, NEED_MM, difference_of, held_out_mm, shortfall
from station.config.phrases import Phrases
from station.web.calibrate_camera_desk import LensView
from vision.geometry import Array

_VERDICTS = {
    "": "enough",
    "few_views": "few_views",
    "held_out": "held_out_bad",
    "left_out": "left_out",
    "doubt": "doubt",
}
"""Rule that a lens falls short of -> the phrase that says so."""


def lens_view(view: LensView, phrases: Phrases, language: str) -> dict[str, Any]:
    """Everything on the page, pixels of the picture."""
    camera, state, guidance = view.camera, view.state, view.guidance
    refusal = guidance.refusal if guidance is not None else None
    return {
        "camera": camera.name,
        "width_px": camera.width_px,
        "height_px": camera.height_px,
        "boards": list(view.boards),
        "board": view.board,
        "phase": view.phase,
        "why_not": _why_not(view, phrases, language),
        "doing": _doing(view).value,
        "say": phrases.shown(language, f"ui.lens.doing.{_doing(view).value}"),
        "enough": phrases.shown(language, f"ui.lens.done.{state.done}") if state is not None and state.done else "",
        "held": round(guidance.held_share, 2) if guidance is not None else 0.0,
        "refusal": phrases.shown(language, f"ui.lens.refused.{refusal.reason.value}", refusal.words) if refusal else "",
        "outline": _rows(guidance.outline_px) if guidance is not None else None,
        "target": _rows(state.target.outline_px) if state is not None and state.target is not None else None,
        "taken": len(state.views) if state is not None else 0,
        **_covered(state),
        **_goodness(state, phrases, language),
        "result": _result(view, phrases, language),
    }


def _doing(view: LensView) -> Doing:
    if view.phase in ("result", "kept"):
        return Doing.DONE
    return view.guidance.doing if view.guidance is not None else Doing.SHOW


def _why_not(view: LensView, phrases: Phrases, language: str) -> str:
    if view.visit:
        return phrases.shown(language, "ui.lens.no.visit")
    return "" if view.boards else phrases.shown(language, "ui.lens.no.no_board", {"detail": ""})


def _covered(state: CaptureState | None) -> dict[str, Any]:
    if state is None:
        return {"heat": [], "bars": {}}
    cover = state.coverage
    bars = {"across": cover.across, "down": cover.down, "size": cover.size, "skew": cover.skew}
    most = max(1, int(cover.heat.max()))
    return {
        "heat": [[round(int(count) / most, 2) for count in row] for row in cover.heat],
        "bars": {name: round(share, 2) for name, share in bars.items()},
    }


def _goodness(state: CaptureState | None, phrases: Phrases, language: str) -> dict[str, Any]:
    """How good the lens is so far, and how that went."""
    if state is None or state.estimate is None:
        return {"good": "", "doubts": [], "left_out": []}
    words = {
        "px": f"{state.estimate.doubt_px:.3f}",
        "mm": f"{state.estimate.doubt_mm:.3f}",
        "distance": f"{state.plan.distance_mm:.0f}",
    }
    out = state.estimate.result.left_out
    corners = sum(each.what == "corner" for each in out)
    told = [
        phrases.shown(language, "ui.lens.left_out.view", {"view": str(view + 1)})
        for view in state.estimate.views_left_out
    ]
    if corners:
        told.append(phrases.shown(language, "ui.lens.left_out.corners", {"count": str(corners)}))
    good = phrases.shown(language, "ui.lens.good", words)
    if state.target is not None:
        expected = f"{state.estimate.doubt_mm * state.target.expected_px / state.estimate.doubt_px:.3f}"
        good += " " + phrases.shown(language, "ui.lens.next", {"mm": expected})
    return {
        "good": good,
        "doubts": [round(doubt, 4) for doubt in state.doubts_px],
        "left_out": told,
    }


def _result(view: LensView, phrases: Phrases, language: str) -> dict[str, Any] | None:
    """The verdict in the page's language, from the same figures as the artefact's."""
    if view.artefact is None or view.state is None or view.state.estimate is None:
        return None
    plan, estimate = view.state.plan, view.state.estimate
    held_out = {
        "px": f"{estimate.result.held_out_rms_px:.3f}",
        "mm": f"{held_out_mm(plan, estimate):.3f}",
        "views": str(len(estimate.result.views)),
    }
    lines = [phrases.shown(language, "ui.lens.result.held_out", held_out)]
    difference = difference_of(plan, estimate)
    if difference is not None:
        words = {
            "px": f"{difference.rms_px:.3f}",
            "mm": f"{difference.rms_mm:.3f}",
            "expected": f"{difference.expected_px:.3f}",
        }
        changed = "changed" if difference.is_change else "same"
        lines.append(phrases.shown(language, f"ui.lens.result.{changed}", words))
    short = shortfall(plan, estimate, NEED_MM)
    needed = {"needed": f"{NEED_MM:g}", "views": str(GOOD_VIEWS)}
    lines.append(phrases.shown(language, f"ui.lens.result.{_VERDICTS[short]}", needed))
    return {"good": view.artefact.verdict.good, "lines": lines, "id": view.artefact.id}


def _rows(points: Array | None) -> list[list[float]] | None:
    return None if points is None else [[round(float(x), 1), round(float(y), 1)] for x, y in points]
