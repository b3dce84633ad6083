"""`station visit` in real time: pages, voice and the simulated bench, from the greeting to the record."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio

from station.app import Bench, alive, build, until_signal
from station.core.events import VisitAbandoned
from station.core.state import Phase
from station.runtime.clock import SystemClock
from station.runtime.journal import Journal
from station.runtime.setting import Files, setting_of
from station.runtime.station import Station, next_visit_id, recover, silent_people
from station.simulation.incidents import Incident
from station.simulation.live import turn_bench
from station.simulation.mishaps import Mishap
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
    close_lost_visit(path, files, options.software)
    with ExitStack() as stack:
        bench = build(files, stack, seed=options.seed, journal_path=path, software=options.software, resume=False)
        visit_id = next_visit_id(bench.station.journal, files.station.id)
        return anyio.run(_visit, bench, options, visit_id, path)


def close_lost_visit(path: Path, files: Files, software: str) -> None:
    """A simulated bench is lost with its program, so a visit that was left open there can only be closed."""
    journal = Journal(path)
    left = journal.open_visit()
    if left is not None:
        state = recover(journal)
        clock = SystemClock()
        station = Station(
            setting_of(files, software),
            journal=journal,
            clock=clock,
            open_cobot=None,
            open_tool=None,
            people=silent_people(),
            state=state,
        )
        station.loop.post(
            VisitAbandoned(person="station", reason="the simulated bench was lost with its program"), "station"
        )
        station.loop.turn()
    journal.close()


async def _visit(bench: Bench, options: VisitOptions, visit_id: str, path: Path) -> int:
    stop = threading.Event()
    station = bench.station
    acting, incident = _visitor(bench, options)
    rig = bench.rig
    if rig is not None:
        bench.work.append(
            lambda stop: turn_bench(rig, acting, incident, lambda: station.screen, bench.clock.now_s, stop=stop)
        )

    async def body() -> None:
        await _devices_there(bench, stop)
        station.open_visit(visit_id)
        while not stop.is_set() and station.loop.state.phase is not Phase.ENDED:
            await anyio.sleep(0.05)
        if station.loop.state.phase is Phase.RUNNING:
            station.loop.post(VisitAbandoned(person="host", reason="the program was ended"), "host")
            await anyio.sleep(0.3)
        elif not stop.is_set():
            await anyio.sleep(LINGER_S if options.pages else 0.5)

    async with anyio.create_task_group() as outer:
        outer.start_soon(until_signal, stop)
        await alive(bench, body, stop)
        outer.cancel_scope.cancel()
    return _told(bench, options, visit_id, path)


def _visitor(bench: Bench, options: VisitOptions) -> tuple[Iterator[None], Incident | None]:
    rig = bench.rig
    if rig is None or options.by_mouse:
        return iter(()), None
    station = bench.station
    order = station.setting.orders[rig.scene.card_text]
    visitor = Visitor(
        rig.world,
        screen=lambda: station.screen,
        post=lambda event: station.loop.post(event, "person"),
        rng=random.Random(f"visitor {options.seed}"),
        pass_text=rig.scene.card_text,
        order_choices=dict(order.choices),
        cup_mm=rig.scene.nuts_mm[0] if rig.scene.nuts_mm else (0.0, -200.0, 30.0),
        tool_park=rig.scene.tool_park or rig.scene.card_home,
        mishap=options.mishap,
    )
    incident = Incident(rig, options.mishap, random.Random(f"incident {options.seed}"), lambda: None)
    return visitor.act(), incident


async def _devices_there(bench: Bench, stop: threading.Event) -> None:
    """Wait for the devices' greetings, but not for ever: the screen says what is missing."""
    wanted = {port.device for port in bench.station.ports}
    with anyio.move_on_after(START_WITHIN_S):
        while not stop.is_set():
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
