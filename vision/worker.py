"""A camera's two threads: one captures, one analyses; between them a slot that holds the newest frame only.

The caller owns the threads: it runs `capture(stop)` and `analyse(stop)` in two of its own and sets `stop` to end both.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from vision.api import Frame, FrameAnalysis
from vision.cameras.source import CameraError, FrameSource
from vision.pipeline import Pipeline, Want

FROZEN_S = 2.0
REOPEN_S = 3.0
WAIT_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTrouble:
    """The capture thread's report of a camera that gives nothing to be trusted."""

    camera: str
    code: str
    """`camera.lost`, `camera.frozen`, `camera.cannot_open` ..."""
    detail: str
    t_mono_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCounts:
    """What a worker has done so far."""

    captured: int
    analysed: int
    dropped: int
    """Captured frames that a newer one replaced before the analysis took them."""


class LatestSlot:
    """Holds one frame; a newer one replaces it. `take` hands each frame out once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._waiting: Frame | None = None
        self._dropped = 0

    def put(self, frame: Frame) -> None:
        """Replace what is there."""
        with self._changed:
            self._dropped += self._waiting is not None
            self._frame = self._waiting = frame
            self._changed.notify()

    def take(self, timeout_s: float) -> Frame | None:
        """The newest frame not taken before, waiting up to `timeout_s` for it."""
        with self._changed:
            if self._waiting is None:
                self._changed.wait(timeout_s)
            frame, self._waiting = self._waiting, None
            return frame

    def newest(self) -> Frame | None:
        """The newest frame, taken or not: for pictures shown to people, never for decisions."""
        with self._changed:
            return self._frame

    def dropped(self) -> int:
        """Frames that were replaced before they were taken."""
        with self._changed:
            return self._dropped


class FrozenGate:
    """Notices a camera that sends the same picture over and over: noise makes two real pictures differ."""

    def __init__(self) -> None:
        self._sum: int | None = None
        self._since_s = 0.0

    def frozen(self, frame: Frame) -> bool:
        """True when the picture has been the same, bit for bit, for `FROZEN_S` of frame time."""
        checksum = zlib.crc32(frame.image[::4].tobytes())
        if checksum != self._sum:
            self._sum, self._since_s = checksum, frame.t_mono_s
        return frame.t_mono_s - self._since_s >= FROZEN_S


class CameraWorker:
    """Runs one camera. The analysis thread calls `deliver` with each frame analysed, the capture thread `trouble`."""

    def __init__(
        self,
        name: str,
        *,
        open_source: Callable[[], FrameSource],
        pipeline: Pipeline,
        want: Callable[[], Want],
        deliver: Callable[[Frame, FrameAnalysis], None],
        trouble: Callable[[CameraTrouble], None],
        now_s: Callable[[], float],
        reopen_s: float = REOPEN_S,
    ) -> None:
        """`open_source` opens the camera, and again every `reopen_s` while it is lost; it may raise `CameraError`."""
        self.name = name
        self._open_source = open_source
        self._pipeline = pipeline
        self._want = want
        self._deliver = deliver
        self._trouble = trouble
        self._now_s = now_s
        self._reopen_s = reopen_s
        self._slot = LatestSlot()
        self._captured = 0
        self._analysed = 0

    def capture(self, stop: threading.Event) -> None:
        """Read frames until `stop` is set or a recording ends; open the camera again when it is lost."""
        while not stop.is_set():
            try:
                source = self._open_source()
            except CameraError as problem:
                self._report(problem)
                stop.wait(self._reopen_s)
                continue
            try:
                ended = self._pump(source, stop)
            except CameraError as problem:
                self._report(problem)
                ended = False
            finally:
                source.close()
            if ended:
                return
            stop.wait(self._reopen_s)

    def analyse(self, stop: threading.Event) -> None:
        """Analyse the newest frame until `stop` is set, then free the pipeline."""
        try:
            while not stop.is_set():
                frame = self._slot.take(WAIT_S)
                if frame is not None:
                    self._deliver(frame, self._pipeline.analyse(frame, self._want()))
                    self._analysed += 1
        finally:
            self._pipeline.close()

    def newest_frame(self) -> Frame | None:
        """The newest picture, for the screen."""
        return self._slot.newest()

    def counts(self) -> WorkerCounts:
        """Frames so far."""
        return WorkerCounts(captured=self._captured, analysed=self._analysed, dropped=self._slot.dropped())

    def _pump(self, source: FrameSource, stop: threading.Event) -> bool:
        """Move frames into the slot; True when the recording has ended."""
        gate, reported = FrozenGate(), False
        while not stop.is_set():
            frame = source.read()
            if frame is None:
                return True
            self._captured += 1
            frozen = gate.frozen(frame)
            if frozen and not reported:
                detail = f"Camera {self.name} shows one picture for {FROZEN_S:.0f} s; unplug it and plug it in again."
                self._trouble(
                    CameraTrouble(camera=self.name, code="camera.frozen", detail=detail, t_mono_s=frame.t_mono_s)
                )
            reported = frozen
            if not frozen:
                self._slot.put(frame)
        return False

    def _report(self, problem: CameraError) -> None:
        self._trouble(CameraTrouble(camera=self.name, code=problem.code, detail=str(problem), t_mono_s=self._now_s()))
