"""A desk for the pages' tests: the test sets what is to be shown, and reads what people did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import cv2
import numpy as np
from starlette.applications import Starlette

from station.config.phrases import Phrases, load_phrases
from station.config.procedure_file import load_procedure
from station.config.station_file import load_station
from station.core.procedure import Procedure
from station.core.screen import Screen, ScreenFault, ScreenJoint, ScreenQuestion, ScreenStep
from station.web.calibrate_camera_desk import LensWorkshop
from station.web.calibrate_overview_desk import CalibrationBook
from station.web.calibrate_robot_desk import RobotWorkshop
from station.web.calibrate_torque_desk import TorqueWorkshop
from station.web.desk import Arm, Caption, PersonEvent, Shown, TriggerKey
from station.web.eyes_desk import Eyes
from station.web.record import Curve, OverrideNote, Record, RecordJoint, Rundown, Window
from station.web.server import create_app, serving
from station.web.teach_desk import Teaching

CONFIG = Path(__file__).parents[2] / "config"
STATION = load_station(CONFIG / "station.sim.toml")
PHRASES: Phrases = load_phrases(CONFIG / "phrases")


def procedure(name: str) -> Procedure:
    """One of the procedures that come with the station."""
    return load_procedure(CONFIG / "procedures" / f"{name}.toml")


@dataclass(slots=True)
class Clock:
    """Time as the test says."""

    s: float = 100.0

    def now_s(self) -> float:
        return self.s


@dataclass(slots=True)
class Pointer:
    """Remembers what the mouse did."""

    did: list[tuple[object, ...]] = field(default_factory=list)

    def move(self, x_px: float, y_px: float, camera: str) -> None:
        self.did.append(("move", x_px, y_px, camera))

    def grab(self) -> None:
        self.did.append(("grab",))

    def release(self) -> None:
        self.did.append(("release",))

    def trigger(self, pressed: bool) -> None:
        self.did.append(("trigger", pressed))


@dataclass(slots=True)
class ScriptedDesk:
    """Shows what it is told. `react` may turn what a person did into the next screen, as the loop would."""

    now: Screen | None
    phrases: Phrases = PHRASES
    bench_pointer: Pointer | None = None
    trigger_key: TriggerKey | None = None
    react: Callable[[ScriptedDesk, PersonEvent], None] | None = None
    posted: list[PersonEvent] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    spoken: Caption | None = None
    wavs: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, Shown] = field(default_factory=dict)
    kept: Record | None = None
    results: tuple[Rundown, ...] = ()
    noted: tuple[OverrideNote, ...] = ()
    curves: dict[str, Curve] = field(default_factory=dict)
    robot: Arm | None = None
    sight: Eyes | None = None
    lessons: Teaching | None = None
    book: CalibrationBook | None = None
    workshop: LensWorkshop | None = None
    tool_workshop: TorqueWorkshop | None = None
    robot_workshop: RobotWorkshop | None = None
    version: int = 1
    lock: threading.Lock = field(default_factory=threading.Lock)
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def show(self, screen: Screen) -> None:
        """A new screen from the loop."""
        with self.lock:
            self.now = screen
            self.version += 1
        self._tell()

    def say(self, caption: Caption) -> None:
        """A new caption."""
        with self.lock:
            self.spoken = caption
            self.version += 1
        self._tell()

    def see(self, shown: Shown, camera: str = "top") -> None:
        """A new picture."""
        with self.lock:
            self.pictures[camera] = shown
        self._tell()

    def screen(self) -> tuple[int, Screen | None]:
        with self.lock:
            return self.version, self.now

    def caption(self) -> Caption | None:
        return self.spoken

    def speech(self, utterance: str) -> bytes | None:
        return self.wavs.get(utterance)

    def camera_names(self) -> tuple[str, ...]:
        return ("top", "side")

    def picture(self, camera: str) -> Shown | None:
        with self.lock:
            return self.pictures.get(camera)

    def record(self) -> Record | None:
        return self.kept

    def rundowns(self) -> tuple[Rundown, ...]:
        return self.results

    def overrides(self) -> tuple[OverrideNote, ...]:
        return self.noted

    def curve(self, result: str) -> Curve | None:
        return self.curves.get(result)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def post(self, event: PersonEvent) -> None:
        self.posted.append(event)
        if self.react is not None:
            self.react(self, event)

    def begin(self, language: str) -> None:
        self.begun.append(language)

    def arm(self) -> Arm | None:
        return self.robot

    def eyes(self) -> Eyes | None:
        return self.sight

    def teaching(self) -> Teaching | None:
        return self.lessons

    def calibrations(self) -> CalibrationBook | None:
        return self.book

    def lenses(self) -> LensWorkshop | None:
        return self.workshop

    def torque(self) -> TorqueWorkshop | None:
        return self.tool_workshop

    def robot_bench(self) -> RobotWorkshop | None:
        return self.robot_workshop

    def _tell(self) -> None:
        for listener in tuple(self.listeners):
            listener()


def app_for(desk: ScriptedDesk, clock: Callable[[], float]) -> Starlette:
    """The real server application over a scripted desk."""
    return create_app(
        desk,
        people=STATION.people,
        allowed_hosts=STATION.web.allowed_hosts,
        allowed_origins=(),
        now_s=clock,
    )


@contextmanager
def served(desk: ScriptedDesk, clock: Callable[[], float], port: int = 0) -> Iterator[int]:
    """The real server on a real port, in a thread of its own while the body runs."""
    ended, ports = threading.Event(), []
    ready = threading.Event()

    async def run() -> None:
        async with serving(app_for(desk, clock), host="127.0.0.1", port=port) as at:
            ports.append(at)
            ready.set()
            await anyio.to_thread.run_sync(ended.wait)

    thread = threading.Thread(target=lambda: anyio.run(run), name="pages")
    thread.start()
    try:
        assert ready.wait(10.0), "the server has not started"
        yield ports[0]
    finally:
        ended.set()
        thread.join(10.0)
        assert not thread.is_alive(), "the server has not ended"


def screen_at(work: Procedure, step_id: str, language: str = "en") -> Screen:
    """What the screen shows in the middle of a visit at this step, all before it passed."""
    step = work.step(step_id)
    place = work.steps.index(step)
    names = {part.role: f"@{part.name}" for part in reversed(work.parts)}
    return Screen(
        phase="running",
        visit_id="sim-1-0007",
        language=language,
        visitor="葵" if language == "ja" else "Aoi",
        car="風ハッチバック・赤" if language == "ja" else "Kaze Hatchback, red",
        step=step.id,
        say=step.say,
        words=names,
        picture=step.picture,
        steps=tuple(
            ScreenStep(id=each.id, say=each.say, status=_status(number, place))
            for number, each in enumerate(work.steps)
        ),
        joints=_joints(work, step_id),
        faults=(),
        reach="middle" if work.needs_cobot() else "",
        questions=tuple(
            ScreenQuestion(step=step.id, what=demand.what, by=demand.by.value)
            for demand in step.demands
            if hasattr(demand, "what")
        ),
        waiting_for=("hands:door",),
        robot="still",
        tool="off",
        paused=False,
        help_called=False,
        devices={"cobot": True, "tool": True},
    )


def with_fault(screen: Screen, fault: ScreenFault) -> Screen:
    """The same moment with something not as it should be."""
    return replace(screen, faults=(fault,))


def record_of(work: Procedure) -> Record:
    """A finished visit's record."""
    return Record(
        visit_id="sim-1-0007",
        visitor="Aoi",
        car="Kaze Hatchback, red",
        vin="JABME26S1TW000011",
        procedure=work.title,
        date="2026-11-24",
        minutes=6.4,
        finished=True,
        steps=tuple(step.say for step in work.steps),
        joints=tuple(
            RecordJoint(
                label=joint.label,
                torque_nm=9.02,
                angle_deg=64.0,
                attempts=1,
                good=True,
                verdict="ok",
                result=f"SIM0001/{number}",
                has_curve=True,
            )
            for number, joint in enumerate(work.joints, start=1)
        ),
    )


