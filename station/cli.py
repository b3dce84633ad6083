"""`station`: the commands for people. Options only; what they do is in `station.commands` and `station.app`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from station.commands.calibrate_group import calibrate_app
from station.commands.cobot_options import cobot_app
from station.commands.defaults import default_config, default_journal
from station.commands.desk_kit import desk_kit
from station.commands.vision_group import vision_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A robot-guided assembly station: guides a first-timer through attaching a part, and checks every step.",
)
journal_app = typer.Typer(no_args_is_help=True, help="Read the record: list, show, verify, export.")
simulate_app = typer.Typer(no_args_is_help=True, help="Run one simulated device alone, for any client of its protocol.")
app.add_typer(journal_app, name="journal")
check_app = typer.Typer(help="Say for each file, device and calibration of a station: there or not, and what to do.")
app.add_typer(simulate_app, name="simulate")
app.add_typer(check_app, name="check")
app.add_typer(cobot_app, name="cobot")
app.add_typer(vision_app, name="vision")
app.add_typer(calibrate_app, name="calibrate")
app.command("desk-kit")(desk_kit)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
]
JournalOption = Annotated[
    Path | None, typer.Option("--journal", help="Journal file. Without it: the one of the simulated bench.")
]


def main() -> None:
    """Entry point: errors that a person can mend are one sentence, not a traceback."""
    from calibration.observations import CalibrationError
    from drivers.api import DriverError
    from station.commands.bench_lock import BenchBusyError
    from station.config.artefact import ArtefactError
    from station.config.errors import ConfigError
    from station.runtime.journal import JournalError
    from station.simulation.desk_session import SessionError
    from station.web.server import PortTakenError
    from vision.cameras.source import CameraError
    from vision.hands import HandModelMissingError
    from vision.self_calibration import SelfCalibrationError

    mendable = (
        ArtefactError,
        BenchBusyError,
        CalibrationError,
        ConfigError,
        JournalError,
        CameraError,
        DriverError,
        HandModelMissingError,
        PortTakenError,
        FileNotFoundError,
        SelfCalibrationError,
        SessionError,
    )
    try:
        app()
    except (*mendable, ExceptionGroup) as error:
        # A station's threads end in a group; each of its errors is told as if it were alone.
        errors = _leaves(error)
        if not all(isinstance(found, mendable) for found in errors):
            raise
        for found in errors:
            code = "" if isinstance(found, ConfigError) else f"{getattr(found, 'code', 'file')}: "
            print(f"{code}{found}", file=sys.stderr)
        raise SystemExit(2) from error


def _leaves(error: Exception) -> list[Exception]:
    if not isinstance(error, ExceptionGroup):
        return [error]
    return [leaf for member in error.exceptions for leaf in _leaves(member)]


@app.command()
def visit(
    config: ConfigOption = None,
    procedure: Annotated[Path | None, typer.Option(help="Another procedure than the station file's.")] = None,
    visitor: Annotated[str, typer.Option(help="`script`: a scripted visitor. `me`: you, with the mouse.")] = "script",
    headless: Annotated[bool, typer.Option("--headless", help="No page, no voice.")] = False,
    speed: Annotated[str, typer.Option(help="`natural`, or `max` (headless only): simulated time.")] = "natural",
    seed: Annotated[int, typer.Option(help="Everything random comes from it.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
    inject: Annotated[str | None, typer.Option(help="Let one thing go wrong; `list` names them.")] = None,
    pixels: Annotated[bool, typer.Option(help="Rendered pictures; without: a noise model.")] = True,
    journal: Annotated[Path | None, typer.Option(help="Journal file to write to.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the pages; 0 = any free one.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the kiosk page where there is a desktop.")] = True,
) -> None:
    """One whole visit on the simulated bench, from the greeting to the record."""
    from station.commands import live
    from station.commands.visit import headless as run_headless
    from station.runtime.setting import read_files
    from station.runtime.stored_calibration import with_stored
    from station.simulation.mishaps import Mishap, possible
    from vision.hand_model import default_model_path

    if inject == "list":
        print("\n".join(mishap.value for mishap in Mishap))
        return
    if inject is not None and inject not in list(Mishap):
        raise typer.BadParameter(f"there is no {inject!r}; `--inject list` names them", param_hint="--inject")
    if visitor not in ("script", "me") or speed not in ("natural", "max"):
        raise typer.BadParameter("--visitor is `script` or `me`, --speed is `natural` or `max`")
    if speed == "max" and not headless:
        raise typer.BadParameter("simulated time has no viewer; add --headless", param_hint="--speed max")
    mishap = Mishap(inject) if inject else None
    files = with_stored(read_files(config or default_config(), procedure), datetime.now(UTC))
    if mishap is not None and not possible(mishap, files.procedure):
        detail = f"{inject} cannot happen in procedure {files.procedure.id}; choose another of `--inject list`"
        raise typer.BadParameter(detail, param_hint="--inject")
    if speed == "max":
        code = run_headless(
            files,
            seed=seed,
            mishap=mishap,
            hand_model=default_model_path() if pixels else None,
            journal_path=journal,
            as_json=as_json,
            software=version("assembled-by-me"),
        )
        raise typer.Exit(code)
    raise typer.Exit(
        live.visit(
            files,
            live.VisitOptions(
                by_mouse=visitor == "me",
                pages=not headless,
                open_browser=browser and not headless,
                seed=seed,
                mishap=mishap,
                journal=journal,
                port=port,
                as_json=as_json,
                software=version("assembled-by-me"),
            ),
        )
    )


@app.command()
def run(
    config: Annotated[Path, typer.Option("--config", help="Station file.", dir_okay=False)],
    video: Annotated[
        Path | None, typer.Option(help="Instead of the webcam: a recorded session's folder or video; simulated time.")
    ] = None,
    journal: Annotated[Path | None, typer.Option(help="Journal file of --video.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --video: print one JSON object at the end.")] = False,
) -> None:
    """Run a station on the devices that its file names, visit after visit, until interrupted."""
    from station.commands.run import run_station
    from station.commands.run_recorded import run_recorded
    from station.runtime.setting import read_files

    software = version("assembled-by-me")
    if video is not None:
        code = run_recorded(read_files(config), video, software, journal_path=journal, as_json=as_json)
        raise typer.Exit(code)
    raise typer.Exit(run_station(read_files(config), software))


@check_app.callback(invoke_without_command=True)
def check(context: typer.Context, config: ConfigOption = None) -> None:
    """Say for each file, device and calibration of a station: there or not, and what to do."""
    if context.invoked_subcommand is not None:
        return
    from station.commands.check import check as run_check

    raise typer.Exit(run_check(config or default_config()))


@check_app.command("tool")
def check_one_tool(
    link: Annotated[str, typer.Option(help="/dev/..., or socket://HOST:PORT.")],
    carriage: Annotated[str | None, typer.Option(help="`serial`, `tcp` or `3964r`; without: by the link.")] = None,
    baudrate: Annotated[int | None, typer.Option(help="Of a serial line; without: 115200.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Station file to compare with.", dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look at any tightening controller: what it is, and what of it would not work. Changes nothing there."""
    from drivers.torque_tool.open_protocol.framing import Carriage
    from station.commands.check_tool import check_tool

    if carriage is not None and carriage not in list(Carriage):
        raise typer.BadParameter(f"choose one of {', '.join(Carriage)}", param_hint="--carriage")
    raise typer.Exit(check_tool(link, carriage=carriage, baudrate=baudrate, config=config, as_json=as_json))


