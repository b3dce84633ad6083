"""Results with variables: MID 1201 (the whole) and 1202 (one object of it), which an MT Focus 6000 sends instead of
0061.

Source: Open Protocol release 2.8.0, section 5.9; *Open Protocol, MT Focus 6000*, 9839 0732 01, pages 18 to 24::

    1201   total 3  number 3  result id 10  time 19  status 1  operation 2  objects 3, each: id 4, status 1  fields
    1202   total 3  number 3  result id 10  object id 4  fields
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.torque_tool.open_protocol.protocol import MessageError
from drivers.torque_tool.open_protocol.variable import DataField, decode_fields, digits, encode_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """One 1201: message `number` of `total`; `objects` are (id, status) pairs."""

    total: int
    number: int
    result_id: int
    time: str
    ok: bool
    operation: int
    """0 single, 1 synchronised, 2 pressing, 3 drilling, 4 pulse."""
    objects: tuple[tuple[int, int], ...]
    fields: tuple[DataField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectResult:
    """One 1202: message `number` of `total`."""

    total: int
    number: int
    result_id: int
    object_id: int
    fields: tuple[DataField, ...]


def encode_overall(overall: Overall) -> bytes:
    """The data of 1201."""
    head = (
        f"{overall.total:03d}{overall.number:03d}{overall.result_id:010d}{overall.time:<19}{int(overall.ok)}"
        f"{overall.operation:02d}{len(overall.objects):03d}"
    )
    objects = "".join(f"{number:04d}{status}" for number, status in overall.objects)
    return (head + objects).encode("ascii") + encode_fields(overall.fields)


def decode_overall(data: bytes) -> Overall:
    """A 1201's data. Raises MessageError."""
    status = data[35:36]
    if status not in (b"0", b"1"):
        raise MessageError(f"MID 1201: the status {status!r} is neither 0 nor 1: the result is not read.")
    count = digits(data, 38, 3)
    objects = tuple((digits(data, 41 + 5 * i, 4), digits(data, 45 + 5 * i, 1)) for i in range(count))
    fields = _last_fields(data, 41 + 5 * count)
    return Overall(
        total=digits(data, 0, 3),
        number=digits(data, 3, 3),
        result_id=digits(data, 6, 10),
        time=data[16:35].decode("ascii", errors="replace").strip(),
        ok=status == b"1",
        operation=digits(data, 36, 2),
        objects=objects,
        fields=fields,
    )


def encode_object_result(result: ObjectResult) -> bytes:
    """The data of 1202."""
    head = f"{result.total:03d}{result.number:03d}{result.result_id:010d}{result.object_id:04d}"
    return head.encode("ascii") + encode_fields(result.fields)


def decode_object_result(data: bytes) -> ObjectResult:
    """A 1202's data. Raises MessageError."""
    fields = _last_fields(data, 20)
    return ObjectResult(
        total=digits(data, 0, 3),
        number=digits(data, 3, 3),
        result_id=digits(data, 6, 10),
        object_id=digits(data, 16, 4),
        fields=fields,
    )


def _last_fields(data: bytes, at: int) -> tuple[DataField, ...]:
    """The fields that the message ends with; a count that leaves some of them out is damaged. Raises MessageError."""
    fields, end = decode_fields(data, at)
    if data[end:].strip(b" \x00"):
        raise MessageError(f"A result goes on behind its {len(fields)} fields: it is not read.")
    return fields
