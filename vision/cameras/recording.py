"""Recorded pictures as a camera: a video file or a folder of pictures, stamped with the recording's own times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vision.api import Frame
from vision.cameras.source import CameraError

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})


class VideoFile:
    """A video file, frame after frame, as fast as it is read. Stamps are `start_s` plus the file's own frame times."""

    def __init__(self, name: str, path: Path, *, start_s: float = 0.0) -> None:
        """Open the file. Raises `CameraError` (`camera.cannot_open`)."""
        import cv2

        self._capture: Any = cv2.VideoCapture(str(path))
        if not path.is_file() or not self._capture.isOpened():
            self._capture.release()
            raise CameraError(
                "camera.cannot_open", f"{path} is no video that can be read; check the path and the format."
            )
        self.described = f"the video {path.name}"
        self._name = name
        self._start_s = start_s
        self._rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS)) or 30.0
        self._seq = 0
        self._last_s = float("-inf")

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Where the file's times do not rise, its nominal rate gives them."""
        import cv2

        good, image = self._capture.read()
        if not good:
            return None
        t_s = self._start_s + float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        if t_s <= self._last_s:
            t_s = self._last_s + 1.0 / self._rate_hz
        self._last_s = t_s
        self._seq += 1
        return Frame(camera=self._name, seq=self._seq, t_mono_s=t_s, image=np.asarray(image, dtype=np.uint8))

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


class PictureFolder:
    """The pictures of a folder by name, `rate_hz` of them to a second; or one picture by itself."""

    def __init__(self, name: str, folder: Path, *, rate_hz: float, start_s: float = 0.0) -> None:
        """List the folder. Raises `CameraError` (`camera.cannot_open`) when it has no picture."""
        listed = sorted(folder.iterdir()) if folder.is_dir() else [folder] if folder.is_file() else []
        files = [path for path in listed if path.suffix.lower() in PICTURES]
        if not files:
            raise CameraError(
                "camera.cannot_open", f"{folder} holds no picture ({', '.join(sorted(PICTURES))}); check the path."
            )
        self.described = f"{len(files)} pictures, {rate_hz:g} a second"
        self._name = name
        self.names = tuple(path.name for path in files)
        """By frame number less one."""
        self._files: Iterator[tuple[int, Path]] = iter(enumerate(files))
        self._rate_hz = rate_hz
        self._start_s = start_s

    def read(self) -> Frame | None:
        """The next picture, or None after the last. Raises `CameraError` (`camera.bad_picture`) at a broken one.

        After a broken picture the next call gives the next one. A picture is turned the way its camera was held (EXIF).
        """
        import cv2

        index, path = next(self._files, (-1, None))
        if path is None:
            return None
        try:
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise _bad_picture(path) from error
        if image is None:
            raise _bad_picture(path)
        t_s = self._start_s + index / self._rate_hz
        return Frame(camera=self._name, seq=index + 1, t_mono_s=t_s, image=np.asarray(image, dtype=np.uint8))

    def close(self) -> None:
        """Nothing is held open."""


def _bad_picture(path: Path) -> CameraError:
    return CameraError("camera.bad_picture", f"{path} cannot be read as a picture; take it away or save it again.")


def holds_pictures(path: Path) -> bool:
    """Whether this is a folder of pictures or one picture, not a video."""
    return path.is_dir() or path.suffix.lower() in PICTURES


def open_recording(name: str, path: Path, *, rate_hz: float) -> VideoFile | PictureFolder:
    """Pictures or a video file. Raises `CameraError` (`camera.cannot_open`)."""
    return PictureFolder(name, path, rate_hz=rate_hz) if holds_pictures(path) else VideoFile(name, path)
