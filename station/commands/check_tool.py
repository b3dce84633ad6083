"""`station check tool`: what a controller is, and what of it would not work with a station. Changes nothing there."""

from __future__ import annotations

import json
import threading
import time
import zoneinfo
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from drivers.api import LinkError
from drivers.link import DescriptorLink, open_link
from drivers.session import PortOwner
from drivers.torque_tool.open_protocol.clock_check import TOLERANCE_S
from drivers.torque_tool.open_protocol.probe import Probe
from drivers.torque_tool.open_protocol.probe_report import ProbeReport, PsetWindow
from drivers.torque_tool.open_protocol.profiles import GENERIC, PROFILES, ControllerProfile
from station.config.errors import ConfigError
from station.core.procedure import JointSpec
from station.runtime.setting import Files, read_files

LONGEST_S = 150.0
"""A silent serial controller is asked four times a question, and some close the line after each refusal."""
SLOW_S = 0.5
"""Taking the enable away costs one round trip: from here on a person notices."""
TORQUE_ROUNDING_NM = 0.01
"""The protocol has hundredths, truncated."""
ANGLE_ROUNDING_DEG = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a station expects of its controller."""

    profile: ControllerProfile
    start_revision: int | None
    joints: tuple[JointSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that would not work, and what to do about it."""

    code: str
    detail: str


def check_tool(link: str, *, carriage: str | None, baudrate: int | None, config: Path | None, as_json: bool) -> int:
    """Print what answers at `link`; 0 when a station could work with it, 1 when not, 2 when `config` is no good."""
    console = Console()
    try:
        files = read_files(config) if config is not None else None
    except ConfigError as error:
        console.print(str(error), markup=False)
        return 2
    tool = files.station.torque_tool if files is not None else None
    zone = zoneinfo.ZoneInfo(tool.time_zone) if tool is not None and tool.time_zone is not None else None
    if carriage is None:
        by_link = "tcp" if link.startswith("socket://") else "serial"
        # The station file speaks of its own line: another one, such as a simulator's, tells its carriage by itself.
        carriage = tool.carriage if tool is not None and tool.url == link else by_link
    if baudrate is None:
        baudrate = tool.baudrate if tool is not None else 115_200
    probe = Probe(carriage=carriage, wall_clock=lambda: datetime.now(UTC).astimezone(), time_zone=zone)
    report = look(link, baudrate, probe)
    troubles = troubles_of(report, wanted_of(files))
    if as_json:
        print(
            json.dumps(
                {"link": link, "carriage": carriage, **asdict(report), "troubles": [asdict(t) for t in troubles]}
            )
        )
    else:
        for line in lines_of(link, carriage, report, troubles):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 1 if troubles else 0


def look(link: str, baudrate: int, probe: Probe) -> ProbeReport:
    """Run the probe on a real line until it has everything, or for 150 s; a line that does not open is a note."""
    refusals: list[str] = []

    def opened() -> DescriptorLink:
        try:
            return open_link(link, baudrate=baudrate)
        except LinkError as error:
            refusals.append(str(error))
            raise

    port = PortOwner(opened, probe, time.monotonic, lambda event: None, reconnect_s=(0.2, 0.5))
    pause = threading.Event()
    limit_s = time.monotonic() + LONGEST_S
    try:
        while probe.report is None and time.monotonic() < limit_s and not (refusals and not probe.begun):
            if not port.pump(time.monotonic()):
                pause.wait(0.001)
    finally:
        port.close()
    if probe.report is not None:
        return probe.report
    return ProbeReport(notes=(refusals[-1] if refusals else f"{link} took longer than {LONGEST_S:.0f} s to look at.",))


def wanted_of(files: Files | None) -> Wanted:
    """What the station of these files expects; without files, what any station does."""
    if files is None or files.station.torque_tool is None:
        return Wanted(profile=GENERIC, start_revision=None, joints=())
    tool = files.station.torque_tool
    return Wanted(profile=PROFILES[tool.profile], start_revision=tool.start_revision, joints=files.procedure.joints)


def troubles_of(report: ProbeReport, wanted: Wanted) -> list[Trouble]:
    """Everything that would not work, worst first."""
    if not report.reached:
        code = "other_client" if report.other_client else "not_reached"
        return [Trouble(code=code, detail=note) for note in report.notes] or [
            Trouble(code=code, detail="The controller was not reached; check address, carriage and cable.")
        ]
    found = [*_session(report, wanted)]
    for joint in wanted.joints:
        found += _joint(report, joint)
    if report.clock_difference_s is None:
        found.append(
            Trouble(code="clock", detail="The controller does not tell its time; results carry an unknown one.")
        )
    elif abs(report.clock_difference_s) > TOLERANCE_S:
        how = "ahead of" if report.clock_difference_s > 0 else "behind"
        detail = (
            f"The controller's clock is {_span(abs(report.clock_difference_s))} {how} this computer's; set it, or set"
            " `time_zone` or `set_clock` in the station file."
        )
        found.append(Trouble(code="clock", detail=detail))
    if not report.old_result_revisions and not report.old_results_by_id:
        detail = (
            "The controller tells no old results: what is tightened while the line is down is lost, and the station"
            " stops for it. Enable its result archive if it has one."
        )
        found.append(Trouble(code="old_results", detail=detail))
    if report.round_trip_s is not None and report.round_trip_s > SLOW_S:
        detail = (
            f"One round trip takes {report.round_trip_s:.2f} s, and so long the tool stays enabled after it shall not;"
            " use a faster line."
        )
        found.append(Trouble(code="slow", detail=detail))
    return found + [Trouble(code="note", detail=note) for note in report.notes]


