"""From the text in a station file to an open camera."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from vision.cameras.capture import open_stream, open_v4l
from vision.cameras.recording import open_recording
from vision.cameras.source import FrameSource
from vision.geometry import CameraModel


def open_source(name: str, source: str, model: CameraModel, fps: float, now_s: Callable[[], float]) -> FrameSource:
    """Open what `source` names: a number, a device path, a stream URL, a video file or a folder of pictures.

    Raises `CameraError` when it gives no pictures.
    """
    if "://" in source:
        return open_stream(name, source, now_s)
    if source.isdigit() or source.startswith("/dev/"):
        device = int(source) if source.isdigit() else _number_of(source)
        return open_v4l(name, device, now_s, width_px=model.width_px, height_px=model.height_px, rate_hz=fps)
    return open_recording(name, Path(source), rate_hz=fps)


def _number_of(device: str) -> int | str:
    """The number behind a lasting path: it changes when a camera is plugged in again, so it is looked up each time."""
    found = re.fullmatch(r"/dev/video(\d+)", str(Path(device).resolve()))
    return int(found[1]) if found else device
