"""What the process that captures a camera tells its owner, and what it may ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from vision.cameras.repeats import Repeat
from vision.cameras.source import FrameSource

Ask = Callable[[object], Any]
"""Asks the owner a question that the owner's side of a source understands, and waits for the answer."""


class Opener(Protocol):
    """Opens a camera in the process that captures it. Sent there by pickle, so its class stands in a module."""

    def open(self, now_s: Callable[[], float], ask: Ask) -> FrameSource:
        """Open it. Raises `CameraError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The source is open."""

    described: str
    """What was asked of the device and what it really gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A picture lies in the ring."""

    seq: int
    t_mono_s: float
    repeat: Repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The source gives no pictures; it is opened again after a while."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A recording is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The source asks its owner's side."""

    asked: object


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSetting:
    """What the process needs to capture."""

    name: str
    opener: Opener
    ring_fd: int
    size_px: tuple[int, int]
    """Width and height of the ring's pictures."""
    first_seq: int
    """Numbers go on where the last process of this camera left them."""
    reopen_s: float
