"""Where the messages of a client arrive in the simulated controller: who may speak, what is known, who answers.

Source: Open Protocol release 2.8.0, chapters 3 to 5. Nothing is answered before 0001; a MID that the family does not
have gets 99, a revision that it does not have 97; a client that says nothing whole for 15 s is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.torque_tool.open_protocol.codes import REVISION_UNSUPPORTED, refusal_text
from drivers.torque_tool.open_protocol.controller_answers import (
    INVALID_DATA,
    Handler,
    RefusedError,
    accepted,
    refused,
    told,
)
from drivers.torque_tool.open_protocol.controller_data import controller_values
from drivers.torque_tool.open_protocol.controller_links import ControllerLink
from drivers.torque_tool.open_protocol.controller_session import SUBSCRIBES, UNSUBSCRIBES, Wish
from drivers.torque_tool.open_protocol.controller_state import ControllerState
from drivers.torque_tool.open_protocol.linking import Linker
from drivers.torque_tool.open_protocol.messages import LAYOUTS, REFUSED
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.result_tables import LIGHT_REVISION, STAGES_REVISION

CLIENT_SILENT_S = 15.0
_UNKNOWN_MID = 99
_NOT_A_SYNC_MASTER = 30
_NUMBERS_FROM_REVISION = 6
_SPINDLE_SUBSCRIPTIONS = (90, 100)
_BESIDE = (STAGES_REVISION, LIGHT_REVISION)
"""Revisions of 0060 that stand outside of the row from 1 upwards."""
_TOLD_BY = {1: 2, 12: 13, 14: 15, 34: 35, 40: 41, 51: 52, 60: 61, 64: 65, 70: 71}
"""Requests whose revision is that of the answer or the push, which must have a table in it."""
_START, _STARTED, _STOP, _KEEP_ALIVE = 1, 2, 3, 9999


class ControllerDesk:
    """Not thread-safe; time is handed in. `hangup` is why the line is to be closed, None while it is not."""

    def __init__(
        self,
        state: ControllerState,
        link: ControllerLink,
        note: Callable[[str], None],
        answers: Mapping[int, Handler],
        told_at_once: Mapping[int, Callable[[float], None]],
        *,
        link_level: bool,
        refuse_second_start: bool,
    ) -> None:
        """`answers` are those of all groups of MIDs; `told_at_once` pushes what follows a subscription, by its MID.

        `note` gets a sentence for whatever the client does that the specification does not foresee.
        """
        self._state = state
        self._session = state.session
        self._link = link
        self._note = note
        self._told_at_once = told_at_once
        self._link_level = link_level and state.profile.numbers_messages
        self._refuse_second_start = refuse_second_start
        self._linker = Linker()
        self._heard_s = 0.0
        self.hangup: str | None = None
        self._answers: dict[int, Handler] = {
            **answers,
            _START: self._start,
            _KEEP_ALIVE: lambda message, _now_s: message,
            **dict.fromkeys(SUBSCRIBES, self._subscribe),
            **dict.fromkeys(UNSUBSCRIBES, self._unsubscribe),
        }

    def take(self, messages: list[Message], now_s: float) -> None:
        """Answer what came."""
        for message in messages:
            if not self._session.open and message.mid != _START:
                # Section 5.2.1.
                self._note(f"MID {message.mid:04d} comes before 0001 and is not answered.")
                continue
            self._heard_s = now_s
            try:
                whole = self._linker.take(message) if self._link.take(message, now_s) else None
                if whole is not None:
                    self._handle(whole, now_s)
            except MessageError as error:
                self._note(f"An acknowledgement cannot be read: {error}")
            self._session.flush(now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass: repeats, silence."""
        self._session.flush(now_s)
        overdue = self._session.advance(now_s)
        self._link.advance(now_s)
        if overdue is not None:
            self.drop(f"MID {overdue:04d} was not acknowledged")
        elif self._link.broken is not None:
            self.drop(self._link.broken)
        elif self._session.open and now_s >= self._heard_s + CLIENT_SILENT_S:
            self.drop("the client was silent for 15 s")

    def next_wake_s(self) -> float | None:
        """When the next repeat is due, or the client's silence too long."""
        if not self._session.open:
            return None
        times = [self._heard_s + CLIENT_SILENT_S, self._session.next_wake_s(), self._link.next_wake_s()]
        return min(time for time in times if time is not None)

    def drop(self, why: str) -> None:
        """Give the client up."""
        self._note(f"The client is dropped: {why}.")
        self.end()
        self.hangup = why

    def end(self) -> None:
        """The session is over, and nothing of it is left."""
        self._session.end()
        self._link.end()
        self._linker.clear()

    def _handle(self, message: Message, now_s: float) -> None:
        mid = message.mid
        if self._session.acknowledges(mid) and (mid in self._state.profile.revisions or mid < 6):
            self._session.acknowledged(message)
        elif mid == _STOP and self._speaks(mid, message.revision):
            self._link.say_last(accepted(mid), now_s)
            self.end()
        else:
            answer = self._answer(message, now_s)
            if answer is not None:
                self._note_refusal(message, answer)
                self._link.say(answer, now_s)
                if answer.mid == _STARTED:
                    self._link.begin(numbered=self._numbers(message))

    def _answer(self, message: Message, now_s: float) -> Message | None:
        mid, profile = message.mid, self._state.profile
        if mid not in profile.revisions or (mid not in self._answers and mid != _STOP):
            return refused(mid, _UNKNOWN_MID)
        if not self._speaks(mid, message.revision):
            if mid == _START and profile.closes_after_97:
                self.hangup = f"revision {message.revision} of 0001 was refused"
            return refused(mid, REVISION_UNSUPPORTED)
        try:
            return self._answers[mid](message, now_s)
        except RefusedError as refusal:
            return refused(mid, refusal.error)
        except MessageError as error:
            self._note(f"MID {mid:04d} cannot be read: {error}")
            return refused(mid, INVALID_DATA)

    def _speaks(self, mid: int, revision: int) -> bool:
        highest = self._state.profile.revisions[mid]
        if mid in _TOLD_BY and (_TOLD_BY[mid], revision) not in LAYOUTS:
            return False
        if mid in self._state.profile.only_highest:
            return revision == highest
        return 1 <= revision <= highest or (mid == 60 and revision in _BESIDE)

    def _numbers(self, start: Message) -> bool:
        return self._link_level and start.revision >= _NUMBERS_FROM_REVISION

    def _start(self, message: Message, _now_s: float) -> Message:
        profile = self._state.profile
        if self._session.open and self._refuse_second_start:
            raise RefusedError(profile.second_client)
        if self._session.open:
            self._note("MID 0001 comes in a running session, which ends without 0003; a new one begins.")
        self.end()
        self.hangup = None
        self._session.begin(acknowledges=profile.wants_acknowledgement and not self._numbers(message))
        values = controller_values(
            system_type=profile.system_type,
            controller_serial=self._state.controller_serial,
            numbered=self._link_level,
        )
        return told(_STARTED, self._state.shown(values), revision=message.revision)

    def _subscribe(self, message: Message, now_s: float) -> Message:
        subscription = SUBSCRIBES[message.mid]
        if message.mid in _SPINDLE_SUBSCRIPTIONS and self._state.tool.count == 1:
            raise RefusedError(_NOT_A_SYNC_MASTER)
        if not self._session.subscribe(subscription.pushed, Wish(revision=message.revision, no_ack=message.no_ack)):
            raise RefusedError(subscription.exists)
        if subscription.pushed in self._told_at_once:
            self._told_at_once[subscription.pushed](now_s)
        return accepted(message.mid)

    def _unsubscribe(self, message: Message, _now_s: float) -> Message:
        subscription = UNSUBSCRIBES[message.mid]
        if not self._session.unsubscribe(subscription.pushed):
            raise RefusedError(subscription.missing)
        return accepted(message.mid)

    def _note_refusal(self, message: Message, answer: Message) -> None:
        if answer.mid == REFUSED:
            error = int(answer.data[-2:])
            why = f"{refusal_text(error)} (code {error:02d})"
            if error == REVISION_UNSUPPORTED and message.mid in self._state.profile.revisions:
                only = message.mid in self._state.profile.only_highest
                why += f"; {'only' if only else 'up to'} {self._state.profile.revisions[message.mid]} is spoken"
            self._note(f"MID {message.mid:04d} revision {message.revision} is refused: {why}.")
