"""From the text in a station file to an open camera."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from vision.api import Frame
from vision.cameras.capture import open_stream, open_v4l
from vision.cameras.notices import Ask
from vision.cameras.recording import open_recording
from vision.cameras.settings import CameraSettings
from vision.cameras.source import FrameSource
from vision.geometry import CameraModel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedSource:
    """A camera as a station file names it: an `Opener`."""

    source: str
    """A number, a device path, a stream URL, a video file or a folder of pictures."""
    model: CameraModel
    fps: float
    settings: CameraSettings = field(default_factory=CameraSettings)

    def open(self, now_s: Callable[[], float], ask: Ask) -> FrameSource:
        """Open it; a recording plays at its own pace. Raises `CameraError`."""
        opened = open_source(self.model.name, self.source, self.model, self.fps, now_s, self.settings)
        return opened if is_live(self.source) else Paced(opened, now_s)


def is_live(source: str) -> bool:
    """Whether a source is a camera or a stream, not a recording."""
    return "://" in source or source.isdigit() or source.startswith("/dev/")


def open_source(
    name: str,
    source: str,
    model: CameraModel,
    fps: float,
    now_s: Callable[[], float],
    settings: CameraSettings = CameraSettings(),  # noqa: B008 # a frozen value
) -> FrameSource:
    """Open what `source` names: a number, a device path, a stream URL, a video file or a folder of pictures.

    Raises `CameraError` when it gives no pictures.
    """
    if "://" in source:
        return open_stream(name, source, now_s)
    if is_live(source):
        device = int(source) if source.isdigit() else _number_of(source)
        return open_v4l(
            name,
            device,
            now_s,
            width_px=model.width_px,
            height_px=model.height_px,
            rate_hz=fps,
            settings=settings,
        )
    return open_recording(name, Path(source), rate_hz=fps)


class Paced:
    """A recording that plays now: each picture comes when its own time has come, stamped with that moment."""

    def __init__(self, source: FrameSource, now_s: Callable[[], float]) -> None:
        self.described = source.described
        self._source = source
        self._now_s = now_s
        self._offset_s: float | None = None

    def read(self) -> Frame | None:
        """The next picture, waiting for its time. Raises `CameraError`."""
        frame = self._source.read()
        if frame is None:
            return None
        if self._offset_s is None:
            self._offset_s = self._now_s() - frame.t_mono_s
        due_s = frame.t_mono_s + self._offset_s
        time.sleep(max(0.0, due_s - self._now_s()))
        return replace(frame, t_mono_s=due_s)

    def close(self) -> None:
        """Close the recording."""
        self._source.close()


def _number_of(device: str) -> int | str:
    """The number behind a lasting path: it changes when a camera is plugged in again, so it is looked up each time."""
    found = re.fullmatch(r"/dev/video(\d+)", str(Path(device).resolve()))
    return int(found[1]) if found else device
