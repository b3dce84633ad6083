"""The questions of a gap fill: 0064 or 0006 for the results, 0012 for the limits that 0065 leaves out.

Source: Open Protocol release 2.8.0, MIDs 0012, 0064 and 0006. Which ids to ask for is decided in `gap.py`; here they
become messages, in the revision that the controller takes, ten at a time with a pause, so that the station's disk and
the line's other users keep up.

Reading costs nothing: what cannot be read, or is not what was asked for, is asked for again before it is lost, and a
latest id that something follows from counts when it is told twice. A line without a checksum damages answers, and
3964R, which sends a block again when its answer is lost, doubles questions and so answers.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Protocol

from drivers.torque_tool.open_protocol.asking import Ask, Refusal
from drivers.torque_tool.open_protocol.codes import (
    GENERIC_REQUEST_REVISION_UNSUPPORTED,
    GENERIC_REQUEST_UNSUPPORTED,
    RESULT_NOT_FOUND,
    REVISION_UNSUPPORTED,
    UNKNOWN_MID,
)
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.gap import (
    Baseline,
    Found,
    GapFill,
    Item,
    Lost,
    Old,
    Pushed,
    WalkDown,
    WholeArchive,
)
from drivers.torque_tool.open_protocol.generic import GenericRequest, encode_generic
from drivers.torque_tool.open_protocol.handshake import highest
from drivers.torque_tool.open_protocol.messages import LAYOUTS, read, whole
from drivers.torque_tool.open_protocol.overall_parts import OVERALL, Whole
from drivers.torque_tool.open_protocol.profiles import ControllerProfile, OldResults
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.telling import Telling

BURST = 10
PAUSE_S = 0.1
ASKS = 4
"""So often the same is asked in all, as any request on a serial line."""
OFFLINE_FLAG_REVISION = 10
"""From this revision on, 0064 also says whether a result from the time without a controller is wanted."""
STATION_ID_REVISION = 7
"""From this revision on, 0065 says which station measured."""
Limits = dict[str, Value]
Gap = GapFill | WalkDown | Baseline | WholeArchive


class Desk(Protocol):
    """Who gets what was asked back, in the order of the ids."""

    def deliver_old(self, tightening_id: int, old: Old, limits: Limits | None, now_s: float) -> str | None:
        """A result from the archive; `limits` are the fields of its 0013, None where they come with the result.

        Gives the reason why it cannot be read, if it cannot.
        """

    def deliver_held(self, tightening_id: int) -> None:
        """The result that was pushed meanwhile."""

    def lose(self, lost: Lost, now_s: float) -> None:
        """Results that cannot be had any more."""


class AskingBack:
    """One gap after the other on one controller."""

    def __init__(self, profile: ControllerProfile, telling: Telling, desk: Desk) -> None:
        self._overall = profile.old_results is OldResults.OVERALL
        self._walks = profile.old_results is OldResults.LATEST_NOT_ABOVE
        self._supported = (6 if self._overall else 64) in profile.revisions
        self._lowest_revision = STATION_ID_REVISION if self._walks else 1
        self._revision = 1 if self._overall else highest(profile, 64, 65)
        self._telling = telling
        self._desk = desk
        self.clear()

    def clear(self) -> None:
        """The line is gone."""
        self.gap: Gap | None = None
        """The present gap, None while nothing is asked back."""
        self._can_ask = self._supported
        self._asked: int | None = None
        self._items: deque[Item] = deque()
        self._limits: dict[int, Limits | None] = {}
        self._asks = 0
        self._not_before_s = 0.0
        self._pausing = False
        self._repeated: Counter[tuple[str, int]] = Counter()
        self._rereads = False
        """The first of the items is asked for again."""
        self._latest: int | None = None
        """The latest id, told once."""

    @property
    def counts_by_one(self) -> bool:
        """Whether an id that is left out is a result that is missing."""
        return not self._walks

    def begin(self, last_id: int | None, identity: Mapping[str, str]) -> None:
        """Ask for everything after this id.

        None: nothing is on record, so only for the latest id. 0: the archive was empty when it was first seen.
        """
        self._repeated.clear()
        self._latest = None
        if last_id is None:
            self.gap = Baseline()
            return
        if self._walks:
            told = identity.get("station_cell_id", "")
            self.gap = WalkDown(last_seen_id=last_id, station_id=int(told) if told.isdigit() else None)
        else:
            self.gap = GapFill(last_seen_id=last_id) if last_id > 0 else WholeArchive()

    def question(self, now_s: float) -> Ask | None:
        """The next message. When there is none and `gap` is still there, it is filled: `end` it."""
        if self._items and self._rereads:
            return Ask(message=self._message(self._first.tightening_id))
        if self._items:
            return Ask(message=Message(mid=12, data=LAYOUTS[12, 1].encode({"pset": _pset_of(self._first)})))
        if self.gap is None:
            return None
        if not self._can_ask:
            self.gap.give_up("it does not tell old results")
        self._pausing = now_s < self._not_before_s
        if self._pausing:
            return None
        self._asked = self.gap.question()
        if self._asked is None:
            return None
        if self._asked > 0:
            self._asks += 1
            if self._asks % BURST == 0:
                self._not_before_s = now_s + PAUSE_S
        return Ask(message=self._message(self._asked))

    @property
    def filled(self) -> bool:
        """Whether the last `question` found nothing more to ask."""
        return self.gap is not None and not self._items and not self._pausing and self._asked is None

    def end(self, now_s: float) -> Gap | None:
        """The gap is filled: give what is left, and the gap for its findings."""
        gap, self.gap = self.gap, None
        if gap is not None:
            self._items.extend(gap.take())
            self._settle(now_s)
        return gap

    def answer(self, message: Message, now_s: float) -> None:
        """Take 0013 or 0065. Raises MessageError for an 0065 that tells neither its id nor its parameter set."""
        if message.mid == 65:
            self._take_old(message, now_s)
        elif self._items:
            self._take_limits(message)
        self._settle(now_s)

    def answer_whole(self, complete: Whole, now_s: float) -> bool:
        """Take a result of several messages, if it answers the question: an answer has the id that was asked for."""
        result_id = complete.overall.result_id
        if self._rereads:
            return self._read_again(result_id, complete, now_s)
        if self.gap is None or isinstance(self.gap, WalkDown) or self._asked not in (0, result_id):
            return False
        if not self._is_unsure(result_id):
            self.gap.answer(result_id, complete)
        self._settle(now_s)
        return True

    def unreadable(self, error: MessageError, now_s: float) -> None:
        """The answer came and says nothing."""
        reason = f"the controller's answer cannot be read ({error})"
        if self._rereads:
            self._lose_first(reason, now_s)
        elif self._items:
            self._limits_missing()
        elif self._asks_again():
            return
        elif self.gap is not None and self._asked == 0:
            self.gap.give_up(reason)
        elif self.gap is not None:
            self.gap.missing(reason)
        self._settle(now_s)

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """No such result, another revision, no limits, or no old results at all."""
        error = refusal.error
        unsupported = error in (REVISION_UNSUPPORTED, GENERIC_REQUEST_REVISION_UNSUPPORTED)
        if self._rereads:
            self._lose_first(f"the controller {refusal.detail}", now_s)
        elif self._items:
            self._limits_missing()
        elif self.gap is None:
            return
        elif unsupported and self._revision > self._lowest_revision:
            self._revision -= 1
            self._asks = 0
        elif unsupported or error in (UNKNOWN_MID, GENERIC_REQUEST_UNSUPPORTED):
            self._can_ask = False
            detail = f"The tool controller {refusal.detail}; results that were measured without a line are lost."
            self._telling.health(now_s, "tool.no_old_results", detail)
        elif error == RESULT_NOT_FOUND or self._overall:
            self.gap.missing("the controller does not have it any more")
        elif not self._asks_again():
            self.gap.give_up(f"the controller {refusal.detail}")
        self._settle(now_s)

    def next_wake_s(self) -> float | None:
        """When the pause ends."""
        return self._not_before_s if self._pausing else None

    def _message(self, tightening_id: int) -> Message:
        if not self._overall:
            flag = b"0" if self._revision >= OFFLINE_FLAG_REVISION else b""
            data = LAYOUTS[64, 1].encode({"tightening_id": tightening_id}) + flag
            return Message(mid=64, revision=self._revision, data=data)
        # Send alternative 0 is the latest result, 1 the one with this id; then a time, the id, and "with objects".
        extra = f"{int(tightening_id > 0)}{'':19}{tightening_id:010d}1".encode("ascii")
        return Message(mid=6, data=encode_generic(GenericRequest(mid=OVERALL, revision=self._revision, extra=extra)))

    @property
    def _first(self) -> Found:
        """The result that waits; only those wait, the others are handed over at once."""
        assert self._items and isinstance(self._items[0], Found)
        return self._items[0]

    def _asks_again(self) -> bool:
        """Whether the present question is asked again."""
        return self._asked is not None and self._may_repeat("result", self._asked)

    def _may_repeat(self, what: str, number: int) -> bool:
        self._repeated[what, number] += 1
        return self._repeated[what, number] < ASKS

    def _is_unsure(self, tightening_id: int) -> bool:
        """Whether this answer is to be heard once more before it counts."""
        gap = self.gap
        if gap is None or isinstance(gap, Baseline):
            return False
        if self._asked == 0:
            told, self._latest = self._latest, tightening_id
            return tightening_id not in (told, gap.last_seen_id)
        assert self._asked is not None
        fits = tightening_id <= self._asked if isinstance(gap, WalkDown) else tightening_id == self._asked
        return not fits and self._asks_again()

    def _take_old(self, message: Message, now_s: float) -> None:
        values = read(message)
        tightening_id = whole(values, "tightening_id")
        whole(values, "pset")
        if self._rereads:
            self._read_again(tightening_id, message, now_s)
        elif self.gap is None or self._is_unsure(tightening_id):
            return
        elif isinstance(self.gap, WalkDown):
            station_id = values.get("station_id")
            self.gap.answer(tightening_id, message, station_id if isinstance(station_id, int) else None)
        else:
            self.gap.answer(tightening_id, message)

    def _read_again(self, tightening_id: int, old: Old, now_s: float) -> bool:
        """Put what was asked for a second time in the place of what could not be read."""
        if tightening_id != self._first.tightening_id:
            return False
        self._rereads = False
        self._items[0] = Found(tightening_id=tightening_id, old=old)
        self._settle(now_s)
        return True

    def _take_limits(self, message: Message) -> None:
        try:
            self._limits[_pset_of(self._first)] = read(message)
        except MessageError:
            self._limits_missing()

    def _limits_missing(self) -> None:
        pset = _pset_of(self._first)
        if not self._may_repeat("limits", pset):
            self._limits[pset] = None

    def _lose_first(self, reason: str, now_s: float) -> None:
        """The first of the items cannot be read."""
        self._rereads = False
        number = self._first.tightening_id
        self._items.popleft()
        self._desk.lose(Lost(first_id=number, last_id=number, reason=reason), now_s)
        self._settle(now_s)

    def _settle(self, now_s: float) -> None:
        """Hand over what is settled, up to a result whose limits have to be asked for first."""
        if self.gap is not None:
            self._items.extend(self.gap.take())
        while self._items:
            item = self._items[0]
            if isinstance(item, Found):
                if not self._hand_over(item, now_s):
                    return
            elif isinstance(item, Pushed):
                self._desk.deliver_held(item.tightening_id)
            else:
                self._desk.lose(item, now_s)
            self._items.popleft()

    def _hand_over(self, found: Found, now_s: float) -> bool:
        """Whether the desk has it, or its loss. False: something has to be asked for first."""
        limits: Limits | None = None
        if isinstance(found.old, Message):
            pset = _pset_of(found)
            if pset not in self._limits:
                return False
            limits = self._limits[pset]
        reason: str | None
        if limits is None and isinstance(found.old, Message):
            reason = f"the limits of its parameter set {_pset_of(found)} cannot be read"
        else:
            reason = self._desk.deliver_old(found.tightening_id, found.old, limits, now_s)
            if reason is not None and self._may_repeat("content", found.tightening_id):
                if isinstance(found.old, Message):
                    del self._limits[_pset_of(found)]  # They may be what is wrong.
                self._rereads = True
                return False
        if reason is not None:
            self._desk.lose(Lost(first_id=found.tightening_id, last_id=found.tightening_id, reason=reason), now_s)
        return True


def _pset_of(found: Found) -> int:
    """The parameter set of a result that comes without its limits; it was read before."""
    assert isinstance(found.old, Message)
    return whole(read(found.old), "pset")
