"""One camera as its owner runs it: a process that captures, a process that looks, and one thread that minds both.

Pictures go from the one to the other through shared memory; the newest wins, and while one is looked at the next are
passed over. The thread kills and starts again what hangs or dies. Meanwhile no analysis comes, so the fact board knows
nothing of this camera: UNKNOWN, never "nobody there".
"""

from __future__ import annotations

import multiprocessing.connection
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never

from vision.api import Frame, FrameAnalysis
from vision.cameras.notices import Captured, CaptureSetting, Ended, Failed, Opened, Opener, Question
from vision.cameras.rate import RateWatch
from vision.cameras.repeats import Repeat
from vision.child import Child
from vision.frame_ring import FrameRing
from vision.looking import LookAt, Looked, LookSetting, Ready
from vision.pipeline import Pipeline, Want

WAIT_S = 0.1
"""How long the thread waits for a word at most, and so how late it sees `stop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a process may be silent before it is killed and started again."""

    opening_s: float = 15.0
    """While it starts, opens the camera or waits to open it again."""
    flowing_s: float = 1.5
    """While pictures come; three times the pictures' distance is added."""
    looking_s: float = 1.5
    """At one picture."""
    busy_s: float = 15.0
    """Instead of the last two, while it runs or waits for a processor: a busy machine is no hung camera."""
    reopen_s: float = 3.0
    """Between two tries to open a camera."""
    restart_s: float = 0.5
    """Between the end of a process and the start of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTrouble:
    """A camera, or what looks through it, gives nothing to be trusted."""

    camera: str
    code: str
    """`camera.lost`, `camera.frozen`, `camera.cannot_open` ...; `camera.slow` is the one that leaves it trusted."""
    detail: str
    t_mono_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCounts:
    """What a worker has done so far."""

    captured: int
    analysed: int
    dropped: int
    """Captured pictures that were not looked at, because a newer one was there."""
    restarts: int
    """Processes that were killed, or died, and were started again."""


class CameraWorker:
    """Runs one camera; its owner gives it a thread (`run`). The counts and the newest picture may be asked from any."""

    def __init__(
        self,
        name: str,
        *,
        size_px: tuple[int, int],
        fps: float,
        opener: Opener,
        make_pipeline: Callable[[bool], Pipeline],
        want: Callable[[], Want],
        deliver: Callable[[FrameAnalysis, bytes], None],
        opened: Callable[[str], None],
        trouble: Callable[[CameraTrouble], None],
        now_s: Callable[[], float],
        answer: Callable[[object], Any] | None = None,
        patience: Patience = Patience(),  # a frozen value
    ) -> None:
        """`opener` and `make_pipeline` are sent to the processes by pickle. `deliver` takes what was seen in a picture,
        and that picture as JPEG; `opened` what the camera really gives, at each opening; `answer` answers what the
        opener's source asks. `size_px` is (width, height).
        """
        self.name = name
        self._fps = fps
        self._size_px = size_px
        self._opener = opener
        self._make_pipeline = make_pipeline
        self._want = want
        self._deliver = deliver
        self._opened = opened
        self._trouble = trouble
        self._now_s = now_s
        self._answer = answer
        self._patience = patience
        self._flowing_s = patience.flowing_s + 3.0 / fps
        self._lock = threading.Lock()
        self._ring: FrameRing | None = None
        self._capture: Child | None = None
        self._look: Child | None = None
        self._capture_at_s = self._look_at_s = float("-inf")
        """When a process that is not there is to be started."""
        self._heard_s = 0.0
        self._flowing = False
        self._frozen = False
        self._rate = RateWatch(fps)
        self._ended = False
        self._newest: Captured | None = None
        """The newest picture that is no repetition."""
        self._asked_s: float | None = None
        """When the process that looks was given its picture, or was started; None = it waits for one."""
        self._ready = False
        self._looked_seq = self._last_seq = 0
        self._captured = self._analysed = self._dropped = self._restarts = 0

    def run(self, stop: threading.Event) -> None:
        """Capture and look until `stop` is set."""
        ring = FrameRing(self._size_px)
        with self._lock:
            self._ring = ring
        try:
            while not stop.is_set():
                self._mind(ring)
                self._hear(stop)
                self._hand_on()
        finally:
            self._end(self._capture, at_once=False)
            self._end(self._look, at_once=False)
            with self._lock:
                self._ring = None
                ring.close()

    def frame_of(self, analysis: FrameAnalysis) -> Frame | None:
        """The very picture that was looked at; None once later ones have taken its place, after tenths of a second."""
        with self._lock:
            image = self._ring.get(analysis.seq) if self._ring is not None else None
        if image is None:
            return None
        return Frame(camera=self.name, seq=analysis.seq, t_mono_s=analysis.t_mono_s, image=image)

    def counts(self) -> WorkerCounts:
        """Pictures so far."""
        return WorkerCounts(
            captured=self._captured, analysed=self._analysed, dropped=self._dropped, restarts=self._restarts
        )

    def _mind(self, ring: FrameRing) -> None:
        """Start what is not there, end what hangs."""
        now_s = self._now_s()
        if self._capture is not None and self._hangs(self._capture, now_s - self._heard_s, self._silence_s()):
            self._lose_capture("hangs", at_once=True)
        asked_s = self._asked_s
        if (
            self._look is not None
            and asked_s is not None
            and self._hangs(self._look, now_s - asked_s, self._looking_s())
        ):
            self._lose_look("hangs", at_once=True)
        if self._capture is None and not self._ended and now_s >= self._capture_at_s:
            self._capture = Child("vision.cameras.capture_process", self._capture_setting(ring), inherit=(ring.fd,))
            self._heard_s, self._flowing = now_s, False
        if self._look is None and now_s >= self._look_at_s:
            setting = LookSetting(
                make_pipeline=self._make_pipeline,
                again=self._looked_seq > 0,
                camera=self.name,
                ring_fd=ring.fd,
                size_px=self._size_px,
            )
            self._look = Child("vision.look_process", setting, inherit=(ring.fd,))
            self._ready, self._asked_s = False, now_s

    def _hangs(self, child: Child, silent_s: float, patience_s: float) -> bool:
        return silent_s > patience_s and (silent_s > self._patience.busy_s or not child.wants_to_run())

    def _silence_s(self) -> float:
        return self._flowing_s if self._flowing else self._patience.opening_s

    def _looking_s(self) -> float:
        return self._patience.looking_s if self._ready else self._patience.opening_s

    def _capture_setting(self, ring: FrameRing) -> CaptureSetting:
        return CaptureSetting(
            name=self.name,
            opener=self._opener,
            ring_fd=ring.fd,
            size_px=self._size_px,
            first_seq=self._last_seq + 1,
            reopen_s=self._patience.reopen_s,
        )

    def _hear(self, stop: threading.Event) -> None:
        """Wait for a word of either process, and take in all that has come."""
        lines = [child.line for child in (self._capture, self._look) if child is not None]
        if not lines:
            stop.wait(WAIT_S)
            return
        multiprocessing.connection.wait(lines, WAIT_S)
        if self._capture is not None:
            notices = self._capture.heard()
            for notice in notices or ():
                self._heard_s = self._now_s()
                self._noticed(notice)
            if notices is None:
                self._lose_capture("has ended", at_once=False)
        if self._look is not None:
            answers = self._look.heard()
            for answer in answers or ():
                self._answered(answer)
            if answers is None:
                self._lose_look("has ended", at_once=False)

    def _noticed(self, notice: Opened | Captured | Failed | Ended | Question) -> None:
        match notice:
            case Opened():
                self._rate = RateWatch(self._fps)
                self._opened(notice.described)
            case Captured():
                self._flowing = True
                self._captured += 1
                self._last_seq = notice.seq
                self._watch_rate(notice.t_mono_s)
                if notice.repeat is Repeat.NEW:
                    with self._lock:
                        self._newest = notice
                frozen = notice.repeat is Repeat.FROZEN
                if frozen and not self._frozen:
                    self._report(
                        "camera.frozen",
                        f"Camera {self.name} shows one and the same picture; unplug it and plug it in again.",
                    )
                self._frozen = frozen
            case Failed():
                self._flowing = False
                self._report(notice.code, notice.detail)
            case Ended():
                self._ended = True
            case Question():
                if self._capture is not None and self._answer is not None:
                    self._capture.send(self._answer(notice.asked))
            case _:
                assert_never(notice)

    def _watch_rate(self, t_mono_s: float) -> None:
        rate_hz = self._rate.judge(t_mono_s)
        if rate_hz is not None:
            self._report(
                "camera.slow",
                f"Camera {self.name} sends {rate_hz:.1f} pictures a second where {self._fps:g} are asked for; "
                "give it more light or lock its exposure, and a USB socket of its own.",
            )

    def _hand_on(self) -> None:
        """Give the newest picture to the process that looks, when it waits for one."""
        newest = self._newest
        if self._look is None or self._asked_s is not None or newest is None:
            return
        if newest.seq > self._looked_seq:
            self._dropped += newest.seq - self._looked_seq - 1 if self._looked_seq else 0
            self._looked_seq = newest.seq
            self._asked_s = self._now_s()
            self._look.send(LookAt(seq=newest.seq, t_mono_s=newest.t_mono_s, want=self._want()))

    def _answered(self, answer: Ready | Looked) -> None:
        self._ready, self._asked_s = True, None
        if isinstance(answer, Looked) and answer.analysis is not None:
            self._analysed += 1
            self._deliver(answer.analysis, answer.jpeg)

    def _lose_capture(self, how: str, *, at_once: bool) -> None:
        """The process that captures is gone, or of no use."""
        child, self._capture = self._capture, None
        self._end(child, at_once=at_once)
        self._flowing = False
        self._capture_at_s = self._now_s() + self._patience.restart_s
        if not self._ended:
            self._restarts += 1
            self._report(
                "camera.lost", f"The program that reads camera {self.name} {how}; it is started again by itself."
            )

    def _lose_look(self, how: str, *, at_once: bool) -> None:
        """The process that looks is gone, or of no use."""
        child, self._look = self._look, None
        self._end(child, at_once=at_once)
        self._asked_s = None
        self._look_at_s = self._now_s() + self._patience.restart_s
        self._restarts += 1
        self._report(
            "camera.lost", f"The program that looks through camera {self.name} {how}; it is started again by itself."
        )

    def _end(self, child: Child | None, *, at_once: bool) -> None:
        if child is not None:
            child.end(at_once=at_once)

    def _report(self, code: str, detail: str) -> None:
        self._trouble(CameraTrouble(camera=self.name, code=code, detail=detail, t_mono_s=self._now_s()))
