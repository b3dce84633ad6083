"""What a client meets whose controller has one already: 0001 is refused with the family's code, nothing else is heard.

Source: Open Protocol release 2.8.0, section 5.2.1 (code 96); the Power Focus 6000 and MT Focus 6000 documents (16).
"""

from __future__ import annotations

from drivers.torque_tool.open_protocol.carrier import make_carrier
from drivers.torque_tool.open_protocol.controller_answers import refused
from drivers.torque_tool.open_protocol.framing import Carriage, Side
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message

_START = 1


class BusyController:
    """A `drivers.api.DeviceSimulator` for one connection too many. Not thread-safe; time is handed in."""

    def __init__(
        self, profile: ControllerProfile, carriage: Carriage = Carriage.TCP, style: HeaderStyle = HeaderStyle.SPACES
    ) -> None:
        self._code = profile.second_client
        self._carrier = make_carrier(carriage, Side.CONTROLLER, style)

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes from the client."""
        self._answer(self._carrier.received(data, now_s), now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass."""
        self._answer(self._carrier.advance(now_s), now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        return self._carrier.next_wake_s()

    def take_output(self) -> bytes:
        """Bytes for the client."""
        return self._carrier.take_output()

    def fail(self, word: str) -> None:
        """It has no faults of its own."""

    def _answer(self, messages: list[Message], now_s: float) -> None:
        for message in messages:
            if message.mid == _START:
                self._carrier.send(refused(_START, self._code), now_s)
