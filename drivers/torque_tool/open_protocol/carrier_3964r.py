"""3964R: each frame asks for leave, has a block check, and is answered.

Source: Open Protocol release 2.8.0, sections 2.1.2.2 and 3.3.3, and for what they leave open the procedure itself
(Siemens 3964R): a DLE inside the block is doubled, and when both ends want to send the one of low priority, here the
integrator, gives way::

    sender    STX                    block DLE ETX BCC
    receiver       DLE                                  DLE (taken) or NAK (to be sent again)

The block is the serial ASCII frame (`framing.py`). BCC is the exclusive or of everything from the block's first byte to
DLE ETX. 2 s for a DLE, 100 ms between characters, 6 attempts; then a NAK, and the line is broken.

A block whose answer is lost may have been taken, and the procedure cannot tell its copy from news. That is why 0062
goes out again after a NAK only: it names no result, so a copy of it would release the next one. Where it was not taken,
the controller sends its result again.

The documents neither name the doubling nor agree on the mark BEL HT BEL HT before an integrator's frame: a receiver
here takes blocks with and without either. So a block ends where its check is right and its Length is reached.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import xor

from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.linking import parts_of
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message

STX, ETX, DLE, NAK = 0x02, 0x03, 0x10, 0x15
_END = bytes((DLE, ETX))
_MARK = b"\x07\x09\x07\x09"
ANSWER_S = 2.0
BETWEEN_CHARACTERS_S = 0.1
ATTEMPTS = 6
NAMELESS = 62
LONGEST_BLOCK = 2 * 10_010
"""Every byte of the longest frame doubled: what is longer has lost its end."""


class _State(StrEnum):
    IDLE = "idle"
    ASKED = "asked"
    """STX is out, the leave to send is awaited."""
    SENT = "sent"
    """The block is out, its answer is awaited."""
    RECEIVING = "receiving"
    NOISE = "noise"
    """Something else than STX came: it is refused once the line is quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    data: bytes
    nameless: bool


