"""A look at any controller that changes nothing: what it is, what it speaks, and how its clock stands.

It begins and ends sessions (0001, 0003) and reads (0040, 0010, 0012, 0030, 0080, 0064, 9999; 0006 where there is no
0064). It subscribes to nothing, selects nothing, and switches the tool neither on nor off. Sources: Open Protocol
release 2.8.0, chapter 5; for controllers that close the connection after refusing a revision, section 1.16 of the
project's protocol reference.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from drivers.api import Command, CommandError, DriverEvent
from drivers.torque_tool.open_protocol.asking import Ask
from drivers.torque_tool.open_protocol.asking_back import OFFLINE_FLAG_REVISION
from drivers.torque_tool.open_protocol.clock_check import controller_time, difference_s
from drivers.torque_tool.open_protocol.codes import (
    CLIENT_ALREADY_CONNECTED,
    CONNECTION_REJECTED,
    GENERIC_REQUEST_REVISION_UNSUPPORTED,
    GENERIC_REQUEST_UNSUPPORTED,
    RESULT_NOT_FOUND,
    UNKNOWN_MID,
    refusal_text,
)
from drivers.torque_tool.open_protocol.exchange import Exchange
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.generic import GenericRequest, encode_generic, overall_extra
from drivers.torque_tool.open_protocol.handshake import HIGHEST_START, NUMBERED_REVISION, start_message
from drivers.torque_tool.open_protocol.messages import LAYOUTS, REFUSED, decode_ids, read, whole
from drivers.torque_tool.open_protocol.overall_parts import OVERALL
from drivers.torque_tool.open_protocol.probe_report import ProbeReport, PsetWindow, window_of
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message, MessageError

HIGHEST_TOOL = 7
HIGHEST_OLD_RESULT = 10
ROUND_TRIPS = 5
_NOT_BY_ID = (GENERIC_REQUEST_UNSUPPORTED, GENERIC_REQUEST_REVISION_UNSUPPORTED)
"""What 0006 is refused with where it does not know 1201; any other refusal says that nothing is stored yet."""
MOST_LOSSES = 20
"""A controller may close the connection after each revision that it refuses; more often than this is a bad line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """How a question ended: answered, silent (both empty), or with the line lost."""

    message: Message | None = None
    took_s: float = 0.0
    lost: bool = False

    @property
    def error(self) -> int | None:
        """The code of a refusal."""
        if self.message is None or self.message.mid != REFUSED:
            return None
        return whole(read(self.message), "error")

    @property
    def data(self) -> Message | None:
        """An answer that is no refusal."""
        return self.message if self.message is not None and self.message.mid != REFUSED else None


Walk = Generator[Message, _Heard, None]
Question = Generator[Message, _Heard, _Heard]


