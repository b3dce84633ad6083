"""Pictures in memory that two processes share: one writes, the others read the newest, and nobody waits.

Four slots; each has a counter before and one behind its picture's bytes. The writer raises the first, writes, then
raises the second; a reader copies and believes the copy only when both counters still name the picture it wanted (a
sequence lock: Lameter, "Effective synchronization on Linux/NUMA systems", 2005). The memory has no name in the file
system, so nothing is left behind however the processes end.
"""

from __future__ import annotations

import mmap
import os
import struct

import numpy as np
from numpy.typing import NDArray

SLOTS = 4
COUNTER = struct.Struct("<Q")
HEADER = 64
"""Bytes before each picture: the counters at 0 and 8. A cache line of its own."""


class FrameRing:
    """One camera's ring. Made by the owner; the children attach to it by its inherited descriptor."""

    def __init__(self, size_px: tuple[int, int], fd: int | None = None) -> None:
        """`size_px` is (width, height) of every picture, 8-bit BGR; `fd` is that of a ring made by another process."""
        self.size_px = size_px
        width, height = size_px
        self._picture = width * height * 3
        self._slot = HEADER + self._picture
        self.fd = os.memfd_create("frames") if fd is None else fd
        if fd is None:
            os.ftruncate(self.fd, SLOTS * self._slot)
        self._memory = mmap.mmap(self.fd, SLOTS * self._slot)

    def put(self, seq: int, image: NDArray[np.uint8]) -> None:
        """Write the picture of that number into its slot. `image` is uint8 (height, width, 3). One process only."""
        at = seq % SLOTS * self._slot
        COUNTER.pack_into(self._memory, at, seq)
        target = np.frombuffer(self._memory, np.uint8, self._picture, at + HEADER)
        np.copyto(target, image.reshape(-1))
        COUNTER.pack_into(self._memory, at + COUNTER.size, seq)

    def get(self, seq: int) -> NDArray[np.uint8] | None:
        """A copy of that picture, uint8 (height, width, 3), or None: it is gone, or is being overwritten."""
        at = seq % SLOTS * self._slot
        if COUNTER.unpack_from(self._memory, at + COUNTER.size)[0] != seq:
            return None
        width, height = self.size_px
        image = np.frombuffer(self._memory, np.uint8, self._picture, at + HEADER).reshape(height, width, 3).copy()
        return image if COUNTER.unpack_from(self._memory, at)[0] == seq else None

    def close(self) -> None:
        """Let the memory go."""
        self._memory.close()
        os.close(self.fd)
