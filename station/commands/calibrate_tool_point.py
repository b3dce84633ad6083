"""`station calibrate tool-point`: where the tip is, by touching one point again and again with the tool tilted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from station.config.artefact import Artefact, ArtefactError, Kind, Verdict, in_force
from station.config.calibration_results import ArmResult, arm_result

if TYPE_CHECKING:
    from calibration.bench_work import Technician
    from calibration.robot_run import Stand
    from calibration.tool_point import ToolPoint
    from drivers.cobot.arm.model import ArmModel
    from vision.geometry import Transform

METHOD = "one point touched with the tool tilted each time; tip and point by least squares, wrong touches count less"
POINT = "one fixed, sharp point"
WITHIN = 1.96
ENOUGH_MM = 1.0
"""Of the 95 % error of the tip alone; what it does at the part is judged with the arm, by `calibrate robot`."""
DAYS = 90
STILL_WITHIN_S = 4.0


def tool_point(
    config: Annotated[Path, typer.Option("--config", help="Station file of the bench.", dir_okay=False)],
    by: Annotated[str, typer.Option("--by", help="Your name.")],
    link: Annotated[str | None, typer.Option("--link", help="Another line than the station file's.")] = None,
    touches: Annotated[int, typer.Option("--touches", min=4, max=60, help="How often the point is touched.")] = 12,
    dry: Annotated[bool, typer.Option("--dry", help="Keep nothing, put nothing in force.")] = False,
) -> None:
    """Measure the tip by pivoting: for a pointer that was changed, without taking all poses again."""
    from calibration.flange_record import FlangeRecord
    from calibration.store import Store
    from station.commands.calibrate_records import store_of
    from station.commands.cobot import bench_of
    from station.commands.live_stand import AskedTechnician, LiveStand, typed_line
    from station.config.arm_models import ARM_MODELS

    bench = bench_of(config, link=link, family=None, baudrate=None)
    store = store_of(config, None)
    arm = arm_in_force(store)

    with bench.line() as line:
        stand = LiveStand(line, {}, time.monotonic)
        artefact = measured_tip(
            stand,
            AskedTechnician(line, typer.echo, typed_line, FlangeRecord(store)),
            ARM_MODELS[bench.cobot.family],
            arm,
            touches=touches,
            by=by,
        )
    if not dry and artefact.verdict.good:
        Store(store).put_in_force(artefact, utc=artefact.made_utc, by=by, why="calibrate tool-point")
    elif not dry:
        Store(store).keep(artefact)
    state = "in force" if artefact.verdict.good and not dry else "not in force"
    typer.echo(f"{artefact.id}: {state}. {artefact.verdict.text} {artefact.verdict.advice}".rstrip())
    raise typer.Exit(0 if artefact.verdict.good else 1)


def arm_in_force(store: Path) -> tuple[ArmResult, str] | None:
    """The calibrated arm and its artefact's id; None where there is none, and the maker's figures count.

    Raises ArtefactError when there is one that may not be used.
    """
    try:
        artefact = in_force(store, Kind.ARM, "cobot", now=datetime.now(UTC))
    except ArtefactError as error:
        if error.code == "calibration.missing":
            return None
        raise
    return arm_result(artefact), artefact.id


def measured_tip(
    stand: Stand,
    technician: Technician,
    model: ArmModel,
    arm: tuple[ArmResult, str] | None,
    *,
    touches: int,
    by: str,
    place: str = POINT,
    say: Callable[[str], None] = typer.echo,
) -> Artefact:
    """Touch, reckon, judge; nothing is written. Raises CalibrationError."""
    from calibration.bench_work import TouchGoal, pivot_leans
    from calibration.observations import CalibrationError
    from calibration.robot_run import still_joints
    from calibration.tool_point import pivot

    flanges = []
    for number, (lean, towards) in enumerate(pivot_leans(touches), start=1):
        goal = TouchGoal(place=place, at_mm=(0.0, 0.0, 0.0), lean_deg=lean, towards_deg=towards)
        try:
            technician.lead_to(goal)
        except CalibrationError as error:  # one touch less; pivot() says when they are too few
            if error.code != "calibration.cannot_touch":
                raise
            say(f"Touch {number} is left out: {error}")
            continue
        joints = still_joints(stand, stand.now_s() + STILL_WITHIN_S)
        if joints is None:
            say(f"Touch {number} is left out: the arm did not stand still.")
        else:
            flanges.append(base_from_flange(model, None if arm is None else arm[0], joints))
        technician.lead_off()
    return _artefact(pivot(flanges), held_out_mm(flanges), arm, by)


def base_from_flange(model: ArmModel, arm: ArmResult | None, joints_deg: Sequence[float]) -> Transform:
    """Where the flange is, with the zeros and links that were measured."""
    from calibration.arm_chain import arm_poses
    from calibration.robot_poses import table_of
    from calibration.rotations import as_transform

    offsets = np.zeros(6) if arm is None else np.array(arm.joint_offset_deg)
    links = np.zeros((6, 2)) if arm is None else np.array(arm.link_correction_mm)
    joints = np.radians(np.asarray(joints_deg, dtype=np.float64) + offsets)[None]
    return as_transform(arm_poses(table_of(model), joints, links[:, 0], links[:, 1]).base_from_flange[0])


def held_out_mm(flanges: Sequence[Transform]) -> float:
    """Root mean square of how far each touch is from the point by the tip of all the others. NaN for fewer than six."""
    from calibration.tool_point import pivot

    if len(flanges) < 6:
        return float("nan")
    missed = []
    for index, pose in enumerate(flanges):
        others = pivot([other for k, other in enumerate(flanges) if k != index])
        missed.append(float(np.linalg.norm(pose.apply(others.tip_mm) - others.point_mm)))
    return float(np.sqrt(np.mean(np.square(missed))))


def _artefact(tip: ToolPoint, held_mm: float, arm: tuple[ArmResult, str] | None, by: str) -> Artefact:
    made = datetime.now(UTC)
    error = WITHIN * float(np.sqrt(np.linalg.eigvalsh(tip.covariance)[-1]))
    good = error <= ENOUGH_MM and held_mm <= ENOUGH_MM  # what is no number is not enough
    held = (
        f"each touch is predicted by the others to {held_mm:.2f} mm"
        if np.isfinite(held_mm)
        else "no touch was held out, they are too few"
    )
    text = (
        f"The tip is known to {error:.2f} mm (95 %, along its worst direction); {held} "
        f"({tip.count} touches, leaning up to {tip.spread_deg:.0f} degrees). "
        + ("That is enough." if good else f"That is not enough: {ENOUGH_MM:.1f} mm are wanted of both.")
    )
    return Artefact(
        kind=Kind.TOOL_POINT,
        subject="pointer",
        made_utc=made.isoformat(timespec="seconds"),
        by=by,
        method=METHOD,
        software=version("assembled-by-me"),
        inputs={} if arm is None else {"arm": arm[1]},
        result={"tip_mm": tip.tip_mm.tolist(), "covariance": tip.covariance.tolist()},
        figures={
            "error_95_mm": round(error, 4),
            "held_out_mm": round(held_mm, 4) if np.isfinite(held_mm) else None,
            "rms_mm": round(tip.rms_mm, 4),
            "touches": tip.count,
            "spread_deg": round(tip.spread_deg, 1),
            "off": [index + 1 for index in tip.off],
        },
        verdict=Verdict(good=good, text=text, advice=tip.advice),
        expires_utc=(made + timedelta(days=DAYS)).isoformat(timespec="seconds"),
    )
