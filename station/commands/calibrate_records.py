"""`station calibrate list`, `show` and `roll-back`: what is in force, since when, by whom, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from station.commands.defaults import default_config
from station.config.artefact import Artefact, ArtefactError, Kind, current_id, folder_of, in_force, read_artefact

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
]
FolderOption = Annotated[
    Path | None, typer.Option("--store", help="Folder of the artefacts. Without it: the one that the station names.")
]
SubjectArgument = Annotated[str, typer.Argument(help="Kind and device, as `list` names them: camera-top, arm-cobot.")]


def store_of(config: Path | None, folder: Path | None) -> Path:
    """The folder of a station's artefacts. Raises ConfigError, ArtefactError `calibration.no_store`."""
    from station.runtime.setting import read_files

    if folder is not None:
        return folder
    path = config or default_config()
    found = read_files(path).station.calibrations
    if found is None:
        todo = "add `calibration` to [station], or say --store"
        raise ArtefactError("calibration.no_store", f"{path} names no folder of calibrations; {todo}")
    return found


def list_artefacts(config: ConfigOption = None, folder: FolderOption = None) -> None:
    """Everything that was ever calibrated: what is in force, whether it may be used, and until when."""
    from rich.console import Console

    console = Console(soft_wrap=True)
    bad = False
    for kind, subject in _subjects(store := store_of(config, folder)):
        try:
            artefact = in_force(store, kind, subject, now=datetime.now(UTC))
        except ArtefactError as error:
            bad = True
            console.print(f"  [red]not good[/] {kind}-{subject}: ", end="")
            console.print(f"{error.code}: {error}", markup=False)
            continue
        until = f"until {artefact.expires_utc}" if artefact.expires_utc else "without expiry"
        console.print(f"  [green]in force[/] {artefact.id}: ", end="")
        console.print(f"{artefact.made_utc} by {artefact.by}, {until}. {artefact.verdict.text}", markup=False)
    raise typer.Exit(1 if bad else 0)


def show(
    what: SubjectArgument,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the artefact itself.")] = False,
) -> None:
    """One calibration: its verdict, figures, and who put which one in force when."""
    from calibration.store import Store

    store = store_of(config, folder)
    kind, subject = named(what)
    artefact = _current(store, kind, subject)
    if as_json:
        print(artefact.text())
        return
    print(f"{artefact.id}\n{artefact.verdict.text} {artefact.verdict.advice}".rstrip())
    print(f"Made {artefact.made_utc} by {artefact.by}: {artefact.method} ({artefact.software}).")
    for key, value in sorted(artefact.figures.items()):
        print(f"  {key}: {value}" if not isinstance(value, list | dict) else f"  {key}: ({len(value)} values)")
    for line in Store(store).log(kind, subject):
        print(f"{line.utc} {line.by}: {line.id} ({line.why})")


def roll_back(
    what: SubjectArgument,
    by: Annotated[str, typer.Option(help="Who does it.")],
    why: Annotated[str, typer.Option(help="For what reason; it stands in the log.")],
    to: Annotated[str | None, typer.Option(help="Id to go back to. Without it: the one before.")] = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
) -> None:
    """Put an earlier calibration in force again; a running station takes it between visits."""
    from calibration.store import Store

    kind, subject = named(what)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    artefact = Store(store_of(config, folder)).roll_back(kind, subject, utc=now, by=by, why=why, to=to)
    print(f"In force: {artefact.id}. {artefact.verdict.text}")


def named(what: str) -> tuple[Kind, str]:
    """Kind and device of `camera-top`. Raises ArtefactError `calibration.unknown`."""
    kind, _, subject = what.partition("-")
    if kind not in list(Kind) or not subject:
        kinds = ", ".join(Kind)
        todo = f"write <kind>-<device>, with one of: {kinds}"
        raise ArtefactError("calibration.unknown", f"{what} is no calibration; {todo}")
    return Kind(kind), subject


def _subjects(store: Path) -> Iterator[tuple[Kind, str]]:
    for folder in sorted(store.iterdir()) if store.is_dir() else ():
        kind, _, subject = folder.name.partition("-")
        if folder.is_dir() and subject and kind in list(Kind):
            yield Kind(kind), subject


def _current(store: Path, kind: Kind, subject: str) -> Artefact:
    identity = current_id(store, kind, subject)
    if identity is None:
        raise ArtefactError("calibration.missing", f"{subject} has no {kind} calibration in {store}")
    return read_artefact(folder_of(store, kind, subject) / f"{identity}.json")
