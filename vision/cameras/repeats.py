"""Pictures that come again: a driver that repeats its last picture looks alive, and shows what is long past."""

from __future__ import annotations

import zlib
from collections import deque
from enum import StrEnum

from vision.api import Frame

FROZEN_S = 2.0
REMEMBERED = 8
"""Pictures that a new one is compared with: a driver that is stuck may go round its few buffers."""
FLAT_LEVELS = 3
"""A picture whose levels span no more has nothing in it that could repeat: black, or burnt out."""


class Repeat(StrEnum):
    """What a picture is beside the one before it."""

    NEW = "new"
    REPEATED = "repeated"
    """Bit for bit one that came before: it tells nothing that is not older than it seems."""
    FROZEN = "frozen"
    """No other for `FROZEN_S` of frame time."""


class RepeatGate:
    """Notices a camera that sends the same picture over and over: noise makes two real pictures differ.

    A picture without anything in it is not judged: what looks at it says that it is black or burnt out.
    """

    def __init__(self) -> None:
        self._sums: deque[int] = deque(maxlen=REMEMBERED)
        self._since_s = 0.0

    def judge(self, frame: Frame) -> Repeat:
        """Judge the next picture."""
        rows = frame.image[::4]
        checksum = zlib.crc32(rows.tobytes())
        if checksum not in self._sums:
            self._sums.append(checksum)
            self._since_s = frame.t_mono_s
            return Repeat.NEW
        if int(rows.max()) - int(rows.min()) <= FLAT_LEVELS:
            return Repeat.NEW
        return Repeat.FROZEN if frame.t_mono_s - self._since_s >= FROZEN_S else Repeat.REPEATED
