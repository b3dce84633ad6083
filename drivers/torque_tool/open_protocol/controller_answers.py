"""How the simulated controller answers: 0004, 0005 or data. Each group of MIDs gives a table of handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import ACCEPTED, LAYOUTS, REFUSED
from drivers.torque_tool.open_protocol.protocol import Message

Handler = Callable[[Message, float], Message | None]
"""Takes a request and the time, gives the answer; None where the protocol has no answer. Raises RefusedError, and
MessageError for data that cannot be read, which is refused as invalid data."""

INVALID_DATA = 1


class RefusedError(Exception):
    """The controller says no; `error` is the code of 0004."""

    def __init__(self, error: int) -> None:
        super().__init__(f"refused with code {error:02d}")
        self.error = error


def accepted(mid: int) -> Message:
    """0005 for a request with this MID."""
    return Message(mid=ACCEPTED, data=LAYOUTS[ACCEPTED, 1].encode({"mid": mid}))


def refused(mid: int, error: int) -> Message:
    """0004 for a request with this MID."""
    return Message(mid=REFUSED, data=LAYOUTS[REFUSED, 1].encode({"mid": mid, "error": error}))


def told(mid: int, values: Mapping[str, Value], *, revision: int = 1) -> Message:
    """A message of data after its table. Raises KeyError for a MID and revision without one."""
    return Message(mid=mid, revision=revision, data=LAYOUTS[mid, revision].encode(values))
