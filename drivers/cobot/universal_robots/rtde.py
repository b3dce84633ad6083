"""RTDE, the real-time data exchange: bytes to packages and back. Pure, for both ends.

Source: Universal Robots' RTDE guide, protocol version 2. TCP, big-endian. A package is `size u16` (with this header),
`type u8`, payload; there is no terminator and no checksum, so a size that cannot be is the end of the connection.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from drivers.api import CommandError, ProtocolError

Value = float | int | bool | tuple[float, ...] | tuple[int, ...]
_HEADER = struct.Struct(">HB")
VERSION = 2


class Kind(IntEnum):
    """Package types; the numbers are ASCII letters."""

    REQUEST_VERSION = ord("V")
    CONTROLLER_VERSION = ord("v")
    TEXT_MESSAGE = ord("M")
    SETUP_OUTPUTS = ord("O")
    SETUP_INPUTS = ord("I")
    START = ord("S")
    PAUSE = ord("P")
    DATA = ord("U")


TYPES: Mapping[str, tuple[str, int]] = {
    "BOOL": ("?", 1),
    "UINT8": ("B", 1),
    "UINT32": ("I", 1),
    "UINT64": ("Q", 1),
    "INT32": ("i", 1),
    "DOUBLE": ("d", 1),
    "VECTOR3D": ("d", 3),
    "VECTOR6D": ("d", 6),
    "VECTOR6INT32": ("i", 6),
    "VECTOR6UINT32": ("I", 6),
}
"""Type name -> struct letter and how many of it."""
NOT_FOUND = "NOT_FOUND"
IN_USE = "IN_USE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package. `kind` is a plain number: a newer controller may send types that are not in `Kind`."""

    kind: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """Header and payload. Raises CommandError when it is longer than a package can be."""
        size = _HEADER.size + len(self.payload)
        if size > 0xFFFF:
            raise CommandError(f"an RTDE package of {size} bytes is too long; ask for fewer variables")
        return _HEADER.pack(size, self.kind) + self.payload


class PackageParser:
    """Takes bytes in any split and gives whole packages back."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> tuple[Package, ...]:
        """Packages that are complete now. Raises ProtocolError for a size that cannot be; nothing can be read then."""
        self._buffer += data
        packages: list[Package] = []
        at = 0
        while len(self._buffer) - at >= _HEADER.size:
            size, kind = _HEADER.unpack_from(self._buffer, at)
            if size < _HEADER.size:
                raise ProtocolError(
                    f"an RTDE package says that it is {size} bytes long; the connection must begin anew"
                )
            if len(self._buffer) - at < size:
                break
            packages.append(Package(kind=kind, payload=self._buffer[at + _HEADER.size : at + size]))
            at += size
        self._buffer = self._buffer[at:]
        return tuple(packages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a data package holds: as set up, and as the controller has confirmed it."""

    recipe_id: int
    names: tuple[str, ...]
    types: tuple[str, ...]

    def _struct(self) -> struct.Struct:
        try:
            return struct.Struct(">B" + "".join(TYPES[kind][0] * TYPES[kind][1] for kind in self.types))
        except KeyError as error:
            raise ProtocolError(f"RTDE type {error} is unknown; ask for other variables") from error

    def pack(self, values: Mapping[str, Value]) -> bytes:
        """A data package with these values. Raises CommandError when one is missing or does not fit its type."""
        flat: list[float | int | bool] = []
        for name in self.names:
            value = values.get(name)
            if value is None:
                raise CommandError(f"the RTDE variable {name} has no value")
            flat.extend(value if isinstance(value, tuple) else (value,))
        try:
            payload = self._struct().pack(self.recipe_id, *flat)
        except struct.error as error:
            raise CommandError(f"RTDE values do not fit their types ({error})") from error
        return Package(kind=Kind.DATA, payload=payload).encode()

    def unpack(self, payload: bytes) -> dict[str, Value]:
        """The values of a data package by name. Raises ProtocolError for another recipe or another length."""
        layout = self._struct()
        if len(payload) != layout.size:
            raise ProtocolError(f"an RTDE data package has {len(payload)} bytes instead of {layout.size}")
        recipe_id, *flat = layout.unpack(payload)
        if recipe_id != self.recipe_id:
            raise ProtocolError(f"an RTDE data package is of recipe {recipe_id}, not {self.recipe_id}")
        values: dict[str, Value] = {}
        at = 0
        for name, kind in zip(self.names, self.types, strict=True):
            count = TYPES[kind][1]
            values[name] = flat[at] if count == 1 else tuple(flat[at : at + count])
            at += count
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage:
    """What the controller wants to be read. Levels: 0 exception, 1 error, 2 warning, 3 information."""

    level: int
    text: str
    source: str = ""


