"""Data fields that name themselves (PID fields), as traces and results with variables carry them; and their units.

Source: Open Protocol release 2.8.0, section 2.4, and release 2.16.0, sections 6.1 and 6.3; data type 90 (scientific
floats) and unit 090 from *Open Protocol, MT Focus 6000*, 9839 0732 01. Layout of one field::

    PID 5   length 3   data type 2   unit 3   step 4   value (length)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType

from drivers.torque_tool.open_protocol.protocol import MessageError

UNSIGNED, SIGNED, FLOAT, TEXT, TIME, BOOLEAN, HEXADECIMAL = 1, 2, 3, 4, 5, 6, 7
PLOT_1, PLOT_2, PLOT_4 = 8, 9, 10
"""One, two or four pairs of floats."""
FLOATS, UNSIGNEDS, SIGNEDS = 50, 51, 52
SCIENTIFIC = 90
NO_UNIT, NEWTON_METRE, DEGREE = 0, 1, 50
_HEAD = 17
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NUMBERS: Mapping[int, re.Pattern[str]] = MappingProxyType(
    {
        UNSIGNED: re.compile(r"[0-9]+"),
        SIGNED: _WHOLE,
        FLOAT: _DECIMAL,
        BOOLEAN: re.compile(r"[01]"),
        HEXADECIMAL: re.compile(r"[0-9A-Fa-f]+"),
        SCIENTIFIC: _DECIMAL,
    }
)
"""How a number of each type is written. Text and times are none."""
_LISTS: Mapping[int, tuple[int, int]] = MappingProxyType(
    {PLOT_1: (FLOAT, 2), PLOT_2: (FLOAT, 4), PLOT_4: (FLOAT, 8), FLOATS: (FLOAT, 0), UNSIGNEDS: (UNSIGNED, 0),
     SIGNEDS: (SIGNED, 0)}
)  # fmt: skip
"""Type of the numbers in a list, and how many there are; 0 = as many as fit, of 8 characters each."""
_ITEM_WIDTH = 8

NM_PER_UNIT: Mapping[int, float] = MappingProxyType(
    {
        1: 1.0,
        2: 1.3558179483314004,  # foot-pound-force: 0.3048 m x 4.4482216152605 N
        3: 0.01,
        4: 1e3,
        5: 1e6,
        6: 0.1129848290276167,  # inch-pound-force
        7: 9.80665,  # kilopond metre
        10: 0.0070615518142260437,  # ounce-force inch
        11: 0.1,
        12: 1e-3,
        13: 0.0980665,
        14: 9.80665e-5,
        15: 0.084738621770712525,  # foot-ounce-force
        90: 1e-3,
    }
)
"""Unit code -> newton metres. 008 and 009 (%) are no torques."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataField:
    """One value with its parameter id. `step` is 0 where it does not belong to a step."""

    pid: int
    data_type: int
    unit: int
    step: int = 0
    value: bytes

    @property
    def text(self) -> str:
        """The value as text, without padding."""
        return self.value.decode("utf-8", errors="replace").strip(" ")

    @property
    def number(self) -> float:
        """The value as one number. Raises MessageError for text, times, arrays, and what is no number of its type."""
        return self._read(self.data_type, self.text)

    @property
    def whole(self) -> int:
        """The value as a whole number. Raises MessageError when it is none."""
        number = self.number
        if number != int(number):
            raise MessageError(f"PID {self.pid:05d} has the value {self.value!r}, which is no whole number.")
        return int(number)

    @property
    def numbers(self) -> tuple[float, ...]:
        """All numbers of an array, or of plot points (y before x). Raises MessageError for any other type."""
        item, count = _LISTS.get(self.data_type, (0, 0))
        width = len(self.value) // count if count else _ITEM_WIDTH
        count = count or len(self.value) // _ITEM_WIDTH
        if not item or not width or len(self.value) != width * count:
            raise MessageError(f"PID {self.pid:05d} has the value {self.value!r}, which is no list of numbers.")
        words = (self.value[i * width : (i + 1) * width].decode("ascii", errors="replace") for i in range(count))
        return tuple(self._read(item, word.strip(" ")) for word in words)

    def _read(self, data_type: int, text: str) -> float:
        pattern = _NUMBERS.get(data_type)
        if pattern is None or not pattern.fullmatch(text):
            raise MessageError(f"PID {self.pid:05d} has the value {self.value!r}, which is no number.")
        found = float(int(text, 16)) if data_type == HEXADECIMAL else float(text)
        if not isfinite(found):
            raise MessageError(f"PID {self.pid:05d} has the value {self.value!r}, which is beyond all numbers.")
        return found


def encode_fields(fields: Sequence[DataField]) -> bytes:
    """The count (3 digits) and the fields. Raises MessageError for a value that is too long."""
    parts = [f"{len(fields):03d}".encode("ascii")]
    for field in fields:
        if len(field.value) > 999 or len(fields) > 999:
            raise MessageError(f"PID {field.pid:05d} does not fit: at most 999 fields of at most 999 characters.")
        head = f"{field.pid:05d}{len(field.value):03d}{field.data_type:02d}{field.unit:03d}{field.step:04d}"
        parts += [head.encode("ascii"), field.value]
    return b"".join(parts)


def decode_fields(data: bytes, at: int) -> tuple[tuple[DataField, ...], int]:
    """The fields that begin at `at` with their count, and where they end. Raises MessageError."""
    count, at = digits(data, at, 3), at + 3
    fields = []
    for _ in range(count):
        pid, length = digits(data, at, 5), digits(data, at + 5, 3)
        kind, unit, step = digits(data, at + 8, 2), digits(data, at + 10, 3), digits(data, at + 13, 4)
        value = data[at + _HEAD : at + _HEAD + length]
        if len(value) < length:
            raise MessageError(f"PID {pid:05d} says {length} characters and has {len(value)}: the message is not read.")
        fields.append(DataField(pid=pid, data_type=kind, unit=unit, step=step, value=value))
        at += _HEAD + length
    return tuple(fields), at


def digits(data: bytes, at: int, width: int) -> int:
    """A whole number of `width` characters; blanks around it count for nothing, all blank is 0. Raises MessageError."""
    raw = data[at : at + width]
    text = raw.strip(b" ")
    if len(raw) < width or (text and not text.isdigit()):
        raise MessageError(f"There is no number of {width} digits at byte {21 + at}: the message is not read.")
    return int(text) if text else 0


def fields_by_pid(fields: Sequence[DataField]) -> Mapping[int, DataField]:
    """The fields that belong to no step, by their ids; of two with one id the first."""
    found: dict[int, DataField] = {}
    for field in fields:
        if field.step == 0:
            found.setdefault(field.pid, field)
    return found


def torque_in_nm(value: float, unit: int) -> float:
    """A torque in newton metres. Raises MessageError for a unit that is no torque."""
    if unit not in NM_PER_UNIT:
        raise MessageError(f"Unit {unit:03d} is no unit of torque: the value is not read.")
    return value * NM_PER_UNIT[unit]
