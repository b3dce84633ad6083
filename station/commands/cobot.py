"""`station cobot`: the arm on its line for a technician without the page: what it is, and small things to do with it.

No visit runs meanwhile, for a line has one owner. No camera supervises here: whoever types looks at the arm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from drivers.api import (
    ClearStop,
    CobotCommand,
    CommandDone,
    FreeDrive,
    LinkError,
    PowerOff,
    SetColour,
)
from station.commands.arm_line import ArmLine, arm_line
from station.commands.bench_lock import drives_bench
from station.config.errors import ConfigError, Problem
from station.config.gestures_file import save_gesture
from station.config.motion_scene import motion_scene
from station.config.station_values import CobotConfig
from station.motion.gesture import TaughtPosture
from station.motion.scene import MotionScene
from station.runtime.arm_desk import limits_told
from station.runtime.cobot_port import MYCOBOT280, cobot_driver, cobot_line
from station.runtime.setting import Files, read_files

SIMULATED = "simulated"
UNWATCHED = "No camera watches here: look at the arm, and keep its emergency stop within reach."
SINKS = "An arm without brakes sinks now: hold it with one hand first."

Say = Callable[[str], None]
Sure = Callable[[str], bool]
"""Asks the person; True for yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The arm that is meant, and the bench that it stands on."""

    files: Files
    cobot: CobotConfig

    def scene(self, limits_deg: tuple[tuple[float, float], ...] | None = None) -> MotionScene:
        """What plans are made with; the limits are the arm's own, where it told them."""
        station = replace(self.files.station, cobot=self.cobot)
        return motion_scene(station, self.files.procedure, limits_deg=limits_deg)

    @contextmanager
    def line(self) -> Iterator[ArmLine]:
        """The arm, connected. Raises LinkError, ConfigError."""
        if self.cobot.url == SIMULATED:
            where = str(self.files.station.id)
            what = "its arm is simulated and lives only within `station run`"
            todo = (
                "name a line: --link, such as that of `station simulate cobot --tcp 127.0.0.1:9000`,"
                " which is --link socket://127.0.0.1:9000"
            )
            raise ConfigError((Problem(file=where, where="cobot.url", line=None, what=what, todo=todo),))
        with (
            drives_bench(self.files.station.data_dir, "a command on the arm"),
            arm_line(lambda: cobot_line(self.cobot), cobot_driver(self.cobot)) as line,
        ):
            yield line


def bench_of(config: Path, *, link: str | None, family: str | None, baudrate: int | None) -> Bench:
    """The station file's arm, or another one in its place. Raises ConfigError."""
    files = read_files(config)
    cobot = files.station.cobot
    if cobot is None:
        problem = Problem(
            file=str(config), where="", line=None, what="this bench has no [cobot]", todo="use a station file with one"
        )
        raise ConfigError((problem,))
    meant = replace(cobot, url=link or cobot.url, family=family or cobot.family, baudrate=baudrate or cobot.baudrate)
    return Bench(files=files, cobot=meant)


def status(bench: Bench, say: Say, *, as_json: bool) -> int:
    """What the arm says of itself; 0 when it takes motion, 1 when it does not."""
    with bench.line() as line:
        line.settle()
        told, posture, now = line.connected, line.posture, line.status
        if told is None or posture is None or now is None:
            raise LinkError(line.lost_because or "the line to the arm was lost; look at its cable")
        if as_json:
            say(
                json.dumps(
                    {
                        "url": bench.cobot.url,
                        "identity": dict(told.identity),
                        "powered": now.powered,
                        "ready": now.ready,
                        "free_drive": now.free_drive,
                        "error": now.error,
                        "angles_deg": posture.angles_deg,
                        "moving": posture.moving,
                        "flange": now.flange,
                        "temperatures_c": now.temperatures_c,
                        "voltages_v": now.voltages_v,
                        "currents_a": now.currents_a,
                        "gripper_percent": now.gripper_percent,
                        "notes": [{"code": note.code, "detail": note.detail} for note in line.notes.values()],
                    }
                )
            )
            return 0 if now.ready else 1
        say(bench.cobot.url)
        for key, value in told.identity.items():
            say(f"  {key:<16} {value}")
        words = (
            "powered" if now.powered else "no power on the joints",
            "ready" if now.ready else "takes no motion now",
        )
        free = ("free drive: hold the arm",) if now.free_drive else ()
        say(f"  {'state':<16} {', '.join((*words, *free))}")
        if now.error:
            say(f"  {'error':<16} {now.error}")
        for joint, angle in enumerate(posture.angles_deg, start=1):
            figures = [f"{angle:8.2f} deg"]
            for row, form in (
                (now.temperatures_c, "{:.0f} °C"),
                (now.voltages_v, "{:.1f} V"),
                (now.currents_a, "{:.2f} A"),
            ):
                figures += [form.format(row[joint - 1])] if len(row) >= joint else []
            say(f"  joint {joint:<10} {'  '.join(figures)}")
        if now.gripper_percent is not None:
            say(f"  {'gripper':<16} {now.gripper_percent:.0f} % open")
        for note in line.notes.values():
            say(f"  {note.code}: {note.detail}")
        return 0 if now.ready else 1


