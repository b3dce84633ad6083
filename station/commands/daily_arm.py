"""The arm's part of `station calibrate daily`: the real arm, slowly and with leave, or the simulated one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from calibration.bench_plan import bench_plan
from calibration.daily.arm_check import (
    VISITS,
    ArmNow,
    check_arm,
    choose_check_poses,
    chosen_again,
    measured,
    to_start,
    visit,
)
from calibration.daily.in_force import arm_in_force, camera_in_force
from calibration.daily.reference import ArmReference, arm_reference
from calibration.daily.verdicts import DeviceVerdict
from calibration.robot_run import Leave, Stand
from station.commands.daily_sources import Mishaps
from station.runtime.setting import Files

PutOn = Callable[[], None]
"""Has the board put on the flange, and returns when it is."""
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
def simulated_arm(files: Files, arm: ArmNow, seed: int, mishaps: Mishaps) -> Iterator[tuple[Stand, PutOn]]:
    """The real driver on the simulated arm's bytes, and the board in the cameras' rendered pictures."""
    from station.simulation.daily_arm import daily_arm

    bench = daily_arm(files, arm.work, seed=seed, slipped_deg=mishaps.slipped_deg())

    def put_on() -> None:
        bench.on_flange = "board"

    try:
        yield bench, put_on
    finally:
        bench.close()


@contextmanager
def live_arm(config: Path) -> Iterator[tuple[Stand, PutOn]]:
    """The real arm and cameras. Raises LinkError, CameraError, ConfigError."""
    from station.commands.cobot import bench_of
    from station.commands.live_stand import AskedTechnician, LiveStand, live_cameras

    def enter() -> None:
        sys.stdin.readline()

    bench = bench_of(config, link=None, family=None, baudrate=None)
    with live_cameras(bench.files.station) as sources, bench.line() as line:
        technician = AskedTechnician(line, typer.echo, enter)
        yield LiveStand(line, sources, time.monotonic), lambda: technician.put_on("board")


def leave_of(by: str, *, sim: bool) -> Leave | None:
    """Leave to move: asked of the person at a real arm."""
    if sim:
        return Leave(technician=by)
    typer.echo(SAFE)
    return Leave(technician=by) if typer.confirm(f"Is the bench clear, {by}, and may the arm move?") else None


def checked(arm: ArmNow, reference: ArmReference, stand: Stand, put_on: PutOn, leave: Leave) -> DeviceVerdict:
    """Go to the first pose, have the board put on, check. Raises CalibrationError `daily.arm_stopped`."""
    to_start(arm, chosen_again(arm, reference)[0], stand)
    put_on()
    return check_arm(arm, reference, stand, leave)


def referenced(arm: ArmNow, stand: Stand, put_on: PutOn, leave: Leave) -> ArmReference:
    """Choose the poses, and visit each several times. Raises CalibrationError."""
    poses = choose_check_poses(arm)
    to_start(arm, poses[0], stand)
    put_on()
    errors, noise = measured([visit(arm, poses, stand, leave) for _ in range(VISITS)])
    return arm_reference(errors, arm.calibration, arm.table, noise, {pose.pose: pose.seen_by for pose in poses})
