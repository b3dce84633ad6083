"""What a failing controller does to its own messages and bytes on their way out: the fault words that live on the line,
and writes that hold several messages or parts of one.
"""

from __future__ import annotations

import random
from collections import deque
from enum import StrEnum

from drivers.torque_tool.open_protocol.carrier import Carrier
from drivers.torque_tool.open_protocol.protocol import Message

BYTE_EVERY_S = 0.01
LATE_S = 2.0
FLAP_S = 1.0
GLUE_S = 0.05
WORDS = ("ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")
_RESULTS = frozenset({61, 101, 900, 901, 1201, 1202})
_LARGEST_PIECE = 7


class Chunks(StrEnum):
    """How the bytes are cut into writes."""

    WHOLE = "whole"
    """Each message as soon as it is made."""
    GLUED = "glued"
    """What is made within 50 ms in one write."""
    SPLIT = "split"
    """One to seven bytes a write."""


class FaultyOutput:
    """From a message to the bytes that are written. `word` is the present fault; words without a meaning here change
    nothing. Not thread-safe; time is handed in."""

    def __init__(self, rng: random.Random, carrier: Carrier, chunks: Chunks = Chunks.WHOLE) -> None:
        self.word = "ok"
        self._rng = rng
        self._carrier = carrier
        self._chunks = chunks
        self._late: deque[tuple[float, Message]] = deque()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._ready = bytearray()
        self._glued_until_s = 0.0
        self._now_s = 0.0

    def mute(self, now_s: float) -> bool:
        """Whether nothing goes in or out now: switched off, or the bad half of an intermittent contact."""
        return self.word == "off" or (self.word == "intermittent" and int(now_s / FLAP_S) % 2 == 1)

    def send(self, message: Message, now_s: float) -> None:
        """Send a message: now, or as the fault has it."""
        if self.word == "delayed" and message.mid in _RESULTS:
            self._late.append((now_s + LATE_S, message))
            return
        self._carrier.send(message, now_s)
        self.collect(now_s)

    def collect(self, now_s: float) -> None:
        """Take what the carrier has to say: frames, and its own handshake."""
        self._now_s = now_s
        frame = self._carrier.take_output()
        if not frame or self.mute(now_s):
            return
        if self.word == "garbage" and self._rng.random() < 0.5:
            frame = self._damage(frame)
        if self.word == "slow":
            begin_s = max(now_s, self._waiting[-1][0] if self._waiting else now_s)
            self._waiting.extend((begin_s + BYTE_EVERY_S * (i + 1), frame[i : i + 1]) for i in range(len(frame)))
        elif self._waiting:
            self._waiting.append((self._waiting[-1][0], frame))
        else:
            self._make_ready(frame)

    def advance(self, now_s: float) -> None:
        """Let what is due go out."""
        self._now_s = now_s
        while self._late and self._late[0][0] <= now_s:
            self._carrier.send(self._late.popleft()[1], now_s)
        self.collect(now_s)
        while self._waiting and self._waiting[0][0] <= now_s:
            self._make_ready(self._waiting.popleft()[1])

    def next_wake_s(self) -> float | None:
        """When the next byte is due."""
        times = [self._late[0][0]] if self._late else []
        if self._waiting:
            times.append(self._waiting[0][0])
        if self._ready:
            times.append(self._glued_until_s if self._chunks is Chunks.GLUED else self._now_s)
        return min(times, default=None)

    def clear(self) -> None:
        """Lose everything that is not out yet."""
        self._late.clear()
        self._waiting.clear()
        self._ready.clear()

    def take(self) -> bytes:
        """Bytes of one write that goes out now."""
        if self._chunks is Chunks.GLUED and self._now_s < self._glued_until_s:
            return b""
        count = self._rng.randint(1, _LARGEST_PIECE) if self._chunks is Chunks.SPLIT else len(self._ready)
        data = bytes(self._ready[:count])
        del self._ready[:count]
        return data

    def _make_ready(self, data: bytes) -> None:
        if not self._ready:
            self._glued_until_s = self._now_s + GLUE_S
        self._ready += data

    def _damage(self, frame: bytes) -> bytes:
        damaged = bytearray(frame)
        for _ in range(1 + len(frame) // 16):
            damaged[self._rng.randrange(len(damaged))] = self._rng.randrange(256)
        return self._rng.randbytes(self._rng.randrange(8)) + bytes(damaged)
