"""Identifiers of the work in the simulated controller: 0050 to 0054, 0150 to 0157.

Source: Open Protocol release 2.8.0, sections 5.7 and 5.20. An identifier that is handed in becomes the first of four
identifier result parts, the VIN, and stands in every result from then on.
"""

from __future__ import annotations

from drivers.torque_tool.open_protocol.controller_answers import INVALID_DATA, Handler, RefusedError, accepted, told
from drivers.torque_tool.open_protocol.controller_state import ControllerState
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import decode_identifier
from drivers.torque_tool.open_protocol.protocol import Message

_LONGEST = {50: 25, 150: 100}
_NOT_ACCEPTED, _ACCEPTED, _RESET = 0, 1, 3
_PARTS = 4


class Identifiers:
    """Takes them, and tells who subscribed. Not thread-safe."""

    def __init__(self, state: ControllerState) -> None:
        self._state = state
        self.answers: dict[int, Handler] = {
            50: self._take,
            150: self._take,
            155: lambda message, _now_s: accepted(message.mid),
            156: self._reset,
            157: self._reset,
        }

    def _take(self, message: Message, _now_s: float) -> Message:
        # Some clients pad it to its longest.
        identifier = decode_identifier(message.data)
        if not identifier or len(identifier.encode("utf-8")) > _LONGEST[message.mid]:
            raise RefusedError(INVALID_DATA)
        self._state.identifiers[0] = identifier
        self._tell(_ACCEPTED)
        return accepted(message.mid)

    def _reset(self, message: Message, _now_s: float) -> Message:
        self._state.identifiers[:] = [""] * _PARTS
        self._tell(_RESET)
        return accepted(message.mid)

    def _tell(self, status: int) -> None:
        parts = self._state.identifiers
        wish = self._state.session.wish(52)
        if wish is not None:
            names = ("vin", "identifier_2", "identifier_3", "identifier_4")
            told_parts: dict[str, Value] = dict(zip(names, parts, strict=True))
            self._state.session.push(told(52, told_parts, revision=wish.revision))
        if self._state.session.wish(152) is not None:
            values: dict[str, Value] = {}
            for number, part in enumerate(parts, start=1):
                first = number == 1
                values |= {
                    f"type_{number}": number,
                    f"included_{number}": int(first),
                    f"status_{number}": status if first else _NOT_ACCEPTED,
                    f"identifier_{number}": part,
                }
            self._state.session.push(told(152, values))