def curve_to(torque_nm: float, angle_deg: float, window: Window | None = None) -> Curve:
    """A rundown as a controller samples it: spun on, snug at zero degrees, straight up, and a little relaxing."""
    spun = [(-400.0 + 10.0 * n, 0.4 + 0.05 * (n % 3)) for n in range(40)]
    rising = [(angle_deg * n / 60, 0.5 + (torque_nm - 0.5) * n / 60) for n in range(61)]
    after = [(angle_deg, torque_nm * (1 - 0.002 * n)) for n in range(1, 20)]
    samples = spun + rising + after
    return Curve(
        every_s=0.01,
        torque_nm=tuple(torque for _, torque in samples),
        angle_deg=tuple(angle for angle, _ in samples),
        window=window,
        final_torque_nm=torque_nm,
        final_angle_deg=angle_deg,
    )


def window_of(work: Procedure, joint: str) -> Window:
    """What a good result of the joint is."""
    spec = work.joint(joint)
    return Window(
        torque_min_nm=spec.torque_min_nm,
        torque_target_nm=spec.torque_target_nm,
        torque_max_nm=spec.torque_max_nm,
        angle_min_deg=spec.angle_min_deg,
        angle_max_deg=spec.angle_max_deg,
    )


def picture(seq: int, t_mono_s: float, width_px: int = 1280, height_px: int = 720) -> Shown:
    """A picture with something to see in it, and what was seen."""
    ramp = np.linspace(70, 190, width_px, dtype=np.uint8)
    image = np.repeat(np.tile(ramp, (height_px, 1))[:, :, None], 3, axis=2)
    cv2.rectangle(image, (500 + seq % 40, 250), (800 + seq % 40, 480), (60, 40, 170), -1)
    good, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert good
    overlay = {
        "camera": "top",
        "seq": seq,
        "width_px": width_px,
        "height_px": height_px,
        "state": "good",
        "hands": [{"points_px": [[900 + 9 * (i % 4) * (i // 4), 600 - 14 * (i % 5)] for i in range(21)], "score": 0.9}],
        "tags": [],
        "bodies": [{"body": "mirror", "outline_px": [[500, 250], [800, 250], [800, 480], [500, 480]], "axes_px": []}],
        "joints": [
            {"joint": f"J{n}", "at_px": [480 + 80 * n, 430 - 70 * (n % 2)], "state": "empty"} for n in (1, 2, 3)
        ],
        "zones": [{"zone": "door", "outline_px": [[450, 200], [860, 200], [860, 520], [450, 520]], "busy": True}],
    }
    return Shown(seq=seq, t_mono_s=t_mono_s, jpeg=jpeg.tobytes(), overlay=overlay)


def _status(number: int, place: int) -> str:
    return "passed" if number < place else "active" if number == place else "pending"


def _joints(work: Procedure, step_id: str) -> tuple[ScreenJoint, ...]:
    due = [
        d.joint
        for d in work.step(step_id).demands
        if hasattr(d, "joint") and work.step(step_id).picture != "start-nuts"
    ]
    done = [
        d.joint
        for each in work.steps[: work.steps.index(work.step(step_id))]
        for d in each.demands
        if type(d).__name__ == "Tightening"
    ]
    placed = any(each.picture == "start-nuts" for each in work.steps[: work.steps.index(work.step(step_id))])
    return tuple(
        ScreenJoint(
            id=joint.id,
            label=joint.label,
            status="done" if joint.id in done else "now" if joint.id in due else "fastener" if placed else "empty",
            torque_nm=joint.torque_target_nm + 0.03 if joint.id in done else None,
            angle_deg=64.0 if joint.id in done else None,
        )
        for joint in work.joints
    )
