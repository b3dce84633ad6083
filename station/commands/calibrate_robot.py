"""`station calibrate robot`: cameras to bench and to arm, the arm itself, tip and joints, on a real bench."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from station.config.artefact import Artefact, Kind, in_force

if TYPE_CHECKING:
    from calibration.bench_set import KnownLens
    from calibration.bench_work import BenchPlan, Technician
    from calibration.robot_run import Leave, Stand
    from station.runtime.setting import Files

POSES, OBSERVATIONS = "robot-poses.jsonl", "robot-observations"
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
    from calibration.bench_plan import bench_plan
    from calibration.robot_run import Leave
    from station.commands.calibrate_records import store_of
    from station.commands.cobot import bench_of
    from station.commands.live_stand import AskedTechnician, LiveStand, live_cameras, typed_line

    bench = bench_of(config, link=link, family=None, baudrate=None)
    store = store_of(config, None)
    work = bench_plan(bench.files.station, bench.files.procedure, poses=poses)
    lenses = lenses_in_force(store, [camera.name for camera in work.cameras])
    work = replace(work, known_lenses=lenses, returns=returns)
    typer.echo(SAFE)
    if not typer.confirm(f"Is the bench clear, {by}, and may the arm move?"):
        raise typer.Exit(1)

    with live_cameras(bench.files.station) as sources, bench.line() as line:
        artefacts = calibrated(
            bench.files,
            work,
            LiveStand(line, sources, time.monotonic),
            AskedTechnician(line, typer.echo, typed_line),
            store=store,
            leave=Leave(technician=by),
            keep=not dry,
        )
    for artefact in artefacts:
        state = "in force" if artefact.verdict.good and not dry else "not in force"
        typer.echo(f"{artefact.id}: {state}. {artefact.verdict.text} {artefact.verdict.advice}".rstrip())
    raise typer.Exit(0 if all(artefact.verdict.good for artefact in artefacts) else 1)


def lenses_in_force(store: Path, cameras: list[str]) -> dict[str, KnownLens]:
    """Each camera's lens as it is in force. Raises ArtefactError for one that has none, or none that may be used."""
    from calibration.bench_set import KnownLens
    from calibration.lens_artefact import lens_values

    found = {}
    for camera in cameras:
        artefact = in_force(store, Kind.LENS, camera, now=datetime.now(UTC))
        lens, covariance = lens_values(artefact)
        found[camera] = KnownLens(lens=lens, covariance=covariance, artefact=artefact.id)
    return found


def calibrated(
    files: Files,
    work: BenchPlan,
    stand: Stand,
    technician: Technician,
    *,
    store: Path,
    leave: Leave,
    keep: bool,
    say: Callable[[str], None] = typer.echo,
) -> tuple[Artefact, ...]:
    """The whole work but asking and printing; what is good is in force afterwards when it is to be kept.

    Poses are kept in the store while they are taken, so that a run that was broken off goes on. Raises
    CalibrationError, LinkError, OSError; then the old calibrations stay in force.
    """
    from calibration.bench_artefacts import Need, Stamp, bench_artefacts
    from calibration.bench_flow import BenchFlow
    from calibration.bench_holdout import checked_bench
    from calibration.bench_plan import tightest
    from calibration.bench_set_file import write_bench_set
    from calibration.store import Store

    with tempfile.TemporaryDirectory() as scratch:
        # A trial neither reads nor writes the run that is kept: that one may still be gone on with.
        outcome = BenchFlow(
            work,
            stand,
            technician,
            leave=leave,
            say=say,
            record=(store if keep else Path(scratch)) / POSES,
            station_sha256=files.station.sha256,
            utc=datetime.now(UTC).isoformat(timespec="seconds"),
        ).run()
    made = datetime.now(UTC)
    inputs = {"station": files.station.sha256}
    inputs |= {f"lens-{camera}": known.artefact for camera, known in work.known_lenses.items()}
    if keep:
        name = f"{OBSERVATIONS}-{made:%Y%m%dT%H%M%SZ}.json"
        inputs["observations"] = write_bench_set(outcome.bench, store / name)
    tolerance, of = tightest(files.procedure, files.station.limits.tool_within_mm)
    artefacts = bench_artefacts(
        outcome,
        work,
        checked_bench(outcome.bench, outcome.result),
        Need(procedure=files.procedure.id, tightest_mm=tolerance, of=of),
        Stamp(
            made_utc=made.isoformat(timespec="seconds"),
            by=leave.technician,
            software=version("assembled-by-me"),
            inputs=inputs,
            serials={},
        ),
    )
    if keep:
        kept = Store(store)
        for artefact in artefacts:
            if artefact.verdict.good:
                kept.put_in_force(artefact, utc=artefact.made_utc, by=artefact.by, why="calibrate robot")
            else:
                kept.keep(artefact)
    return artefacts
