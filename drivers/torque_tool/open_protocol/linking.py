"""Messages that are too long for one come in up to nine parts (message linking).

Source: Open Protocol release 2.8.0, section 2.2.4: header bytes 19 and 20 say of how many parts this is which; the data
of each part begins at byte 21. On the link level each part is acknowledged for itself, so parts are joined above it.
"""

from __future__ import annotations

from dataclasses import replace

from drivers.torque_tool.open_protocol.protocol import HEADER_LENGTH, MAX_LENGTH, Message, MessageError

MOST_PARTS = 9
_MOST_DATA = MAX_LENGTH - HEADER_LENGTH


def parts_of(message: Message) -> list[Message]:
    """The message itself, or its parts when it is too long for one; where it is cut does not matter to who joins it.

    Raises MessageError for more than 9 parts, and for a long message with a sequence number: each part needs its own.
    """
    pieces = [message.data[at : at + _MOST_DATA] for at in range(0, len(message.data), _MOST_DATA)]
    if len(pieces) <= 1:
        return [message]
    if len(pieces) > MOST_PARTS or message.sequence:
        raise MessageError(
            f"MID {message.mid:04d} has {len(message.data)} bytes of data; at most {MOST_PARTS} parts of {_MOST_DATA}"
            " without a sequence number can be sent."
        )
    return [replace(message, parts=len(pieces), part=part, data=data) for part, data in enumerate(pieces, start=1)]


class Linker:
    """Joins parts that come in their order; parts that do not are dropped, and with them what they belong to."""

    def __init__(self) -> None:
        self._parts: list[Message] = []

    @property
    def pending(self) -> bool:
        """Whether a message waits for its further parts."""
        return bool(self._parts)

    def take(self, message: Message) -> Message | None:
        """The whole message: at once where it has no parts, with its last part where it has."""
        if message.parts <= 1:
            return message
        before = self._parts
        follows = message.part == len(before) + 1 <= message.parts
        if before:
            first = before[0]
            follows = follows and (first.mid, first.revision, first.parts) == (
                message.mid,
                message.revision,
                message.parts,
            )
        if not follows:
            # A first part begins anew; any other has lost those before it.
            self._parts = [message] if message.part == 1 else []
            return None
        self._parts = [*before, message]
        if message.part < message.parts:
            return None
        parts, self._parts = self._parts, []
        return replace(
            message,
            parts=0,
            part=0,
            data=b"".join(part.data for part in parts),
            raw=b"".join(part.raw for part in parts),
        )

    def clear(self) -> None:
        """A new line: what was half received is gone."""
        self._parts = []
