"""`station run`: a station on the devices that its file names, visit after visit, until somebody ends it."""

from __future__ import annotations

from contextlib import ExitStack

import anyio

from station.app import Bench, alive, as_left, build, pages, simulated_bench, until_signal
from station.core.state import Phase
from station.runtime.clock import SystemClock
from station.runtime.setting import Files
from station.runtime.station import next_visit_id
from station.simulation.live import turn_bench


def run_station(files: Files, software: str) -> int:
    """Greet, guide, record, again. A visit that a crash left open goes on where it was, after looking again."""
    path = files.station.data_dir / "journal.sqlite"
    clock = SystemClock()
    with ExitStack() as stack:
        left = as_left(files, path)
        rig = simulated_bench(left, seed=1, clock=clock)
        if rig is not None:
            stack.callback(rig.close)
        bench = build(
            left, stack, rig=rig, clock=clock, seed=1, journal_path=path, software=software, resume=True, speaks=True
        )
        anyio.run(_run, bench)
    return 0


async def _run(bench: Bench) -> None:
    asked = anyio.Event()
    station = bench.station
    rig = bench.rig
    if rig is not None:
        bench.work.append(
            lambda stop: turn_bench(rig, iter(()), None, lambda: station.screen, bench.clock.now_s, stop=stop)
        )

    def opens(language: str) -> None:
        station.open_visit(next_visit_id(station.journal, bench.files.station.id), language)

    bench.desk.opens = opens

    async def body() -> None:
        await asked.wait()

    if station.loop.state.phase is Phase.RUNNING:
        station.restarted("the program was started again")
    async with anyio.create_task_group() as outer, pages(bench, None) as address:
        print(f"Kiosk page: {address}", flush=True)
        outer.start_soon(until_signal, asked)
        await alive(bench, body)
        outer.cancel_scope.cancel()
