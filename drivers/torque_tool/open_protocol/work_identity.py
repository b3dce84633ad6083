"""The errand of `IdentifyWork`: what is being worked on, told to the controller now and on every new connection.

Source: Open Protocol release 2.8.0, MIDs 0050 and 0150. A controller keeps it for its results; after a lost line nobody
knows whether it still does.
"""

from __future__ import annotations

from collections import deque

from drivers.api import CommandError, IdentifyWork, Outcome
from drivers.torque_tool.open_protocol.asking import Ask, Refusal
from drivers.torque_tool.open_protocol.messages import encode_identifier
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.telling import Telling

LONGEST = 25
"""What a result carries, whatever a download takes."""


class WorkIdentity:
    """The last identifier that a station gave, and the commands that wait for theirs to be taken."""

    def __init__(self, profile: ControllerProfile, telling: Telling) -> None:
        self._mid = profile.identifies_by
        self._telling = telling
        self._waiting: deque[IdentifyWork] = deque()
        self._asked: IdentifyWork | None = None
        self._kept: bytes | None = None
        self._tell_again = False

    def take(self, command: IdentifyWork) -> None:
        """Tell this one after those that wait. Raises CommandError when it is too long."""
        try:
            encode_identifier(command.identifier, longest=LONGEST)
        except MessageError as error:
            raise CommandError(str(error)) from error
        self._waiting.append(command)

    def connected(self) -> None:
        """A new connection: tell the last one again."""
        self._tell_again = self._kept is not None

    def question(self, now_s: float) -> Ask | None:
        """0050 or 0150, sent once: on some controllers an identifier also selects a job."""
        if self._waiting:
            self._asked = self._waiting[0]
            self._kept = encode_identifier(self._asked.identifier, longest=LONGEST)
        elif self._tell_again:
            self._asked = None
        else:
            return None
        return Ask(message=Message(mid=self._mid, data=self._kept or b""), repeatable=False)

    def answer(self, message: Message, now_s: float) -> bool:
        """Take the 0005."""
        self._tell_again = False
        if self._asked is not None:
            self._telling.done(self._waiting.popleft().command_id, now_s)
        return True

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """Forget it: a controller that does not want it now does not want it later either."""
        detail = f"The tool controller {refusal.detail}; its results do not name the work."
        self._kept = None
        self._tell_again = False
        if self._asked is not None:
            command_id = self._waiting.popleft().command_id
            self._telling.failed(command_id, now_s, Outcome.REFUSED, refusal.code, detail)
        else:
            self._telling.health(now_s, refusal.code, detail)

    def fail(self, now_s: float, code: str, detail: str) -> None:
        """The line is gone: what was asked may have been taken, the rest was not. What was asked is told again."""
        for command in self._waiting:
            outcome = Outcome.UNKNOWN if command is self._asked else Outcome.REFUSED
            self._telling.failed(command.command_id, now_s, outcome, code, detail)
        self._waiting.clear()
        self._asked = None
