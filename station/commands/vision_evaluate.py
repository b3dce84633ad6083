"""`station vision evaluate`: a labelled set made, looked at by the station's own eyes, and scored."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    folder: Annotated[
        Path | None, typer.Argument(help="A set on disk. Without: rendered in memory.", exists=True, file_okay=False)
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides everything about a rendered set.")] = 0,
    scenes: Annotated[int, typer.Option(help="Number of still scenes.", min=0)] = 200,
    sequences: Annotated[int, typer.Option(help="Number of sequences in which something happens.", min=0)] = 40,
    make: Annotated[
        Path | None, typer.Option(help="Write the rendered set into this folder, and score nothing.")
    ] = None,
    lossless: Annotated[bool, typer.Option(help="With --make: PNG, as rendered; else JPEG.")] = False,
    failures: Annotated[Path | None, typer.Option(help="Folder for pictures of what went wrong.")] = None,
    hands: Annotated[bool, typer.Option(help="With the hand tracker.")] = True,
    workers: Annotated[int, typer.Option(help="Processes that look.", min=1, max=16)] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Score what the eyes say against the truth. Fails when something that passes a step is said and is not true."""
    from station.commands.defaults import default_config
    from station.runtime.setting import read_files
    from station.simulation.evaluation import report, run
    from station.simulation.evaluation.store import SetError
    from station.simulation.evaluation.tally import guarded_failures
    from vision.hand_model import default_model_path

    def progress(done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done} of {of}", end="" if done < of else "\n", file=sys.stderr, flush=True)

    ask = run.Ask(files=read_files(config or default_config()), seed=seed, scenes=scenes, sequences=sequences)
    if make is not None:
        count = run.make(ask, make, lossless=lossless, progress=progress)
        print(f"{count} items are in {make}; the truth is in {make / 'truth'}, apart from the pictures.")
        return
    ask = replace(
        ask,
        folder=folder,
        failures=failures,
        workers=workers,
        hand_model=default_model_path() if hands else None,
    )
    try:
        scored = run.evaluate(ask, progress)
    except SetError as problem:
        print(f"{problem.code}: {problem}", file=sys.stderr)
        raise typer.Exit(2) from problem
    print(json.dumps(report.as_json(scored)) if as_json else report.as_text(scored))
    raise typer.Exit(1 if guarded_failures(scored.verdicts) else 0)
