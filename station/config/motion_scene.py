"""From a station's files to what the planner needs: the arm, its place and tool, bench, joints, gestures."""

from __future__ import annotations

from drivers.cobot.arm.model import Limits
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
    model = ARM_MODELS[cobot.family]
    return MotionScene(
        model=model,
        limits_deg=model.limits_deg if limits_deg is None else limits_deg,
        bench_from_base=cobot.bench_from_base,
        tip_mm=(0.0, 0.0, cobot.pointer_mm),
        tool=(
            *pointer(cobot.pointer_mm, cobot.pointer_radius_mm),
            *dish(cobot.pointer_mm - cobot.dish_above_tip_mm, cobot.dish_radius_mm),
        ),
        bench=station.bench_model,
        joints={joint.id: joint.position_mm for joint in procedure.joints},
        gestures=station.gestures.by_name,
        reach=reach,
    )
