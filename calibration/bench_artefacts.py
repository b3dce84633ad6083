"""A calibrated bench as artefacts, each with figures, covariance and a verdict in millimetres at the part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from calibration.adjustment.corner_term import CornerTerm
from calibration.aim import aim_covariance, aimed
from calibration.arm_returns import Returns
from calibration.bench_errors import (
    WITHIN,
    bench_from_camera_covariance,
    camera_at_mm,
    columns_of,
    equivalent_sigmas,
    worst_95_mm,
)
from calibration.bench_holdout import Checked, HeldOut
from calibration.bench_plan import SHARE_OF_TOLERANCE, TOUCH_ABOVE_MM
from calibration.bench_set import BenchResult
from calibration.bench_work import BenchOutcome, BenchPlan
from calibration.lens_model import lens_of
from calibration.projection import projection_sigma_px
from station.config.artefact import Artefact, Kind, Verdict
from vision.geometry import Array, CameraModel

METHOD = (
    "one adjustment over lens board, fixture tags, arm poses and touches; lenses, places, base, joint zeros, links, "
    "board and tip together; outliers left out, noise from the residuals"
)
DAYS = 90
MOST_DRAWN = 400
"""Residuals in an artefact, for its plot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What the work allows."""

    procedure: str
    tightest_mm: float
    of: str
    """What the tightest tolerance is of."""

    @property
    def enough_mm(self) -> float:
        """The largest 95 % error that is enough."""
        return self.tightest_mm / SHARE_OF_TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Who, when, with what."""

    made_utc: str
    by: str
    software: str
    inputs: Mapping[str, str]
    serials: Mapping[str, str]
    """Device -> serial, where it is known."""


def bench_artefacts(
    outcome: BenchOutcome, work: BenchPlan, checked: Checked, need: Need, stamp: Stamp
) -> tuple[Artefact, ...]:
    """Kinds lens, camera (each camera), arm, tool_point, joints. Those that are not good enough say so."""
    result = outcome.result
    joints = {joint: result.places_mm[joint] for joint in work.joints_mm if joint in result.places_mm}
    artefacts: list[Artefact] = []
    for camera in result.cameras:
        if camera.name not in outcome.bench.known_lenses:
            artefacts.append(_lens(outcome, camera, joints, need, stamp))
        artefacts.append(_camera(result, camera, joints, checked, need, stamp))
    artefacts.append(_arm(outcome, work, joints, checked, need, stamp))
    artefacts.append(_tip(outcome, work, checked, need, stamp))
    artefacts.append(_joints(outcome, work, joints, checked, need, stamp))
    return tuple(artefacts)


def verdict(what: str, error_mm: float, held: HeldOut, need: Need, advice: str = "") -> Verdict:
    """Plain: how good in millimetres at the part, what was held out, and whether both are enough."""
    text = f"{what}: {error_mm:.2f} mm at the part (95 %); {_told(held)}; "
    if not (error_mm <= need.enough_mm and held.rms_mm <= need.enough_mm and not held.lacking):  # NaN is not enough
        return Verdict(
            good=False,
            text=f"{text}not enough for procedure {need.procedure}: its tightest tolerance is {need.tightest_mm:g} mm "
            f"({need.of}), so {need.enough_mm:.2f} mm are wanted of both.",
            advice=advice or "Take more poses and touches, and see whether boards and cameras are tight.",
        )
    return Verdict(
        good=True,
        text=f"{text}enough for every step of procedure {need.procedure}: its tightest tolerance is "
        f"{need.tightest_mm:g} mm ({need.of}).",
        advice=advice,
    )


def _told(held: HeldOut) -> str:
    lacking = f", none of {', '.join(held.lacking)}" if held.lacking else ""
    if not held.count:
        return f"no {held.of} were held out"
    return f"held-out {held.of} {held.rms_mm:.2f} mm on {held.count}{lacking}"


