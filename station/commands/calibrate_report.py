"""`station calibrate report`: how good everything is, as one HTML or PDF file for technician and engineer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from calibration.report.pages import report_of
from calibration.report.standing import standings
from station.commands.calibrate_records import store_of
from station.commands.defaults import default_config
from station.config.artefact import ArtefactError, Kind
from station.config.written_file import draft_of
from station.runtime.setting import read_files


def report(
    out: Annotated[Path, typer.Option(help="File to write: .html or .pdf.", dir_okay=False)],
    kind: Annotated[str | None, typer.Option(help="Only this kind: camera, lens, arm, torque, daily, ...")] = None,
    subject: Annotated[str | None, typer.Option(help="Only this device.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--store", help="Folder of the artefacts. Without it: the one that the station names."),
    ] = None,
) -> None:
    """A page for the technician, then all figures and plots for the engineer; made from the artefacts alone."""
    if out.suffix not in (".html", ".pdf"):
        raise typer.BadParameter("name a file that ends in .html or .pdf", param_hint="--out")
    if kind is not None and kind not in list(Kind):
        raise typer.BadParameter(f"there is no kind {kind!r}; use one of {', '.join(Kind)}", param_hint="--kind")
    store, now = store_of(config, folder), datetime.now(UTC)
    found = [
        each
        for each in standings(store, now)
        if (kind is None or each.kind == kind) and (subject is None or each.subject == subject)
    ]
    if not found:
        raise ArtefactError(
            "calibration.missing", f"there is no such calibration in {store}; see `station calibrate list`"
        )
    made = report_of(read_files(config or default_config()).station.title, found, now)
    if out.suffix == ".html":
        from calibration.report.html import html_of

        data = html_of(made).encode()
    else:
        from calibration.report.pdf import pdf_of

        data = pdf_of(made)
    draft = draft_of(out)
    draft.write_bytes(data)
    draft.replace(out)
    print(f"{out}: {made.headline}")
