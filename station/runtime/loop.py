"""One inbox, one writer: take an event, decide, commit, publish, and only then start the effects.

The loop runs in one thread that its owner gives it (`run`), or is turned by hand in simulated time (`turn`). Timers are
events too. When the journal cannot be written, or a decision fails, nothing is carried out, the error goes up and the
loop takes no further turn: no lease is renewed, so the arm stops; no result is acknowledged: the controller keeps it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from drivers.api import ArchiveSeen, ResultsLost, TighteningResult
from station.core import effects as fx
from station.core.codec import digest, to_plain
from station.core.decide import decide
from station.core.events import Envelope, Event, TimerFired, VisitOpened
from station.core.procedure import Procedure
from station.core.screen import Screen
from station.core.state import Phase, State
from station.core.view import screen_of
from station.runtime.clock import Clock
from station.runtime.journal import Entry, Journal, KnownUpTo, ResultKey

TOGETHER = 64
"""At most so many events share a commit."""
HEARTBEAT_S = 0.05
"""How often the loop shows that it is alive: leases are renewed and stale facts expire on this beat."""


class LoopBrokenError(RuntimeError):
    """A turn was broken off by an error: what is on disk may be ahead of what was done. Only a restart mends that."""

    code = "loop.broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An event that waits for its turn."""

    event: Event
    source: str
    t_mono_s: float


