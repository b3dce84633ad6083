"""The composition root: from a station's files to running parts, every thread in one task group, and only there.

Threads: the loop (decisions and journal); one owner a serial line; one that finds the arm's ways; per camera one that
minds its two processes (one captures, one looks); the voice; on a bench with simulated parts one that turns them. The
pages are served by the main thread's event loop.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from calibration.daily.in_force import store_folder, tags_at_reference
from calibration.store import Store
from calibration.torque.artefact import uses_of
from drivers.api import DisarmTool, DriverEvent, StopMotion, TighteningTrace
from drivers.link import open_link
from drivers.session import PortOwner
from drivers.voice import Voice, VoiceEvent, VoiceHealth
from drivers.voice_player import find_player
from station.config.phrases import load_phrases
from station.config.station_values import CameraConfig, StationConfig
from station.core.codec import from_plain
from station.core.state import Phase
from station.live_desk import LiveDesk
from station.runtime.clock import SystemClock
from station.runtime.cobot_port import cobot_line, cobot_port
from station.runtime.dispatch import People
from station.runtime.journal import Journal
from station.runtime.replay import replay
from station.runtime.setting import Files, setting_of
from station.runtime.station import OpenPort, OpenTool, Station, recover
from station.runtime.tool_port import reference_port, tool_port
from station.simulation.arms import SIMULATED
from station.simulation.live import SceneOpener
from station.simulation.rig import Rig, build_rig
from station.simulation.scene_feed import SceneFeed
from station.web.calibrate_camera_desk import LensWorkshop, lens_cameras
from station.web.calibrate_overview_desk import CalibrationBook
from station.web.calibrate_robot_desk import RobotWorkshop
from station.web.calibrate_torque_desk import TorqueWorkshop
from station.web.people import People as SignedIn
from station.web.server import create_app, serving
from vision.api import Frame, FrameAnalysis
from vision.bench import Bench as VisionBench
from vision.cameras.notices import Opener
from vision.cameras.opening import NamedSource
from vision.hand_model import default_model_path
from vision.looking import BenchEyes
from vision.worker import CameraTrouble, CameraWorker

SCENE = "scene"
"""Source of a camera that looks at the simulated bench."""
LEAVING_S = 0.15
"""Time for the last commands to reach their lines."""

logger = logging.getLogger(__name__)

Work = Callable[[threading.Event], None]


@dataclass(slots=True)
class Bench:
    """Everything that runs, before it runs. `work` is one function a thread, besides the loop's own."""

    files: Files
    station: Station
    desk: LiveDesk
    clock: SystemClock
    rig: Rig | None
    workers: list[CameraWorker]
    work: list[Work] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


def simulated_bench(files: Files, *, seed: int, clock: SystemClock) -> Rig | None:
    """The simulated world and devices that the station file asks for; None on a bench that is all real."""
    config = files.station
    urls = [config.cobot.url if config.cobot else "", config.torque_tool.url if config.torque_tool else ""]
    wanted = SIMULATED in urls or any(camera.source == SCENE for camera in config.cameras)
    return build_rig(files, seed=seed, clock=clock) if wanted else None


def as_left(files: Files, journal_path: Path) -> Files:
    """The files with the procedure that an open visit runs on: a visit keeps its own copy to its end."""
    journal = Journal(journal_path)
    left = journal.open_visit()
    procedure = replay(journal, left).procedure if left is not None else files.procedure
    journal.close()
    return replace(files, procedure=procedure)


def left_calibrations(journal_path: Path) -> Mapping[str, str] | None:
    """Device -> id of the calibration that an open visit was started on; None where no visit was left open."""
    journal = Journal(journal_path)
    left = journal.open_visit()
    rows = list(journal.rows(left)) if left is not None else []
    journal.close()
    events = (row.body["envelope"]["event"] for row in rows if row.kind == "event")
    found: Mapping[str, str] | None = None
    for event in events:
        if event["kind"] == "VisitOpened":
            found = event["calibration"]
    return found


