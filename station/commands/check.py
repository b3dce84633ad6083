"""`station check`: each file, device and calibration of a station: there or not, and what to do."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from drivers.api import Connected, Conversation, DriverEvent, LinkError
from drivers.link import open_link
from drivers.session import CountedLink, PortOwner
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.profiles import PROFILES
from drivers.voice_player import find_player
from drivers.voice_synthesiser import VOICE_PROCESS, SpeechError, Synthesiser
from station.config.artefact import ArtefactError
from station.config.bench import bench_of
from station.config.errors import ConfigError
from station.config.motion_scene import motion_scene
from station.config.phrases import load_phrases
from station.config.station_file import STORE, known_of
from station.config.station_values import CameraConfig, StationConfig
from station.motion.check_gestures import check_gestures
from station.motion.people import views_of
from station.runtime.cobot_port import cobot_driver, cobot_line
from station.runtime.journal import Journal, JournalError
from station.runtime.mat_calibration import MAT, calibrate_cameras
from station.runtime.setting import Files, read_files
from station.runtime.stored_calibration import Wanted, stored, stored_things, with_stored
from station.runtime.tool_verification import read_verification
from station.simulation.arms import SIMULATED
from vision.cameras.opening import open_source
from vision.cameras.source import CameraError
from vision.hand_model import HandModelError, default_model_path
from vision.hand_model import check as check_model
from vision.self_calibration import SelfCalibrationError
from vision.taught.reader import load_models
from vision.zones import PERSON_ABOVE_MM

ANSWER_WITHIN_S = 6.0
"""How long a device may take from opening its line to the end of the greeting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    name: str
    good: bool
    detail: str


def check(path: Path) -> int:
    """Print one line for each thing; 0 when all of them are there."""
    console = Console()
    try:
        files = read_files(path)
    except ConfigError as error:
        console.print(str(error), markup=False)
        return 2
    console.print(f"{files.station.title} ({path})")
    calibrations = [_stored(files, ask) for ask in stored_things(files)]
    if all(finding.good for finding in calibrations):
        files = with_stored(files, datetime.now(UTC))
    findings = [
        *_files(files),
        *calibrations,
        *_tool_verification(files),
        *_units(files),
        *_gestures(files),
        *_supervisor(files),
        *(_mat_camera(files, c) if c.calibration == MAT else _camera(c) for c in files.station.cameras),
        *_checks(files),
        *_devices(files.station),
        _voice(files.station),
    ]
    for finding in findings:
        mark = "[green]there [/]" if finding.good else "[red]not there[/]"
        console.print(f"  {mark} {finding.name}: ", end="")
        console.print(finding.detail, markup=False)
    return 0 if all(finding.good for finding in findings) else 1


def _stored(files: Files, ask: Wanted) -> Finding:
    """The calibration in force of what takes it from the store."""
    name = f"calibration {ask.name}"
    try:
        artefact = stored(files, ask, datetime.now(UTC))
    except ArtefactError as error:
        return Finding(name=name, good=False, detail=str(error))
    until = f"good until {artefact.expires_utc}" if artefact.expires_utc else "no expiry"
    return Finding(
        name=name, good=True, detail=f"{artefact.id} of {artefact.made_utc}, {until}: {artefact.verdict.text}"
    )


def _tool_verification(files: Files) -> list[Finding]:
    """Whether the torque tool is fit for every joint of the procedure, on a station that asks for that."""
    tool, store = files.station.torque_tool, files.station.calibrations
    if tool is None or store is None or tool.calibration != STORE:
        return []
    path = files.station.data_dir / "journal.sqlite"

    def uses_since(moment: datetime) -> int:
        if not path.exists():
            return 0
        journal = Journal(path, read_only=True)
        try:
            return journal.results_since(files.station.id, moment)
        finally:
            journal.close()

    found = read_verification(store, files.procedure, now=datetime.now(UTC), uses_since=uses_since)
    name = "verification of the torque tool"
    if found.code:
        return [Finding(name=name, good=False, detail=f"{found.detail} (the tool is locked)")]
    if found.why_not:
        joint, why = next(iter(found.why_not.items()))
        return [Finding(name=name, good=False, detail=f"{found.id}: not fit for joint {joint} and locked there: {why}")]
    left = f", {found.rundowns_left} rundowns left" if found.rundowns_left is not None else ""
    return [Finding(name=name, good=True, detail=f"{found.id}: fit for {', '.join(found.fit)}{left}")]