class StationLoop:
    """The only place where the state changes. `post` may be called from any thread."""

    def __init__(
        self,
        *,
        station: str,
        procedure: Procedure,
        journal: Journal,
        clock: Clock,
        carry_out: Callable[[fx.Effect], None],
        publish: Callable[[Screen], None],
        heartbeat: Callable[[float, State], None],
        state: State | None = None,
    ) -> None:
        self.station = station
        self.procedure = procedure
        self.state = state or State()
        self._journal = journal
        self._clock = clock
        self._carry_out = carry_out
        self._publish = publish
        self._heartbeat = heartbeat
        self._inbox: queue.SimpleQueue[Posted] = queue.SimpleQueue()
        self._timers: dict[str, float] = {}
        self._next_beat_s = clock.now_s()
        self._in_turn = False

    def post(self, event: Event, source: str, t_mono_s: float | None = None) -> None:
        """Hand in an event with the time at which it happened at its source (default: now)."""
        self._inbox.put(
            Posted(event=event, source=source, t_mono_s=self._clock.now_s() if t_mono_s is None else t_mono_s)
        )

    def turn(self) -> int:
        """Take everything that waits and every timer that is due, without waiting; returns how many.

        Raises JournalError when a row could not be written, and LoopBrokenError ever after.
        """
        taken = 0
        while more := self._turn_once():
            taken += more
        return taken

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop` is set and what was posted before is taken. For one thread, owned by the caller.

        Raises as `turn` does: the caller must then end the station.
        """
        while not stop.is_set():
            if self._turn_once():
                continue
            due_s = min([self._next_beat_s, *self._timers.values()])
            try:
                posted = self._inbox.get(timeout=max(0.001, due_s - self._clock.now_s()))
            except queue.Empty:
                continue
            self._take(posted)
        for _ in range(self._inbox.qsize()):
            try:
                self._take(self._inbox.get_nowait())
            except queue.Empty:
                return

    def _turn_once(self) -> int:
        """Beat when it is time, even while the inbox never empties; then take what shares a commit, and count it."""
        self._check_whole()
        now_s = self._clock.now_s()
        if now_s >= self._next_beat_s:
            self._next_beat_s = now_s + HEARTBEAT_S
            self._heartbeat(now_s, self.state)
        posted = self._next(now_s)
        return self._take(posted) if posted is not None else 0

    def _check_whole(self) -> None:
        if self._in_turn:
            raise LoopBrokenError(
                f"station {self.station}: the loop broke off at row {self._journal.next_seq}; start the station again"
            )

    def _next(self, now_s: float) -> Posted | None:
        due = [(at_s, name) for name, at_s in self._timers.items() if at_s <= now_s]
        if due:
            at_s, name = min(due)
            del self._timers[name]
            return Posted(event=TimerFired(timer=name), source="timer", t_mono_s=at_s)
        try:
            return self._inbox.get_nowait()
        except queue.Empty:
            return None

    def _take(self, first: Posted) -> int:
        """Decide an event, and those that wait behind it as long as none has an effect; commit them together.

        What is to be done never waits for more events, and a flood of facts costs one commit, not one each.
        """
        self._check_whole()
        self._in_turn = True  # Stays so when anything below raises.
        entries: list[Entry] = []
        states: list[State] = []
        before: State = self.state
        effects: tuple[fx.Effect, ...] = ()
        posted: Posted | None = first
        while posted is not None:
            envelope = Envelope(
                seq=self._journal.next_seq + len(entries),
                t_mono_s=posted.t_mono_s,
                t_utc=self._clock.utc(),
                source=posted.source,
                event=posted.event,
            )
            state, effects = decide(self.procedure, before, envelope)
            entries += self._entries(envelope, before, state, effects)
            states.append(state)
            before = state
            posted = None if effects or len(states) >= TOGETHER else self._next(self._clock.now_s())
        self._journal.append(*entries)
        for state in states:
            self.state = state
            self._publish(screen_of(self.procedure, state))
        for effect in effects:
            self._do(effect)
        self._in_turn = False
        return len(states)

    def _entries(
        self, envelope: Envelope, before: State, state: State, effects: tuple[fx.Effect, ...]
    ) -> Iterator[Entry]:
        """The event's row and, when it ends a visit, the stop document: committed together, so that none stays open."""
        body = {
            "envelope": to_plain(envelope),
            "effects": [to_plain(effect) for effect in effects],
            "state": digest(state),
        }
        if isinstance(envelope.event, VisitOpened):
            body |= {"before": to_plain(before), "procedure": digest(self.procedure)}
        yield Entry(
            visit=state.visit_id if Phase.RUNNING in (before.phase, state.phase) else "",
            kind="event",
            t_utc=envelope.t_utc,
            t_mono_s=envelope.t_mono_s,
            source=envelope.source,
            body=body,
            result=self._result_key(envelope.event),
            known=self._known(envelope.event),
        )
        for effect in effects:
            if isinstance(effect, fx.CloseVisit):
                yield self._stop_entry(envelope, state, effect)

    def _result_key(self, event: Event) -> ResultKey | None:
        if not isinstance(event, TighteningResult):
            return None
        return ResultKey(
            station=self.station, controller_serial=event.controller_serial, tightening_id=event.tightening_id
        )

    def _known(self, event: Event) -> KnownUpTo | None:
        if not isinstance(event, ResultsLost | ArchiveSeen):
            return None
        last_id = event.last_id if isinstance(event, ResultsLost) else event.latest_id
        return KnownUpTo(station=self.station, controller_serial=event.controller_serial, last_id=last_id)

    def _do(self, effect: fx.Effect) -> None:
        match effect:
            case fx.SetTimer():
                self._timers[effect.timer] = self._clock.now_s() + effect.after_s
            case fx.CancelTimer():
                self._timers.pop(effect.timer, None)
            case fx.CloseVisit():
                self._timers.clear()
                self._carry_out(effect)
            case _:
                self._carry_out(effect)

    def _stop_entry(self, envelope: Envelope, state: State, effect: fx.CloseVisit) -> Entry:
        return Entry(
            visit=state.visit_id,
            kind="stop",
            t_utc=envelope.t_utc,
            t_mono_s=envelope.t_mono_s,
            source="loop",
            body={
                "outcome": effect.outcome,
                "reason": effect.reason,
                "steps": [to_plain(step) for step in state.steps],
                "tightenings": [to_plain(entry) for entry in state.tightenings],
                "confirmations": list(state.confirmations),
                "overrides": [to_plain(entry) for entry in state.overrides],
                "lost": list(state.lost),
                "devices": to_plain(state.identities),
                "rows": envelope.seq + 1,
                "state": digest(state),
            },
        )