def build(
    files: Files,
    stack: ExitStack,
    *,
    rig: Rig | None,
    clock: SystemClock,
    seed: int,
    journal_path: Path,
    software: str,
    resume: bool,
    speaks: bool,
    robot_bench: RobotWorkshop | None = None,
) -> Bench:
    """Put a station together. What must be closed at the end goes on `stack`.

    With `robot_bench`, its bench can be had from it, between visits, to calibrate the arm.
    """
    config = files.station
    setting = setting_of(files, software)
    phrases = load_phrases(config.phrases)
    journal = Journal(journal_path)
    stack.callback(journal.close)
    calls: list[str] = []
    voice = _voice(config, clock) if speaks else None
    book = CalibrationBook(station=config, folder=store_folder(config), software=software, utc=clock.utc)
    desk = LiveDesk(
        phrases=phrases,
        bench=setting.bench,
        procedure=files.procedure,
        state=lambda: station.loop.state,
        person=lambda event: station.loop.post(event, "person"),
        trace=lambda result: kept_trace(journal, station.loop.state.traces.get(result)),
        arm=lambda: station.arm,
        eyes=lambda: station.eyes,
        teaching=lambda: station.teaching,
        calibrations=lambda: book,
        lenses=lambda: workshop,
        torque=lambda: verifying,
        robot_bench=lambda: robot_bench,
        voice=voice,
    )
    station = Station(
        setting,
        journal=journal,
        clock=clock,
        open_cobot=(rig.open_cobot if rig else None) or _real_cobot(config, clock),
        open_tool=_heard_by((rig.open_tool if rig else None) or _real_tool(config, clock), lambda: verifying),
        people=People(say=desk.say, call=lambda e: calls.append(e.code), closed=lambda e: None),
        publish=desk.publish,
        state=recover(journal) if resume else None,
    )

    def newest_frame(camera: str) -> Frame | None:
        analysis = station.eyes.newest(camera)
        return None if analysis is None else station.frame_of(analysis)

    workshop = LensWorkshop(
        cameras=lens_cameras(files.procedure, config.cameras),
        store=store_folder(config),
        frame=newest_frame,
        visit=lambda: station.loop.state.phase is Phase.RUNNING,
        utc=clock.utc,
        software=software,
    )
    if robot_bench is not None:
        robot_bench.visit = lambda: station.loop.state.phase is Phase.RUNNING
    verifying = _torque_workshop(files, station, software, clock)
    bench = Bench(files=files, station=station, desk=desk, clock=clock, rig=rig, workers=[], calls=calls)
    if verifying is not None and config.torque_check is not None and config.torque_check.transducer is not None:
        bench.work.append(reference_port(config.torque_check.transducer, clock, verifying.heard).run)
    bench.work += [port.run for port in station.ports]
    if station.motions is not None:
        bench.work.append(station.motions.run)
    if voice is not None:
        bench.work.append(voice.run)
    by_name: dict[str, CameraWorker] = {}
    station.frame_of = lambda analysis: by_name[analysis.camera].frame_of(analysis)
    for number, camera in enumerate(config.cameras):
        worker = _worker(bench, camera, setting.bench, seed, hands_every=3 + 2 * number)
        bench.workers.append(worker)
        by_name[camera.name] = worker
        bench.work.append(worker.run)
    return bench


def _torque_workshop(files: Files, station: Station, software: str, clock: SystemClock) -> TorqueWorkshop | None:
    """Where the torque tool is verified, on a bench that has one and names a reference."""
    check = files.station.torque_check
    if check is None or station.tool is None:
        return None
    folder = store_folder(files.station)
    since = partial(station.journal.results_since, station.setting.station)
    return TorqueWorkshop(
        procedure=files.procedure,
        check=check,
        folder=folder,
        post=lambda event: station.loop.post(event, "person"),
        state=lambda: station.loop.state,
        uses=lambda: uses_of(Store(folder), since),
        kept_anew=station.verification.tell_changes,
        utc=clock.utc,
        now_s=clock.now_s,
        software=software,
        typed=check.transducer is None,
    )


def _heard_by(open_tool: OpenTool | None, workshop: Callable[[], TorqueWorkshop | None]) -> OpenTool | None:
    """The tool's port, whose events the verification hears beside the loop."""
    if open_tool is None:
        return None

    def opened(heard: Callable[[DriverEvent], None], last_id: Callable[[str], int | None]) -> PortOwner:
        def both(event: DriverEvent) -> None:
            heard(event)
            verifying = workshop()
            if verifying is not None:
                verifying.heard(event)

        return open_tool(both, last_id)

    return opened


def kept_trace(journal: Journal, seq: int | None) -> TighteningTrace | None:
    """The curve that the journal keeps in this row; None where there is no row. Raises JournalError."""
    if seq is None:
        return None
    trace: TighteningTrace = from_plain(TighteningTrace, journal.row(seq).body["envelope"]["event"])
    return trace


