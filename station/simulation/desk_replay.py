"""A recorded desk session through the real pipeline and station in simulated time, as fast as it can be looked at.

Frames come at the video's own times and touches at theirs; the simulated torque tool is the only device. The same files
tell the same story every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from drivers.simulated_line import LockStep
from station.core import effects as fx
from station.core.events import FaultAcknowledged, PersonConfirmed
from station.core.procedure import Role
from station.core.screen import Screen
from station.core.state import Phase, State
from station.runtime.clock import SteppedClock
from station.runtime.dispatch import People
from station.runtime.journal import Journal
from station.runtime.mat_calibration import FRAMES, calibrated_by, wants_mat, with_calibrations
from station.runtime.setting import Files, setting_of
from station.runtime.station import Station
from station.simulation.desk_session import DeskSession, SessionError, Touch
from station.simulation.key_trigger import KeyTrigger
from station.simulation.rig import build_rig
from station.simulation.world import parameter_sets
from vision.api import Frame, FrameAnalysis, HandTracker
from vision.cameras.recording import VideoFile
from vision.pipeline import Pipeline
from vision.self_calibration import SelfCalibration

LATENCY_S = 0.08
"""From a frame to its analysis, as on a live bench."""
TICK_S = 0.02
LINGER_S = 3.0
"""After the last frame, for what is still on its way."""
EVER_S = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What a recorded session came to."""

    outcome: str
    """`finished`, `abandoned`, or `unfinished` when the video ended first."""
    state: State
    calibration: SelfCalibration
    frames: int
    seconds: float
    named: tuple[str, ...]
    """Fault codes that the screen named, in order, each once."""
    calls: tuple[str, ...]


def play(
    files: Files, session: DeskSession, *, journal_path: Path, visit: str, hands: HandTracker | None, software: str
) -> ReplayResult:
    """Play a session to its end. Raises SessionError, CameraError, SelfCalibrationError."""
    cameras = wants_mat(files)
    if len(files.station.cameras) != 1 or len(cameras) != 1:
        raise SessionError(f"station {files.station.id} has other cameras than one that is calibrated by the mat")
    first = VideoFile(cameras[0].name, session.video)
    calibration = calibrated_by(files, cameras[0], islice(_frames(first), FRAMES))
    first.close()
    return _Replay(
        with_calibrations(files, {cameras[0].name: calibration}), session, calibration, journal_path, hands, software
    ).run(visit)


def _frames(video: VideoFile) -> Iterator[Frame]:
    while (frame := video.read()) is not None:
        yield frame


class _Replay:
    """One session: made, run once."""

    def __init__(
        self,
        files: Files,
        session: DeskSession,
        calibration: SelfCalibration,
        journal_path: Path,
        hands: HandTracker | None,
        software: str,
    ) -> None:
        self._clock = SteppedClock()
        self._calibration = calibration
        self._session = session
        self._rig = build_rig(files, seed=1, clock=self._clock, in_memory=True)
        if self._rig.tool_simulator is None:
            raise SessionError(f"station {files.station.id} has no simulated torque tool, so nothing pulls its trigger")
        self._trigger = KeyTrigger(
            self._rig.tool_simulator, parameter_sets(files.procedure), self._clock.now_s, lease_s=EVER_S
        )
        self._named: dict[str, None] = {}
        self._calls: list[str] = []
        self._late: list[tuple[float, FrameAnalysis]] = []
        self._frames_seen = 0
        setting = setting_of(files, software)
        camera = files.station.cameras[0]
        self._pipeline = Pipeline(setting.bench, camera.model, hands, hands_every=3)
        self._camera = camera.name
        self._station = Station(
            setting,
            journal=Journal(journal_path),
            clock=self._clock,
            open_cobot=self._rig.open_cobot,
            open_tool=self._rig.open_tool,
            people=People(say=_nothing, call=self._call, closed=_nothing),
            publish=self._see,
        )
        pairs = []
        if self._station.cobot is not None and self._rig.cobot is not None:
            pairs.append((self._station.cobot, self._rig.cobot.port))
        if self._station.tool is not None and self._rig.tool is not None:
            pairs.append((self._station.tool, self._rig.tool.port))
        self._lines = LockStep(pairs)

    def run(self, visit: str) -> ReplayResult:
        """The whole session. Frees everything."""
        video = VideoFile(self._camera, self._session.video)
        try:
            return self._play(video, visit)
        finally:
            video.close()
            self._pipeline.close()
            for port in self._station.ports:
                port.close()
            self._station.journal.close()
            self._rig.close()

    def _play(self, video: VideoFile, visit: str) -> ReplayResult:
        frames, touches = _frames(video), iter(self._session.touches)
        frame, touched = next(frames, None), next(touches, None)
        end_s = float("inf")
        while self._clock.time_s < end_s:
            now_s = self._clock.time_s
            while touched is not None and touched.t_s <= now_s:
                self._touch(touched.touch, visit)
                touched = next(touches, None)
            self._trigger.turn(now_s)
            while frame is not None and frame.t_mono_s <= now_s:
                analysis = self._pipeline.analyse(frame, self._station.want)
                self._late.append((frame.t_mono_s + LATENCY_S, analysis))
                self._frames_seen += 1
                frame = next(frames, None)
                if frame is None:
                    end_s = now_s + LINGER_S
            self._deliver(now_s)
            self._lines.settle(now_s)
            while self._station.turn():
                self._lines.settle(now_s)
            self._clock.move_to(round(now_s + TICK_S, 6))
        state = self._station.loop.state
        return ReplayResult(
            outcome=state.outcome or "unfinished",
            state=state,
            calibration=self._calibration,
            frames=self._frames_seen,
            seconds=round(self._clock.time_s, 2),
            named=tuple(self._named),
            calls=tuple(self._calls),
        )

    def _deliver(self, now_s: float) -> None:
        due = [analysis for at_s, analysis in self._late if at_s <= now_s]
        self._late = [(at_s, analysis) for at_s, analysis in self._late if at_s > now_s]
        for analysis in due:
            self._station.analysed(analysis)

    def _touch(self, touch: Touch, visit: str) -> None:
        screen = self._station.screen
        match touch:
            case "start":
                if self._station.loop.state.phase is not Phase.RUNNING:
                    self._station.open_visit(visit)
            case "confirm":
                for question in screen.questions:
                    if Role(question.by) is Role.VISITOR:
                        self._post(
                            PersonConfirmed(step=question.step, what=question.what, role=Role.VISITOR, person="visitor")
                        )
            case "continue":
                for fault in screen.faults:
                    if fault.clear_by == "visitor" and fault.ready:
                        self._post(FaultAcknowledged(code=fault.code, role=Role.VISITOR, person="visitor"))
            case "trigger":
                self._trigger.hold()
            case "let-go":
                self._trigger.let_go()

    def _post(self, event: PersonConfirmed | FaultAcknowledged) -> None:
        self._station.loop.post(event, "person")

    def _see(self, screen: Screen) -> None:
        self._named.update(dict.fromkeys(fault.code for fault in screen.faults))

    def _call(self, effect: fx.CallPerson) -> None:
        self._calls.append(effect.code)


def _nothing(_: object) -> None:
    return None
