"""Results that were measured while the line was down: which ids to ask for, and what is missing. No I/O, no clock.

Source: Open Protocol release 2.8.0, chapter 5, MID 0064 (id 0 asks for the latest), and the appendices of the Power
Focus 6000. Two ways of counting exist:

- `GapFill`: ids count up by one, so every id after the last recorded one is a result. One that the controller cannot
  tell (code 15, or another id in the answer) is lost.
- `WalkDown` (Power Focus 6000, release 2.8): ids belong to all tools of a controller together and have holes. Asked
  for an id, it answers with the latest result not above it, of any station: one walks down from the latest until a
  recorded id or the end of the archive (code 15), and keeps what is of the own station. A hole says nothing there.

- `Baseline`: nothing is on record, so nothing is missing; only the latest id is asked, to count from.
- `WholeArchive`: the archive was empty when it was first seen, so all that it has is new, whatever its ids are.

All keep a result that arrives by push meanwhile at its place in the order, and never ask for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.torque_tool.open_protocol.overall_parts import Whole
from drivers.torque_tool.open_protocol.protocol import Message

MOST = 500
"""At most so many results are fetched, the newest ones; older ones are told as lost."""
_TOO_MANY = f"more than {MOST} results were measured without a line, and only the newest are fetched"

Old = Message | Whole
"""A result as the archive gives it: 0065, or 1201 with its 1202."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A result from the archive."""

    tightening_id: int
    old: Old


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The result that was pushed meanwhile belongs here."""

    tightening_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """These ids exist and cannot be had any more."""

    first_id: int
    last_id: int
    reason: str


Item = Found | Pushed | Lost


class GapFill:
    """One gap where ids count up by one: up from the last recorded id to the latest."""

    def __init__(self, *, last_seen_id: int) -> None:
        self.last_seen_id = last_seen_id
        self._next_id = last_seen_id + 1
        self._latest_id = 0
        self._asks_latest = True
        self._pushed: set[int] = set()
        self._items: list[Item] = []
        self._done = False
        self.latest_told: int | None = None
        """What the controller named as its latest id, None before it did; 0 for an empty archive."""
        self.disagrees: int | None = None
        """A pushed id that the archive does not know, with a hole before it that nobody can judge."""
        self.on_trial: int | None = None
        """An id that was pushed before the first question, and counts only if the archive has come that far."""
        self.contradicted: int | None = None
        """The one on trial, when the archive has not."""

    def question(self) -> int | None:
        """Which id to ask for, 0 = the latest; the same until it is answered. None when there is nothing more."""
        if self._done:
            return None
        return 0 if self._asks_latest else self._next_id

    def answer(self, tightening_id: int, old: Old) -> None:
        """The controller answered the question with this result."""
        if self._asks_latest:
            self._latest(tightening_id)
        elif tightening_id == self._next_id and tightening_id not in self._pushed:
            self._items.append(Found(tightening_id=tightening_id, old=old))
            self._next_id += 1
        else:
            self._take_pushed_or_lose(f"the controller answers {tightening_id} when it is asked for {self._next_id}")
        self._go_on()

    def missing(self, reason: str) -> None:
        """There is no such result, or it cannot be read."""
        if self._asks_latest:
            self._latest(0)
        else:
            self._take_pushed_or_lose(reason)
        self._go_on()

    def pushed(self, tightening_id: int) -> None:
        """This result has come by itself and waits for its place."""
        if tightening_id < self._next_id:
            self._items.append(Pushed(tightening_id=tightening_id))  # It was taken for lost: it is better late.
        else:
            self._pushed.add(tightening_id)

    def give_up(self, reason: str) -> None:
        """Ask no more: what is known to exist and was neither fetched nor pushed is lost."""
        self._lose_up_to(max([self._latest_id, *self._pushed]), reason)
        self._done = True

    def take(self) -> list[Item]:
        """What is settled, in ascending order; taking it empties it. Neighbours that are lost alike are one item."""
        items = merged(self._items)
        # A loss at the end may go on with the next id.
        keep = [items.pop()] if items and isinstance(items[-1], Lost) and not self._done else []
        self._items = list(keep)
        return items

    def _latest(self, latest_id: int) -> None:
        first_time = self.latest_told is None
        self.latest_told = latest_id
        self._asks_latest = False
        if first_time and self.on_trial is not None and 0 < self.last_seen_id <= latest_id < self.on_trial:
            self.contradicted = self.on_trial
            self._pushed.discard(self.on_trial)
        if first_time and latest_id == 0 and self._pushed and min(self._pushed) > self.last_seen_id:
            # The archive is empty, but what was pushed counts on: what is missing before it did exist.
            self._latest_id = max(self._pushed)
            self._lose_up_to(self._latest_id - MOST, _TOO_MANY)
        elif first_time and latest_id < self.last_seen_id:
            # Another archive than the one that the last id came from: nothing can be said of what was in between.
            self._end()
        elif not first_time and latest_id <= self._latest_id:
            self.disagrees = min(self._pushed)
            self._end()
        else:
            self._latest_id = latest_id
            self._lose_up_to(latest_id - MOST, _TOO_MANY)

    def _go_on(self) -> None:
        while not self._done and (self._next_id in self._pushed or self._next_id > self._latest_id):
            if self._next_id in self._pushed:
                self._take_pushed()
            elif self._pushed:
                # Something is missing between the latest that the archive had and a result that was pushed since.
                self._asks_latest = True
                return
            else:
                self._done = True

    def _end(self) -> None:
        self._items += [Pushed(tightening_id=pushed) for pushed in sorted(self._pushed)]
        self._pushed.clear()
        self._done = True

    def _take_pushed_or_lose(self, reason: str) -> None:
        if self._next_id in self._pushed:
            self._take_pushed()
        else:
            self._lose(reason)

    def _lose_up_to(self, last_id: int, reason: str) -> None:
        """Settle all ids up to this one. By ranges: a damaged id may be billions above the one before."""
        for pushed in sorted(one for one in self._pushed if self._next_id <= one <= last_id):
            if pushed > self._next_id:
                self._items.append(Lost(first_id=self._next_id, last_id=pushed - 1, reason=reason))
            self._next_id = pushed
            self._take_pushed()
        if self._next_id <= last_id:
            self._items.append(Lost(first_id=self._next_id, last_id=last_id, reason=reason))
            self._next_id = last_id + 1

    def _take_pushed(self) -> None:
        self._pushed.discard(self._next_id)
        self._items.append(Pushed(tightening_id=self._next_id))
        self._next_id += 1

    def _lose(self, reason: str) -> None:
        self._items.append(Lost(first_id=self._next_id, last_id=self._next_id, reason=reason))
        self._next_id += 1


class Baseline:
    """Only the latest id: from it on results are asked back."""

    last_seen_id = 0

    def __init__(self) -> None:
        self._pushed: list[int] = []
        self._done = False
        self.latest_told: int | None = None
        """The latest id, 0 for an empty archive; None where the controller does not say."""

    def question(self) -> int | None:
        """As `GapFill.question`."""
        return None if self._done else 0

    def answer(self, tightening_id: int, old: Old) -> None:
        """The controller answered with its latest result, which was measured for somebody else."""
        self.latest_told = tightening_id
        self._done = True

    def missing(self, reason: str) -> None:
        """The archive is empty."""
        self.latest_told = 0
        self._done = True

    def pushed(self, tightening_id: int) -> None:
        """As `GapFill.pushed`."""
        self._pushed.append(tightening_id)

    def give_up(self, reason: str) -> None:
        """The controller does not tell old results: what is missed is never known."""
        self._done = True

    def take(self) -> list[Item]:
        """As `GapFill.take`."""
        if not self._done:
            return []
        pushed, self._pushed = sorted(self._pushed), []
        return [Pushed(tightening_id=tightening_id) for tightening_id in pushed]


class WholeArchive:
    """Everything, from the latest down to the first one that the controller has (the one below it is code 15)."""

    last_seen_id = 0

    def __init__(self) -> None:
        self._wanted: int | None = None
        self._found: list[Item] = []
        self._pushed: list[int] = []
        self._done = False
        self.latest_told: int | None = None
        self.on_trial: int | None = None
        """As `GapFill.on_trial`."""
        self.contradicted: int | None = None
        """As `GapFill.contradicted`."""

    def question(self) -> int | None:
        """As `GapFill.question`."""
        if self._done:
            return None
        return 0 if self._wanted is None else self._wanted

    def answer(self, tightening_id: int, old: Old) -> None:
        """The controller answered with this result."""
        if self._wanted is None:
            self.latest_told = tightening_id
            if self.on_trial is not None and tightening_id < self.on_trial:
                self.contradicted = self.on_trial
                self._pushed.remove(self.on_trial)
        elif tightening_id != self._wanted:
            self._done = True
            return
        if tightening_id in self._pushed:
            self._pushed.remove(tightening_id)
            self._found.append(Pushed(tightening_id=tightening_id))
        else:
            self._found.append(Found(tightening_id=tightening_id, old=old))
        self._wanted = tightening_id - 1
        self._done = self._wanted == 0 or len(self._found) >= MOST

    def missing(self, reason: str) -> None:
        """Nothing is that old."""
        self.latest_told = self.latest_told or 0
        self._done = True

    def pushed(self, tightening_id: int) -> None:
        """As `GapFill.pushed`."""
        self._pushed.append(tightening_id)

    def give_up(self, reason: str) -> None:
        """Ask no more: nobody knows whether there is anything below."""
        self._done = True

    def take(self) -> list[Item]:
        """As `GapFill.take`; everything comes at the end."""
        if not self._done:
            return []
        found, self._found = self._found, []
        pushed, self._pushed = sorted(self._pushed), []
        return [*reversed(found), *(Pushed(tightening_id=tightening_id) for tightening_id in pushed)]


class WalkDown:
    """One gap where ids are shared with other stations: down from the latest to the last recorded id."""

    def __init__(self, *, last_seen_id: int, station_id: int | None) -> None:
        """`station_id` is parameter 14 of 0002; None where the controller did not say it: then nothing is ours."""
        self.last_seen_id = last_seen_id
        self._station_id = station_id
        self._wanted: int | None = None
        self._found: list[Item] = []
        self._pushed: list[int] = []
        self._items: list[Item] = []
        self._done = False
        self.latest_told: int | None = None

    def question(self) -> int | None:
        """As `GapFill.question`."""
        if self._done:
            return None
        return 0 if self._wanted is None else self._wanted

    def answer(self, tightening_id: int, old: Old, station_id: int | None) -> None:
        """The controller answered with this result, of this station."""
        if self._wanted is None:
            self.latest_told = tightening_id
        elif tightening_id > self._wanted:
            self.give_up(f"the controller answers {tightening_id} when it is asked for no more than {self._wanted}")
            return
        if tightening_id <= self.last_seen_id:
            self._end()
            return
        self._wanted = tightening_id - 1
        if station_id is None or self._station_id is None:
            reason = "the controller does not say which station measured it"
            self._found.append(Lost(first_id=tightening_id, last_id=tightening_id, reason=reason))
        elif tightening_id in self._pushed:
            self._pushed.remove(tightening_id)
            self._found.append(Pushed(tightening_id=tightening_id))
        elif station_id == self._station_id:
            self._found.append(Found(tightening_id=tightening_id, old=old))
        if self._wanted <= self.last_seen_id:
            self._end()
        elif len(self._found) >= MOST:
            self.give_up(_TOO_MANY)

    def missing(self, reason: str) -> None:
        """Nothing is that old in the archive any more; or the answer cannot be read."""
        if self._wanted is None:
            self.latest_told = 0
            self._end()
        elif self.last_seen_id == 0:
            self._end()  # The archive was empty when it was first seen: below its first result there never was one.
        else:
            self.give_up(reason)

    def pushed(self, tightening_id: int) -> None:
        """As `GapFill.pushed`."""
        self._pushed.append(tightening_id)

    def give_up(self, reason: str) -> None:
        """Ask no more: every id between the last recorded one and the lowest seen one may have been ours."""
        if self._wanted is not None and self._wanted > self.last_seen_id:
            self._found.append(Lost(first_id=self.last_seen_id + 1, last_id=self._wanted, reason=reason))
        self._end()

    def take(self) -> list[Item]:
        """As `GapFill.take`; everything comes at the end of the walk."""
        items, self._items = self._items, []
        return items

    def _end(self) -> None:
        self._done = True
        later = [Pushed(tightening_id=pushed) for pushed in sorted(self._pushed)]
        self._items = merged([*reversed(self._found), *later])


def merged(items: list[Item]) -> list[Item]:
    """The same items, with losses of neighbouring ids for the same reason made one."""
    out: list[Item] = []
    for item in items:
        before = out[-1] if out else None
        if (
            isinstance(item, Lost)
            and isinstance(before, Lost)
            and before.reason == item.reason
            and before.last_id + 1 == item.first_id
        ):
            out[-1] = Lost(first_id=before.first_id, last_id=item.last_id, reason=item.reason)
        else:
            out.append(item)
    return out
