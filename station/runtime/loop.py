"""One inbox, one writer: take an event, decide, commit, publish, and only then start the effects.

The loop runs in one thread that its owner gives it (`run`), or is turned by hand in simulated time (`turn`). Timers are
events too. When the journal cannot be written, nothing is carried out and the error goes up: the station holds.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import TighteningResult
from station.core import effects as fx
from station.core.codec import digest, to_plain
from station.core.decide import decide
from station.core.events import Envelope, Event, TimerFired, VisitOpened
from station.core.procedure import Procedure
from station.core.screen import Screen
from station.core.state import Phase, State
from station.core.view import screen_of
from station.runtime.clock import Clock
from station.runtime.journal import Journal, ResultKey

HEARTBEAT_S = 0.05
"""How often the loop shows that it is alive: leases are renewed and stale facts expire on this beat."""


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

    def post(self, event: Event, source: str, t_mono_s: float | None = None) -> None:
        """Hand in an event with the time at which it happened at its source (default: now)."""
        self._inbox.put(
            Posted(event=event, source=source, t_mono_s=self._clock.now_s() if t_mono_s is None else t_mono_s)
        )

    def turn(self) -> int:
        """Take everything that waits and every timer that is due, without waiting; returns how many."""
        taken = 0
        now_s = self._clock.now_s()
        if now_s >= self._next_beat_s:
            self._next_beat_s = now_s + HEARTBEAT_S
            self._heartbeat(now_s, self.state)
        while True:
            posted = self._next(now_s)
            if posted is None:
                return taken
            self._take(posted)
            taken += 1

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop` is set. For one thread, owned by the caller."""
        while not stop.is_set():
            self.turn()
            now_s = self._clock.now_s()
            due_s = min([self._next_beat_s, *self._timers.values()])
            try:
                posted = self._inbox.get(timeout=max(0.001, due_s - now_s))
            except queue.Empty:
                continue
            self._take(posted)

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

    def _take(self, posted: Posted) -> None:
        envelope = Envelope(
            seq=self._journal.next_seq,
            t_mono_s=posted.t_mono_s,
            t_utc=self._clock.utc(),
            source=posted.source,
            event=posted.event,
        )
        before = self.state
        state, effects = decide(self.procedure, before, envelope)
        body = {
            "envelope": to_plain(envelope),
            "effects": [to_plain(effect) for effect in effects],
            "state": digest(state),
        }
        if isinstance(posted.event, VisitOpened):
            body["before"] = to_plain(before)
        self._journal.append(
            visit=state.visit_id if Phase.RUNNING in (before.phase, state.phase) else "",
            kind="event",
            t_utc=envelope.t_utc,
            t_mono_s=envelope.t_mono_s,
            source=envelope.source,
            body=body,
            result=self._result_key(posted.event),
        )
        self.state = state
        self._publish(screen_of(self.procedure, state))
        for effect in effects:
            self._do(effect)

    def _result_key(self, event: Event) -> ResultKey | None:
        if not isinstance(event, TighteningResult):
            return None
        return ResultKey(
            station=self.station, controller_serial=event.controller_serial, tightening_id=event.tightening_id
        )

    def _do(self, effect: fx.Effect) -> None:
        match effect:
            case fx.SetTimer():
                self._timers[effect.timer] = self._clock.now_s() + effect.after_s
            case fx.CancelTimer():
                self._timers.pop(effect.timer, None)
            case fx.CloseVisit():
                self._timers.clear()
                self._write_stop(effect)
                self._carry_out(effect)
            case _:
                self._carry_out(effect)

    def _write_stop(self, effect: fx.CloseVisit) -> None:
        state = self.state
        self._journal.append(
            visit=state.visit_id,
            kind="stop",
            t_utc=self._clock.utc(),
            t_mono_s=self._clock.now_s(),
            source="loop",
            body={
                "outcome": effect.outcome,
                "reason": effect.reason,
                "steps": [to_plain(step) for step in state.steps],
                "tightenings": [to_plain(entry) for entry in state.tightenings],
                "confirmations": list(state.confirmations),
                "devices": to_plain(state.identities),
                "rows": self._journal.next_seq,
                "state": digest(state),
            },
        )
