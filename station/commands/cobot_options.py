"""Options of `station cobot`: a group of commands of its own. What they do is in `cobot` and `cobot_motion`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from station.commands.defaults import default_config

if TYPE_CHECKING:
    from station.commands.cobot import Bench

cobot_app = typer.Typer(
    no_args_is_help=True,
    help="Look at the arm and serve it on its line, without a visit. No camera supervises here.",
)

LinkOption = Annotated[
    str | None, typer.Option(help="/dev/..., socket://HOST:PORT or ur://HOST instead of the station file's.")
]
FamilyOption = Annotated[str | None, typer.Option(help="`mycobot280`, `ur3e`, `ur5e` or `ur10e`.")]
BaudOption = Annotated[int | None, typer.Option(help="Of a serial line.", min=1200)]
FileOption = Annotated[
    Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
]
YesOption = Annotated[bool, typer.Option("--yes", help="Ask nothing before it moves or sinks.")]
SpeedOption = Annotated[int, typer.Option("--speed", help="Highest speed in percent.", min=1, max=30)]


def _bench(
    config: Path | None, link: str | None = None, family: str | None = None, baudrate: int | None = None
) -> Bench:
    from station.commands.cobot import bench_of
    from station.config.arm_models import ARM_MODELS

    if family is not None and family not in ARM_MODELS:
        raise typer.BadParameter(f"choose one of {', '.join(ARM_MODELS)}", param_hint="--family")
    return bench_of(config or default_config(), link=link, family=family, baudrate=baudrate)


def _its_own_bench(config: Path | None, link: str | None, family: str | None) -> None:
    """A way is planned against a bench: another arm than the file's needs a file of its own."""
    if config is None and (link is not None or family is not None):
        hint = "say with --config which bench that arm stands at: its ways are planned against it"
        raise typer.BadParameter(hint, param_hint="--config")


def _sure(yes: bool) -> Callable[[str], bool]:
    return (lambda _: True) if yes else typer.confirm


@cobot_app.command("status")
def status(
    config: FileOption = None,
    link: LinkOption = None,
    family: FamilyOption = None,
    baudrate: BaudOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Connect and say what the arm is, where it stands, and what it reports. Changes nothing."""
    from station.commands import cobot

    raise typer.Exit(cobot.status(_bench(config, link, family, baudrate), typer.echo, as_json=as_json))


@cobot_app.command("ready")
def ready(
    config: FileOption = None, link: LinkOption = None, family: FamilyOption = None, baudrate: BaudOption = None
) -> None:
    """Somebody has looked at the arm: clear its errors and stops, put power on its joints. It does not move."""
    from station.commands import cobot

    raise typer.Exit(cobot.ready(_bench(config, link, family, baudrate), typer.echo))


@cobot_app.command("power-off")
def power_off(
    config: FileOption = None,
    link: LinkOption = None,
    family: FamilyOption = None,
    baudrate: BaudOption = None,
    yes: YesOption = False,
) -> None:
    """Take the power off the joints. An arm without brakes sinks: hold it first."""
    from station.commands import cobot

    raise typer.Exit(cobot.power_off(_bench(config, link, family, baudrate), typer.echo, _sure(yes)))


@cobot_app.command("free-drive")
def free_drive(
    state: Annotated[str, typer.Argument(metavar="on|off")],
    config: FileOption = None,
    link: LinkOption = None,
    family: FamilyOption = None,
    baudrate: BaudOption = None,
    yes: YesOption = False,
) -> None:
    """on: let the arm be moved by hand until you press Enter. off: let it hold its place again."""
    from station.commands import cobot

    if state not in ("on", "off"):
        raise typer.BadParameter("say `on` or `off`")
    bench = _bench(config, link, family, baudrate)

    def enter() -> None:
        sys.stdin.readline()

    raise typer.Exit(cobot.free_drive(bench, typer.echo, _sure(yes), on=state == "on", wait=enter))


Part = Annotated[int, typer.Argument(min=0, max=255)]


@cobot_app.command("colour")
def colour(
    red: Part,
    green: Part,
    blue: Part,
    config: FileOption = None,
    link: LinkOption = None,
    family: FamilyOption = None,
    baudrate: BaudOption = None,
) -> None:
    """Show a colour on the arm's lamp."""
    from station.commands import cobot

    raise typer.Exit(cobot.colour(_bench(config, link, family, baudrate), typer.echo, (red, green, blue)))


@cobot_app.command("gesture")
def gesture(
    name: str,
    config: FileOption = None,
    link: LinkOption = None,
    family: FamilyOption = None,
    baudrate: BaudOption = None,
    speed: SpeedOption = 10,
    yes: YesOption = False,
) -> None:
    """Plan a gesture from where the arm stands, show it, ask, then go slowly. Ctrl-C lets the arm stand still."""
    from station.commands import cobot_motion

    _its_own_bench(config, link, family)
    bench = _bench(config, link, family, baudrate)
    try:
        code = cobot_motion.gesture(bench, typer.echo, _sure(yes), name, percent=speed)
    except KeyboardInterrupt:
        typer.echo("Interrupted: the arm was told to stand still.")
        code = 130
    raise typer.Exit(code)


@cobot_app.command("plan")
def plan(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every gesture of the station.")] = False,
    start: Annotated[str, typer.Option(help="Taught posture from which each is planned.")] = "home",
    config: FileOption = None,
    family: FamilyOption = None,
) -> None:
    """Plan gestures against the bench model and print their clearances. Needs no device and moves nothing."""
    from station.commands import cobot_motion

    if bool(names) == every:
        raise typer.BadParameter("name gestures, or say --all")
    raise typer.Exit(cobot_motion.show_plans(_bench(config, family=family), typer.echo, names or [], start))


@cobot_app.command("teach")
def teach(
    name: str,
    config: FileOption = None,
    link: LinkOption = None,
    family: FamilyOption = None,
    baudrate: BaudOption = None,
    speed: Annotated[int, typer.Option(help="At which the posture is gone to later, in percent.", min=1, max=100)] = 30,
    by: Annotated[str, typer.Option(help="Who teaches it.")] = "",
    yes: YesOption = False,
) -> None:
    """Keep where the arm stands now as a posture of the station's gestures file."""
    from station.commands import cobot

    _its_own_bench(config, link, family)
    bench = _bench(config, link, family, baudrate)
    raise typer.Exit(cobot.teach(bench, typer.echo, _sure(yes), name, speed_percent=speed, by=by))


@cobot_app.command("jog")
def jog(
    config: FileOption = None,
    link: LinkOption = None,
    family: FamilyOption = None,
    baudrate: BaudOption = None,
    speed: Annotated[int, typer.Option(help="In percent.", min=1, max=10)] = 5,
) -> None:
    """Move the arm by held keys in this terminal. Release = the arm stands still."""
    from station.commands import cobot_motion

    if not sys.stdin.isatty():
        raise typer.BadParameter("jogging needs a terminal with keys")
    _its_own_bench(config, link, family)
    bench = _bench(config, link, family, baudrate)
    with _keys() as key:
        raise typer.Exit(
            cobot_motion.jog(bench, lambda text: typer.echo(text.replace("\n", "\r\n")), key, percent=speed)
        )


@contextmanager
def _keys() -> Iterator[Callable[[], str | None]]:
    """The terminal's keys one by one while the body runs; at its end the terminal is as it was."""
    import os
    import select
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def key() -> str | None:
        there, _, _ = select.select([terminal], [], [], 0.02)
        return os.read(terminal, 1).decode("latin-1") if there else None

    try:
        tty.setcbreak(terminal)
        yield key
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
