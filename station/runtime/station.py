"""One station put together: loop, dispatch, ports and fact board, the same in real and in simulated time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from drivers.api import DriverEvent
from drivers.session import PortOwner
from station.config.bench import zones_used
from station.config.station_values import GestureBook, ZoneBook
from station.core import effects as fx
from station.core.checks import active_steps, met_for_good
from station.core.codec import canonical, to_plain
from station.core.events import StationRestarted, VisitOpened
from station.core.lamp import lamp_of
from station.core.procedure import Order, PassShown, Procedure
from station.core.screen import Screen
from station.core.state import State
from station.core.tightening import REMEMBERED_RESULTS
from station.core.view import screen_of
from station.motion.moving_arm import STALE_S as ARM_STALE_S
from station.motion.moving_arm import ArmWatch
from station.motion.people import PeopleWatch, Views, views_of
from station.motion.reaction import Reaction
from station.motion.scene import MotionScene
from station.motion.supervision import SupervisorConfig
from station.motion.supervisor import Supervisor
from station.runtime.arm_desk import ArmDesk
from station.runtime.clock import Clock
from station.runtime.dispatch import Dispatch, People
from station.runtime.eyes_desk import EyesDesk
from station.runtime.gap_watch import GapWatch
from station.runtime.journal import Journal, JournalError
from station.runtime.loop import StationLoop
from station.runtime.motions import Motions
from station.runtime.replay import replay
from station.runtime.teaching import CheckTeaching
from station.runtime.tool_verification import VerificationWatch
from vision.api import Frame, FrameAnalysis
from vision.bench import Bench, Watch
from vision.facts import FactBoard
from vision.machine import NO_MACHINE, Machine
from vision.pipeline import Want
from vision.zones import PERSON_ABOVE_MM

OpenPort = Callable[[Callable[[DriverEvent], None]], PortOwner]
"""Makes a port from the function that takes its events."""
OpenTool = Callable[[Callable[[DriverEvent], None], Callable[[str], int | None]], PortOwner]
"""The same for the torque tool, which also asks for a controller's last tightening id on disk."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmSetting:
    """The arm's place, its gestures, and how people are kept clear of it."""

    scene: MotionScene
    book: GestureBook
    supervisor: SupervisorConfig | None
    """None: nobody supervises the gap to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything a station is made of that does not run: read once, handed in."""

    station: str
    station_sha256: str
    language: str
    software: str
    procedure: Procedure
    bench: Bench
    watches: tuple[Watch, ...]
    arm: ArmSetting | None
    """None on a bench without an arm."""
    orders: Mapping[str, Order]
    calibration: Mapping[str, str]
    sockets: Mapping[int, str] = field(default_factory=dict)
    """Digital input of the tool's controller -> socket that is out of the tray while it is high."""
    identify: bool = False
    """Whether the controller is told what is worked on."""
    stale_s: float = 0.5
    zone_book: ZoneBook = field(default_factory=ZoneBook)
    """The bench's zones, and the file that they are drawn into."""
    checks: Path | None = None
    """Folder of the models of taught checks; None where nothing is taught."""
    verifications: Path | None = None
    """Folder of the torque tool's verifications; None where the station asks for none."""
    by_unit: tuple[str, ...] = ()
    """Joints that are where each unit is measured to have them."""


