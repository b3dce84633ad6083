"""What the pages may see and do, kept thread-safe between the loop, the cameras, the voice and the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from drivers.voice import Voice
from drivers.voice_queue import Priority, Utterance
from station.config.phrases import Phrases
from station.core import effects as fx
from station.core.procedure import JointSpec, Procedure
from station.core.screen import Screen
from station.core.state import Phase, State, StepStatus
from station.web.desk import BenchPointer, Caption, PersonEvent, Record, RecordJoint, Shown
from vision.api import Frame, FrameAnalysis
from vision.bench import Bench
from vision.overlay import overlay_of

JPEG_QUALITY = 80


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
    voice: Voice | None = None
    bench_pointer: BenchPointer | None = None
    opens: Callable[[str], None] | None = None
    """Opens a visit in a language; None where visits open by themselves."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _screen: Screen | None = None
    _version: int = 0
    _caption: Caption | None = None
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

    def show(self, frame: Frame, analysis: FrameAnalysis) -> None:
        """Keep a picture with what was seen in that very picture."""
        import cv2

        good, jpeg = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not good:
            return
        overlay = overlay_of(analysis, self.bench, self.bench.camera(frame.camera))
        shown = Shown(seq=frame.seq, t_mono_s=frame.t_mono_s, jpeg=jpeg.tobytes(), overlay=overlay)
        with self._lock:
            self._shown[frame.camera] = shown
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
        """The newest picture of a camera."""
        with self._lock:
            return self._shown.get(camera)

    def record(self) -> Record | None:
        """The record of the visit that is under way or was the last one."""
        state = self.state()
        if state.order is None:
            return None
        starts = [step.started_s for step in state.steps if step.started_s is not None]
        ends = [step.ended_s for step in state.steps if step.ended_s is not None]
        return Record(
            visit_id=state.visit_id,
            visitor=state.order.visitor,
            car=state.order.car,
            vin=state.order.vin,
            procedure=self.procedure.title,
            date=datetime.now().astimezone().date().isoformat(),
            minutes=(max(ends) - min(starts)) / 60.0 if starts and ends else 0.0,
            finished=state.outcome == "finished",
            steps=tuple(step.say for step in self.procedure.steps if _passed(state, step.id)),
            joints=tuple(self._joint(state, joint.id, joint.label) for joint in self._tightened()),
        )

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

    def _tightened(self) -> list[JointSpec]:
        return [joint for joint in self.procedure.joints if joint.pset is not None]

    def _joint(self, state: State, joint_id: str, label: str) -> RecordJoint:
        results = [entry for entry in state.tightenings if entry.joint == joint_id]
        last = results[-1] if results else None
        return RecordJoint(
            label=label,
            torque_nm=last.torque_nm if last else None,
            angle_deg=last.angle_deg if last else None,
            attempts=len(results),
            good=last is not None and last.verdict == "ok",
        )

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()


def _passed(state: State, step_id: str) -> bool:
    return any(step.id == step_id and step.status is StepStatus.PASSED for step in state.steps)
