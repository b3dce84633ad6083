"""Options of `station calibrate`: the technician's workbench, one command a thing that is calibrated."""

from __future__ import annotations

import typer

from station.commands.calibrate_all import calibrate_all
from station.commands.calibrate_board import board_app
from station.commands.calibrate_camera import camera
from station.commands.calibrate_daily import daily
from station.commands.calibrate_records import list_artefacts, roll_back, show
from station.commands.calibrate_report import report
from station.commands.calibrate_robot import robot
from station.commands.calibrate_solve import solve
from station.commands.calibrate_tool_point import tool_point
from station.commands.calibrate_torque import torque_app

calibrate_app = typer.Typer(
    no_args_is_help=True,
    help="Calibrate cameras, cobot, parts and tool; what comes out is a file with its error, date and expiry.",
)


@calibrate_app.callback()
def calibrate() -> None:
    """Calibrate cameras, cobot, parts and tool."""


calibrate_app.command("all")(calibrate_all)
calibrate_app.add_typer(board_app, name="board")
calibrate_app.command("camera")(camera)
calibrate_app.command("daily")(daily)
calibrate_app.command("list")(list_artefacts)
calibrate_app.command("report")(report)
calibrate_app.command("robot")(robot)
calibrate_app.command("roll-back")(roll_back)
calibrate_app.command("show")(show)
calibrate_app.command("solve")(solve)
calibrate_app.command("tool-point")(tool_point)
calibrate_app.add_typer(torque_app, name="torque")
