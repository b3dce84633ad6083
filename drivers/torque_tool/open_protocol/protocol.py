"""One Open Protocol message: its 20-byte header and its data, without any framing.

Source: Atlas Copco *Open Protocol Specification*, release 2.8.0 (9836 4415 01), sections 2.2.2 and 2.4.1. Byte
positions in this package are 1-based and count the header, as in that document.

Every header field after the MID is read as digits or as spaces, in any mixture: controllers send both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.api import ProtocolError

HEADER_LENGTH = 20
MAX_LENGTH = 9999
_DIGITS_AND_SPACE = b"0123456789 "


class MessageError(ProtocolError):
    """A message whose header or data cannot be read; `code` is stable, the text says which field."""

    code = "tool.message"


class HeaderStyle(StrEnum):
    """How a sender fills the header fields that it does not use."""

    BLANK = "blank"
    """Everything after the MID is spaces; a revision above 1 is still written."""
    SPACES = "spaces"
    """Three digits of revision, then spaces."""
    DIGITS = "digits"
    """No blanks at all: station and spindle 01, the rest zero."""
    MIXED = "mixed"
    """Flag, station and spindle blank, sequence and parts zero: seen from a Power Focus 4000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as its header says it: `sequence`, `parts` and `part` are 0 where unused."""

    mid: int
    revision: int = 1
    no_ack: bool = False
    """Only in subscriptions: push without waiting for an acknowledgement."""
    station: int = 1
    spindle: int = 1
    sequence: int = 0
    parts: int = 0
    part: int = 0
    data: bytes = b""
    """Everything after the header, without the closing NUL."""
    raw: bytes = b""
    """The message as received, header included, without NUL and framing; empty in a message that is to be sent."""

    def same_content(self, other: Message) -> bool:
        """Whether both mean the same, however their headers were written."""
        return self._content() == other._content()

    def _content(self) -> tuple[object, ...]:
        return (
            self.mid,
            self.revision,
            self.no_ack,
            self.station,
            self.spindle,
            self.sequence,
            self.parts,
            self.part,
            self.data,
        )


def declared_length(head: bytes) -> int | None:
    """The Length field of a message that begins with `head`, or None when these bytes cannot begin a message.

    Looks at as many of the 20 header bytes as there are; needs at least the 4 of the Length field.
    """
    # What is left after stripping holds something else; this is asked for every byte of garbage.
    if not head[:8].isdigit() or head[8:HEADER_LENGTH].strip(_DIGITS_AND_SPACE):
        return None
    length = int(head[:4])
    return length if length >= HEADER_LENGTH else None


def decode(raw: bytes) -> Message:
    """Read header and data. `raw` has exactly Length bytes: no NUL, no framing. Raises MessageError."""
    if len(raw) < HEADER_LENGTH:
        raise MessageError(f"Open Protocol message of {len(raw)} bytes has no whole header; the message is dropped.")
    length = declared_length(raw[:HEADER_LENGTH])
    if length is None or length != len(raw):
        raise MessageError(f"Open Protocol header {raw[:HEADER_LENGTH]!r} does not fit its {len(raw)} bytes.")
    return Message(
        mid=int(raw[4:8]),
        revision=_number(raw[8:11]) or 1,
        no_ack=raw[11:12] == b"1",
        station=_number(raw[12:14]) or 1,
        spindle=_number(raw[14:16]) or 1,
        sequence=_number(raw[16:18]) or 0,
        parts=_number(raw[18:19]) or 0,
        part=_number(raw[19:20]) or 0,
        data=raw[HEADER_LENGTH:],
        raw=raw,
    )


def encode(message: Message, style: HeaderStyle = HeaderStyle.SPACES) -> bytes:
    """Header and data, without NUL and framing; Length is counted from the bytes. Raises MessageError when too long."""
    length = HEADER_LENGTH + len(message.data)
    if length > MAX_LENGTH:
        raise MessageError(f"MID {message.mid:04d} would be {length} bytes long; the protocol allows {MAX_LENGTH}.")
    identity_blank = style is not HeaderStyle.DIGITS
    numbers_blank = style not in (HeaderStyle.DIGITS, HeaderStyle.MIXED)
    revision = "   " if style is HeaderStyle.BLANK and message.revision == 1 else f"{message.revision:03d}"
    fields = (
        (int(message.no_ack), 1, 0, identity_blank),
        (message.station, 2, 1, identity_blank),
        (message.spindle, 2, 1, identity_blank),
        (message.sequence, 2, 0, numbers_blank),
        (message.parts, 1, 0, numbers_blank),
        (message.part, 1, 0, numbers_blank),
    )
    rest = "".join(
        " " * width if blank and value == unused else f"{value:0{width}d}" for value, width, unused, blank in fields
    )
    return f"{length:04d}{message.mid:04d}{revision}{rest}".encode("ascii") + message.data


def _number(field: bytes) -> int | None:
    text = field.replace(b" ", b"")
    return int(text) if text else None