class Probe:
    """A `drivers.api.Conversation` that asks its way through and then has a `report`. It takes no commands."""

    def __init__(
        self,
        device: str = "tool",
        *,
        carriage: Carriage | str = Carriage.SERIAL,
        wall_clock: Callable[[], datetime],
        time_zone: tzinfo | None = None,
        header_style: HeaderStyle = HeaderStyle.SPACES,
    ) -> None:
        """`wall_clock` and `time_zone` as for `OpenProtocolTool`."""
        self.device = device
        self.report: ProbeReport | None = None
        """What was found; None until everything was asked."""
        self._wall_clock = wall_clock
        self._zone = time_zone
        self._exchange = Exchange(Carriage(carriage), header_style, holds=lambda message: False)
        self._walk = self._everything()
        self.begun = False
        """Whether the line has been open at least once."""
        self._up = False
        self._pending: Message | None = None
        self._asked_s = 0.0
        self._hangup: str | None = None
        self._losses = 0
        self._found = ProbeReport()
        self._identity: dict[str, str] = {}
        self._notes: list[str] = []

    def link_up(self, now_s: float) -> None:
        """The line is open: ask what is to be asked next."""
        self._up = True
        self._hangup = None
        self._exchange.open(now_s)
        if not self.begun:
            self.begun = True
            self._pending = next(self._walk)
        self._ask(now_s)

    def link_down(self, now_s: float, reason: str) -> None:
        """The line is gone, or does not open: the question that was out has no answer."""
        was_up, self._up = self._up, False
        self._hangup = None
        self._exchange.close()
        if was_up and self.report is None:
            self._losses += 1
            if self._losses > MOST_LOSSES:
                self._notes.append(f"The line was lost {self._losses} times, the last time because: {reason}.")
                self._finish()
            else:
                self._hear(_Heard(lost=True), now_s)

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes in any split."""
        if not self._up or self._hangup is not None:
            return
        messages, _ = self._exchange.received(data, now_s)
        self._take(messages, now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass."""
        if not self._up or self._hangup is not None:
            return
        messages, silent = self._exchange.advance(now_s)
        self._take(messages, now_s)
        if self._exchange.broken is not None:
            self._hangup = self._exchange.broken
        elif silent is not None and self.report is None:
            self._hear(_Heard(), now_s)
            self._ask(now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        return self._exchange.next_wake_s() if self._up else None

    def submit(self, command: Command, now_s: float) -> None:
        """Raises CommandError: a look changes nothing."""
        raise CommandError(f"{self.device} is only looked at; {type(command).__name__} is not sent.")

    def renew_lease(self, now_s: float) -> None:
        """No meaning here."""

    def take_output(self) -> bytes:
        """Bytes to write now."""
        return self._exchange.take_output()

    def take_events(self) -> tuple[DriverEvent, ...]:
        """None: the report is everything."""
        return ()

    def wants_hangup(self) -> str | None:
        """Why the line is to be opened anew."""
        return self._hangup

    def farewell(self, now_s: float) -> bytes:
        """0003 when it was cut short in a session."""
        if not self._up or self.report is not None:
            return b""
        self._exchange.tell(Message(mid=3), now_s)
        return self._exchange.take_output()

    def _take(self, messages: list[Message], now_s: float) -> None:
        for message in messages:
            try:
                if not self._exchange.answers(message, now_s):
                    continue
            except MessageError:
                continue
            self._exchange.answered(message, now_s)
            self._hear(_Heard(message=message, took_s=now_s - self._asked_s), now_s)
            self._ask(now_s)

    def _hear(self, heard: _Heard, now_s: float) -> None:
        self._pending = None
        try:
            self._pending = self._walk.send(heard)
        except StopIteration:
            self._finish()

    def _ask(self, now_s: float) -> None:
        if self._pending is not None and self._up:
            self._asked_s = now_s
            self._exchange.ask(Ask(message=self._pending), now_s)

    def _finish(self) -> None:
        self._pending = None
        self._walk.close()
        self.report = replace(self._found, identity=dict(self._identity), notes=tuple(self._notes))

    def _everything(self) -> Walk:
        for revision in range(HIGHEST_START, 0, -1):
            if not (yield from self._try_start(revision)):
                return
        if not self._found.start_revisions:
            self._notes.append("The controller takes no revision of MID 0001; check its Open Protocol settings.")
            return
        self._found = replace(self._found, start_revisions=tuple(sorted(self._found.start_revisions)))
        yield from self._start(self._found.start_revisions[-1])
        yield from self._tool_data()
        yield from self._parameter_sets()
        yield from self._job_ids()
        yield from self._clock()
        yield from self._old_results()
        yield from self._round_trips()
        yield from self._stop()

    def _try_start(self, revision: int) -> Generator[Message, _Heard, bool]:
        """One revision of 0001. False when there is no use in going on."""
        heard = yield from self._start(revision)
        if heard.lost:  # It may have been closed over the revision before this one.
            heard = yield from self._start(revision)
        if heard.error in (CLIENT_ALREADY_CONNECTED, CONNECTION_REJECTED):
            self._found = replace(self._found, other_client=True)
            self._notes.append(
                f"The controller lets nobody in: {refusal_text(heard.error or 0)} (code {heard.error}); disconnect the"
                " other client and check again."
            )
            return False
        if heard.data is None and heard.error is None and not heard.lost and not self._found.start_revisions:
            self._notes.append("Nothing answers MID 0001; check address, carriage, baud rate and cable.")
            return False
        if heard.data is not None:
            self._found = replace(self._found, start_revisions=(*self._found.start_revisions, revision))
            yield from self._stop()
        return True

    def _start(self, revision: int) -> Question:
        heard = yield start_message(revision)
        if heard.data is not None:
            values = self._told(heard.data)
            if heard.data.revision >= NUMBERED_REVISION and values.get("sequence_numbers") == "1":
                self._exchange.number_messages()
        return heard

    def _stop(self) -> Walk:
        yield Message(mid=3)
        self._exchange.number_messages(False)

    def _question(self, message: Message) -> Question:
        """Ask within a session. When the line is lost over it, a new session is begun, and it is asked once more."""
        heard = yield message
        for _ in range(2):
            if not heard.lost:
                return heard
            yield from self._start(self._found.start_revisions[-1])
            heard = yield message
        self._notes.append(f"The line was lost over MID {message.mid:04d} revision {message.revision}.")
        return heard

    def _revisions(self, mid: int, highest: int, data: bytes) -> Generator[Message, _Heard, tuple[int, ...]]:
        """Which revisions are answered, ascending."""
        found: list[int] = []
        for revision in range(highest, 0, -1):
            flag = b"0" if mid == 64 and revision >= OFFLINE_FLAG_REVISION else b""
            heard = yield from self._question(Message(mid=mid, revision=revision, data=data + flag))
            if heard.error == UNKNOWN_MID:
                break
            if heard.data is not None or heard.error == RESULT_NOT_FOUND:  # An empty archive speaks the revision too.
                found.append(revision)
            if heard.data is not None and mid != 64:
                self._told(heard.data)
        return tuple(sorted(found))

    def _tool_data(self) -> Walk:
        found = yield from self._revisions(40, HIGHEST_TOOL, b"")
        self._found = replace(self._found, tool_revisions=found)

    def _old_results(self) -> Walk:
        found = yield from self._revisions(64, HIGHEST_OLD_RESULT, LAYOUTS[64, 1].encode({"tightening_id": 0}))
        by_id = False
        if not found:
            request = GenericRequest(mid=OVERALL, revision=1, extra=overall_extra())
            heard = yield from self._question(Message(mid=6, data=encode_generic(request)))
            by_id = heard.data is not None or heard.error not in (None, UNKNOWN_MID, *_NOT_BY_ID)
        self._found = replace(self._found, old_result_revisions=found, old_results_by_id=by_id)

    def _parameter_sets(self) -> Walk:
        heard = yield from self._question(Message(mid=10))
        psets = self._ids(heard, count_width=3, id_width=3)
        windows: list[PsetWindow] = []
        for pset in psets:
            heard = yield from self._question(Message(mid=12, data=LAYOUTS[12, 1].encode({"pset": pset})))
            if heard.error == UNKNOWN_MID:
                break
            if heard.data is not None:
                try:
                    windows.append(window_of(heard.data))
                except MessageError as error:
                    self._notes.append(f"Parameter set {pset} cannot be read: {error}")
        self._found = replace(self._found, psets=psets, windows=tuple(windows))

    def _job_ids(self) -> Walk:
        for revision, width in ((2, 4), (1, 2)):
            heard = yield from self._question(Message(mid=30, revision=revision))
            if heard.data is not None:
                self._found = replace(self._found, jobs=self._ids(heard, count_width=width, id_width=width))
                return

    def _clock(self) -> Walk:
        heard = yield from self._question(Message(mid=80))
        if heard.data is None:
            return
        try:
            ahead_s = difference_s(controller_time(heard.data), self._wall_clock(), heard.took_s, self._zone)
        except MessageError as error:
            self._notes.append(f"The controller's clock cannot be read: {error}")
            return
        self._found = replace(self._found, clock_difference_s=ahead_s)

    def _round_trips(self) -> Walk:
        took: list[float] = []
        for _ in range(ROUND_TRIPS):
            heard = yield from self._question(Message(mid=9999))
            if heard.data is not None:
                took.append(heard.took_s)
        self._found = replace(self._found, round_trips_s=tuple(took))

    def _ids(self, heard: _Heard, *, count_width: int, id_width: int) -> tuple[int, ...]:
        if heard.data is None:
            return ()
        try:
            return decode_ids(heard.data.data, count_width=count_width, id_width=id_width)
        except MessageError as error:
            self._notes.append(str(error))
            return ()

    def _told(self, message: Message) -> dict[str, str]:
        """The fields of an answer by name; those that are not known yet become part of the identity."""
        try:
            values = {name: str(value) for name, value in read(message).items() if value is not None}
        except MessageError as error:
            self._notes.append(str(error))
            return {}
        for name, value in values.items():
            self._identity.setdefault(name, value)
        return values
