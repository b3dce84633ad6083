"""`station desk-kit`: the PDF to print, cut and fold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def desk_kit(
    out: Annotated[Path, typer.Option("--out", help="PDF to write.", dir_okay=False)] = Path("desk-kit.pdf"),
    paper: Annotated[str, typer.Option(help="`a4` or `letter`.")] = "a4",
    scale: Annotated[
        float, typer.Option(help="What your printer makes of 1 mm: 0.98 where the 100 mm ruler measured 98 mm.")
    ] = 1.0,
) -> None:
    """Make the desk kit: mat, mirrors, tool, nuts, pass and calibration board, to print at 100 %."""
    from station.desk_kit.geometry import PAPERS_MM
    from station.desk_kit.sheets import SHEET_PAGES, write_kit

    if paper not in PAPERS_MM:
        raise typer.BadParameter(
            f"there is no paper {paper!r}; use one of {', '.join(PAPERS_MM)}", param_hint="--paper"
        )
    try:
        write_kit(out, paper, scale=scale)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--scale") from error
    print(
        f"{out}: {len(SHEET_PAGES) + 1} pages for {paper.upper()}. Print them in real size (100 %), not fitted to the"
    )
    print("page, and hold a ruler to the scale on each: 100 mm must measure 100 mm. The first page says how to go on.")
