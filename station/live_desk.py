"""What the pages may see and do, kept thread-safe between the loop, the cameras, the voice and the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from drivers.api import TighteningTrace
from drivers.voice import Voice
from drivers.voice_queue import Priority, Utterance
from station.config.phrases import Phrases
from station.config.station_file import TOOL
from station.core import effects as fx
from station.core.procedure import Procedure
from station.core.screen import Screen
from station.core.state import Phase, State
from station.runtime.eyes_desk import EyesDesk
from station.web.calibrate_camera_desk import LensWorkshop
from station.web.calibrate_overview_desk import CalibrationBook
from station.web.calibrate_robot_desk import RobotWorkshop
from station.web.calibrate_torque_desk import TorqueWorkshop
from station.web.desk import Arm, BenchPointer, Caption, PersonEvent, Shown, TriggerKey
from station.web.record import Curve, OverrideNote, Record, Rundown
from station.web.recording import curve_of, overrides_of, record_of, rundowns_of
from station.web.teach_desk import Teaching
from vision.api import FrameAnalysis
from vision.bench import Bench
from vision.overlay import overlay_of


@dataclass(slots=True)
class LiveDesk:
    """A `station.web.desk.Desk`. Newest wins everywhere: a slow viewer loses frames, never memory."""

    phrases: Phrases
    bench: Bench
    procedure: Procedure
    state: Callable[[], State]
    """The loop's newest state."""
    person: Callable[[PersonEvent], None]
    """Where a person's acts go."""
    trace: Callable[[str], TighteningTrace | None]
    """The kept curve of a result, by its key `controller serial/tightening id`."""
    arm: Callable[[], Arm | None] = lambda: None
    """The bench's arm."""
    eyes: Callable[[], EyesDesk | None] = lambda: None
    """The eyes for technicians; they know the zones that are used now."""
    teaching: Callable[[], Teaching | None] = lambda: None
    """The teaching of checks."""
    calibrations: Callable[[], CalibrationBook | None] = lambda: None
    """The station's calibrations, for their page."""
    lenses: Callable[[], LensWorkshop | None] = lambda: None
    """Where technicians calibrate lenses."""
    torque: Callable[[], TorqueWorkshop | None] = lambda: None
    """Where technicians verify the torque tool."""
    robot_bench: Callable[[], RobotWorkshop | None] = lambda: None
    """Where technicians calibrate the arm."""
    voice: Voice | None = None
    bench_pointer: BenchPointer | None = None
    trigger_key: TriggerKey | None = None
    opens: Callable[[str], None] | None = None
    """Opens a visit in a language; None where visits open by themselves."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _screen: Screen | None = None
    _version: int = 0
    _caption: Caption | None = None
    _seen: dict[str, tuple[FrameAnalysis, bytes]] = field(default_factory=dict)
    _shown: dict[str, Shown] = field(default_factory=dict)
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def publish(self, screen: Screen) -> None:
        """A new screen from the loop."""
        with self._lock:
            self._screen = screen
            self._version += 1
        self._tell()

    def say(self, effect: fx.Say) -> None:
        """Show what is said as a caption, and speak it where there is a voice."""
        language = self.state().language
        by_page = self.voice is not None and not self.voice.can_play
        caption = Caption(
            utterance=effect.utterance,
            text=self.phrases.shown(language, effect.phrase, effect.words),
            priority=effect.priority,
            by_page=by_page,
        )
        with self._lock:
            self._caption = caption
            self._version += 1
        self._tell()
        if self.voice is not None:
            self.voice.say(
                Utterance(
                    utterance_id=effect.utterance,
                    text=self.phrases.spoken(language, effect.phrase, effect.words),
                    lang=language,
                    priority=Priority(effect.priority),
                )
            )

    def show(self, analysis: FrameAnalysis, jpeg: bytes) -> None:
        """Keep what was seen in a picture, with that very picture."""
        with self._lock:
            self._seen[analysis.camera] = (analysis, jpeg)
        self._tell()

    def screen(self) -> tuple[int, Screen | None]:
        """Version and newest screen."""
        with self._lock:
            return self._version, self._screen

    def caption(self) -> Caption | None:
        """The newest caption."""
        with self._lock:
            return self._caption

    def speech(self, utterance: str) -> bytes | None:
        """The WAV of an utterance that a page must play; None while there is none."""
        path = self.voice.wav_for(utterance) if self.voice is not None else None
        return path.read_bytes() if path is not None and path.is_file() else None

    def camera_names(self) -> tuple[str, ...]:
        """The bench's cameras in the station file's order."""
        return tuple(camera.name for camera in self.bench.cameras)

    def picture(self, camera: str) -> Shown | None:
        """The newest picture of a camera. What is drawn over it is worked out when somebody looks, once."""
        with self._lock:
            seen, shown = self._seen.get(camera), self._shown.get(camera)
        if seen is None:
            return None
        analysis, jpeg = seen
        if shown is not None and shown.seq == analysis.seq:
            return shown
        eyes = self.eyes()
        bench = self.bench if eyes is None else eyes.bench
        overlay = overlay_of(analysis, bench, bench.camera(camera), tool=TOOL)
        shown = Shown(seq=analysis.seq, t_mono_s=analysis.t_mono_s, jpeg=jpeg, overlay=overlay)
        with self._lock:
            self._shown[camera] = shown
        return shown

    def record(self) -> Record | None:
        """The record of the visit that is under way or was the last one."""
        return record_of(self.procedure, self.state(), datetime.now().astimezone().date().isoformat())

    def rundowns(self) -> tuple[Rundown, ...]:
        """Every result of this visit, in order."""
        return rundowns_of(self.procedure, self.state())

    def overrides(self) -> tuple[OverrideNote, ...]:
        """What people have decided by a right in this visit, in order."""
        return overrides_of(self.procedure, self.state())

    def curve(self, result: str) -> Curve | None:
        """The curve of a result of this visit; reads it from where it is kept."""
        trace = self.trace(result)
        return None if trace is None else curve_of(self.procedure, self.state(), trace)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` (from any thread) when something is new; returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return end

    def post(self, event: PersonEvent) -> None:
        """A person has done something on a page."""
        self.person(event)

    def begin(self, language: str) -> None:
        """A visitor wants to begin."""
        if self.opens is not None and self.state().phase is not Phase.RUNNING:
            self.opens(language)

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