def _units(files: Files) -> list[Finding]:
    """Which joints each unit places, on a station that measures units."""
    config, work = files.station.unit_reference, files.procedure
    if config is None:
        return []
    carried = [f"{joint.id} with the {joint.on}" for joint in work.joints if joint.on]
    limits = f"by {config.cameras} cameras and more, up to {config.most_mm:g} mm off, within {config.doubt_mm:g} mm"
    nothing = (
        f"[unit_reference] does nothing: no joint of {work.id} says by `on` what carries it; add it, or the table goes"
    )
    return [Finding(name="units", good=bool(carried), detail=f"{', '.join(carried)}; {limits}" if carried else nothing)]


def _files(files: Files) -> list[Finding]:
    station = files.station
    found = [_named("procedure", lambda: f"{files.procedure.id} {files.procedure.version}")]
    found.append(_named("orders", lambda: f"{len(files.orders)} passes"))

    def phrases() -> str:
        catalogue = load_phrases(station.phrases)
        known = known_of(station, frozenset(catalogue.keys(station.language)))
        return f"{len(known.phrases or ())} phrases"

    def journal() -> str:
        opened = Journal(station.data_dir / "journal.sqlite")
        opened.close()
        return f"{station.data_dir} can be written, {shutil.disk_usage(station.data_dir).free // 2**30} GiB free"

    def model() -> str:
        check_model(default_model_path())
        return "both networks have the right hash"

    found.append(_named("zones", lambda: _zones(station)))
    return [*found, _named("phrases", phrases), _named("journal", journal), _named("hand model", model)]


def _zones(station: StationConfig) -> str:
    """Which zones there are, and whose they are."""
    book = station.zone_book
    whose = f"as drawn in {book.path}" if book.sha256 else "as the station file has them"
    return f"{', '.join(zone.name for zone in book.zones)}, {whose}"


def _gestures(files: Files) -> list[Finding]:
    """Every gesture planned from home and from the one before it, against the bench model."""
    if files.station.cobot is None:
        return []
    problems = check_gestures(files.procedure, motion_scene(files.station, files.procedure))
    if problems:
        return [Finding(name=f"gesture {problem.gesture}", good=False, detail=str(problem)) for problem in problems]
    count = len(files.station.gestures.by_name)
    return [
        Finding(name="gestures", good=True, detail=f"{count}; those of the procedure can be done, one after another")
    ]


def _supervisor(files: Files) -> list[Finding]:
    """Whether anybody watches the gap between arm and people."""
    station, zone = files.station, files.procedure.cobot_zone
    if station.cobot is None:
        return []
    name = "supervisor"
    if station.supervisor is None:
        detail = "off: nobody watches the gap between arm and people; add [supervisor] to the station file"
        return [Finding(name=name, good=False, detail=detail)]
    if zone is None:
        detail = f"off: {files.procedure.id} has no `cobot_zone`, so trying gestures is watched by nobody"
        return [Finding(name=name, good=not files.procedure.needs_cobot(), detail=detail)]
    views = views_of(bench_of(station, files.procedure), zone, top_mm=_people_top_mm(station))
    if not views.covering:
        detail = f"no camera sees the whole of zone {zone} from above (45 degrees or steeper), so the arm never moves"
        return [Finding(name=name, good=False, detail=f"{detail}; put one over it, or make the zone smaller")]
    return [Finding(name=name, good=True, detail=f"zone {zone} is watched by {', '.join(sorted(views.covering))}")]


def _people_top_mm(station: StationConfig) -> float:
    """How high people are taken to be at most."""
    rise_mm = station.supervisor.rise_mm if station.supervisor is not None else 0.0
    return station.hand_height_mm + PERSON_ABOVE_MM + rise_mm


def _named(name: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, good=True, detail=ask())
    except (ConfigError, JournalError, HandModelError, OSError) as error:
        return Finding(name=name, good=False, detail=str(error))


def _camera(camera: CameraConfig) -> Finding:
    name = f"camera {camera.name}"
    calibration = f"calibration {camera.calibration}, {camera.model.width_px}x{camera.model.height_px}"
    if camera.source == "scene":
        return Finding(name=name, good=True, detail=f"rendered from the simulated scene, {calibration}")
    try:
        source = open_source(
            camera.name, camera.source, camera.model, camera.fps, time.monotonic, settings=camera.settings
        )
        gives = source.described
        try:
            frame = source.read()
        finally:
            source.close()
    except CameraError as error:
        return Finding(name=name, good=False, detail=str(error))
    if frame is None:
        return Finding(name=name, good=False, detail=f"{camera.source} has no pictures; name another recording")
    height, width = frame.image.shape[:2]
    if (width, height) != (camera.model.width_px, camera.model.height_px):
        return Finding(
            name=name,
            good=False,
            detail=f"sends {width}x{height}, but {calibration}; set the size in the station file or calibrate again",
        )
    return Finding(name=name, good=True, detail=f"{camera.source} gives {gives}; {calibration}")


