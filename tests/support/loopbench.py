"""A station's loop in tests: a journal on disk, a clock moved by hand, a spy for effects, a whole visit as events."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from support.corebench import bench_of, play
from support.coreworld import mirror

from station.core import effects as fx
from station.core import events as ev
from station.core.codec import canonical, to_plain
from station.core.decide import decide
from station.core.procedure import Procedure
from station.core.screen import Screen
from station.core.state import State
from station.runtime.clock import Clock, SteppedClock
from station.runtime.journal import Journal
from station.runtime.loop import StationLoop


@dataclass(frozen=True)
class Story:
    """A whole good visit: the state before it, and its events from the start document to the last."""

    procedure: Procedure
    before: State
    envelopes: tuple[ev.Envelope, ...]


def good_story() -> Story:
    """The mirror's visit, as the core's own tests play it."""
    bench = play(bench_of(mirror()))
    first = next(i for i, envelope in enumerate(bench.story) if isinstance(envelope.event, ev.VisitOpened))
    before = State()
    for envelope in bench.story[:first]:
        before, _ = decide(bench.procedure, before, envelope)
    return Story(procedure=bench.procedure, before=before, envelopes=tuple(bench.story[first:]))


@dataclass
class LoopBench:
    """One loop under test, and everything that it did."""

    journal: Journal
    procedure: Procedure
    state: State | None = None
    clock: Clock = field(default_factory=SteppedClock)
    on_effect: Callable[[fx.Effect], None] = lambda effect: None
    on_screen: Callable[[Screen], None] = lambda screen: None
    carried: list[fx.Effect] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    beats: list[tuple[float, State]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.loop = StationLoop(
            station="bench-1",
            procedure=self.procedure,
            journal=self.journal,
            clock=self.clock,
            carry_out=self._carry_out,
            publish=self._publish,
            heartbeat=lambda now_s, state: self.beats.append((now_s, state)),
            state=self.state,
        )
        self.journal.keep_document("0", "procedure", canonical(to_plain(self.procedure)))

    def _carry_out(self, effect: fx.Effect) -> None:
        self.on_effect(effect)
        self.carried.append(effect)

    def _publish(self, screen: Screen) -> None:
        self.on_screen(screen)
        self.screens.append(screen)

    def feed(self, *events: ev.Event) -> int:
        """Post events and let the loop take them."""
        for event in events:
            self.loop.post(event, "test")
        return self.loop.turn()

    def tell(self, envelopes: Sequence[ev.Envelope]) -> None:
        """Hand in a part of a story, event by event."""
        for envelope in envelopes:
            self.loop.post(envelope.event, envelope.source, envelope.t_mono_s)
            self.loop.turn()


def sql(path: Path, *statements: str) -> None:
    """Do to the file what no program of ours would do."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def fail_insert(path: Path, seq: int) -> None:
    """Let the row with this number be refused."""
    sql(
        path,
        "DROP TRIGGER IF EXISTS broken",
        f"CREATE TRIGGER broken BEFORE INSERT ON rows WHEN NEW.seq = {seq} BEGIN SELECT RAISE(ABORT, 'no'); END",
    )


def fail_commit(path: Path, seq: int) -> None:
    """Let the row with this number be taken, and its commit fail: a deferred key is checked only there."""
    sql(
        path,
        "DROP TRIGGER IF EXISTS broken",
        "CREATE TABLE IF NOT EXISTS nowhere (id INTEGER PRIMARY KEY)",
        "CREATE TABLE IF NOT EXISTS orphans (id INTEGER REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED)",
        f"CREATE TRIGGER broken AFTER INSERT ON rows WHEN NEW.seq = {seq} "
        "BEGIN INSERT INTO orphans VALUES (NEW.seq); END",
    )


def mend(path: Path) -> None:
    """End what `fail_insert` or `fail_commit` began."""
    sql(path, "DROP TRIGGER IF EXISTS broken")
