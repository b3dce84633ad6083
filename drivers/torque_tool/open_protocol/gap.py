"""Results that were measured while the line was down: asked back one by one with MID 0064 after a reconnect.

Source: Open Protocol release 2.8.0, chapter 5, MID 0064: id 0 asks for the latest. Ids are taken to count up by one,
which a Power Focus 6000 does from release 3 on; ids that the controller does not have (code 15) are skipped. MID 0065
carries no limits in any revision, so they come from the parameter set itself (0012/0013).
"""

from __future__ import annotations

from drivers.torque_tool.open_protocol.codes import RESULT_NOT_FOUND, REVISION_UNSUPPORTED
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import LAYOUTS, read, whole
from drivers.torque_tool.open_protocol.protocol import Message

MOST = 50
"""More missed results than this are not fetched but named: nobody can assign them to joints any more."""


class GapFill:
    """The questions of one gap fill, and what their answers mean. Stateful, no I/O."""

    def __init__(self, *, last_seen_id: int, result_revision: int) -> None:
        self._next_id = last_seen_id + 1
        self._latest_id: int | None = None
        self._revision = min(result_revision, 2)
        self._result: Message | None = None
        self._pset = 0
        self._failed = False
        self.missed: tuple[int, int] | None = None
        """First and last tightening id that exist but cannot be fetched; None while there are none."""

    @property
    def fetched_to_id(self) -> int:
        """Up to here nothing is missing: where another gap fill can begin when this one is cut off."""
        return self._next_id - 1

    def question(self) -> Message | None:
        """What to ask now; the same until it is answered or refused. None when the gap is filled."""
        if self._failed:
            return None
        if self._result is not None:
            return Message(mid=12, data=LAYOUTS[12, 1].encode({"pset": self._pset}))
        if self._latest_id is not None and self._next_id > self._latest_id:
            return None
        wanted = 0 if self._latest_id is None else self._next_id
        return Message(mid=64, revision=self._revision, data=LAYOUTS[64, 1].encode({"tightening_id": wanted}))

    def answer(self, message: Message) -> tuple[Message, dict[str, Value]] | None:
        """Take 0065 or 0013; gives a whole result: the 0065 and the fields of its 0013. Raises MessageError."""
        if message.mid == 13 and self._result is not None:
            limits = read(message)
            result, self._result = self._result, None
            self._next_id += 1
            return result, limits
        if message.mid == 65:
            values = read(message)
            tightening_id = whole(values, "tightening_id")
            if self._latest_id is None:
                self._latest_id = tightening_id
                if tightening_id - self._next_id >= MOST:
                    self.give_up()
            elif tightening_id == self._next_id:
                self._pset = whole(values, "pset")
                self._result = message
            else:
                # Some controllers answer with the nearest older result: the one asked for does not exist.
                self._next_id += 1
        return None

    def refused(self, mid: int, error: int) -> None:
        """Take the 0004 to the present question."""
        if mid == 64 and error == REVISION_UNSUPPORTED and self._revision > 1:
            self._revision -= 1
        elif mid == 64 and error == RESULT_NOT_FOUND and self._latest_id is not None:
            self._next_id += 1
        else:
            self.give_up()

    def give_up(self) -> None:
        """Ask no more; what is known to exist and was not fetched is `missed`."""
        self._failed = True
        self._result = None
        if self._latest_id is not None and self._next_id <= self._latest_id:
            self.missed = (self._next_id, self._latest_id)
