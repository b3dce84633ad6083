"""The errand of `DisarmTool`: the one request that overtakes all others, and the one act that may be repeated.

Disabling twice is disabling once, and no enable is ever sent while a disable is outstanding.
"""

from __future__ import annotations

from drivers.api import Outcome
from drivers.torque_tool.open_protocol.asking import Ask, Refusal
from drivers.torque_tool.open_protocol.handshake import switching
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.telling import Telling


class Disabling:
    """Who waits for the tool to be off."""

    def __init__(self, profile: ControllerProfile, telling: Telling) -> None:
        self._message = switching(profile, enable=False)
        self._telling = telling
        self._ids: list[str] = []
        self._wanted = False
        self.refusal: str | None = None
        """Why the controller does not disable its tool: nothing to go on with."""

    @property
    def wanted(self) -> bool:
        """Whether the tool has to be off and has not said so yet."""
        return self._wanted

    def want(self, command_id: str | None) -> None:
        """The tool has to be off; a command that waits for it ends with it."""
        self._wanted = True
        if command_id is not None:
            self._ids.append(command_id)

    def ask(self) -> Ask:
        """The disable."""
        return Ask(message=self._message)

    def question(self, now_s: float) -> Ask | None:
        """The disable, while it is wanted."""
        return self.ask() if self._wanted else None

    def answer(self, message: Message, now_s: float) -> bool:
        """Take the 0005."""
        for command_id in self._ids:
            self._telling.done(command_id, now_s)
        self.clear()
        return True

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """A tool that does not let itself be switched off is nothing to go on with."""
        detail = f"The tool controller {refusal.detail}."
        self.fail(now_s, Outcome.REFUSED, refusal.code, detail)
        self.refusal = f"{detail} Take the tool out of use and check the controller."

    def fail(self, now_s: float, outcome: Outcome, code: str, detail: str) -> None:
        """End every command that waits."""
        for command_id in self._ids:
            self._telling.failed(command_id, now_s, outcome, code, detail)
        self.clear()

    def clear(self) -> None:
        """Nobody waits."""
        self._ids.clear()
        self._wanted = False
        self.refusal = None