def request_version(version: int = VERSION) -> bytes:
    """Ask the controller to speak this protocol version."""
    return Package(kind=Kind.REQUEST_VERSION, payload=struct.pack(">H", version)).encode()


def setup_outputs(names: Sequence[str], frequency_hz: float) -> bytes:
    """Ask for these variables this often."""
    payload = struct.pack(">d", frequency_hz) + ",".join(names).encode("ascii")
    return Package(kind=Kind.SETUP_OUTPUTS, payload=payload).encode()


def setup_inputs(names: Sequence[str]) -> bytes:
    """Ask for the right to set these variables."""
    return Package(kind=Kind.SETUP_INPUTS, payload=",".join(names).encode("ascii")).encode()


def request(kind: Kind) -> bytes:
    """A package without payload: controller version, start, pause."""
    return Package(kind=kind).encode()


def accepted(payload: bytes) -> bool:
    """The answer to a version, start or pause request. Raises ProtocolError when it is none."""
    if len(payload) != 1:
        raise ProtocolError(f"an RTDE answer of {len(payload)} bytes is neither yes nor no")
    return payload[0] == 1


def controller_version(payload: bytes) -> tuple[int, int, int, int]:
    """Major, minor, bugfix, build. Raises ProtocolError for another length."""
    if len(payload) != 16:
        raise ProtocolError(f"an RTDE controller version has 16 bytes, not {len(payload)}")
    major, minor, bugfix, build = struct.unpack(">4I", payload)
    return major, minor, bugfix, build


def confirmed_recipe(names: Sequence[str], payload: bytes) -> Recipe:
    """The answer to a setup. Types may be NOT_FOUND or IN_USE. Raises ProtocolError unless each name has one."""
    words = _names(payload[1:])
    if not payload or len(words) != len(names):
        raise ProtocolError(f"an RTDE setup of {len(names)} variables was answered with {len(words)} types")
    return Recipe(recipe_id=payload[0], names=tuple(names), types=words)


def text_message(payload: bytes, version: int = VERSION) -> TextMessage:
    """A text message of protocol version 1 (level, text) or 2 (text and source with their lengths, level).

    Raises ProtocolError when the lengths do not fit.
    """
    try:
        if version == 1:
            return TextMessage(level=payload[0], text=payload[1:].decode("utf-8", "replace"))
        text_end = 1 + payload[0]
        source_end = text_end + 1 + payload[text_end]
        level = payload[source_end]
    except IndexError as error:
        raise ProtocolError("an RTDE text message is shorter than it says") from error
    return TextMessage(
        level=level,
        text=payload[1:text_end].decode("utf-8", "replace"),
        source=payload[text_end + 1 : source_end].decode("utf-8", "replace"),
    )


def encode_text_message(message: TextMessage) -> bytes:
    """A text message as a controller sends it in version 2."""
    text, source = message.text.encode()[:255], message.source.encode()[:255]
    payload = bytes((len(text),)) + text + bytes((len(source),)) + source + bytes((message.level,))
    return Package(kind=Kind.TEXT_MESSAGE, payload=payload).encode()


def asked_outputs(payload: bytes) -> tuple[float, tuple[str, ...]]:
    """A client's output setup: frequency in Hz and names. Raises ProtocolError when it is too short."""
    if len(payload) < 8:
        raise ProtocolError("an RTDE output setup has no frequency")
    frequency_hz: float = struct.unpack_from(">d", payload)[0]
    return frequency_hz, _names(payload[8:])


def asked_inputs(payload: bytes) -> tuple[str, ...]:
    """A client's input setup: names."""
    return _names(payload)


def _names(data: bytes) -> tuple[str, ...]:
    # Some clients end the list with a comma.
    return tuple(name.strip() for name in data.decode("ascii", "replace").split(",") if name.strip())