def _mat_camera(files: Files, camera: CameraConfig) -> Finding:
    """A camera that finds its own calibration: whether it can, and how good it is."""
    name = f"camera {camera.name}"
    alone = replace(files, station=replace(files.station, cameras=(camera,)))
    said: list[str] = []
    try:
        calibrate_cameras(alone, time.monotonic, said.append)
    except (CameraError, SelfCalibrationError) as error:
        return Finding(name=name, good=False, detail=str(error))
    return Finding(name=name, good=True, detail=" ".join(said))


def _checks(files: Files) -> list[Finding]:
    """Every taught check and camera: taught or not, good enough or not, and what to do."""
    bench = bench_of(files.station, files.procedure)
    found = []
    for camera in bench.cameras:
        models, problems = load_models(files.station.checks, bench, camera)
        found += [
            Finding(name=f"check {name}/{camera.name}", good=model.usable, detail=f"{model.why} Trained {model.date}")
            for name, model in models.items()
        ]
        found += [Finding(name=f"check, camera {camera.name}", good=False, detail=str(each)) for each in problems]
    return found


def _devices(station: StationConfig) -> list[Finding]:
    found = []
    if station.cobot is not None:
        cobot = station.cobot
        found.append(_device("cobot", cobot.url, lambda: cobot_line(cobot), cobot_driver(cobot)))
    if station.torque_tool is not None:
        tool = station.torque_tool
        conversation = OpenProtocolTool(
            carriage=tool.carriage,
            profile=PROFILES[tool.profile],
            start_revision=tool.start_revision,
            traces=tool.traces,
        )
        found.append(
            _device("torque tool", tool.url, lambda: open_link(tool.url, baudrate=tool.baudrate), conversation)
        )
    return found


def _device(name: str, url: str, open_line: Callable[[], CountedLink], conversation: Conversation) -> Finding:
    if url == SIMULATED:
        return Finding(name=name, good=True, detail="simulated: the program starts a wire-level simulator for it")
    answered: list[DriverEvent] = []
    troubles: list[str] = []
    arrived = threading.Event()

    def heard(event: DriverEvent) -> None:
        answered.append(event)
        if isinstance(event, Connected):
            arrived.set()

    def opened() -> CountedLink:
        try:
            return open_line()
        except LinkError as error:
            troubles.append(str(error))
            raise

    port = PortOwner(opened, conversation, time.monotonic, heard)
    limit_s = time.monotonic() + ANSWER_WITHIN_S
    try:
        while not arrived.is_set() and time.monotonic() < limit_s:
            port.pump(time.monotonic())
            arrived.wait(0.005)
    finally:
        port.close()
    for event in answered:
        if isinstance(event, Connected):
            told = ", ".join(f"{key} {value}" for key, value in event.identity.items())
            return Finding(name=name, good=True, detail=f"{url} answers: {told}")
    what = (
        troubles[-1] if troubles else f"{url} opens, but nothing answers; check the cable, the power and the baud rate"
    )
    return Finding(name=name, good=False, detail=what)


def _voice(station: StationConfig) -> Finding:
    if not station.voice.enabled:
        return Finding(name="voice", good=True, detail="switched off in the station file; captions are shown")
    with tempfile.TemporaryDirectory(prefix="station-check-") as scratch:
        synthesiser = Synthesiser(
            Path(scratch), rate_wpm=station.voice.rate_wpm, clock=time.monotonic, command=VOICE_PROCESS
        )
        try:
            synthesiser.start()
            duration_s = synthesiser.synthesise("Hello, and welcome.", "en").duration_s
        except SpeechError as error:
            return Finding(name="voice", good=False, detail=str(error))
        finally:
            synthesiser.close()
    player = find_player()
    how = f"plays through {player[0]}" if player else "no player here (alsa-utils): the kiosk page plays it"
    return Finding(name="voice", good=True, detail=f"speaks ({duration_s:.1f} s of sound made); {how}")
