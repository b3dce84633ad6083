"""`station vision teach, train, checks`: a check is taught from recorded pictures, trained, and told about."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from station.commands.defaults import default_config

if TYPE_CHECKING:
    from station.runtime.setting import Files
    from vision.bench import Bench, TaughtCheck

MOMENT_S = 1.0
"""Pictures of a recording that lie nearer together show one moment."""
FileOption = Annotated[
    Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
]
ProcedureOption = Annotated[Path | None, typer.Option(help="Another procedure than the station file's.")]
CheckArgument = Annotated[str, typer.Argument(help="Name of the check, as [[check]] has it.")]


def teach(
    check: CheckArgument,
    state: Annotated[str, typer.Option(help="What the pictures show.")],
    pictures: Annotated[Path, typer.Option("--from", help="A folder of pictures, or a video.", exists=True)],
    camera: Annotated[str, typer.Option(help="The camera that took them.")] = "top",
    fps: Annotated[
        float, typer.Option(help="Pictures a second in a folder; 1 = each shows a moment of its own.")
    ] = 1.0,
    person: Annotated[str, typer.Option(help="Who answers for the examples.")] = "command line",
    config: FileOption = None,
    procedure: ProcedureOption = None,
) -> None:
    """Take examples of a state from recorded pictures. Each is gated as a live one is."""
    from vision.api import FrameAnalysis
    from vision.cameras.recording import open_recording
    from vision.pipeline import Pipeline, Want
    from vision.taught.examples import keep
    from vision.taught.rectify import view_of
    from vision.taught.teaching import example_of

    folder, bench, taught, _ = _station(check, config, procedure)
    if state not in taught.states:
        raise typer.BadParameter(f"choose one of {', '.join(taught.states)}", param_hint="--state")
    if camera not in {model.name for model in bench.cameras}:
        names = ", ".join(model.name for model in bench.cameras)
        raise typer.BadParameter(f"choose one of {names}", param_hint="--camera")
    model = bench.camera(camera)
    pipeline, view = Pipeline(bench, model), view_of(taught, model)
    source = open_recording(camera, pictures, rate_hz=fps)
    began, taken, refused, last_s = datetime.now(UTC), 0, dict[str, int](), float("-inf")
    try:
        while (frame := source.read()) is not None:
            if frame.t_mono_s - last_s < MOMENT_S - 1e-6:
                continue
            analysis: FrameAnalysis = pipeline.analyse(frame, Want())
            patch, why = example_of(view, frame.image, analysis, bench.fixture)
            if patch is None:
                refused[why] = refused.get(why, 0) + 1
                continue
            last_s, taken = frame.t_mono_s, taken + 1
            moment = f"{began:%Y%m%dT%H%M%S}-{taken:05d}"
            keep(folder, view, state, moment, patch, person=person)
    finally:
        source.close()
        pipeline.close()
    print(f"{taken} examples of `{state}` taken for {check}, camera {camera}.")
    for why, count in sorted(refused.items()):
        print(f"  {count} pictures left out: {why}.")
    raise typer.Exit(0 if taken else 1)


def train(
    check: CheckArgument,
    person: Annotated[str, typer.Option(help="Who answers for the examples.")] = "command line",
    config: FileOption = None,
    procedure: ProcedureOption = None,
) -> None:
    """Train a check on all its examples, try it on those held out, and write its models."""
    from vision.taught.reader import checks_of
    from vision.taught.teaching import train_check

    folder, bench, taught, files = _station(check, config, procedure)
    calibration = {camera.name: camera.calibration for camera in files.station.cameras}
    good = False
    for camera in bench.cameras:
        if taught not in checks_of(bench, camera.name):
            continue
        model = train_check(
            folder,
            taught,
            camera,
            calibration=calibration[camera.name],
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            person=person,
            software=version("assembled-by-me"),
        )
        good |= model.usable
        print(f"{check}, camera {camera.name}: {'usable' if model.usable else 'NOT usable'}. {model.why}")
        for each in model.tried.confused:
            print(f"  `{each.state}` was taken for `{each.told}` in {each.count} of {each.of} ({each.how})")
    raise typer.Exit(0 if good else 1)


def checks(config: FileOption = None, procedure: ProcedureOption = None) -> None:
    """Say for every check and camera: taught or not, fit or not, by how many examples, and what to do."""
    from station.config.bench import bench_of
    from station.runtime.setting import read_files
    from vision.taught.reader import checks_of, load_models

    files = read_files(config or default_config(), procedure)
    bench = bench_of(files.station, files.procedure)
    if not bench.checks:
        print(f"Procedure {files.procedure.id} has no [[check]].")
    for camera in bench.cameras:
        models, problems = load_models(files.station.checks, bench, camera)
        for each in checks_of(bench, camera.name):
            model = models.get(each.name)
            if model is not None:
                fit = "usable" if model.usable else "NOT usable"
                print(f"{each.name}/{camera.name}: {fit}, {len(model.examples)} examples, {model.date}. {model.why}")
        for problem in problems:
            print(f"{camera.name}: {problem.code}: {problem}")


def _station(check: str, config: Path | None, procedure: Path | None) -> tuple[Path, Bench, TaughtCheck, Files]:
    from station.config.bench import bench_of
    from station.runtime.setting import read_files

    files = read_files(config or default_config(), procedure)
    bench = bench_of(files.station, files.procedure)
    found = next((each for each in bench.checks if each.name == check), None)
    if found is None:
        names = ", ".join(each.name for each in bench.checks) or "none"
        raise typer.BadParameter(f"this work has these checks: {names}", param_hint="CHECK")
    if files.station.checks is None:
        raise typer.BadParameter("name a folder for the models under [station] checks", param_hint="--config")
    return files.station.checks, bench, found, files
