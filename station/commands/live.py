"""`station visit` in real time: pages, voice and the simulated bench, from the greeting to the record."""

from __future__ import annotations

import json
import os
import random
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio

from station.app import Bench, alive, as_left, build, pages, simulated_bench, until_signal
from station.core.events import VisitAbandoned
from station.core.state import Phase
from station.runtime.clock import SystemClock
from station.runtime.journal import Entry, Journal
from station.runtime.setting import Files
from station.runtime.station import next_visit_id
from station.simulation.incidents import Incident
from station.simulation.live import turn_bench
from station.simulation.mishaps import Mishap
from station.simulation.mouse import MouseVisitor
from station.simulation.rig import Rig
from station.simulation.visitor import Visitor

START_WITHIN_S = 8.0
"""How long the devices may take before the visit begins without them (and says so on the screen)."""
LINGER_S = 4.0
"""How long the record stays up before the program ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOptions:
    """How one simulated visit is run in real time."""

    by_mouse: bool
    pages: bool
    open_browser: bool
    seed: int
    mishap: Mishap | None
    journal: Path | None
    port: int | None
    as_json: bool
    software: str


def visit(files: Files, options: VisitOptions) -> int:
    """One visit on the simulated bench in real time; 0 when it ended with the record of a finished visit."""
    path = options.journal or files.station.data_dir / "journal.sqlite"
    close_lost_visit(path)
    return anyio.run(LiveVisit(files, options, path).run)


def close_lost_visit(path: Path) -> None:
    """A simulated bench is lost with its program, so a visit that was left open there can only be closed."""
    journal = Journal(path)
    left = journal.open_visit()
    if left is not None:
        clock = SystemClock()
        reason = "the simulated bench was lost with its program"
        journal.append(
            Entry(
                visit=left,
                kind="stop",
                t_utc=clock.utc(),
                t_mono_s=clock.now_s(),
                source="station",
                body={"outcome": "abandoned", "reason": reason, "tightenings": []},
            )
        )
    journal.close()


class LiveVisit:
    """One visit over as many lives of the station as it takes: the simulated world goes on meanwhile."""

    def __init__(self, files: Files, options: VisitOptions, path: Path) -> None:
        self._files = files
        self._options = options
        self._path = path
        self._clock = SystemClock()
        self._ended = threading.Event()
        self._restart = threading.Event()
        self._port = options.port
        self._pointer: MouseVisitor | None = None
        journal = Journal(path)
        self._visit_id = next_visit_id(journal, files.station.id)
        journal.close()

    async def run(self) -> int:
        """To the end of the visit, or of the program."""
        rig = simulated_bench(self._files, seed=self._options.seed, clock=self._clock)
        if rig is None:
            raise ValueError("this station has no simulated part; `station run` is for real benches")
        try:
            first, acting, incident = True, None, None
            while True:
                with ExitStack() as stack:
                    bench = self._build(rig, stack, resume=not first)
                    self._bench = bench
                    if acting is None:
                        acting, incident = self._visitor(rig)
                    bench.desk.bench_pointer = self._pointer
                    await self._live(bench, rig, acting, incident, first=first)
                    if not self._restart.is_set():
                        return _told(bench, self._options, self._visit_id, self._path)
                    self._restart.clear()
                    first = False
        finally:
            rig.close()

    def _build(self, rig: Rig, stack: ExitStack, *, resume: bool) -> Bench:
        return build(
            as_left(self._files, self._path) if resume else self._files,
            stack,
            rig=rig,
            clock=self._clock,
            seed=self._options.seed,
            journal_path=self._path,
            software=self._options.software,
            resume=resume,
            speaks=self._options.pages,
        )

    async def _live(
        self, bench: Bench, rig: Rig, acting: Iterator[None], incident: Incident | None, *, first: bool
    ) -> None:
        asked = anyio.Event()
        station = bench.station
        bench.work.append(
            lambda stop: turn_bench(rig, acting, incident, lambda: station.screen, self._clock.now_s, stop=stop)
        )

        async def body() -> None:
            if first:
                await _devices_there(bench, asked)
                station.open_visit(self._visit_id)
            while not (asked.is_set() or self._restart.is_set()) and station.loop.state.phase is not Phase.ENDED:
                await anyio.sleep(0.05)
            if asked.is_set() and station.loop.state.phase is Phase.RUNNING:
                station.loop.post(VisitAbandoned(person="host", reason="the program was ended"), "host")
                await anyio.sleep(0.3)
            elif station.loop.state.phase is Phase.ENDED and not asked.is_set():
                await anyio.sleep(LINGER_S if self._options.pages else 0.5)

        if not first:
            station.restarted("the simulated power came back")
        async with anyio.create_task_group() as outer, AsyncExitStack() as serving:
            outer.start_soon(until_signal, asked)
            if self._options.pages:
                self._greet(await serving.enter_async_context(pages(bench, self._port)), first=first)
            await alive(bench, body)
            outer.cancel_scope.cancel()

    def _greet(self, address: str, *, first: bool) -> None:
        """Say where the page is, and open it where there is a desktop. After a restart it is at the same place."""
        self._port = int(address.rsplit(":", 1)[1].split("/", maxsplit=1)[0])
        if not first:
            return
        print(f"Kiosk page: {address}", flush=True)
        if self._pointer is not None:
            address = address.replace("/kiosk", "/bench")
            print(f"You are the visitor: open {address} and use the mouse; it shows what to do.", flush=True)
        if self._options.open_browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            webbrowser.open(address)

    def _visitor(self, rig: Rig) -> tuple[Iterator[None], Incident | None]:
        options, scene = self._options, rig.scene
        park = scene.tool_park or scene.card_home
        if options.by_mouse:
            self._pointer = mouse = MouseVisitor(
                rig.world, self._bench.desk.bench, pass_text=scene.card_text, tool_park=park
            )
            return mouse.act(), None
        visitor = Visitor(
            rig.world,
            screen=lambda: self._bench.station.screen,
            post=lambda event: self._bench.station.loop.post(event, "person"),
            rng=random.Random(f"visitor {options.seed}"),
            pass_text=scene.card_text,
            order_choices=dict(self._bench.station.setting.orders[scene.card_text].choices),
            tool_park=park,
            mishap=options.mishap,
        )
        incident = Incident(rig, options.mishap, random.Random(f"incident {options.seed}"), self._restart.set)
        return visitor.act(), incident


async def _devices_there(bench: Bench, asked: anyio.Event) -> None:
    """Wait for the devices' greetings, but not for ever: the screen says what is missing."""
    wanted = {port.device for port in bench.station.ports}
    with anyio.move_on_after(START_WITHIN_S):
        while not asked.is_set():
            there = {name for name, up in bench.station.loop.state.devices.items() if up}
            if wanted <= there and all(worker.counts().analysed for worker in bench.workers):
                return
            await anyio.sleep(0.05)


def _told(bench: Bench, options: VisitOptions, visit_id: str, path: Path) -> int:
    state = bench.station.loop.state
    verdict = bench.station.journal.verify()
    counts = [worker.counts() for worker in bench.workers]
    if options.as_json:
        print(
            json.dumps(
                {
                    "outcome": state.outcome,
                    "visit": visit_id,
                    "journal": str(path),
                    "chain": verdict.detail,
                    "frames_analysed": sum(count.analysed for count in counts),
                    "frames_dropped": sum(count.dropped for count in counts),
                    "calls": bench.calls,
                }
            )
        )
    else:
        print(f"Visit {visit_id}: {state.outcome or 'not finished'}.")
        for step in state.steps:
            print(f"  {step.id:<16} {step.status.value}")
        for entry in state.tightenings:
            print(f"  joint {entry.joint or '?'}: {entry.torque_nm:.2f} N·m, {entry.angle_deg:.0f}°, {entry.verdict}")
        print(f"  record: {path} ({verdict.detail}); read it with `station journal show {visit_id}`")
    return 0 if state.outcome == "finished" and verdict.bad_seq is None else 1
