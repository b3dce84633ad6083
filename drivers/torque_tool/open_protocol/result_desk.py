"""Every tightening result comes over this desk: pushed or asked back, in the order of the ids, and acknowledged last.

Source: Open Protocol release 2.8.0, MIDs 0061, 0064 and section 4.3.3.

- A push becomes a `TighteningResult` at once; its acknowledgement goes out only on `acknowledge`, when the station has
  it on disk. Copies of a push that is not acknowledged are delivered too: telling a second copy from a first is the
  station's work, which knows what it has on disk.
- On a new connection, and whenever a pushed id leaves out others, the missing ones are asked back. What is pushed
  meanwhile waits for its place in the order and is not delivered a second time.
- On the link level a result that is pushed while others are asked back is acknowledged on the line at once: a
  controller has one message outstanding, so the answer that is waited for could never come past an unacknowledged
  result. Nothing is lost by it: ids are asked back from the last one that is on disk, whatever was acknowledged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from drivers.api import ArchiveSeen, ResultsLost, TighteningResult
from drivers.torque_tool.open_protocol.asking import Ask, Refusal
from drivers.torque_tool.open_protocol.asking_back import AskingBack, Gap, Limits
from drivers.torque_tool.open_protocol.doubt import Doubt
from drivers.torque_tool.open_protocol.exchange import Exchange
from drivers.torque_tool.open_protocol.gap import MOST, Baseline, GapFill, Lost, Old, WholeArchive
from drivers.torque_tool.open_protocol.messages import ACCEPTED, read, whole
from drivers.torque_tool.open_protocol.overall_parts import OverallParts, Whole
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.results import UNKNOWN_SERIAL, overall_result, tightening_result
from drivers.torque_tool.open_protocol.telling import Telling

RESULT = 61
RESULT_ACKNOWLEDGED = 62
ANSWERS = (13, 65)
EARLY = 20
"""So many results are kept that come before the handshake is done; others come again."""
ASK_AGAIN_S = 20.0
"""After this long a controller has pushed an unacknowledged result for the last time."""
LATEST_EVERY_S = 5.0
"""A controller that wants no acknowledgement pushes once: what the line loses then shows only in its archive."""


class ResultDesk:
    """The way of every result, and the errand of asking back."""

    def __init__(
        self,
        profile: ControllerProfile,
        telling: Telling,
        exchange: Exchange,
        *,
        recorded: Callable[[str], int | None],
    ) -> None:
        """`recorded`: a controller's serial number to the last id that is safely on disk; None when there is none."""
        self._profile = profile
        self._telling = telling
        self._exchange = exchange
        self._recorded = recorded
        self._asking = AskingBack(profile, telling, self)
        self._last_ids: dict[str, int] = {}
        self._went_back: dict[str, int] = {}
        self._told_lost: list[tuple[str, int, int]] = []
        self._parts = OverallParts()
        self._doubt = Doubt()
        self._identity: Mapping[str, str] = {}
        self._connected = False
        self._empty = False
        """The archive had nothing to tell, so ids below the last known one may come."""
        self._unread: tuple[str, int, str] | None = None
        """Serial number, id and reason of the last push, when it could not be read; kept while the line is down."""
        self._unread_ends = False
        """The present gap is the last hope of the unread push."""
        self._forget()

    def _forget(self) -> None:
        self._early: deque[Message] = deque(maxlen=EARLY)
        self._held: dict[int, TighteningResult] = {}
        self._asked_back: set[int] = set()
        self._on_disk: set[int] = set()
        self._unacknowledged: tuple[int, Message | None] | None = None
        self._check_s: float | None = None

    @property
    def _serial(self) -> str:
        return self._identity.get("controller_serial") or UNKNOWN_SERIAL

    def holds(self, message: Message) -> bool:
        """Whether the link level holds back its acknowledgement of this message until `acknowledge`."""
        return message.mid == RESULT and self._connected and self._asking.gap is None

    def connected(self, identity: Mapping[str, str], now_s: float) -> None:
        """A controller is there and reports: ask for what was missed, if anything is known of it."""
        self._identity = identity
        self._connected = True
        last = self._recorded(self._serial)
        if last is None or self._went_back.get(self._serial) == last:
            last = self._last_ids.get(self._serial)
        if last is not None:
            self._last_ids[self._serial] = last
        self._ask_back(last, now_s)
        self._unread_ends = self._unread is not None
        early, self._early = tuple(self._early), deque(maxlen=EARLY)
        for message in early:
            self.take(message, now_s)

    def disconnected(self) -> None:
        """The line is gone: what is not delivered is asked back on the next connection."""
        self._connected = False
        self._asking.clear()
        self._parts.clear()
        self._doubt.clear()
        self._forget()

    def take(self, message: Message, now_s: float) -> None:
        """Take a push: 0061, or a part of one that comes as 1201 and 1202."""
        if not self._connected:
            self._early.append(message)
            return
        if message.mid == RESULT:
            acknowledgement = Message(mid=RESULT_ACKNOWLEDGED)
            self._take_push(_id_of(message), acknowledgement, lambda: self._read(message, now_s), now_s)
            return
        try:
            complete = self._parts.take(message, now_s)
        except MessageError as error:
            self._unreadable(f"A tightening result cannot be read and is not acknowledged: {error}", now_s)
            return
        if complete is not None:
            self._take_whole(complete, now_s)
        elif self._profile.wants_acknowledgement:
            # The next part comes only after this one is acknowledged; what counts is the last one.
            self._exchange.acknowledge(_accepted(message.mid), now_s)

    def acknowledge(self, tightening_id: int, now_s: float) -> None:
        """The result is on disk: tell the controller, when it is the one that it waits with.

        0062 names no result: it always means the one that was pushed. For any other id it would release a result that
        is not on disk yet.
        """
        self._on_disk.add(tightening_id)
        if self._unacknowledged is not None and self._unacknowledged[0] == tightening_id:
            acknowledgement = self._unacknowledged[1]
            self._unacknowledged = None
            if acknowledgement is not None:
                self._exchange.acknowledge_held(acknowledgement, now_s)

    def question(self, now_s: float) -> Ask | None:
        """The next thing to ask back."""
        ask = self._asking.question(now_s)
        if self._asking.filled:
            self._end_gap(now_s)
            ask = self._asking.question(now_s)
        return ask

    def answer(self, message: Message, now_s: float) -> bool:
        """Take 0013, 0065, or a part of a result that was asked for by 0006."""
        try:
            if message.mid in ANSWERS:
                self._asking.answer(message, now_s)
                return True
            if message.mid == ACCEPTED:
                raise MessageError("a 0005 is no result")
            complete = self._parts.take(message, now_s)
        except MessageError as error:
            self._asking.unreadable(error, now_s)
            return True
        if complete is None:
            return False
        if self._asking.answer_whole(complete, now_s):
            return True
        self._take_whole(complete, now_s)
        return False

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """The question is not answered."""
        self._asking.refused(refusal, now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass: results whose rest does not come, unreadable ones that are pushed no more."""
        for result_id in self._parts.overdue(now_s):
            self._unreadable(f"The rest of tightening result {result_id} did not come.", now_s)
        if self._check_s is not None and now_s >= self._check_s and self._asking.gap is None:
            self._check_s = None
            last = self._last_ids.get(self._serial)
            if last is not None:
                self._ask_back(last, now_s)
            self._unread_ends = True
            if last is None:
                self._lose_unread(now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` or `question` has something to do."""
        check_s = self._check_s if self._asking.gap is None else None
        times = [self._parts.next_wake_s(), check_s, self._asking.next_wake_s()]
        return min((time for time in times if time is not None), default=None)

    def deliver_old(self, tightening_id: int, old: Old, limits: Limits | None, now_s: float) -> str | None:
        """A result from the archive; the reason, when it cannot be read."""
        try:
            result = (
                self._read_whole(old, now_s, asked_back=True)
                if isinstance(old, Whole)
                else self._read(old, now_s, limits)
            )
        except MessageError as error:
            return str(error).rstrip(".")
        self._asked_back.add(tightening_id)
        self._deliver(result)
        return None

    def deliver_held(self, tightening_id: int) -> None:
        """A result that was pushed while others were asked back."""
        self._deliver(self._held.pop(tightening_id))

    def lose(self, lost: Lost, now_s: float) -> None:
        """Tell it, once: the same ids are missing again on every later connection, until newer ones are recorded."""
        self._seen(lost.last_id)
        told = (self._serial, lost.first_id, lost.last_id)
        if any(told[0] == serial and first <= told[1] and told[2] <= last for serial, first, last in self._told_lost):
            return
        self._told_lost.append(told)
        one = lost.first_id == lost.last_id
        which = f"result {lost.first_id}" if one else f"results {lost.first_id} to {lost.last_id}"
        reason = (
            f"The tool controller has counted {which} and cannot tell any more: {lost.reason}. Check by hand what was"
            " tightened meanwhile."
        )
        self._telling.put(
            ResultsLost(
                device=self._telling.device,
                t_mono_s=now_s,
                controller_serial=self._serial,
                first_id=lost.first_id,
                last_id=lost.last_id,
                reason=reason,
            )
        )

    def _take_whole(self, complete: Whole, now_s: float) -> None:
        last_mid = 1202 if complete.objects else 1201
        acknowledgement = _accepted(last_mid) if self._profile.wants_acknowledgement else None
        reading = partial(self._read_whole, complete, now_s, asked_back=False)
        self._take_push(complete.overall.result_id, acknowledgement, reading, now_s)

    def _take_push(
        self,
        tightening_id: int | None,
        acknowledgement: Message | None,
        reading: Callable[[], TighteningResult],
        now_s: float,
    ) -> None:
        """Deliver a push; one that cannot be read is acknowledged when the station has it, or its loss, on disk.

        Else the controller would push it, and drop the line over it, for ever.
        """
        try:
            result = reading()
        except MessageError as error:
            self._unreadable(f"A tightening result cannot be read and is not acknowledged: {error}", now_s)
            if tightening_id is None:
                return
            self._unacknowledged = (tightening_id, acknowledgement)
            if self._is_on_disk(tightening_id):
                self.acknowledge(tightening_id, now_s)
            else:
                self._unread = (self._serial, tightening_id, str(error).rstrip("."))
            return
        self._unread = None
        if not self._is_doubted(result, now_s):
            self._pushed(result, acknowledgement, now_s)

    @property
    def _comes_again(self) -> bool:
        """Whether a push that is not acknowledged is repeated, and passed on when it is."""
        return self._profile.wants_acknowledgement and not self._exchange.numbered

    def _is_doubted(self, result: TighteningResult, now_s: float) -> bool:
        """Whether this push has to come a second time."""
        if not self._comes_again or result.tightening_id in self._asked_back:
            return False
        why = self._doubt.why(result, None if self._empty else self._last_ids.get(self._serial))
        if why is not None:
            self._disbelieve(result.tightening_id, why, now_s)
        elif self._doubt.insisted(result):
            self._empty = True
        return why is not None

    def _disbelieve(self, tightening_id: int, why: str, now_s: float) -> None:
        detail = f"Tightening result {tightening_id} is not acknowledged before it comes a second time: {why}."
        self._unreadable(detail, now_s)

    def _is_on_disk(self, tightening_id: int) -> bool:
        """Whether the station has this result, or that it is lost, on disk."""
        last = self._recorded(self._serial)
        recorded = last is not None and tightening_id <= last and self._went_back.get(self._serial) != last
        return recorded or tightening_id in self._on_disk

    def _lose_unread(self, now_s: float) -> None:
        """The last push was never readable, and the archive did not tell it either: it is lost."""
        self._unread_ends = False
        unread, self._unread = self._unread, None
        if unread is None or unread[0] != self._serial:
            return
        _, tightening_id, reason = unread
        last = self._last_ids.get(self._serial)
        if last is None or last < tightening_id <= last + MOST:
            first = tightening_id if last is None or not self._asking.counts_by_one else last + 1
            self.lose(Lost(first_id=first, last_id=tightening_id, reason=reason), now_s)

    def _pushed(self, result: TighteningResult, acknowledgement: Message | None, now_s: float) -> None:
        tightening_id = result.tightening_id
        self._unacknowledged = (tightening_id, acknowledgement)
        last = self._last_ids.get(self._serial)
        # After an empty archive (0) the first id may be any: only the archive knows whether it is the first.
        leaves_out = last is not None and last < tightening_id - 1 and self._asking.counts_by_one
        if tightening_id in self._asked_back:
            # The station has this one already, from the archive; the controller still waits to hear so.
            if tightening_id in self._on_disk:
                self.acknowledge(tightening_id, now_s)
            return
        if self._asking.gap is None and leaves_out and last is not None:
            self._ask_back(last, now_s)
            if self._comes_again and not self._doubt.again and isinstance(self._asking.gap, GapFill | WholeArchive):
                self._asking.gap.on_trial = tightening_id
        if self._asking.gap is None or tightening_id <= self._asking.gap.last_seen_id:
            self._deliver(result)
        elif tightening_id not in self._held:
            self._held[tightening_id] = result
            self._asking.gap.pushed(tightening_id)

    def _ask_back(self, last_id: int | None, now_s: float) -> None:
        self._asking.begin(last_id, self._identity)
        self._exchange.release_held(now_s)

    def _end_gap(self, now_s: float) -> None:
        gap = self._asking.end(now_s)
        if gap is None:
            return
        self._judge_gap(gap, now_s)
        if isinstance(gap, GapFill | WholeArchive) and gap.contradicted is not None:
            self._held.pop(gap.contradicted, None)
            self._disbelieve(gap.contradicted, f"the latest in the archive is {gap.latest_told}", now_s)
        if self._unread_ends:
            self._lose_unread(now_s)
        told = gap.latest_told is not None and not gap.latest_told == 0 < gap.last_seen_id
        if told and not self._profile.wants_acknowledgement:
            self._check_s = now_s + LATEST_EVERY_S

    def _judge_gap(self, gap: Gap, now_s: float) -> None:
        if isinstance(gap, Baseline):
            self._counted_from(gap.latest_told, now_s)
        elif gap.latest_told == 0 < gap.last_seen_id:
            # An empty archive is no lower counter: the next push tells which of the two it is.
            self._empty = True
            detail = (
                f"The tool controller keeps no results and cannot tell what was measured since result"
                f" {gap.last_seen_id}; switch its result storage on."
            )
            self._telling.health(now_s, "tool.archive_empty", detail)
        elif gap.latest_told is not None and gap.latest_told < gap.last_seen_id:
            detail = (
                f"The tool controller's latest result is {gap.latest_told}, but {gap.last_seen_id} is recorded from a"
                " controller with this serial number; it was replaced or reset, so nothing is asked back."
            )
            self._telling.health(now_s, "tool.ids_went_back", detail)
            self._went_back[self._serial] = gap.last_seen_id
            self._last_ids[self._serial] = gap.latest_told
        elif isinstance(gap, GapFill) and gap.disagrees is not None:
            detail = (
                f"The tool controller reported result {gap.disagrees}, but the latest that it has is"
                f" {gap.latest_told}; check by hand what was tightened."
            )
            self._telling.health(now_s, "tool.ids_disagree", detail)

    def _counted_from(self, latest_id: int | None, now_s: float) -> None:
        if latest_id is None:
            return
        self._last_ids[self._serial] = max(latest_id, self._last_ids.get(self._serial, 0))
        self._telling.put(
            ArchiveSeen(
                device=self._telling.device, t_mono_s=now_s, controller_serial=self._serial, latest_id=latest_id
            )
        )

    def _deliver(self, result: TighteningResult) -> None:
        self._seen(result.tightening_id)
        self._telling.put(result)

    def _seen(self, tightening_id: int) -> None:
        last = 0 if self._empty else self._last_ids.get(self._serial, 0)
        self._empty = False
        self._last_ids[self._serial] = max(tightening_id, last)

    def _unreadable(self, detail: str, now_s: float) -> None:
        self._telling.health(now_s, "tool.unreadable", detail)
        if self._check_s is None:
            self._check_s = now_s + ASK_AGAIN_S

    def _read(self, message: Message, now_s: float, limits: Limits | None = None) -> TighteningResult:
        return tightening_result(
            message,
            device=self._telling.device,
            t_mono_s=now_s,
            controller_serial=self._serial,
            tool_serial=self._identity.get("tool_serial", ""),
            limits=limits,
        )

    def _read_whole(self, complete: Whole, now_s: float, *, asked_back: bool) -> TighteningResult:
        return overall_result(
            complete.overall,
            complete.objects,
            device=self._telling.device,
            t_mono_s=now_s,
            controller_serial=self._serial,
            tool_serial=self._identity.get("tool_serial", ""),
            raw=complete.raw,
            asked_back=asked_back,
        )


def _id_of(message: Message) -> int | None:
    """The id of a 0061 that may be unreadable otherwise; None where it tells none."""
    try:
        return whole(read(message), "tightening_id")
    except MessageError:
        return None


def _accepted(mid: int) -> Message:
    return Message(mid=ACCEPTED, data=f"{mid:04d}".encode("ascii"))