class Carrier3964R:
    """A `carrier.Carrier`; `side` is who sends on this end."""

    def __init__(self, side: Side, style: HeaderStyle) -> None:
        self._side = side
        self._style = style
        self._gives_way = side is Side.INTEGRATOR
        self._waiting: deque[_Block] = deque()
        self._output = bytearray()
        self._block = bytearray()
        self._check = 0
        """Exclusive or of the block so far: 0 behind a right check."""
        self._state = _State.IDLE
        self._since_s = 0.0
        self._attempts = 0
        self._discarded = 0
        self._broken: str | None = None

    def send(self, message: Message, now_s: float) -> None:
        """Put a message on its way, behind those that wait. Raises MessageError for one that is too long."""
        for part in parts_of(message):
            block = _wrapped(frame(part, Carriage.SERIAL, self._side, self._style))
            self._waiting.append(_Block(data=block, nameless=part.mid == NAMELESS))
        self._begin(now_s)

    def received(self, data: bytes, now_s: float) -> list[Message]:
        """Whole messages in these bytes, oldest first; half ones are kept."""
        found: list[Message] = []
        for byte in data:
            found += self._take(byte, now_s)
        return found

    def advance(self, now_s: float) -> list[Message]:
        """Let time pass: answers that do not come, characters that stay away."""
        due_s = self.next_wake_s()
        if due_s is None or now_s < due_s:
            return []
        if self._state is _State.SENT and self._waiting[0].nameless:
            self._next(now_s)
        elif self._state in (_State.ASKED, _State.SENT):
            self._again(now_s)
        else:
            # The rest of a block that stopped, or what was never one: the far end sends it again after a NAK.
            self._discarded += len(self._block)
            self._refuse(now_s)
        return []

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        if self._state is _State.IDLE:
            return None
        return self._since_s + (ANSWER_S if self._state in (_State.ASKED, _State.SENT) else BETWEEN_CHARACTERS_S)

    def take_output(self) -> bytes:
        """Bytes to write now."""
        data = bytes(self._output)
        self._output.clear()
        return data

    def clear(self) -> None:
        """A new line: nothing is half received, nothing waits to be sent."""
        self._waiting.clear()
        self._output.clear()
        self._block.clear()
        self._state = _State.IDLE
        self._attempts = 0
        self._broken = None

    @property
    def discarded(self) -> int:
        """Bytes that made no message, since the carrier was made."""
        return self._discarded

    @property
    def pending(self) -> bool:
        """Whether part of a message waits for its rest."""
        return bool(self._block)

    @property
    def broken(self) -> str | None:
        """Why the line cannot be used any more: the far end took a frame in none of six attempts."""
        return self._broken

    def _begin(self, now_s: float) -> None:
        if self._state is _State.IDLE and self._waiting and self._broken is None:
            self._output.append(STX)
            self._enter(_State.ASKED, now_s)

    def _enter(self, state: _State, now_s: float) -> None:
        self._state = state
        self._since_s = now_s

    def _take(self, byte: int, now_s: float) -> list[Message]:
        if self._state is _State.RECEIVING:
            return self._collect(byte, now_s)
        if self._state is _State.ASKED:
            if byte == DLE:
                self._output += self._waiting[0].data
                self._enter(_State.SENT, now_s)
            elif byte == STX and self._gives_way:
                self._grant(now_s)
            elif byte != STX:
                self._again(now_s)
        elif self._state is _State.SENT:
            if byte == DLE or (byte != NAK and self._waiting[0].nameless):
                self._next(now_s)
            else:
                self._again(now_s)
        elif byte == STX and self._state is _State.IDLE:
            self._grant(now_s)
        else:
            self._discarded += 1
            self._enter(_State.NOISE, now_s)
        return []

    def _grant(self, now_s: float) -> None:
        self._output.append(DLE)
        self._block.clear()
        self._check = 0
        self._enter(_State.RECEIVING, now_s)

    def _collect(self, byte: int, now_s: float) -> list[Message]:
        self._block.append(byte)
        self._check ^= byte
        self._since_s = now_s
        if len(self._block) > LONGEST_BLOCK:
            self._discarded += len(self._block)
            self._refuse(now_s)
            return []
        # A wrong check is no end: it may be content that looks like one. If not, the line is quiet after it.
        if self._check or self._block[-3:-1] != _END:
            return []
        message = _message(bytes(self._block[:-3]))
        if message is None:
            return []
        self._block.clear()
        self._output.append(DLE)
        self._enter(_State.IDLE, now_s)
        self._begin(now_s)
        return [message]

    def _refuse(self, now_s: float) -> None:
        self._block.clear()
        self._output.append(NAK)
        self._enter(_State.IDLE, now_s)
        self._begin(now_s)

    def _next(self, now_s: float) -> None:
        """The block is done with."""
        self._waiting.popleft()
        self._attempts = 0
        self._enter(_State.IDLE, now_s)
        self._begin(now_s)

    def _again(self, now_s: float) -> None:
        """The frame was not taken: ask for leave again, up to six times."""
        self._attempts += 1
        if self._attempts >= ATTEMPTS:
            self._broken = f"the far end took a frame in none of {ATTEMPTS} attempts (3964R); check line and settings"
            self._output.append(NAK)
            self._enter(_State.IDLE, now_s)
            return
        self._output.append(STX)
        self._enter(_State.ASKED, now_s)


def _wrapped(block: bytes) -> bytes:
    """The block as it stands on the line: DLE doubled, then DLE ETX and the check."""
    body = block.replace(bytes((DLE,)), bytes((DLE, DLE))) + _END
    return body + bytes((reduce(xor, body, 0),))


def _message(body: bytes) -> Message | None:
    """The message of a block, with DLE doubled or not; None where the block is not as long as its Length says."""
    for block in (body.replace(bytes((DLE, DLE)), bytes((DLE,))), body):
        parser = FrameParser(Carriage.SERIAL, Side.CONTROLLER)
        found = parser.feed(block.removeprefix(_MARK))
        if len(found) == 1 and not parser.pending and not parser.discarded:
            return found[0]
    return None