def ready(bench: Bench, say: Say) -> int:
    """Clear errors and stops, switch the joints on."""
    return _do(bench, say, lambda line: ClearStop(command_id=line.command_id()), "The arm takes motion now.")


def power_off(bench: Bench, say: Say, sure: Sure) -> int:
    """Take the power off the joints."""
    if not sure(f"{SINKS} Power off the joints?"):
        return 1
    again = " Connecting to it puts it back on." if bench.cobot.family == MYCOBOT280 else ""
    well = f"The joints have no power now.{again}"
    return _do(bench, say, lambda line: PowerOff(command_id=line.command_id()), well)


def colour(bench: Bench, say: Say, rgb: tuple[int, int, int]) -> int:
    """Show a colour on the arm's lamp."""
    return _do(bench, say, lambda line: SetColour(command_id=line.command_id(), rgb=rgb), "The lamp shows it.")


def free_drive(bench: Bench, say: Say, sure: Sure, *, on: bool, wait: Callable[[], None]) -> int:
    """Let the arm be moved by hand until `wait` returns, then let it hold its place again; or only the latter."""
    if not on:
        back = "The arm holds its place."
        return _do(bench, say, lambda line: FreeDrive(command_id=line.command_id(), on=False), back)
    if not sure(f"{SINKS} Free the joints?"):
        return 1
    with bench.line() as line:
        if not _went_well(line, FreeDrive(command_id=line.command_id(), on=True), say):
            return 1
        say("The joints are free. Press Enter when the arm is where it shall stay, and hold it until it says so.")
        try:
            wait()
        finally:
            held = _went_well(line, FreeDrive(command_id=line.command_id(), on=False), say)
        if held:
            say("The arm holds its place.")
        return 0 if held else 1


def teach(bench: Bench, say: Say, sure: Sure, name: str, *, speed_percent: int, by: str) -> int:
    """Keep where the arm stands as a posture of the station's gestures file. Raises ConfigError."""
    book = bench.files.station.gestures
    if book.path is None:
        say("This station has no gestures file; name one under [station] gestures.")
        return 1
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name):
        say(f"{name!r} is no name for a gesture; use letters, digits, - and _.")
        return 1
    there = book.by_name.get(name)
    if there is not None and not isinstance(there, TaughtPosture):
        say(f"{name} is a gesture of another kind; choose another name for the posture.")
        return 1
    if there is not None and not sure(f"{name} is there already. Teach it anew?"):
        return 1
    with bench.line() as line:
        angles = tuple(round(angle, 2) for angle in line.at_rest())
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    kept = save_gesture(
        book.path,
        TaughtPosture(name=name, angles_deg=angles, speed_percent=speed_percent, taught_by=by, taught_at=stamp),
        stamp=stamp,
    )
    say(f"{name} = {', '.join(f'{angle:g}' for angle in angles)} deg is in {kept.path} now.")
    return 0


def told_limits(line: ArmLine) -> tuple[tuple[float, float], ...] | None:
    """The joints' ranges as the arm tells them; None where it does not."""
    return limits_told(line.connected.identity) if line.connected is not None else None


def _do(bench: Bench, say: Say, command: Callable[[ArmLine], CobotCommand], well: str) -> int:
    with bench.line() as line:
        if not _went_well(line, command(line), say):
            return 1
    say(well)
    return 0


def _went_well(line: ArmLine, command: CobotCommand, say: Say) -> bool:
    end = line.finish(command)
    if isinstance(end, CommandDone):
        return True
    say(f"{end.code}: {end.detail}")
    return False