class Station:
    """The running parts. Somebody else gives them threads (`station.app`) or turns them by hand (the simulation)."""

    def __init__(
        self,
        setting: Setting,
        *,
        journal: Journal,
        clock: Clock,
        open_cobot: OpenPort | None,
        open_tool: OpenTool | None,
        people: People,
        publish: Callable[[Screen], None] = lambda screen: None,
        state: State | None = None,
    ) -> None:
        """`open_cobot` and `open_tool` are None on a bench without that device; `state` is what a restart recovered."""
        self.setting = setting
        self.journal = journal
        self._now_s = clock.now_s
        if state is None:
            state = State(results=journal.newest_results(setting.station, REMEMBERED_RESULTS))
        self.board = FactBoard(setting.bench, setting.watches, stale_s=setting.stale_s)
        self._publish_on = publish
        self.screen = screen_of(setting.procedure, state)
        self._wanting = threading.Lock()
        self.want = Want(
            hands=True,
            joints=frozenset(joint.id for joint in setting.procedure.joints),
            checks=frozenset(check.id for check in setting.procedure.checks),
        )
        self.loop = StationLoop(
            station=setting.station,
            procedure=setting.procedure,
            journal=journal,
            clock=clock,
            carry_out=self._carry_out,
            publish=self._publish,
            heartbeat=self._heartbeat,
            state=state,
        )
        self.verification = VerificationWatch(
            setting.verifications,
            setting.procedure,
            uses_since=partial(journal.results_since, setting.station),
            utc=clock.utc,
            post=lambda event: self.loop.post(event, "station"),
            state=lambda: self.loop.state,
        )
        self.cobot = open_cobot(self._arm_heard) if open_cobot else None
        self.tool = open_tool(self._heard, self.last_tightening_id) if open_tool else None
        self.gap = self._new_gap()
        self.eyes = EyesDesk(
            bench=setting.bench,
            book=setting.zone_book,
            used=zones_used(setting.procedure),
            board=self.board,
            use=self._use_bench,
            post=self.loop.post,
            state=lambda: self.loop.state,
            now_s=clock.now_s,
            utc=clock.utc,
            stale_s=setting.stale_s,
            empty=self._learn_empty,
            arm_watched=self._arm_watched,
        )
        self.frame_of: Callable[[FrameAnalysis], Frame | None] = lambda analysis: None
        """The picture that was looked at, while it is still there; whoever runs the cameras sets it."""
        self.teaching = self._new_teaching(clock)
        self.motions: Motions | None = None
        self.arm: ArmDesk | None = None
        if self.cobot is not None and setting.arm is not None:
            self.arm = ArmDesk(
                scene=setting.arm.scene,
                book=setting.arm.book,
                gap=self.gap,
                plan=lambda: self.motions.newest_plan if self.motions else None,
                post=self.loop.post,
                hold=self._hold,
                state=lambda: self.loop.state,
                now_s=clock.now_s,
                utc=clock.utc,
                joints=self.board.placed_joints,
            )
            self.motions = Motions(
                port=self.cobot, post=self.loop.post, now_s=clock.now_s, scene=self.arm.scene, gap=self.gap
            )
        self.dispatch = Dispatch(
            post=self.loop.post,
            now_s=clock.now_s,
            board=self.board,
            cobot=self.cobot,
            tool=self.tool,
            motions=self.motions,
            gap=self.gap,
            orders=setting.orders,
            people=people,
            sockets=setting.sockets,
            identify=setting.identify,
        )

    def last_tightening_id(self, controller_serial: str) -> int | None:
        """The last result of this controller that needs not be asked back. May be called from any thread."""
        return self.journal.last_tightening_id(self.setting.station, controller_serial)

    @property
    def ports(self) -> tuple[PortOwner, ...]:
        """The ports this bench has."""
        return tuple(port for port in (self.cobot, self.tool) if port is not None)

    def open_visit(self, visit_id: str, language: str = "") -> None:
        """Begin a visit: keep what it runs on, and post its start document. May be called from any thread."""
        setting = self.setting
        calibration = dict(setting.calibration)
        if self.arm is not None:
            calibration["gestures"] = self.arm.gestures_sha256
        if self.eyes.zones_sha256:
            calibration["zones"] = self.eyes.zones_sha256
        if self.teaching is not None:
            calibration |= self.teaching.ids()
        verification = self.verification.read()
        if verification is not None:
            calibration["tool"] = verification.id or verification.code
        self.journal.keep_document(setting.procedure.sha256, "procedure", canonical(to_plain(setting.procedure)))
        self.loop.post(
            VisitOpened(
                visit_id=visit_id,
                procedure=f"{setting.procedure.id} {setting.procedure.version}",
                procedure_sha256=setting.procedure.sha256,
                station=setting.station,
                station_sha256=setting.station_sha256,
                language=language or setting.language,
                software=setting.software,
                calibration=calibration,
                verification=verification,
                by_unit=setting.by_unit,
            ),
            "station",
        )
        # What was measured before belongs to another visit's record.
        self.dispatch.ask_sight(self.board.measure_units_anew)

    def restarted(self, reason: str) -> None:
        """Tell the loop that what was seen before counts no more."""
        self.loop.post(StationRestarted(reason=reason, verification=self.verification.read()), "station")

    def _carry_out(self, effect: fx.Effect) -> None:
        self.dispatch.carry_out(effect)

    def _heartbeat(self, now_s: float, state: State) -> None:
        self.dispatch.heartbeat(now_s, state)

    def _heard(self, event: DriverEvent) -> None:
        self.dispatch.heard(event)

    def _hold(self, now_s: float) -> None:
        self.dispatch.hold(now_s)

    def _arm_heard(self, event: DriverEvent) -> None:
        if self.arm is not None:
            self.arm.heard(event)
        self.dispatch.heard(event)

    def wanted(self) -> Want:
        """What is worth looking for in a picture now, and where the arm is. May be called from any thread."""
        models = frozenset(self.teaching.ids().values()) if self.teaching is not None else frozenset()
        return replace(self.want, machine=self._machine(), models=models)

    def _machine(self) -> Machine | None:
        """The arm's links at their newest posture; None while nobody knows where they are."""
        if self.cobot is None:
            return NO_MACHINE
        arm = self.gap.arm_now() if self.gap is not None else None
        if arm is None or self._now_s() - arm.t_mono_s > ARM_STALE_S:
            return None
        return Machine(starts_mm=arm.starts_mm, ends_mm=arm.ends_mm, radii_mm=arm.radii_mm)

    def analysed(self, analysis: FrameAnalysis) -> None:
        """A camera's picture has been looked at. May be called from any thread; pictures of a camera in their order."""
        self.dispatch.ask_sight(lambda: self.board.update(analysis))
        self.eyes.analysed(analysis)
        if self.gap is not None:
            self.gap.analysed(analysis)

    def camera_gives(self, camera: str, described: str) -> None:
        """A camera has been opened, and gives this."""
        self.board.camera_gives(camera, described)

    def camera_failed(self, camera: str, code: str, detail: str, t_mono_s: float) -> None:
        """A camera does not deliver, or not enough (`camera.slow`)."""
        if code == "camera.slow":
            self.dispatch.ask_sight(lambda: self.board.camera_slow(camera, detail, t_mono_s))
        else:
            self.dispatch.ask_sight(lambda: self.board.camera_failed(camera, code, detail, t_mono_s))

    def turn(self) -> bool:
        """Let planner and loop do what waits, for those who turn a station by hand. True when something was done."""
        planned = self.motions is not None and self.motions.turn()
        return self.loop.turn() > 0 or planned

    def _new_teaching(self, clock: Clock) -> CheckTeaching | None:
        setting = self.setting
        if setting.checks is None or not setting.bench.checks:
            return None
        return CheckTeaching(
            folder=setting.checks,
            bench=setting.bench,
            calibration=setting.calibration,
            software=setting.software,
            frame=self._frame,
            analysis=self.eyes.newest,
            state=lambda: self.loop.state,
            now_s=clock.now_s,
            utc=clock.utc,
        )

    def _frame(self, analysis: FrameAnalysis) -> Frame | None:
        return self.frame_of(analysis)

    def _new_gap(self) -> GapWatch | None:
        arm, zone = self.setting.arm, self.setting.procedure.cobot_zone
        if arm is None or arm.supervisor is None or zone is None:
            return None
        config, scene = arm.supervisor, arm.scene
        reaction = Reaction(config.reaction)
        return GapWatch(
            arm=ArmWatch(scene.model, scene.bench_from_base, scene.tool),
            people=PeopleWatch(
                _views(self.setting.bench, zone, config), rise_mm=config.rise_mm, stale_s=config.people_stale_s
            ),
            supervisor=Supervisor(config, reaction),
            reaction=reaction,
            post=self.loop.post,
            now_s=self._now_s,
        )

    def _use_bench(self, bench: Bench) -> None:
        """Zones were drawn: pictures are looked at with them, and the arm's zone may be seen by other cameras."""
        views = self._views_of_arm(bench)
        if self.gap is not None and views is not None:
            self.gap.seen_by(views)
        with self._wanting:
            self.want = replace(self.want, zones=bench.zones)

    def _arm_watched(self, bench: Bench) -> bool:
        """Whether a camera sees the whole of the arm's zone on this bench; true where nobody supervises."""
        views = self._views_of_arm(bench)
        return views is None or bool(views.covering)

    def _views_of_arm(self, bench: Bench) -> Views | None:
        arm, zone = self.setting.arm, self.setting.procedure.cobot_zone
        if arm is None or arm.supervisor is None or zone is None:
            return None
        return _views(bench, zone, arm.supervisor)

    def _learn_empty(self, now_s: float) -> None:
        """A technician answers for it that the bench is empty from now on."""
        with self._wanting:
            self.want = replace(self.want, empty_since_s=now_s)

    def _publish(self, screen: Screen) -> None:
        state = self.loop.state
        wants_code = any(
            isinstance(demand, PassShown) and not met_for_good(state, step, demand)
            for step in active_steps(self.setting.procedure, state)
            for demand in step.demands
        )
        self.screen = screen
        self.dispatch.show(lamp_of(state))
        with self._wanting:
            if wants_code is not self.want.codes:
                self.want = replace(self.want, codes=wants_code)
        self._publish_on(screen)


def _views(bench: Bench, zone: str, config: SupervisorConfig) -> Views:
    """The cameras that count for people in the arm's zone."""
    return views_of(bench, zone, top_mm=bench.hand_height_mm + PERSON_ABOVE_MM + config.rise_mm)


def recover(journal: Journal) -> State | None:
    """The state of the visit that a crash has left open, folded from the journal; None when there is none.

    Raises JournalError when this program does not decide as the one that wrote it: it must not go on with that visit.
    """
    visit = journal.open_visit()
    if visit is None:
        return None
    folded = replay(journal, visit)
    if folded.bad_seq is not None:
        raise JournalError(
            f"{journal.path}: visit {visit} was left open by a program that decides differently (row {folded.bad_seq});"
            " finish it with that version, or move the journal away to begin a new one"
        )
    return folded.state


def next_visit_id(journal: Journal, prefix: str) -> str:
    """The first free id of the form `PREFIX-0001`."""
    taken = {summary.visit for summary in journal.visits()}
    return next(name for number in itertools.count(1) if (name := f"{prefix}-{number:04d}") not in taken)


def silent_people() -> People:
    """For runs where nobody listens."""

    def nothing(_: fx.Effect) -> None:
        return None

    return People(say=nothing, call=nothing, closed=nothing)
