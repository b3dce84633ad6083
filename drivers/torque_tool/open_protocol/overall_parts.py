"""A result that comes in several messages: one 1201, then its 1202. Puts them together.

Source: Open Protocol release 2.8.0, section 5.9, and the MT Focus 6000 document: each part says how many there are and
which one it is; the parts of one result share its id.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.torque_tool.open_protocol.overall import ObjectResult, Overall, decode_object_result, decode_overall
from drivers.torque_tool.open_protocol.protocol import Message, MessageError

OVERALL = 1201
OBJECT = 1202
REST_S = 2.0
"""The parts of a result follow each other at once; after this long the rest is not coming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole result."""

    overall: Overall
    objects: tuple[ObjectResult, ...]
    raw: bytes
    """Its messages as received, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partial:
    overall: Overall
    objects: tuple[ObjectResult, ...]
    raw: bytes
    heard_s: float


class OverallParts:
    """Results that wait for their rest, by id. Their order does not matter once the 1201 is there."""

    def __init__(self) -> None:
        self._partial: dict[int, _Partial] = {}

    def clear(self) -> None:
        """Forget halves, for a new connection."""
        self._partial.clear()

    def take(self, message: Message, now_s: float) -> Whole | None:
        """Add a part: the whole result when it was the last one. Raises MessageError."""
        if message.mid == OVERALL:
            overall = decode_overall(message.data)
            partial = _Partial(overall=overall, objects=(), raw=message.raw, heard_s=now_s)
            result_id = overall.result_id
        else:
            part = decode_object_result(message.data)
            result_id = part.result_id
            before = self._partial.get(result_id)
            if before is None:
                raise MessageError(f"A part of result {result_id} came without its beginning.")
            objects = {known.number: known for known in before.objects} | {part.number: part}
            raw = before.raw + message.raw
            partial = _Partial(overall=before.overall, objects=tuple(objects.values()), raw=raw, heard_s=now_s)
        if 1 + len(partial.objects) < partial.overall.total:
            self._partial[result_id] = partial
            return None
        self._partial.pop(result_id, None)
        return Whole(overall=partial.overall, objects=partial.objects, raw=partial.raw)

    def overdue(self, now_s: float) -> list[int]:
        """Ids of results whose rest is not coming; they are forgotten."""
        late = [result_id for result_id, partial in self._partial.items() if now_s >= partial.heard_s + REST_S]
        for result_id in late:
            del self._partial[result_id]
        return late

    def next_wake_s(self) -> float | None:
        """When a rest is overdue."""
        return min((partial.heard_s + REST_S for partial in self._partial.values()), default=None)
