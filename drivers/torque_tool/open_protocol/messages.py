"""Fields of all MIDs with a fixed layout, by revision: `LAYOUTS` is made of the rows of `tables.py` and
`result_tables.py`, and `read` is what everybody reads a message with.

Codes used in the fields: tightening status 0 not OK, 1 OK; torque and angle status 0 low, 1 OK, 2 high; batch status
0 not completed, 1 OK, 2 not used; rotation 1 clockwise, 2 counter-clockwise; times are `YYYY-MM-DD:HH:MM:SS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from drivers.torque_tool.open_protocol import result_tables, tables
from drivers.torque_tool.open_protocol.fields import Field, Kind, Layout, Value
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.result_tables import LIGHT_REVISION, STAGES_REVISION

_KINDS = {"i": Kind.INT, "c": Kind.HUNDREDTHS, "t": Kind.TEXT}

REFUSED = 4
ACCEPTED = 5
LIGHT_RESULT_REVISION = LIGHT_REVISION
_ALONE = (STAGES_REVISION, LIGHT_REVISION)
"""Revisions that no other is read by."""
_CUSTOMERS = ((13, 3), (13, 4))


def fields_of(words: str, *, ids: bool = True) -> tuple[Field, ...]:
    """Fields from `name:width+kind` words; the ids count up from 01."""
    fields = []
    for number, word in enumerate(words.split(), start=1):
        name, _, spec = word.partition(":")
        fields.append(
            Field(name=name, width=int(spec[:-1]), kind=_KINDS[spec[-1]], parameter_id=number if ids else None)
        )
    return tuple(fields)


def _identifier_blocks() -> tuple[Field, ...]:
    """0152: four blocks, each with one id before its four values (release 2.8.0, 5.13.3; the fourth has id 04)."""
    parts = (("type", 1, Kind.INT), ("included", 2, Kind.INT), ("status", 2, Kind.INT), ("identifier", 25, Kind.TEXT))
    return tuple(
        Field(name=f"{name}_{block}", width=width, kind=kind, parameter_id=block if name == "type" else None)
        for block in range(1, 5)
        for name, width, kind in parts
    )


LAYOUTS: MappingProxyType[tuple[int, int], Layout] = MappingProxyType(
    {
        **{
            (mid, revision): Layout(mid=mid, revision=revision, fields=fields_of(words, ids=ids))
            for mid, revision, words, ids in (*tables.ROWS, *result_tables.ROWS)
        },
        (152, 1): Layout(mid=152, revision=1, fields=_identifier_blocks()),
    }
)
"""(MID, revision) to layout. MIDs whose length depends on their content are in `lists.py`, `generic.py`, `trace.py`
and `overall.py`; 0050 and 0150 are in the functions below.
"""


def _by_revision() -> dict[int, tuple[Layout, ...]]:
    found: dict[int, tuple[Layout, ...]] = {}
    for (mid, revision), layout in sorted(LAYOUTS.items(), reverse=True):
        if revision not in _ALONE:
            found[mid] = (*found.get(mid, ()), layout)
    return found


_HIGHEST_FIRST = MappingProxyType(_by_revision())


def layout_for(mid: int, revision: int) -> Layout:
    """The layout to read this message with: its own, else that of the next lower revision that is known.

    Within one MID a higher revision only adds parameters at the end, so the lower layout reads the part that it
    knows. The exceptions are revision 1 of 0061, 0065, 0035, 0071 and 0076, and revisions 998 and 999 of 0061, which
    have tables of their own, and revisions 3 and 4 of 0013, which belong to single customers and have none. Raises
    MessageError for a message without a table.
    """
    own = LAYOUTS.get((mid, revision))
    if own is not None:
        return own
    for layout in _HIGHEST_FIRST.get(mid, ()):
        if layout.revision < revision and (mid, revision) not in _CUSTOMERS:
            return layout
    raise MessageError(f"MID {mid:04d} revision {revision} has no table here: the message is not read.")


def read(message: Message) -> dict[str, Value]:
    """Field name to value. Raises MessageError for a MID without a table and for data that breaks its table."""
    return layout_for(message.mid, message.revision).decode(message.data)


def answered_mid(message: Message) -> int:
    """The MID that a 0004, 0005, 9997 or 9998 is about. Raises MessageError.

    One bit turns a refusal into an acceptance; the code that follows in the one and not in the other gives it away.
    """
    mid = whole(read(message), "mid")
    if message.mid == ACCEPTED and message.data[4:].strip(b" \x00"):
        raise MessageError(f"A 0005 for MID {mid:04d} goes on with {message.data[4:]!r}: it is not read.")
    return mid


def whole(values: dict[str, Value], name: str) -> int:
    """A whole number that must be there. Raises MessageError when the field is blank or not of this revision."""
    value = values.get(name)
    if not isinstance(value, int):
        raise MessageError(f"The field {name} is blank or missing: the message is not read.")
    return value


def number(values: dict[str, Value], name: str) -> float:
    """A number that must be there. Raises MessageError when the field is blank or not of this revision."""
    value = values.get(name)
    if value is None or isinstance(value, str):
        raise MessageError(f"The field {name} is blank or missing: the message is not read.")
    return float(value)


def text(values: dict[str, Value], name: str) -> str:
    """Text; empty when the field is blank or not of this revision."""
    value = values.get(name)
    return "" if value is None else str(value)


def encode_ids(ids: Sequence[int], *, count_width: int, id_width: int) -> bytes:
    """Data of 0011 revision 1 (count 3, ids 3) and 0031 (revision 1: 2 and 2, revision 2: 4 and 4)."""
    return (f"{len(ids):0{count_width}d}" + "".join(f"{i:0{id_width}d}" for i in ids)).encode("ascii")


def decode_ids(data: bytes, *, count_width: int, id_width: int) -> tuple[int, ...]:
    """Ids from the data of 0011 or 0031; what follows them in higher revisions is ignored. Raises MessageError."""
    digits = data.decode("ascii", errors="replace")
    count_text = digits[:count_width].strip()
    end = count_width + (int(count_text) if count_text.isdecimal() else 0) * id_width
    words = [digits[at : at + id_width].strip() for at in range(count_width, end, id_width)]
    if not count_text.isdecimal() or len(data) < end or not all(word.isdecimal() for word in words):
        raise MessageError(f"A list of ids cannot be read from {data!r}: the message is not read.")
    return tuple(int(word) for word in words)


def encode_identifier(identifier: str, *, longest: int) -> bytes:
    """Data of 0050 (`longest` 25) and 0150 (100): as long as the identifier. Raises MessageError when too long."""
    data = identifier.encode("utf-8")
    if len(data) > longest:
        raise MessageError(f"The identifier {identifier!r} has {len(data)} bytes; the message takes {longest}.")
    return data


def decode_identifier(data: bytes) -> str:
    """The identifier of 0050 and 0150; some clients pad it with spaces to its longest."""
    return data.decode("utf-8", errors="replace").rstrip(" ")
