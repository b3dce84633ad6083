"""How long news takes through a whole station in real time: from picture to fact, to the screen, and to the arm's stop.

One visit on the simulated bench with everything that a visit has but its voice: two rendered cameras, the hand model,
two serial lines, journal on disk, pages served and shown by Chromium. Figures are printed, never asserted.
"""

from __future__ import annotations

import os
import platform
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from latency_page import NOTE_DRAWN, PageClock, drawn
from latency_probe import Probe, row
from latency_reach import Reach, reaching

from station.app import Bench, Work, alive, build, simulated_bench
from station.core.state import Phase
from station.runtime.clock import SystemClock
from station.runtime.setting import Files, read_files
from station.simulation.live import turn_bench
from station.simulation.rig import Rig
from station.simulation.visitor import Visitor
from station.web.server import create_app, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

CONFIG = Path(__file__).parents[2] / "config" / "station.sim.toml"
SEED = 7
REACHES = 24
LIMIT_S = 300.0
"""The visit ends here at the latest; figures are of what there was until then."""
READY_S = 30.0
SCREEN: ViewportSize = {"width": 1920, "height": 1080}


@dataclass(slots=True, kw_only=True)
class Run:
    """One visit under way in another thread than the browser's."""

    files: Files
    journal: Path
    clock: SystemClock
    reaches: list[Reach] = field(default_factory=list)
    address: str = ""
    served: threading.Event = field(default_factory=threading.Event)
    watched: threading.Event = field(default_factory=threading.Event)
    """A page shows the station: the visit may begin."""
    seconds: float = 0.0
    counts: dict[str, str] = field(default_factory=dict)
    outcome: str = ""

    async def live(self) -> None:
        """From power on to the record."""
        rig = simulated_bench(self.files, seed=SEED, clock=self.clock)
        assert rig is not None
        with ExitStack() as stack:
            stack.callback(rig.close)
            bench = build(
                self.files,
                stack,
                rig=rig,
                clock=self.clock,
                seed=SEED,
                journal_path=self.journal,
                software="benchmark",
                resume=False,
                speaks=False,
            )
            bench.work.append(self._visitor(bench, rig))
            app = create_app(
                bench.desk, people=(), allowed_hosts=("127.0.0.1",), allowed_origins=(), now_s=self.clock.now_s
            )
            async with serving(app, host="127.0.0.1", port=0) as port:
                self.address = f"http://127.0.0.1:{port}"
                self.served.set()
                await alive(bench, lambda: self._visit(bench))

    def _visitor(self, bench: Bench, rig: Rig) -> Work:
        station, scene = bench.station, rig.scene
        visitor = Visitor(
            rig.world,
            screen=lambda: station.screen,
            post=lambda event: station.loop.post(event, "person"),
            rng=random.Random(f"visitor {SEED}"),
            pass_text=scene.card_text,
            order_choices=dict(station.setting.orders[scene.card_text].choices),
            tool_park=scene.tool_park or scene.card_home,
        )
        acting = reaching(
            rig.world,
            visitor.act(),
            lambda: station.screen,
            self.clock.now_s,
            next(zone for zone in station.setting.bench.zones if zone.name == self.files.procedure.cobot_zone),
            random.Random(f"reaches {SEED}"),
            self.reaches,
            wanted=REACHES,
        )
        return lambda stop: turn_bench(rig, acting, None, lambda: station.screen, self.clock.now_s, stop=stop)

    async def _visit(self, bench: Bench) -> None:
        """Until the record, or until nobody waits any longer."""
        loop = bench.station.loop
        while not self.watched.is_set() or not all(worker.counts().analysed for worker in bench.workers):
            await anyio.sleep(0.05)
        before = [worker.counts() for worker in bench.workers]
        begun_s = self.clock.now_s()
        bench.station.open_visit("latency-0001")
        with anyio.move_on_after(LIMIT_S):
            while loop.state.phase is not Phase.ENDED:
                await anyio.sleep(0.05)
        self.seconds = self.clock.now_s() - begun_s
        self.outcome = loop.state.outcome or "not finished"
        for worker, first in zip(bench.workers, before, strict=True):
            last = worker.counts()
            captured, analysed = last.captured - first.captured, last.analysed - first.analysed
            self.counts[worker.name] = (
                f"{captured / self.seconds:.1f} pictures a second rendered, {analysed / self.seconds:.1f} analysed, "
                f"{last.dropped - first.dropped} dropped"
            )


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_news_travels(chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It should tell how long news takes, whatever the figures are."""
    clock = SystemClock()
    probe = Probe(clock.now_s)
    probe.install(monkeypatch)
    run = Run(files=read_files(CONFIG), journal=tmp_path / "journal.sqlite", clock=clock)
    load_before = os.getloadavg()[0]
    # The browser is driven from this thread, so the station's event loop gets another.
    with ThreadPoolExecutor(1, "station") as threads, chromium.new_context(viewport=SCREEN) as context:
        ended = threads.submit(anyio.run, run.live)
        try:
            assert run.served.wait(READY_S), "no pages are served; see why with `station visit`"
            context.add_init_script(NOTE_DRAWN)
            page = context.new_page()
            page.goto(f"{run.address}/kiosk")
            page.wait_for_function("window.drawn !== undefined")
            page_clock = PageClock(page, clock.now_s)
        finally:
            run.watched.set()
        while not ended.done():
            page.wait_for_timeout(250)
        ended.result()
        when_drawn = drawn(page, page_clock)
    print(f"\n{_conditions(run, chromium.version, load_before)}")
    print("\n".join(_to_fact(probe)))
    print("\n".join(_to_screen(probe, when_drawn)))
    print(f"  ({len(probe.published) / run.seconds:.1f} changes of facts a second)")
    print(f"  (the page's clock is known to {page_clock.unsure_s * 1000.0:.1f} ms)")
    print("\n".join(_to_stop(probe, run.reaches)))
    assert probe.published, "no fact changed in the whole visit; see why with `station visit`"
    assert run.reaches, "the cobot never moved in the whole visit; see why with `station visit`"


def _conditions(run: Run, chromium: str, load_before: float) -> str:
    cameras = "; ".join(
        f"{camera.name} {camera.model.width_px}x{camera.model.height_px} at {camera.fps:g} Hz, "
        f"{run.counts[camera.name]}"
        for camera in run.files.station.cameras
    )
    return "\n".join(
        (
            f"One visit of {run.seconds:.0f} s ({run.outcome}), simulated bench, real time, seed {SEED}.",
            f"  Running: renderer, vision, loop, journal on disk, two serial lines, pages, Chromium {chromium} without "
            f"GPU at {SCREEN['width']}x{SCREEN['height']}; no voice. {os.cpu_count()} processors, "
            f"Python {platform.python_version()}; "
            f"load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} at the end.",
            f"  Cameras: {cameras}.",
        )
    )


def _to_fact(probe: Probe) -> list[str]:
    return [
        row(f"camera stamp to fact, {camera}, every picture", times)
        for camera, times in sorted(probe.stamp_to_fact_s.items())
    ]


def _to_screen(probe: Probe, when_drawn: Callable[[int], float | None]) -> list[str]:
    arrived = [(told, at_s) for told in probe.published if (at_s := when_drawn(told.version)) is not None]
    return [
        row("fact to the loop's turn", [told.taken_s - told.known_s for told in probe.published]),
        row("the turn: decided and in the journal", [told.at_s - told.taken_s for told in probe.published]),
        row("fact to decided and in the journal", [told.at_s - told.known_s for told in probe.published]),
        row("fact to drawn by Chromium", [at_s - told.known_s for told, at_s in arrived]),
    ]


def _to_stop(probe: Probe, reaches: list[Reach]) -> list[str]:
    rows = []
    for name, at_once in (("quick reach", False), ("there at once", True)):
        hands = [reach for reach in reaches if reach.at_once is at_once]
        stops = [(reach, at_s) for reach in hands if (at_s := _stopped_s(probe, reach)) is not None]
        rows.append(row(f"hand in zone to stop bytes on the wire, {name}", [at_s - r.inside_s for r, at_s in stops]))
    unstopped = [reach for reach in reaches if _stopped_s(probe, reach) is None]
    rested = [reach.rest_s - reach.inside_s for reach in unstopped if reach.rest_s is not None]
    return [
        *rows,
        *_on_the_way(probe, reaches),
        row("no stop: the arm's motion ended after the hand came", rested),
        f"  no stop although the arm was moving to the end: {len(unstopped) - len(rested)} of {len(reaches)}",
    ]


def _stopped_s(probe: Probe, reach: Reach) -> float | None:
    return probe.first_stop_s(reach.begun_s, reach.left_s)


def _on_the_way(probe: Probe, reaches: list[Reach]) -> list[str]:
    """The parts of the way, where a fact stopped the arm after a hand was there at once."""
    to_picture_s, to_decision_s, to_bytes_s = [], [], []
    for reach in reaches:
        decided = next((told for told in probe.decided if reach.begun_s <= told.at_s <= reach.left_s), None)
        bytes_s = _stopped_s(probe, reach)
        if reach.at_once and decided is not None and decided.reading is not None and bytes_s is not None:
            to_picture_s.append(decided.reading.t_mono_s - reach.inside_s)
            to_decision_s.append(decided.at_s - decided.reading.t_mono_s)
            to_bytes_s.append(bytes_s - decided.at_s)
    return [
        row("  of that: hand there to the picture that shows it", to_picture_s),
        row("  of that: picture to decision", to_decision_s),
        row("  of that: decision to bytes", to_bytes_s),
    ]
