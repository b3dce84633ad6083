"""What a camera is to the rest: something that gives frames, or says why it cannot."""

from __future__ import annotations

from typing import Protocol

from vision.api import Frame


class CameraError(Exception):
    """A camera, file or stream gives no frames. `code` is stable; the message says what to do next."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class FrameSource(Protocol):
    """Gives frames in order of time. Owned by one thread, from opening to closing."""

    @property
    def described(self) -> str:
        """What was asked of the device and what it really gives, in words."""

    def read(self) -> Frame | None:
        """The next frame, waiting for it; None at the end of a recording. Raises `CameraError` when it is lost."""

    def close(self) -> None:
        """Give the device back."""