def _worker(bench: Bench, camera: CameraConfig, vision: VisionBench, seed: int, *, hands_every: int) -> CameraWorker:
    station, desk, files = bench.station, bench.desk, bench.files.station
    opener: Opener = NamedSource(source=camera.source, model=camera.model, fps=camera.fps, settings=camera.settings)
    answer = None
    if camera.source == SCENE and bench.rig is not None:
        world = bench.rig.world
        answer = SceneFeed(world=world, camera=camera.name)
        opener = SceneOpener(model=camera.model, static=world.static, looks=world.looks, fps=camera.fps, seed=seed)

    def deliver(analysis: FrameAnalysis, jpeg: bytes) -> None:
        station.analysed(analysis)
        desk.show(analysis, jpeg)

    def trouble(problem: CameraTrouble) -> None:
        station.camera_failed(problem.camera, problem.code, problem.detail, problem.t_mono_s)

    return CameraWorker(
        camera.name,
        size_px=(camera.model.width_px, camera.model.height_px),
        fps=camera.fps,
        opener=opener,
        make_pipeline=BenchEyes(
            bench=vision,
            camera=camera.name,
            hand_model=default_model_path(),
            hands_every=hands_every,
            kept=bench.files.station.data_dir / "empty-bench",
            taught=bench.files.station.checks,
            before=tags_at_reference(files.id, store_folder(files), camera),
        ),
        want=station.wanted,
        deliver=deliver,
        opened=lambda described: station.camera_gives(camera.name, described),
        trouble=trouble,
        now_s=bench.clock.now_s,
        answer=answer,
    )


def _voice(config: StationConfig, clock: SystemClock) -> Voice | None:
    if not config.voice.enabled:
        return None
    return Voice(
        config.data_dir / "voice",
        rate_wpm=config.voice.rate_wpm,
        on_event=_log_voice,
        clock=clock.now_s,
        player=find_player(),
    )


def _log_voice(event: VoiceEvent) -> None:
    if isinstance(event, VoiceHealth) and not event.good:
        logger.warning("%s: %s", event.code, event.detail)


def _real_cobot(config: StationConfig, clock: SystemClock) -> OpenPort | None:
    cobot = config.cobot
    if cobot is None or cobot.url == SIMULATED:
        return None
    return cobot_port(cobot, lambda: cobot_line(cobot), clock.now_s)


def _real_tool(config: StationConfig, clock: SystemClock) -> OpenTool | None:
    tool = config.torque_tool
    if tool is None or tool.url == SIMULATED:
        return None
    return tool_port(tool, lambda: open_link(tool.url, baudrate=tool.baudrate), clock)


async def alive(bench: Bench, body: Callable[[], Awaitable[None]]) -> None:
    """Run every thread around `body`, in one task group: when one fails, all end and the error goes up.

    At the end the loop is stopped first: that the program closes its own lines is no news for the journal.
    """
    halt, stop = threading.Event(), threading.Event()
    halted = anyio.Event()
    limiter = anyio.CapacityLimiter(len(bench.work) + 1)

    async def deciding() -> None:
        try:
            await anyio.to_thread.run_sync(bench.station.loop.run, halt, limiter=limiter)
        finally:
            halted.set()

    async def working(work: Work) -> None:
        await anyio.to_thread.run_sync(work, stop, limiter=limiter)

    async with anyio.create_task_group() as threads:
        threads.start_soon(deciding)
        for work in bench.work:
            threads.start_soon(working, work)
        try:
            await body()
        finally:
            halt.set()
            with anyio.CancelScope(shield=True):
                await halted.wait()
                await _leave_quiet(bench.station)
            stop.set()
            for port in bench.station.ports:
                port.wake()


@asynccontextmanager
async def pages(bench: Bench, port: int | None, people: SignedIn | None = None) -> AsyncIterator[str]:
    """Serve a station's pages while the body runs; gives the address of the kiosk page. Raises PortTakenError."""
    async with desk_pages(bench.desk, bench.files, bench.clock, port, people) as address:
        yield address


@asynccontextmanager
async def desk_pages(
    desk: LiveDesk, files: Files, clock: SystemClock, port: int | None, people: SignedIn | None
) -> AsyncIterator[str]:
    """As `pages`, for a desk with or without a station behind it. `people` keep their sessions when servers change."""
    web = files.station.web
    app = create_app(
        desk,
        people=people or files.station.people,
        allowed_hosts=web.allowed_hosts,
        allowed_origins=web.allowed_origins,
        now_s=clock.now_s,
    )
    async with serving(app, host=web.host, port=web.port if port is None else port) as bound:
        yield f"http://{web.host}:{bound}/kiosk"


async def _leave_quiet(station: Station) -> None:
    """Whatever ended the loop: the arm stands still and the tool is off before their lines close."""
    if station.cobot is not None:
        station.cobot.submit(StopMotion(command_id="leaving-stop"))
    if station.tool is not None:
        station.tool.submit(DisarmTool(command_id="leaving-disarm"))
    await anyio.sleep(LEAVING_S)


async def until_signal(asked: anyio.Event) -> None:
    """Set `asked` on Ctrl-C or a polite kill."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            asked.set()
            return