def _lens(
    outcome: BenchOutcome, camera: CameraModel, joints: Mapping[str, Array], need: Need, stamp: Stamp
) -> Artefact:
    result = outcome.result
    alone = next(lens for lens in outcome.lenses if lens.camera.camera == camera.name)
    points = np.array(list(joints.values()))
    lens = lens_of(camera.matrix, camera.distortion)
    away = float(np.linalg.norm(points - camera.camera_from_bench.inverse().translation_mm, axis=1).mean())
    size = (camera.width_px, camera.height_px)
    covariance = result.lens_covariance(camera.name)
    sigma_px = projection_sigma_px(lens, covariance, camera.project(points), away, size)
    error = WITHIN * float(np.nanmax(sigma_px)) * away / float(lens[0])
    held = HeldOut(rms_mm=alone.held_out_rms_px * away / float(lens[0]), count=len(alone.views), of="views")
    return _artefact(
        Kind.LENS,
        camera.name,
        stamp,
        result={
            "lens": _list(lens),
            "covariance": _list(covariance),
            "width_px": camera.width_px,
            "height_px": camera.height_px,
        },
        figures={
            "error_at_part_95_mm": _r(error),
            "needed_mm": _r(need.enough_mm),
            "rms_px": _r(alone.rms_px),
            "held_out_px": _r(alone.held_out_rms_px),
            "held_out_mm": _r(held.rms_mm),
            "corner_sigma_px": _r(result.sigma_px[camera.name]),
            "views": len(alone.views),
            "residuals_px": _thinned(
                np.concatenate([np.hstack([view.seen_px, view.residuals_px]) for view in alone.views])
            ),
            "left_out": [f"view {left.view}: {left.reason}" for left in alone.left_out],
        },
        verdict=verdict(f"The lens of {camera.name}", error, held, need),
    )


def _camera(
    result: BenchResult, camera: CameraModel, joints: Mapping[str, Array], checked: Checked, need: Need, stamp: Stamp
) -> Artefact:
    points = np.array(list(joints.values()))
    error = worst_95_mm(camera_at_mm(result, camera.name, points))
    covariance = bench_from_camera_covariance(result, camera.name)
    place, turn = equivalent_sigmas(result, camera.name, points)
    return _artefact(
        Kind.CAMERA,
        camera.name,
        stamp,
        result={
            "matrix": _list(camera.matrix),
            "distortion": _list(camera.distortion),
            "rotation": _list(camera.camera_from_bench.rotation),
            "position_mm": _list(camera.camera_from_bench.inverse().translation_mm),
            "width_px": camera.width_px,
            "height_px": camera.height_px,
            "position_sigma_mm": place,
            "rotation_sigma_deg": turn,
            "covariance": _list(covariance),
        },
        figures={
            "error_at_part_95_mm": _r(error),
            "needed_mm": _r(need.enough_mm),
            "held_out_mm": _r(checked.poses.rms_mm),
            "held_out_poses": checked.poses.count,
            "rms_px": _r(result.rms_px),
            "unused": [f"{word.what}: {word.why}" for word in result.unused],
            "residuals_px": _thinned(_residuals(result, camera.name)),
            "sigmas": "position_sigma_mm and rotation_sigma_deg misplace the part as the full covariance does",
        },
        verdict=verdict(f"Camera {camera.name}", error, checked.poses, need),
    )


