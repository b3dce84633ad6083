"""One end of a line: messages in, bytes out, and back, for every carriage. No I/O, no clock.

TCP and serial ASCII are streams of frames (`framing.py`); 3964R has a handshake of its own for each frame
(`carrier_3964r.py`). Parts of linked messages come one by one: they are acknowledged one by one (`linking.py`).
"""

from __future__ import annotations

from typing import Protocol

from drivers.torque_tool.open_protocol.carrier_3964r import Carrier3964R
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.linking import parts_of
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message

HALF_MESSAGE_S = 1.0
"""The line is quiet for so long in the middle of a message: its rest is not coming."""


class Carrier(Protocol):
    """Not thread-safe; time is handed in."""

    def send(self, message: Message, now_s: float) -> None:
        """Put a message on its way. Raises MessageError for one that is too long."""

    def received(self, data: bytes, now_s: float) -> list[Message]:
        """Whole messages in these bytes, oldest first; half ones are kept."""

    def advance(self, now_s: float) -> list[Message]:
        """Let time pass: messages that are found behind a half one whose rest is not coming."""

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""

    def take_output(self) -> bytes:
        """Bytes to write now; taking them empties the store."""

    def clear(self) -> None:
        """A new line: nothing is half received, nothing waits to be sent."""

    @property
    def discarded(self) -> int:
        """Bytes that made no message, since the carrier was made."""

    @property
    def pending(self) -> bool:
        """Whether part of a message waits for its rest."""

    @property
    def broken(self) -> str | None:
        """Why the line cannot be used any more, or None."""


class StreamCarrier:
    """TCP, or serial ASCII."""

    def __init__(self, carriage: Carriage, side: Side, style: HeaderStyle) -> None:
        """`side` is who sends on this end."""
        self._carriage = carriage
        self._side = side
        self._style = style
        self._parser = FrameParser(carriage, other_side(side))
        self._output = bytearray()
        self._heard_s = 0.0

    def send(self, message: Message, now_s: float) -> None:
        """Put a message on its way. Raises MessageError for one that is too long."""
        for part in parts_of(message):
            self._output += frame(part, self._carriage, self._side, self._style)

    def received(self, data: bytes, now_s: float) -> list[Message]:
        """Whole messages in these bytes, oldest first; half ones are kept."""
        if not data:
            return []
        self._heard_s = now_s
        return self._parser.feed(data)

    def advance(self, now_s: float) -> list[Message]:
        """Let time pass: messages that are found behind a half one whose rest is not coming."""
        overdue = self._parser.pending and now_s >= self._heard_s + HALF_MESSAGE_S
        return self._parser.give_up() if overdue else []

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        return self._heard_s + HALF_MESSAGE_S if self._parser.pending else None

    def take_output(self) -> bytes:
        """Bytes to write now."""
        data = bytes(self._output)
        self._output.clear()
        return data

    def clear(self) -> None:
        """A new line: nothing is half received, nothing waits to be sent."""
        self._parser.clear()
        self._output.clear()

    @property
    def discarded(self) -> int:
        """Bytes that made no message, since the carrier was made."""
        return self._parser.discarded

    @property
    def pending(self) -> bool:
        """Whether part of a message waits for its rest."""
        return self._parser.pending

    @property
    def broken(self) -> str | None:
        """A stream is never broken by itself."""
        return None


def other_side(side: Side) -> Side:
    """Who is at the far end."""
    return Side.CONTROLLER if side is Side.INTEGRATOR else Side.INTEGRATOR


def make_carrier(carriage: Carriage, side: Side, style: HeaderStyle = HeaderStyle.SPACES) -> Carrier:
    """The carrier of this carriage; `side` is who sends on this end."""
    if carriage is Carriage.SERIAL_3964R:
        return Carrier3964R(side, style)
    return StreamCarrier(carriage, side, style)
