"""Cameras and streams through OpenCV: V4L2 by number or path, network streams by URL.

MJPG is asked for before the size (in YUYV, 1280x720 is 5 to 10 frames a second over USB 2), and what the driver really
gives is read back. The stamp is taken when the frame is dequeued; where the driver tells when the frame was filled
(V4L2, CAP_PROP_POS_MSEC on the monotonic clock), that counts, so a picture that comes late is an old one. A driver may
hang in `grab` after an unplug: that is why a camera is captured in a process that can be killed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vision.api import Frame
from vision.cameras.settings import CameraSettings, lock
from vision.cameras.source import CameraError

OLDEST_S = 60.0
"""A driver's time that is farther back is of another clock."""


class LiveCamera:
    """An opened camera or stream."""

    def __init__(
        self, name: str, capture: Any, now_s: Callable[[], float], *, described: str, tells_time: bool = False
    ) -> None:
        """`capture` is an opened cv2.VideoCapture; `described` says what was asked and what the driver gives.

        `tells_time`: CAP_PROP_POS_MSEC is the monotonic time at which the driver filled the frame.
        """
        self._name = name
        self._capture = capture
        self._now_s = now_s
        self._tells_time = tells_time
        self._seq = 0
        self._last_s = float("-inf")
        self.described = described

    def read(self) -> Frame | None:
        """The newest frame the driver hands out, stamped as it comes. Raises `CameraError` (`camera.lost`)."""
        t_mono_s = self._taken_s(self._now_s()) if self._capture.grab() else None
        good, image = (False, None) if t_mono_s is None else self._capture.retrieve()
        if t_mono_s is None or not good or image is None:
            raise CameraError(
                "camera.lost", f"Camera {self._name} gives no picture; check its cable, it is opened again by itself."
            )
        self._seq += 1
        return Frame(camera=self._name, seq=self._seq, t_mono_s=t_mono_s, image=np.asarray(image, dtype=np.uint8))

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()

    def _taken_s(self, now_s: float) -> float:
        """When the frame was taken: the driver's word, where it can be one; never later than now, always rising."""
        import cv2

        taken_s = now_s
        if self._tells_time:
            told_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
            if now_s - OLDEST_S < told_s <= now_s and told_s > self._last_s:
                taken_s = told_s
        self._last_s = taken_s
        return taken_s


def open_v4l(
    name: str,
    device: int | str,
    now_s: Callable[[], float],
    *,
    width_px: int,
    height_px: int,
    rate_hz: float,
    settings: CameraSettings = CameraSettings(),  # noqa: B008 # a frozen value
) -> LiveCamera:
    """Open a local camera by number or `/dev/v4l/by-id` path, and lock its settings.

    Raises `CameraError` (`camera.cannot_open`, `camera.wrong_size`).
    """
    import cv2

    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise CameraError(
            "camera.cannot_open",
            f"Camera {name} cannot be opened at {device}; check that it is plugged in and no other program uses it.",
        )
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height_px)
    capture.set(cv2.CAP_PROP_FPS, rate_hz)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    size = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    fourcc = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("ascii", "replace")
    if size != (width_px, height_px):
        capture.release()
        raise CameraError(
            "camera.wrong_size",
            f"Camera {name} gives {size[0]}x{size[1]} where {width_px}x{height_px} is asked for; set a size it has.",
        )
    given_hz = float(capture.get(cv2.CAP_PROP_FPS))
    asked = "" if abs(given_hz - rate_hz) < 1.0 else f" (asked {rate_hz:g})"
    form = f"{size[0]}x{size[1]} {fourcc} at {given_hz:.0f} Hz{asked}"
    described = ", ".join([form, *lock(capture, settings)])
    return LiveCamera(name, capture, now_s, described=described, tells_time=True)


def open_stream(name: str, url: str, now_s: Callable[[], float]) -> LiveCamera:
    """Open a network stream (`rtsp://`, `http://`). Raises `CameraError` (`camera.cannot_open`)."""
    import cv2

    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 3000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 2000]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        capture.release()
        raise CameraError(
            "camera.cannot_open",
            f"Camera {name} does not answer at {url}; check the address, the network and the stream.",
        )
    return LiveCamera(name, capture, now_s, described=f"stream {url}")