def _arm(
    outcome: BenchOutcome, work: BenchPlan, joints: Mapping[str, Array], checked: Checked, need: Need, stamp: Stamp
) -> Artefact:
    result = outcome.result
    assert result.bench_from_base is not None
    aims = _aims(result, work, joints)
    error = worst_95_mm(np.array([aim_covariance(result, np.array(posture)) for posture in aims.values()]))
    layout = result.solution.layout
    columns = np.concatenate(
        [columns_of(layout.main(name)) for name in ("bench from base", "joint offsets", "link d", "link a")]
    )
    units = np.concatenate([np.ones(6), np.full(6, np.degrees(1.0)), np.ones(12)])
    covariance = result.covariance.main[np.ix_(columns, columns)] * units[:, None] * units
    told = np.sqrt(np.diag(covariance))
    return _artefact(
        Kind.ARM,
        "cobot",
        stamp,
        result={
            "base_mm": _list(result.bench_from_base.translation_mm),
            "base_rotation": _list(result.bench_from_base.rotation),
            "joint_offset_deg": _list(result.joint_offset_deg),
            "link_correction_mm": _list(result.link_mm),
            "placed_sigma_mm": error / WITHIN,
            "covariance": _list(covariance),
        },
        figures={
            "error_at_part_95_mm": _r(error),
            "needed_mm": _r(need.enough_mm),
            "held_out_mm": _r(checked.poses.rms_mm),
            "held_out_poses": checked.poses.count,
            "joint_noise_deg": _r(result.sigma_joint_deg),
            "poses": len(outcome.bench.poses),
            "skipped": [f"pose {number}: {why}" for number, why in outcome.run.skipped],
            "unused": [f"{word.what}: {word.why}" for word in result.unused],
            "not_told": _not_told(told),
            "robot_s": _r(outcome.robot_s),
            "returns": returns_figures(outcome.returns),
            "covariance_order": "base turn rad, base mm, zeros deg, d mm, a mm",
        },
        verdict=verdict("The arm", error, checked.poses, need),
    )


def _residuals(result: BenchResult, camera: str) -> Array:
    """(N, 4) seen u, v and projected minus seen, px, of every corner of one camera that took part."""
    index = result.camera_index[camera]
    rows = [
        np.hstack([term.pixels, term.residuals(result.solution.values) * term.sigma_px])[term.robust.keep]
        for term in result.solution.terms
        if isinstance(term, CornerTerm) and term.lens_block == index
    ]
    return np.concatenate(rows)


