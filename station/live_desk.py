"""What the pages may see and do, kept thread-safe between the loop, the cameras, the voice and the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from station.config.phrases import Phrases
from station.core import effects as fx
from station.core.screen import Screen
from vision.api import Frame, FrameAnalysis
from vision.bench import Bench
from vision.overlay import overlay_of

JPEG_QUALITY = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What is being said, as shown text. `utterance` is the same id that the voice has."""

    utterance: str
    text: str
    priority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The newest analysed picture of a camera, ready to be sent."""

    seq: int
    t_mono_s: float
    jpeg: bytes
    overlay: Mapping[str, Any]


@dataclass(slots=True)
class LiveDesk:
    """Newest wins everywhere: a slow viewer loses frames, never memory."""

    phrases: Phrases
    bench: Bench
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

    def say(self, effect: fx.Say, language: str) -> Caption:
        """Show what is said as a caption, and return it for the voice."""
        caption = Caption(
            utterance=effect.utterance,
            text=self.phrases.shown(language, effect.phrase, effect.words),
            priority=effect.priority,
        )
        with self._lock:
            self._caption = caption
            self._version += 1
        self._tell()
        return caption

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
        """The newest screen and its version."""
        with self._lock:
            return self._version, self._screen

    def caption(self) -> Caption | None:
        """The newest caption."""
        with self._lock:
            return self._caption

    def picture(self, camera: str) -> Shown | None:
        """The newest picture of a camera."""
        with self._lock:
            return self._shown.get(camera)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` (from any thread) when something is new; returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return end

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
