"""The arm's part of `station calibrate daily`: the real arm, slowly and with leave, or the simulated one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from calibration.bench_plan import bench_plan
from calibration.daily.arm_check import (
    POINTER,
    VISITS,
    ArmNow,
    Hands,
    board_on,
    choose_check_poses,
    measured,
    visit,
)
from calibration.daily.in_force import arm_in_force, camera_in_force
from calibration.daily.reference import ArmReference, arm_reference
from calibration.observations import CalibrationError
from calibration.robot_run import Leave, Stand
from station.commands.daily_sources import Mishaps
from station.runtime.setting import Files

SAFE = (
    "The arm will move by itself, slowly, to three poses. No visitor may be near; nobody may reach in. Keep its "
    "emergency stop within reach; Ctrl-C lets it stand still."
)


def arm_of(files: Files, store: Path) -> ArmNow:
    """Arm and cameras as they are in force. Raises CalibrationError, ArtefactError."""
    work, cobot = bench_plan(files.station, files.procedure), files.station.cobot
    if cobot is None:
        raise ValueError(f"station {files.station.id} has no [cobot]")
    found = arm_in_force(store, cobot)
    return ArmNow(
        work=work,
        cameras=tuple(camera_in_force(store, camera).model for camera in files.station.cameras),
        bench_from_base=found.bench_from_base,
        table=found.table,
        offsets_deg=found.offsets_deg,
        calibration=found.id,
    )


@contextmanager
def simulated_arm(files: Files, arm: ArmNow, seed: int, mishaps: Mishaps) -> Iterator[tuple[Stand, Hands]]:
    """The real driver on the simulated arm's bytes, and the board in the cameras' rendered pictures."""
    from station.simulation.daily_arm import DailyHands, daily_arm

    bench = daily_arm(files, arm.work, seed=seed, slipped_deg=mishaps.slipped_deg())
    try:
        yield bench, DailyHands(bench)
    finally:
        bench.close()


@contextmanager
def live_arm(config: Path) -> Iterator[tuple[Stand, Hands]]:
    """The real arm and cameras. Raises LinkError, CameraError, ConfigError."""
    from station.commands.cobot import bench_of
    from station.commands.live_stand import AskedTechnician, LiveStand, live_cameras, typed_line

    bench = bench_of(config, link=None, family=None, baudrate=None)
    with live_cameras(bench.files.station) as sources, bench.line() as line:
        yield LiveStand(line, sources, time.monotonic), AskedTechnician(line, typer.echo, typed_line)


def leave_of(by: str, *, sim: bool) -> Leave | None:
    """Leave to move: asked of the person at a real arm."""
    if sim:
        return Leave(technician=by)
    typer.echo(SAFE)
    return Leave(technician=by) if typer.confirm(f"Is the bench clear, {by}, and may the arm move?") else None


def referenced(arm: ArmNow, stand: Stand, hands: Hands, leave: Leave) -> ArmReference:
    """Choose the poses, visit each several times, and have the pointer put back. Raises CalibrationError."""
    poses = choose_check_poses(arm)
    board_on(arm, poses, stand, hands)
    try:
        errors, noise = measured([visit(arm, poses, stand, leave) for _ in range(VISITS)])
    except CalibrationError:
        hands.put_on(POINTER)
        raise
    hands.put_on(POINTER)
    return arm_reference(errors, arm.calibration, arm.table, noise, {pose.pose: pose.seen_by for pose in poses})
