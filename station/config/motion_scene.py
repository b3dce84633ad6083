"""From a station's files to what the planner needs: the arm, its place and tool, bench, joints, gestures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drivers.cobot.arm.model import ArmModel, Limits
from station.config.arm_models import ARM_MODELS
from station.config.station_values import StationConfig
from station.core.procedure import Procedure, Reach
from station.motion.scene import MotionScene, dish, pointer


def motion_scene(
    station: StationConfig,
    procedure: Procedure,
    *,
    limits_deg: Limits | None = None,
    reach: Reach = Reach.MIDDLE,
) -> MotionScene:
    """What a plan depends on; `limits_deg` are the arm's own, once told. Raises ValueError for a bench without arm."""
    cobot = station.cobot
    if cobot is None:
        raise ValueError(f"station {station.id} has no [cobot], so nothing can be planned for it")
    tip = cobot.tip_mm or (0.0, 0.0, cobot.pointer_mm)
    model = measured(ARM_MODELS[cobot.family], cobot.link_correction_mm)
    return MotionScene(
        model=model,
        limits_deg=model.limits_deg if limits_deg is None else limits_deg,
        bench_from_base=cobot.bench_from_base,
        tip_mm=tip,
        tool=(
            *pointer(tip, cobot.pointer_radius_mm),
            *dish(cobot.pointer_mm - cobot.dish_above_tip_mm, cobot.dish_radius_mm),
        ),
        bench=station.bench_model,
        joints={joint.id: joint.position_mm for joint in procedure.joints},
        gestures=station.gestures.by_name,
        reach=reach,
    )


def measured(model: ArmModel, link_correction_mm: Sequence[tuple[float, float]]) -> ArmModel:
    """The model with what was measured added to d and a of each row, six pairs."""
    if not any(value for pair in link_correction_mm for value in pair):
        return model
    rows = (
        replace(row, d_mm=row.d_mm + d_mm, a_mm=row.a_mm + a_mm)
        for row, (d_mm, a_mm) in zip(model.rows, link_correction_mm, strict=True)
    )
    return replace(model, rows=tuple(rows))
