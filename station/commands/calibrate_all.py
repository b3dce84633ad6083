"""`station calibrate all`: cameras, arm, tip and joints of a bench from nothing, in one go."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from station.commands.defaults import default_config
from station.config.artefact import Artefact

if TYPE_CHECKING:
    from calibration.bench_artefacts import Need
    from calibration.bench_holdout import Checked
    from station.simulation.calibration_session import Session

SIMULATED_PERSON = "simulated technician"
OBSERVATIONS = "observations.json"
POSES = "poses.jsonl"
STORE = "calibration"


def calibrate_all(
    sim: Annotated[
        bool, typer.Option("--sim", help="On a simulated bench whose true measures nobody is told until the end.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which simulated bench.")] = 0,
    config: Annotated[
        Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Half the pictures, poses and touches: to see it run, not for work.")
    ] = False,
    returns: Annotated[
        int,
        typer.Option("--returns", min=0, max=100, help="How often the arm comes back to one pose, to see how well."),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder that keeps observations and results; else none is.", file_okay=False),
    ] = None,
) -> None:
    """Calibrate a whole bench; the exit code is 1 when something of it is not good enough, and 2 when it broke off."""
    console = Console(stderr=True, soft_wrap=True)
    if not sim:
        console.print(
            "A real bench is calibrated step by step, with a technician at the arm: `station calibrate camera`, then "
            "`station calibrate robot`. Say --sim for the simulated one."
        )
        raise typer.Exit(2)
    from calibration.observations import CalibrationError

    with tempfile.TemporaryDirectory() as scratch:
        folder = out or Path(scratch)
        try:
            session, checked, need, artefacts = _calibrated(
                config or default_config(), seed, quick, returns, folder, console
            )
        except CalibrationError as error:
            console.print(f"{error.code}: {error}", markup=False)
            raise typer.Exit(2) from None
        if out is not None:
            _keep(artefacts, out)
    report = _report(session, checked, need, artefacts)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        for line in _lines(session, artefacts, out):
            typer.echo(line)
    raise typer.Exit(0 if all(artefact.verdict.good for artefact in artefacts) else 1)


def _calibrated(
    config: Path, seed: int, quick: bool, returns: int, folder: Path, console: Console
) -> tuple[Session, Checked, Need, tuple[Artefact, ...]]:
    """Everything but the printing. Raises CalibrationError, ConfigError, OSError."""
    from calibration.bench_artefacts import Need, Stamp, bench_artefacts
    from calibration.bench_holdout import checked_bench
    from calibration.bench_plan import bench_plan, tightest
    from calibration.bench_set_file import write_bench_set
    from station.runtime.setting import read_files
    from station.simulation.calibration_session import HAND_SIGMA_MM, calibrate_hidden_bench

    files = read_files(config)
    work = replace(bench_plan(files.station, files.procedure, touch_sigma_mm=HAND_SIGMA_MM), returns=returns)
    if quick:
        work = replace(work, lens_views=9, poses=12, pivot_touches=6, joint_touches=2)
    session = calibrate_hidden_bench(
        files,
        work,
        seed=seed,
        record=folder / POSES,
        say=lambda words: console.print(words, markup=False, highlight=False),
        technician=SIMULATED_PERSON,
    )
    sha256 = write_bench_set(session.outcome.bench, folder / OBSERVATIONS)
    checked = checked_bench(session.outcome.bench, session.outcome.result)
    tolerance, of = tightest(files.procedure, files.station.limits.tool_within_mm)
    need = Need(procedure=files.procedure.id, tightest_mm=tolerance, of=of)
    stamp = Stamp(
        made_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        by=SIMULATED_PERSON,
        software=version("assembled-by-me"),
        inputs={"observations": sha256, "station": files.station.sha256},
        serials={},
    )
    return session, checked, need, bench_artefacts(session.outcome, work, checked, need, stamp)


def _keep(artefacts: tuple[Artefact, ...], out: Path) -> None:
    """Each kept; in force what is good."""
    from calibration.store import Store

    store = Store(out / STORE)
    for artefact in artefacts:
        if artefact.verdict.good:
            store.put_in_force(artefact, utc=artefact.made_utc, by=artefact.by, why="calibrate all")
        else:
            store.keep(artefact)


def _report(session: Session, checked: Checked, need: Need, artefacts: tuple[Artefact, ...]) -> dict[str, Any]:
    outcome, score = session.outcome, session.score
    return {
        "simulation": True,
        "robot_s": round(outcome.robot_s, 2),
        "phases_s": {phase: round(seconds, 2) for phase, seconds in outcome.phases_s.items()},
        "held_out_mm": round(checked.poses.rms_mm, 4),
        "tightest_mm": need.tightest_mm,
        "poses": len(outcome.bench.poses),
        "touches": len(outcome.bench.touches),
        "rms_px": round(outcome.result.rms_px, 4),
        "joint_noise_deg": round(outcome.result.sigma_joint_deg, 5),
        "unused": [f"{word.what}: {word.why}" for word in outcome.result.unused],
        "returns": outcome.returns.text if outcome.returns is not None else "",
        "artefacts": [
            {
                "id": artefact.id,
                "kind": artefact.kind.value,
                "subject": artefact.subject,
                "good": artefact.verdict.good,
                "verdict": artefact.verdict.text,
                "advice": artefact.verdict.advice,
                "error_at_part_95_mm": artefact.figures["error_at_part_95_mm"],
            }
            for artefact in artefacts
        ],
        "truth": {
            what: {name: {"mm": round(miss.mm, 4), "inside_95": miss.inside} for name, miss in found.items()}
            for what, found in _scores(session).items()
        },
        "worst_at_joint_mm": round(max(score.errors_mm("guided")), 4),
    }


def _scores(session: Session) -> Mapping[str, Mapping[str, Any]]:
    score = session.score
    return {"tip_at_joint": score.guided, "joint_on_bench": score.placed, "camera_at_joint": score.seen}


def _lines(session: Session, artefacts: tuple[Artefact, ...], out: Path | None) -> list[str]:
    outcome, score = session.outcome, session.score
    lines = [
        f"{'good' if each.verdict.good else 'NOT GOOD'}  {each.verdict.text} {each.verdict.advice}".rstrip()
        for each in artefacts
    ]
    minutes, seconds = divmod(round(outcome.robot_s), 60)
    lines.append(
        f"The arm was needed for {minutes} min {seconds:02d} s; the boards were held up for "
        f"{outcome.phases_s['lens']:.0f} s. {len(outcome.bench.poses)} poses, {len(outcome.bench.touches)} touches."
    )
    if outcome.returns is not None:
        lines.append(outcome.returns.text)
    words = {
        "tip_at_joint": "tip sent to a joint",
        "joint_on_bench": "joint on the bench",
        "camera_at_joint": "joint in a camera",
    }
    for what, found in _scores(session).items():
        worst = max(miss.mm for miss in found.values())
        inside = sum(miss.inside for miss in found.values())
        lines.append(
            f"Against the hidden truth, {words[what]}: worst {worst:.2f} mm; {inside} of {len(found)} inside what was "
            "stated (95 %)."
        )
    lines.append(
        f"Simulation: rendered pictures, a simulated arm. Worst at a joint: {max(score.errors_mm('guided')):.2f} mm."
    )
    if out is not None:
        lines.append(f"Kept in {out / STORE}, the observations in {out / OBSERVATIONS}.")
    return lines
