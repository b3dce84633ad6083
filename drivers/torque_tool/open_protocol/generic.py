"""Requests, subscriptions and their ends by one message for all: MID 0006, 0008 and 0009.

Source: Open Protocol release 2.8.0, sections 5.2.6 to 5.2.9 and 5.27.1. Data: MID 4, revision 3, extra length 2, extra
data. The header's revision is that of 0006, 0008 or 0009 itself; the wanted revision is in the data. Printed examples
contradict their own extra length: what is there counts, up to the declared length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.torque_tool.open_protocol.protocol import MessageError
from drivers.torque_tool.open_protocol.variable import digits

ALL_TRACES = 999
_ONLY_NEW = b"0"
_UNUSED = b" " * 29
"""Time stamp 19 and index 10 of a subscription that asks for nothing old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericRequest:
    """What is asked for: a MID in a revision, with data that depends on it."""

    mid: int
    revision: int
    extra: bytes = b""


def encode_generic(request: GenericRequest) -> bytes:
    """The data of 0006, 0008 or 0009. Raises MessageError for extra data of more than 99 bytes."""
    if len(request.extra) > 99:
        raise MessageError(f"Extra data for MID {request.mid:04d} has {len(request.extra)} bytes; at most 99 fit.")
    return f"{request.mid:04d}{request.revision:03d}{len(request.extra):02d}".encode("ascii") + request.extra


def decode_generic(data: bytes) -> GenericRequest:
    """What is asked for. Raises MessageError."""
    length = digits(data, 7, 2)
    return GenericRequest(mid=digits(data, 0, 4), revision=digits(data, 4, 3) or 1, extra=data[9 : 9 + length])


def trace_extra(types: Sequence[int]) -> bytes:
    """Extra data of 0008 for 0900: new traces only, of these types."""
    return _ONLY_NEW + _UNUSED + trace_end_extra(types)


def trace_end_extra(types: Sequence[int]) -> bytes:
    """Extra data of 0009 for 0900: these types end (`ALL_TRACES` = all)."""
    return f"{len(types):02d}".encode("ascii") + b"".join(f"{kind:03d}".encode("ascii") for kind in types)


def overall_extra() -> bytes:
    """Extra data of 0008 for 1201: new results only, with their objects."""
    return _ONLY_NEW + _UNUSED + b"1"
