"""A whole visit in simulated time: one thread turns world, devices, eyes and station; a seed always tells one story.

The drivers are the real ones on real pseudo-terminals (or lines in memory); simulated time stands still until every
byte that was written has arrived. A frame's analysis reaches the station `LATENCY_S` after the frame was taken.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from drivers.simulated_line import LockStep
from station.core import effects as fx
from station.core.codec import digest
from station.core.events import Event
from station.core.screen import Screen
from station.core.state import Phase, State
from station.runtime.clock import SteppedClock
from station.runtime.dispatch import People
from station.runtime.journal import Journal
from station.runtime.station import Setting, Station, recover
from station.simulation.eyes import Eyes
from station.simulation.incidents import Incident
from station.simulation.mishaps import Mishap
from station.simulation.rig import Rig
from station.simulation.score import Scorer
from station.simulation.visitor import Visitor
from vision.api import FrameAnalysis
from vision.worker import CameraTrouble

LATENCY_S = 0.08
LIMIT_S = 600.0
"""A visit that is not over by then has got stuck."""
LINGER_S = 1.0
"""Time after the end of the visit, for what is still on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitResult:
    """What a simulated visit came to."""

    outcome: str
    """`finished`, `abandoned`, or `stuck` when simulated time ran out."""
    visit: str
    seconds: float
    """Simulated."""
    state: State
    frames_analysed: int
    frames_dropped: int
    named: tuple[str, ...]
    """Fault codes that the screen named."""
    held: tuple[str, ...]
    """Those that held the work."""
    calls: tuple[str, ...]
    """Reasons for which a person was called."""
    false_passes: tuple[str, ...]
    restarts: int

    @property
    def digest(self) -> str:
        """sha256 of the final state."""
        return digest(self.state)


@dataclass(slots=True)
class _Desk:
    """Where words and calls go in a run that nobody watches."""

    calls: list[str] = field(default_factory=list)
    spoken: int = 0

    def people(self) -> People:
        def say(_: fx.Say) -> None:
            self.spoken += 1

        def call(effect: fx.CallPerson) -> None:
            self.calls.append(effect.code)

        def closed(_: fx.CloseVisit) -> None:
            return None

        return People(say=say, call=call, closed=closed)


class LockStepRun:
    """One visit. Made, run once, closed."""

    def __init__(
        self,
        rig: Rig,
        eyes: tuple[Eyes, ...],
        setting: Setting,
        *,
        clock: SteppedClock,
        journal_path: Path,
        seed: int,
        mishap: Mishap | None,
        fps: float,
        tick_s: float,
        on_screen: Callable[[Screen], None] = lambda screen: None,
    ) -> None:
        self._rig = rig
        self._eyes = eyes
        self._setting = setting
        self._clock = clock
        self._journal_path = journal_path
        self._frame_every_s = 1.0 / fps
        self._tick_s = tick_s
        self._on_screen = on_screen
        self._desk = _Desk()
        self._restarts = 0
        self._closed: State | None = None
        """As the stop document has it."""
        self._frames = 0
        self._late: list[tuple[float, FrameAnalysis]] = []
        order = setting.orders[rig.scene.card_text]
        self._scorer = Scorer(setting.procedure, rig.world, order.choices)
        self._station = self._new_station(None)
        self._visitor = Visitor(
            rig.world,
            screen=lambda: self._station.screen,
            post=self._post,
            rng=random.Random(f"visitor {seed}"),
            pass_text=rig.scene.card_text,
            order_choices=dict(order.choices),
            tool_park=rig.scene.tool_park or rig.scene.card_home,
            mishap=mishap,
        )
        self._incident = Incident(rig, mishap, random.Random(f"incident {seed}"), self._restart)

    def run(self, visit: str) -> VisitResult:
        """The whole visit."""
        acting = self._visitor.act()
        next_frame_s = 0.0
        opened = False
        ended_s: float | None = None
        while self._clock.time_s < LIMIT_S:
            now_s = self._clock.time_s
            if not opened and now_s >= 1.0:
                self._station.open_visit(visit)
                opened = True
            self._rig.world.advance(now_s)
            if opened:
                next(acting, None)
                self._incident.turn(now_s, self._station.screen)
            if now_s >= next_frame_s:
                next_frame_s += self._frame_every_s
                self._look(now_s)
            self._deliver(now_s)
            self._settle(now_s)
            if self._station.loop.state.phase is Phase.ENDED:
                ended_s = now_s if ended_s is None else ended_s
                if now_s - ended_s >= LINGER_S:
                    break
            self._clock.move_to(round(now_s + self._tick_s, 6))
        return self._result(visit)

    def close(self) -> None:
        """Close the station and pull every plug."""
        self._close_station()
        self._rig.close()

    def _result(self, visit: str) -> VisitResult:
        state = self._closed or self._station.loop.state
        return VisitResult(
            outcome=state.outcome or "stuck",
            visit=visit,
            seconds=round(self._clock.time_s, 2),
            state=state,
            frames_analysed=self._frames,
            frames_dropped=0,
            named=tuple(self._scorer.named),
            held=tuple(self._scorer.held),
            calls=tuple(self._desk.calls),
            false_passes=tuple(self._scorer.false_passes),
            restarts=self._restarts,
        )

    def _new_station(self, state: State | None) -> Station:
        station = Station(
            self._setting,
            journal=Journal(self._journal_path),
            clock=self._clock,
            open_cobot=self._rig.open_cobot,
            open_tool=self._rig.open_tool,
            people=self._desk.people(),
            publish=self._publish,
            state=state,
        )
        pairs = []
        if station.cobot is not None and self._rig.cobot is not None:
            pairs.append((station.cobot, self._rig.cobot.port))
        if station.tool is not None and self._rig.tool is not None:
            pairs.append((station.tool, self._rig.tool.port))
        self._lines = LockStep(pairs)
        return station

    def _publish(self, screen: Screen) -> None:
        if self._station.loop.state.phase is Phase.ENDED and self._closed is None:
            self._closed = self._station.loop.state
        self._scorer.see(screen)
        self._on_screen(screen)

    def _post(self, event: Event) -> None:
        self._station.loop.post(event, "person")

    def _look(self, now_s: float) -> None:
        for eyes in self._eyes:
            seen = eyes.see(now_s, self._station.wanted())
            if isinstance(seen, CameraTrouble):
                self._station.camera_failed(seen.camera, seen.code, seen.detail, seen.t_mono_s)
            elif seen is not None:
                self._frames += 1
                self._late.append((now_s + LATENCY_S, seen))

    def _deliver(self, now_s: float) -> None:
        due = [analysis for at_s, analysis in self._late if at_s <= now_s]
        self._late = [(at_s, analysis) for at_s, analysis in self._late if at_s > now_s]
        for analysis in due:
            self._station.analysed(analysis)

    def _settle(self, now_s: float) -> None:
        self._lines.settle(now_s)
        while self._station.turn():
            self._lines.settle(now_s)

    def _restart(self) -> None:
        """The program dies without a word and is started again: only the journal is left of it."""
        self._restarts += 1
        self._close_station()
        journal = Journal(self._journal_path)
        state = recover(journal)
        journal.close()
        self._station = self._new_station(state)
        self._station.restarted("the simulated power came back")

    def _close_station(self) -> None:
        for port in self._station.ports:
            port.close()
        self._station.journal.close()
