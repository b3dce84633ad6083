"""What the simulated arm sends: answers that take their time, and all that goes wrong on a line. No clock."""

from __future__ import annotations

import random
from collections import deque
from typing import Literal

Fault = Literal["ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent"]
FAULTS: tuple[Fault, ...] = ("ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")

LATE_S = 0.7
BYTE_GAP_S = 0.005
SERVO_NOISE = bytes.fromhex("FF FF 01 04 02 38 02 BE FE")
"""A servo's bus telegram with its checksum: the last byte is half a header (field report)."""
BOOT_NULS = 277
PANIC = b"E (2847) atom: cmd_len error, restart\r\nBacktrace: 0x400d1f3a 0x400d2b10 0x40089c6e\r\n" * 29
"""About 2.4 kB of text, as a firmware in panic sends (field report)."""


class Answers:
    """Bytes that wait for their time."""

    def __init__(self, rng: random.Random, reply_s: float) -> None:
        """`rng` spoils bytes; `reply_s` is how long the firmware takes for an answer."""
        self._rng = rng
        self._reply_s = reply_s
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._count = 0
        self._late: tuple[int, float] = (0, 0.0)
        self.fault: Fault = "ok"
        self.mute = False
        """It hears and does what it is told, and says nothing."""
        self.servo_noise = False
        """Telegrams of the servo bus before every third answer."""
        self.wrong_baud = False
        """The two ends do not agree on the bit rate: neither understands the other."""
        self.lost_every: int | None = None
        """Every so manieth answer is lost."""

    def late(self, count: int, by_s: float) -> None:
        """Let the next answers come later by this much."""
        self._late = (count, by_s)

    def reply(self, data: bytes, now_s: float) -> None:
        """An answer to what came at `now_s`."""
        self._count += 1
        lost = self.lost_every or (3 if self.fault == "intermittent" else 0)
        if self.mute or (lost and self._count % lost == 0):
            return
        due_s = now_s + self._reply_s + (LATE_S if self.fault == "delayed" else 0.0)
        count, by_s = self._late
        if count:
            self._late = (count - 1, by_s)
            due_s += by_s
        if self._waiting:
            due_s = max(due_s, self._waiting[-1][0])
        if self.fault == "garbage":
            data = self._spoil(data)
        if self.servo_noise and self._count % 3 == 0:
            data = SERVO_NOISE + data
        if self.fault == "slow":
            self._waiting.extend((due_s + index * BYTE_GAP_S, bytes((byte,))) for index, byte in enumerate(data))
        else:
            self._waiting.append((due_s, data))

    def misread(self, data: bytes, now_s: float) -> None:
        """What the station sees at a wrong bit rate after it has sent these bytes: framing errors, never a frame."""
        seen = bytes(self._rng.choice((0x00, 0x80, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE)) for _ in data)
        self._waiting.append((now_s + self._reply_s, seen))

    def boot(self, now_s: float, boot_s: float) -> None:
        """The text of a firmware that panics and starts again, and the NUL bytes in the middle of its start."""
        self._waiting.clear()
        self._waiting += [(now_s, PANIC), (now_s + boot_s / 2, bytes(BOOT_NULS))]

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def take(self, now_s: float) -> bytes:
        """Bytes that are due."""
        due = bytearray()
        while self._waiting and self._waiting[0][0] <= now_s:
            due += self._waiting.popleft()[1]
        return bytes(due)

    def next_due_s(self) -> float | None:
        """When the next byte is due."""
        return self._waiting[0][0] if self._waiting else None

    def _spoil(self, data: bytes) -> bytes:
        spoilt = bytearray(data)
        for _ in range(self._rng.randint(1, 3)):
            spoilt[self._rng.randrange(len(spoilt))] = self._rng.randrange(256)
        return bytes(spoilt)
