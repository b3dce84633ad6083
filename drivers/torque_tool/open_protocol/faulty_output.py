"""What a failing controller does to its own bytes on their way out: the fault words that live on the line."""

from __future__ import annotations

import random
from collections import deque

BYTE_EVERY_S = 0.01
LATE_S = 2.0
FLAP_S = 1.0
WORDS = ("ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")


class FaultyOutput:
    """Bytes wait here until they are due. `word` is the present fault; words without a meaning here change nothing."""

    def __init__(self, rng: random.Random) -> None:
        self.word = "ok"
        self._rng = rng
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._ready = bytearray()

    def mute(self, now_s: float) -> bool:
        """Whether nothing goes in or out now: switched off, or the bad half of an intermittent contact."""
        return self.word == "off" or (self.word == "intermittent" and int(now_s / FLAP_S) % 2 == 1)

    def put(self, frame: bytes, now_s: float, *, is_result: bool) -> None:
        """Send a frame: now, or as the fault has it."""
        if self.mute(now_s):
            return
        if self.word == "garbage" and self._rng.random() < 0.5:
            frame = self._damage(frame)
        if self.word == "slow":
            begin_s = max(now_s, self._waiting[-1][0] if self._waiting else now_s)
            self._waiting.extend((begin_s + BYTE_EVERY_S * (i + 1), frame[i : i + 1]) for i in range(len(frame)))
        elif self.word == "delayed" and is_result:
            self._waiting.append((now_s + LATE_S, frame))
        elif self._waiting and self.word != "delayed":
            self._waiting.append((self._waiting[-1][0], frame))
        else:
            self._ready += frame

    def advance(self, now_s: float) -> None:
        """Let what is due go out."""
        while self._waiting and self._waiting[0][0] <= now_s:
            self._ready += self._waiting.popleft()[1]

    def next_wake_s(self) -> float | None:
        """When the next byte is due."""
        return self._waiting[0][0] if self._waiting else None

    def clear(self) -> None:
        """Lose everything that is not out yet."""
        self._waiting.clear()
        self._ready.clear()

    def take(self) -> bytes:
        """Bytes that go out now."""
        data = bytes(self._ready)
        self._ready.clear()
        return data

    def _damage(self, frame: bytes) -> bytes:
        damaged = bytearray(frame)
        for _ in range(1 + len(frame) // 16):
            damaged[self._rng.randrange(len(damaged))] = self._rng.randrange(256)
        return self._rng.randbytes(self._rng.randrange(8)) + bytes(damaged)