def _session(report: ProbeReport, wanted: Wanted) -> Iterable[Trouble]:
    told = report.identity.get("system_type", "0")
    fitting = [profile for profile in PROFILES.values() if told != "0" and str(profile.system_type) == told]
    if fitting and wanted.profile not in fitting:
        names = " or ".join(f'"{profile.name}" ({profile.title})' for profile in fitting)
        detail = f'It says that it is of system type {told}: set `profile` to {names}, not "{wanted.profile.name}".'
        yield Trouble(code="profile", detail=detail)
    first = wanted.start_revision
    if first is not None and first < min(report.start_revisions):
        speaks = _numbers(report.start_revisions)
        detail = f"It takes revision {speaks} of MID 0001 and not {first}; change `start_revision` or leave it out."
        yield Trouble(code="start_revision", detail=detail)


def _joint(report: ProbeReport, joint: JointSpec) -> Iterable[Trouble]:
    if joint.job is not None and joint.job not in report.jobs:
        detail = (
            f"Joint {joint.id} wants job {joint.job}, and the controller has {_numbers(report.jobs)}; make it there."
        )
        yield Trouble(code="job", detail=detail)
    if joint.pset is None:
        return
    if joint.pset not in report.psets:
        detail = (
            f"Joint {joint.id} wants parameter set {joint.pset}, and the controller has {_numbers(report.psets)};"
            " make it there, or correct the procedure."
        )
        yield Trouble(code="pset", detail=detail)
        return
    window = next((window for window in report.windows if window.pset == joint.pset), None)
    if window is not None:
        for what in _differences(window, joint):
            detail = f"Joint {joint.id}, parameter set {joint.pset}: {what}; make both the same."
            yield Trouble(code="window", detail=detail)


def _differences(window: PsetWindow, joint: JointSpec) -> Iterable[str]:
    pairs = (
        ("torque", "N·m", TORQUE_ROUNDING_NM, window.torque_min_nm, window.torque_max_nm, joint.torque_min_nm,
         joint.torque_max_nm),
        ("angle", "°", ANGLE_ROUNDING_DEG, window.angle_min_deg, window.angle_max_deg, joint.angle_min_deg,
         joint.angle_max_deg),
    )  # fmt: skip
    for name, unit, rounding, low, high, joint_low, joint_high in pairs:
        if abs(low - joint_low) < rounding and abs(high - joint_high) < rounding:
            continue
        wider = low < joint_low - rounding / 2 or high > joint_high + rounding / 2
        how = "wider than" if wider else "narrower than"
        yield (
            f"its {name} window {low:g} to {high:g} {unit} is {how} the joint's {joint_low:g} to {joint_high:g} {unit}"
        )


def lines_of(link: str, carriage: str, report: ProbeReport, troubles: list[Trouble]) -> list[str]:
    """The report for a person."""
    lines = [f"{link} ({carriage})"]
    if report.reached:
        told = report.identity
        serial = told.get("controller_serial", "not told")
        starts, olds = _numbers(report.start_revisions), _numbers(report.old_result_revisions)
        lines += [
            f"  controller    {told.get('controller_name', 'without a name')}, serial number {serial},"
            f" software {told.get('controller_software', 'not told')},"
            f" system type {told.get('system_type', 'not told')}",
            f"  tool          serial number {told.get('tool_serial', 'not told')},"
            f" software {told.get('tool_software', 'not told')}",
            f"  revisions     MID 0001: {starts}; MID 0040: {_numbers(report.tool_revisions)}; MID 0064: {olds}",
            f"  psets         {_numbers(report.psets)}",
        ]
        lines += [
            f"    {window.pset:3d} {window.name}: {window.torque_min_nm:g} to {window.torque_max_nm:g} N·m,"
            f" {window.angle_min_deg:g} to {window.angle_max_deg:g}°"
            for window in report.windows
        ]
        lines.append(f"  jobs          {_numbers(report.jobs)}")
        lines.append(f"  clock         {_clock(report.clock_difference_s)}")
        if report.round_trip_s is not None:
            lines.append(f"  round trip    {report.round_trip_s * 1000:.1f} ms (middle of {len(report.round_trips_s)})")
    lines += [f"  would not work: {trouble.detail}" for trouble in troubles]
    if not troubles:
        lines.append("  A station can work with it. Nothing was changed.")
    return lines


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(str(number) for number in numbers) or "none"


def _clock(ahead_s: float | None) -> str:
    if ahead_s is None:
        return "not told"
    return f"{_span(abs(ahead_s))} {'ahead of' if ahead_s >= 0 else 'behind'} this computer"


def _span(seconds: float) -> str:
    """A length of time in the unit that a person would say it in."""
    for unit, length_s in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.1f} {unit}"
    return f"{seconds:.1f} s"
