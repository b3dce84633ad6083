"""`station calibrate robot`: cameras to bench and to arm, the arm itself, tip and joints, on a real bench."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from station.config.artefact import Artefact

if TYPE_CHECKING:
    from calibration.bench_keep import BenchToKeep
    from calibration.bench_work import BenchPlan, Technician
    from calibration.robot_run import Leave, Stand

SAFE = (
    "The arm will move by itself, slowly, from pose to pose. No visitor may be near; nobody may reach in. Keep its "
    "emergency stop within reach; Ctrl-C lets it stand still."
)


def robot(
    config: Annotated[Path, typer.Option("--config", help="Station file of the bench.", dir_okay=False)],
    by: Annotated[str, typer.Option("--by", help="Your name: the arm moves for a technician only.")],
    link: Annotated[str | None, typer.Option("--link", help="Another line than the station file's.")] = None,
    poses: Annotated[int, typer.Option("--poses", min=10, max=60, help="Poses that the arm takes.")] = 24,
    returns: Annotated[
        int, typer.Option("--returns", min=0, max=100, help="How often it comes back to one pose, to see how well.")
    ] = 0,
    dry: Annotated[bool, typer.Option("--dry", help="Keep nothing, put nothing in force.")] = False,
) -> None:
    """Calibrate the arm to the cameras and the bench, its tip, and the joints of the part."""
    from calibration.bench_keep import BenchToKeep
    from calibration.bench_plan import bench_plan
    from calibration.flange_record import FlangeRecord
    from calibration.robot_run import Leave
    from station.commands.calibrate_records import store_of
    from station.commands.cobot import bench_of
    from station.commands.live_stand import AskedTechnician, LiveStand, live_cameras, typed_line

    bench = bench_of(config, link=link, family=None, baudrate=None)
    kept = BenchToKeep(
        station=bench.files.station,
        procedure=bench.files.procedure,
        store=store_of(config, None),
        software=version("assembled-by-me"),
        why="calibrate robot",
    )
    work = replace(bench_plan(kept.station, kept.procedure, poses=poses), returns=returns)
    work = kept.lenses(work)
    typer.echo(SAFE)
    if not typer.confirm(f"Is the bench clear, {by}, and may the arm move?"):
        raise typer.Exit(1)

    with live_cameras(bench.files.station) as sources, bench.line() as line:
        artefacts = calibrated(
            kept,
            work,
            LiveStand(line, sources, time.monotonic),
            AskedTechnician(line, typer.echo, typed_line, FlangeRecord(kept.store)),
            leave=Leave(technician=by),
            keep=not dry,
        )
    for artefact in artefacts:
        state = "in force" if artefact.verdict.good and not dry else "not in force"
        typer.echo(f"{artefact.id}: {state}. {artefact.verdict.text} {artefact.verdict.advice}".rstrip())
    raise typer.Exit(0 if all(artefact.verdict.good for artefact in artefacts) else 1)


def calibrated(
    bench: BenchToKeep,
    work: BenchPlan,
    stand: Stand,
    technician: Technician,
    *,
    leave: Leave,
    keep: bool,
    say: Callable[[str], None] = typer.echo,
) -> tuple[Artefact, ...]:
    """The whole work but asking and printing; what is good is in force afterwards when it is to be kept.

    Raises CalibrationError, LinkError, OSError; then the old calibrations stay in force.
    """
    from calibration.bench_keep import POSES

    with tempfile.TemporaryDirectory() as scratch:
        # A trial neither reads nor writes the run that is kept: that one may still be gone on with.
        record = (bench.store if keep else Path(scratch)) / POSES
        outcome = bench.measure(work, stand, technician, record=record, leave=leave, say=say)
    return bench.artefacts(work, outcome, by=leave.technician, keep=keep)
