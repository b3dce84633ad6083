"""The arm's part of `station calibrate daily`: the real arm, slowly and with leave, or the simulated one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from calibration.daily.arm_check import ArmNow, Hands
from calibration.daily.in_force import store_folder
from calibration.flange_record import FlangeRecord
from calibration.robot_run import Leave, Stand
from station.commands.daily_sources import Mishaps
from station.runtime.setting import Files

SAFE = (
    "The arm will move by itself, slowly, to three poses. No visitor may be near; nobody may reach in. Keep its "
    "emergency stop within reach; Ctrl-C lets it stand still."
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
        flange = FlangeRecord(store_folder(bench.files.station))
        yield LiveStand(line, sources, time.monotonic), AskedTechnician(line, typer.echo, typed_line, flange)


def leave_of(by: str, *, sim: bool) -> Leave | None:
    """Leave to move: asked of the person at a real arm."""
    if sim:
        return Leave(technician=by)
    typer.echo(SAFE)
    return Leave(technician=by) if typer.confirm(f"Is the bench clear, {by}, and may the arm move?") else None
