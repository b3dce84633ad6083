"""`station calibrate torque`: guided series against a reference transducer, a verdict, and the tool's lock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from station.commands.defaults import default_config

torque_app = typer.Typer(
    invoke_without_command=True,
    help="Verify the torque tool against a reference transducer; the station locks it where it is not fit.",
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
]
StoreOption = Annotated[
    Path | None, typer.Option("--store", help="Folder of the artefacts. Without it: the one that the station names.")
]


@torque_app.callback()
def torque(
    context: typer.Context,
    config: ConfigOption = None,
    procedure: Annotated[Path | None, typer.Option(help="Another procedure's joints.", dir_okay=False)] = None,
    series: Annotated[list[str] | None, typer.Option(help="Only this series; may be repeated.")] = None,
    typed: Annotated[bool, typer.Option("--typed", help="Readings are typed in, also with a transducer line.")] = False,
    transducer: Annotated[str | None, typer.Option(help="Its line: /dev/... or socket://host:port")] = None,
    by: Annotated[str, typer.Option(help="Who does it.")] = "",
    anew: Annotated[bool, typer.Option("--anew", help="Put runs that were broken off aside and begin again.")] = False,
    folder: StoreOption = None,
    sim: Annotated[str | None, typer.Option(help="A simulated tool: good, off, worn or overshoots.")] = None,
    seed: Annotated[int, typer.Option(help="Of the simulated tool.")] = 1,
) -> None:
    """Guided series per joint type; the exit code is 1 when the tool is not fit for every one of them."""
    if context.invoked_subcommand is not None:
        return
    from station.commands.verify_torque import Wishes, verify
    from station.runtime.setting import read_files

    files = read_files(config or default_config(), procedure)
    wishes = Wishes(
        series=tuple(series or ()),
        typed=typed,
        transducer=transducer,
        by=by,
        anew=anew,
        folder=folder,
        sim=sim,
        seed=seed,
    )
    raise typer.Exit(0 if verify(files, wishes) else 1)


@torque_app.command("list")
def list_series(
    config: ConfigOption = None,
    procedure: Annotated[Path | None, typer.Option(help="Another procedure's joints.", dir_okay=False)] = None,
) -> None:
    """Which series the procedure's joints ask for, and what the tool must reach."""
    from calibration.torque.series import guidance, plans_of
    from station.commands.verify_torque import check_of
    from station.runtime.setting import read_files

    files = read_files(config or default_config(), procedure)
    for plan in plans_of(files.procedure, check_of(files.station)):
        typer.echo(
            f"{plan.name}: joint {', '.join(plan.labels)}, class {plan.joint_class.value}. "
            f"Cm at least {plan.cm_min:g}, Cmk {plan.cmk_min:g}, deviation at most {plan.deviation_max_percent:g} %."
        )
        typer.echo(f"  {guidance(plan)}")


@torque_app.command("report")
def report(
    config: ConfigOption = None,
    folder: StoreOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as plain values.")] = False,
) -> None:
    """The verdict in force, its figures, and the control chart over all verifications of this tool."""
    from calibration.torque.artefact import report_figures
    from station.commands.calibrate_records import store_of

    figures = report_figures(store_of(config, folder))
    typer.echo(json.dumps(figures, indent=1, ensure_ascii=False) if as_json else "\n".join(_told(figures)))


def _told(figures: dict[str, object]) -> Sequence[str]:
    from calibration.torque.telling import report_lines

    return report_lines(figures)
