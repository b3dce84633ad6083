"""Cameras with bad days, and a looker that only repeats what it is given: both run in a worker's own processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.api import CameraState, Frame, FrameAnalysis
from vision.cameras.notices import Ask
from vision.cameras.source import CameraError
from vision.pipeline import Want

SIZE_PX = (64, 48)


@dataclass(frozen=True, kw_only=True)
class BadDay:
    """Opens a camera that sends pictures and then does `then`; a file counts how often it was opened."""

    diary: Path
    pictures: int = 5
    then: str = "goes on"
    """`goes on`, `hangs`, `fails`, `ends`, `freezes`, `dies`: after its pictures, at its first opening only."""
    size_px: tuple[int, int] = SIZE_PX
    late_s: float = 0.0
    """How old every picture is when it comes."""
    every_s: float = 0.02
    stamped_every_s: float | None = None
    """What the stamps say, where that is not the truth."""

    def open(self, now_s: Callable[[], float], ask: Ask) -> BadCamera:
        with self.diary.open("a") as book:
            book.write("opened\n")
        first = self.diary.read_text().count("opened") == 1
        return BadCamera(self, now_s, self.then if first or self.then in ("freezes", "ends") else "goes on")


class BadCamera:
    """The opened camera. Its pictures differ in one pixel."""

    described = "a camera with bad days"

    def __init__(self, day: BadDay, now_s: Callable[[], float], then: str) -> None:
        self.day = day
        self.now_s = now_s
        self.then = then
        self.read_n = 0

    def read(self) -> Frame | None:
        time.sleep(self.day.every_s)
        self.read_n += 1
        if self.read_n > self.day.pictures:
            if self.then == "hangs":
                time.sleep(3600.0)
            if self.then == "fails":
                raise CameraError("camera.lost", "Camera top gives no picture; check its cable.")
            if self.then == "ends":
                return None
            if self.then == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
        number = self.day.pictures if self.then == "freezes" and self.read_n > self.day.pictures else self.read_n
        width, height = self.day.size_px
        image = np.full((height, width, 3), number % 200, np.uint8)
        image[height // 2 :] += 40
        stamped = self.day.stamped_every_s
        t_mono_s = self.now_s() - self.day.late_s if stamped is None else self.read_n * stamped
        return Frame(camera="top", seq=self.read_n, t_mono_s=t_mono_s, image=image)

    def close(self) -> None:
        with self.day.diary.open("a") as book:
            book.write("closed\n")


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Makes a looker that says the level of the picture it was given; `hangs_at` a level it sleeps, once."""

    diary: Path
    takes_s: float = 0.0
    hangs_at: int = -1
    dies_at: int = -1

    def __call__(self, again: bool) -> Repeater:
        return Repeater(self)


class Repeater:
    """A pipeline as far as a worker knows one."""

    def __init__(self, make: Repeats) -> None:
        self.make = make

    def analyse(self, frame: Frame, want: Want) -> FrameAnalysis:
        time.sleep(self.make.takes_s)
        level = int(frame.image[0, 0, 0])
        bad = {self.make.hangs_at: "hang", self.make.dies_at: "death"}.get(level)
        if bad is not None and level >= 0 and not self.make.diary.exists():
            self.make.diary.write_text(bad)
            if bad == "death":
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(3600.0)
        return FrameAnalysis(
            camera=frame.camera,
            seq=frame.seq,
            t_mono_s=frame.t_mono_s,
            state=CameraState.GOOD,
            code_text=f"{level} {sorted(want.joints)}",
        )

    def close(self) -> None:
        """Nothing to free."""
