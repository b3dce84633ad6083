"""Options of `station calibrate`: the technician's workbench, one command a thing that is calibrated."""

from __future__ import annotations

import typer

calibrate_app = typer.Typer(
    no_args_is_help=True,
    help="Calibrate cameras, cobot, parts and tool; what comes out is a file with its error, date and expiry.",
)


@calibrate_app.callback()
def calibrate() -> None:
    """Calibrate cameras, cobot, parts and tool."""