def _thinned(rows: Array) -> list[list[float]]:
    """Few enough to be drawn."""
    step = -(-len(rows) // MOST_DRAWN)
    return [[round(float(v), 4) for v in row] for row in rows[::step]]


def returns_figures(returns: Returns | None) -> dict[str, Any] | None:
    """How well the arm came back, with the cloud for its plot; None where it was not tried."""
    if returns is None:
        return None
    found = returns.performance
    return {
        "text": returns.text,
        "repeatability_mm": _r(found.rp_mm),
        "repeatability_95_mm": [_r(value) for value in found.rp_interval_mm],
        "accuracy_mm": _r(found.ap_mm),
        "own_mm": _r(returns.own_rp_mm),
        "between_sides_mm": _r(returns.variation_mm),
        "readings": found.n,
        "commanded_mm": _list(returns.commanded_mm),
        "cloud_mm": _list(np.round(returns.reached_mm, 4)),
        "side": list(returns.side),
    }


def _not_told(sigmas: Array) -> list[str]:
    """Zeros and links of which the poses told little: they stay near the maker's figure, and others make up for it."""
    words = [f"zero of joint {k + 1}" for k in range(6) if sigmas[6 + k] > 0.5]
    words += [f"d of link {k + 1}" for k in range(6) if sigmas[12 + k] > 0.2]
    return words + [f"a of link {k + 1}" for k in range(6) if sigmas[18 + k] > 0.2]


def _tip(outcome: BenchOutcome, work: BenchPlan, checked: Checked, need: Need, stamp: Stamp) -> Artefact:
    result, alone = outcome.result, outcome.pivot
    assert result.tip_mm is not None
    joints = {joint: result.places_mm[joint] for joint in work.joints_mm if joint in result.places_mm}
    aims = _aims(result, work, joints)
    error = worst_95_mm(np.array([aim_covariance(result, np.array(posture)) for posture in aims.values()]))
    return _artefact(
        Kind.TOOL_POINT,
        "pointer",
        stamp,
        result={"tip_mm": _list(result.tip_mm), "covariance": _list(result.covariance.block("tip"))},
        figures={
            "error_at_part_95_mm": _r(error),
            "needed_mm": _r(need.enough_mm),
            "held_out_mm": _r(checked.tip.rms_mm),
            "held_out_touches": checked.tip.count,
            "pivot_tip_mm": _list(alone.tip_mm),
            "pivot_sigma_mm": _r(alone.sigma_mm),
            "pivot_rms_mm": _r(alone.rms_mm),
            "touches": alone.count,
            "spread_deg": _r(alone.spread_deg),
            "note": "pivot_* are of the touches alone, with the maker's arm; the tip is that of the whole adjustment",
        },
        verdict=verdict("The tip", error, checked.tip, need, alone.advice),
    )


def _joints(
    outcome: BenchOutcome, work: BenchPlan, joints: Mapping[str, Array], checked: Checked, need: Need, stamp: Stamp
) -> Artefact:
    result = outcome.result
    aims = _aims(result, work, joints)
    guided = np.array([aim_covariance(result, np.array(aims[joint]), joint) for joint in joints])
    error = worst_95_mm(guided)
    placed = {}
    for joint, at in joints.items():
        covariance = result.place_covariance(joint)
        placed[joint] = {
            "at_mm": _list(_joint_at(at, work, joint)),
            "sigma_mm": float(np.sqrt(np.linalg.eigvalsh(covariance)[-1])),
            "touched_mm": _list(at),
            "covariance": _list(covariance),
        }
    return _artefact(
        Kind.JOINTS,
        need.procedure,
        stamp,
        result={"joints": placed},
        figures={
            "error_at_part_95_mm": _r(error),
            "needed_mm": _r(need.enough_mm),
            "error_in_bench_95_mm": _r(worst_95_mm(np.array([result.place_covariance(joint) for joint in joints]))),
            "held_out_mm": _r(checked.joints.rms_mm),
            "held_out_touches": checked.joints.count,
            "touches": sum(touch.known_mm is None for touch in outcome.bench.touches),
            "touched_above_mm": TOUCH_ABOVE_MM,
            "note": "error_at_part is of the tip sent to the joint; how true the arm comes back is not in it",
        },
        verdict=verdict("The joints", error, checked.joints, need),
    )


def _aims(result: BenchResult, work: BenchPlan, joints: Mapping[str, Array]) -> dict[str, tuple[float, ...]]:
    """A posture with the tip on each touched point, begun from the posture over it."""
    return {joint: aimed(result, at, work.over_joints_deg.get(joint, work.home_deg)) for joint, at in joints.items()}


def _joint_at(touched_mm: Array, work: BenchPlan, joint: str) -> Array:
    lifted = np.array(work.joints_mm[joint]) - np.array(work.scene.joints[joint])
    return np.asarray(touched_mm - lifted)


def _artefact(
    kind: Kind, subject: str, stamp: Stamp, *, result: dict[str, Any], figures: dict[str, Any], verdict: Verdict
) -> Artefact:
    until = datetime.fromisoformat(stamp.made_utc) + timedelta(days=DAYS)
    return Artefact(
        kind=kind,
        subject=subject,
        serial=stamp.serials.get(subject, ""),
        made_utc=stamp.made_utc,
        by=stamp.by,
        method=METHOD,
        software=stamp.software,
        inputs=dict(stamp.inputs),
        result=result,
        figures=figures,
        verdict=verdict,
        expires_utc=until.isoformat(timespec="seconds"),
    )


def _list(values: Any) -> Any:
    return np.asarray(values, dtype=np.float64).tolist()


def _r(value: float) -> float | None:
    """None for what is not known: a file of figures holds numbers."""
    return round(float(value), 5) if np.isfinite(value) else None
