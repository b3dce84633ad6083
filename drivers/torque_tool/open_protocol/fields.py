"""Fixed-width data fields, and layouts made of them: the one encoder and the one decoder for all tables of
`messages.py`.

Source: Open Protocol release 2.8.0, section 2.3. Most layouts put a two-digit parameter id before each value, ascending
from 01; some have values only. Numbers are zero-padded on the left, text space-padded on the right. Controllers also
send numbers left-aligned and padded with spaces, so a reader strips both sides. A field of nothing but spaces is
absent: None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import copysign

from drivers.torque_tool.open_protocol.protocol import MessageError

Value = int | float | str | None
"""What a field can hold; None is an absent (all-blank) field."""


class Kind(StrEnum):
    """How the characters of a field are read."""

    INT = "int"
    """A whole number: ids, counts, statuses, angles in degrees, decimal bit fields."""
    HUNDREDTHS = "hundredths"
    """A number times 100, truncated: torque in newton metres."""
    TEXT = "text"
    """Text (UTF-8, counted in bytes), times included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value: `parameter_id` is None in layouts without ids."""

    name: str
    width: int
    kind: Kind
    parameter_id: int | None

    @property
    def size(self) -> int:
        """Bytes on the line, id included."""
        return self.width + (0 if self.parameter_id is None else 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The fields of one MID in one revision, in order."""

    mid: int
    revision: int
    fields: tuple[Field, ...]

    @property
    def size(self) -> int:
        """Bytes of data, header not counted."""
        return sum(field.size for field in self.fields)

    def encode(self, values: Mapping[str, Value]) -> bytes:
        """The data bytes; a name that is missing or None becomes blanks, a name that is not of this layout is left out.

        Raises MessageError for a number that does not fit its field.
        """
        return b"".join(_prefix(field) + _encode_value(self, field, values.get(field.name)) for field in self.fields)

    def decode(self, data: bytes) -> dict[str, Value]:
        """Field name to value. Trailing parameters of newer revisions are ignored.

        Raises MessageError when the data is too short, an id is not where it must be, or a number is no number.
        """
        if len(data) < self.size:
            raise MessageError(
                f"MID {self.mid:04d} revision {self.revision} has {len(data)} of {self.size} bytes: it is not read."
            )
        values: dict[str, Value] = {}
        at = 0
        for field in self.fields:
            prefix = _prefix(field)
            if data[at : at + len(prefix)] != prefix:
                raise MessageError(
                    f"MID {self.mid:04d} revision {self.revision}: parameter {field.parameter_id} ({field.name})"
                    f" is not at byte {21 + at}: the message is not read."
                )
            values[field.name] = _decode_value(self, field, data[at + len(prefix) : at + field.size])
            at += field.size
        return values


def hundredths(value: float) -> int:
    """Times 100, truncated. A hair is added first: in binary 12.07 is a little less, and stays 1207."""
    return int(value * 100 + copysign(1e-6, value))


def fixed(number: int, width: int, what: str) -> bytes:
    """A whole number in exactly `width` characters. Raises MessageError, which names `what`, when it does not fit."""
    digits = f"{number:0{width}d}"
    if len(digits) > width:
        raise MessageError(f"{what}: {number} does not fit in {width} characters.")
    return digits.encode("ascii")


def _prefix(field: Field) -> bytes:
    return b"" if field.parameter_id is None else f"{field.parameter_id:02d}".encode("ascii")


def _encode_value(layout: Layout, field: Field, value: Value) -> bytes:
    if value is None:
        return b" " * field.width
    if field.kind is Kind.TEXT:
        text = str(value).encode("utf-8")[: field.width]
        return text.decode("utf-8", errors="ignore").encode("utf-8").ljust(field.width)
    if isinstance(value, str):
        raise MessageError(f"MID {layout.mid:04d}, {field.name}: {value!r} is not a number.")
    number = hundredths(value) if field.kind is Kind.HUNDREDTHS else int(value)
    return fixed(number, field.width, f"MID {layout.mid:04d}, {field.name}")


def _decode_value(layout: Layout, field: Field, raw: bytes) -> Value:
    # Some controllers fill a text up with NUL.
    text = raw.decode("utf-8", errors="replace").rstrip(" \x00") if field.kind is Kind.TEXT else _ascii(raw)
    if not text:
        return None
    if field.kind is Kind.TEXT:
        return text
    digits = text[1:] if text[0] == "-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise MessageError(f"MID {layout.mid:04d}, {field.name}: {raw!r} is not a number: the message is not read.")
    return int(text) / 100 if field.kind is Kind.HUNDREDTHS else int(text)


def _ascii(raw: bytes) -> str:
    return raw.decode("ascii", errors="replace").strip(" ")