@app.command()
def replay(
    visit_id: Annotated[str, typer.Argument(metavar="VISIT", help="As `station journal list` names it.")],
    journal: JournalOption = None,
) -> None:
    """Fold a visit's journal through the decisions again and compare every state digest."""
    from station.commands.records import replay_visit

    raise typer.Exit(replay_visit(journal or default_journal(), visit_id))


@journal_app.command("list")
def journal_list(
    journal: JournalOption = None, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """Every visit, oldest first."""
    from station.commands.records import show_list

    raise typer.Exit(show_list(journal or default_journal(), as_json=as_json))


@journal_app.command("show")
def journal_show(
    visit_id: Annotated[str, typer.Argument(metavar="VISIT")],
    journal: JournalOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a row.")] = False,
) -> None:
    """Every row of one visit."""
    from station.commands.records import show_visit

    raise typer.Exit(show_visit(journal or default_journal(), visit_id, as_json=as_json))


@journal_app.command("verify")
def journal_verify(journal: JournalOption = None) -> None:
    """Walk the hash chain of the whole journal."""
    from station.commands.records import verify

    raise typer.Exit(verify(journal or default_journal()))


@journal_app.command("export")
def journal_export(
    visit_id: Annotated[str, typer.Argument(metavar="VISIT")],
    target: Annotated[Path, typer.Argument(help="FILE.jsonl for all rows, FILE.csv for the tightenings.")],
    journal: JournalOption = None,
) -> None:
    """Write one visit to a file."""
    from station.commands.records import export

    raise typer.Exit(export(journal or default_journal(), visit_id, target))


PtyOption = Annotated[Path | None, typer.Option(help="Make a pseudo-terminal and this link to it.")]
TcpOption = Annotated[str | None, typer.Option(help="HOST:PORT to listen on.")]
FailOption = Annotated[
    str | None, typer.Option(help="off, stuck, garbage, wrong, slow, delayed or intermittent from the start.")
]


def _one_line(pty: Path | None, tcp: str | None) -> None:
    if (pty is None) == (tcp is None):
        raise typer.BadParameter("give --pty PATH or --tcp HOST:PORT, one of them")
    if tcp is not None and not tcp.rpartition(":")[2].isdecimal():
        raise typer.BadParameter(f"{tcp!r} has no port; write HOST:PORT such as 127.0.0.1:4545", param_hint="--tcp")


@simulate_app.command("cobot")
def simulate_cobot(
    pty: PtyOption = None,
    tcp: TcpOption = None,
    family: Annotated[
        str, typer.Option(help="`mycobot280`, or `ur3e`, `ur5e`, `ur10e` (--tcp HOST:PORT, 0 = any free ports).")
    ] = "mycobot280",
    ack: Annotated[str, typer.Option(help="`modern` or `legacy` firmware of a myCobot.")] = "modern",
    fail: FailOption = None,
    seed: int = 1,
) -> None:
    """An arm that speaks the vendor's bytes: a myCobot 280 on one line, or a Universal Robot on its three ports."""
    from station.commands.simulate import cobot, robot

    _one_line(pty, tcp)
    if family == "mycobot280":
        raise typer.Exit(cobot(pty=pty, tcp=tcp, ack=ack, fail=fail, seed=seed))
    if family not in ("ur3e", "ur5e", "ur10e"):
        raise typer.BadParameter(f"there is no family {family!r}", param_hint="--family")
    if tcp is None or fail is not None:
        raise typer.BadParameter("a Universal Robot is simulated on --tcp HOST:PORT, and without --fail")
    raise typer.Exit(robot(family=family, tcp=tcp))


@simulate_app.command("tool")
def simulate_tool(
    pty: PtyOption = None,
    tcp: TcpOption = None,
    carriage: Annotated[
        str | None, typer.Option(help="`serial`, `tcp` or `3964r`. Without: tcp with --tcp, else serial.")
    ] = None,
    profile: Annotated[str, typer.Option(help="`generic`, `pf4000`, `pf6000`, `pf6000-2.8` or `mtf6000`.")] = "generic",
    header: Annotated[str, typer.Option(help="Unused header fields: `spaces`, `digits` or `blank`.")] = "spaces",
    link_level: Annotated[bool, typer.Option("--link-level", help="Demand sequence numbers (9997, 9998).")] = False,
    spindles: Annotated[int, typer.Option(help="So many at once.", min=1, max=10)] = 1,
    auto: Annotated[float | None, typer.Option(help="Tighten by itself every so many seconds.", min=0.1)] = None,
    joint: Annotated[
        str,
        typer.Option(
            help="good, soft, hard, prevailing, crossed, stripped, already_tight, low_torque or missing (free spin)."
        ),
    ] = "good",
    fail: FailOption = None,
    seed: Annotated[int, typer.Option(help="Everything random comes from it.")] = 1,
    psets: Annotated[
        Path | None, typer.Option(help="Parameter sets and jobs. Without: config/controllers/example.toml.")
    ] = None,
    view: Annotated[
        str | None, typer.Option(help="`terminal`, `web` or `none`. Without: terminal where there is one.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the page of --view web; 0 = any free one.")] = 0,
) -> None:
    """An Open Protocol tightening controller with physics behind it, that says what its client does wrong."""
    from drivers.torque_tool.open_protocol.framing import Carriage
    from drivers.torque_tool.open_protocol.profiles import PROFILES
    from drivers.torque_tool.open_protocol.protocol import HeaderStyle
    from station.commands.simulate import ToolOptions, tool
    from station.commands.simulate_views import VIEWS
    from station.simulation.lone_tool import FAULT_WORDS, JOINT_WORDS

    _one_line(pty, tcp)
    choices: tuple[tuple[str, str | None, Iterable[str]], ...] = (
        ("--carriage", carriage, tuple(Carriage)),
        ("--profile", profile, PROFILES),
        ("--header", header, tuple(HeaderStyle)),
        ("--joint", joint, JOINT_WORDS),
        ("--fail", fail, FAULT_WORDS),
        ("--view", view, VIEWS),
    )
    for option, value, known in choices:
        if value is not None and value not in known:
            raise typer.BadParameter(f"there is no {value!r}; use one of {', '.join(known)}", param_hint=option)
    if link_level and not PROFILES[profile].numbers_messages:
        raise typer.BadParameter(f"{PROFILES[profile].title} has no sequence numbers", param_hint="--link-level")
    options = ToolOptions(
        pty=pty,
        tcp=tcp,
        carriage=carriage,
        profile=profile,
        header=header,
        link_level=link_level,
        spindles=spindles,
        auto_s=auto,
        joint=joint,
        fail=fail,
        seed=seed,
        psets=psets or default_config().parent / "controllers" / "example.toml",
        view=view or ("terminal" if sys.stdout.isatty() and sys.stdin.isatty() else "none"),
        port=port,
    )
    raise typer.Exit(tool(options))


if __name__ == "__main__":
    main()
