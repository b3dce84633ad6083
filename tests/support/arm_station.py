"""A whole station in real time, with a simulated arm and eyes that need no pixels, behind the real pages' server."""

from __future__ import annotations

import itertools
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
from support.scripted_desk import CONFIG, PHRASES, served

from station.config.gestures_file import load_gestures
from station.config.station_values import ZoneBook
from station.live_desk import LiveDesk
from station.runtime.clock import SystemClock
from station.runtime.journal import Journal
from station.runtime.setting import Files, read_files, setting_of
from station.runtime.station import Station, silent_people
from station.simulation.eyes import NoisyEyes
from station.simulation.rig import Rig, build_rig
from vision.api import FrameAnalysis
from vision.bench import Bench
from vision.sim import SceneRenderer

TURN_S = 0.005
LOOK_EVERY_S = 0.1


@dataclass(slots=True)
class ArmStation:
    """What a test needs of it."""

    port: int
    station: Station
    desk: LiveDesk
    rig: Rig
    gestures: Path
    """The gestures file that it teaches into."""
    zones: Path
    """The zones file that is drawn into; not there at first."""
    blind: set[str]
    """Cameras that give no pictures while they are in here."""

    def angles_deg(self) -> tuple[float, ...]:
        """Where the simulated arm tells that it stands."""
        assert self.station.arm is not None
        posture = self.station.arm.view().posture
        return posture.angles_deg if posture is not None else ()


def files_with_own_gestures(folder: Path) -> tuple[Files, Path]:
    """The simulated bench's files, with a copy of its gestures that may be written to."""
    files = read_files(CONFIG / "station.sim.toml")
    path = folder / "gestures.toml"
    shutil.copy(CONFIG / "gestures.sim.toml", path)
    return replace(files, station=replace(files.station, gestures=load_gestures(path))), path


def with_own_zones(files: Files, path: Path) -> Files:
    """The same files, with zones that are drawn into this one."""
    book = ZoneBook(path=path, zones=files.station.zones)
    return replace(files, station=replace(files.station, zone_book=book))


@contextmanager
def arm_station(folder: Path, *, pictures: bool = False) -> Iterator[ArmStation]:
    """It runs while the body does, with no visit. `folder` takes its journal, its gestures and its zones.

    With `pictures`, the pages show one for each look: the same every time, for none is rendered while it runs.
    """
    files, gestures = files_with_own_gestures(folder)
    zones = folder / "zones.toml"
    files = with_own_zones(files, zones)
    blind: set[str] = set()
    clock = SystemClock()
    rig = build_rig(files, seed=1, clock=clock)
    setting = setting_of(files, "test")
    journal = Journal(folder / "journal.sqlite")
    desk = LiveDesk(
        phrases=PHRASES,
        bench=setting.bench,
        procedure=files.procedure,
        state=lambda: station.loop.state,
        person=lambda event: station.loop.post(event, "person"),
        trace=lambda result: None,
        arm=lambda: station.arm,
        eyes=lambda: station.eyes,
    )
    station = Station(
        setting,
        journal=journal,
        clock=clock,
        open_cobot=rig.open_cobot,
        open_tool=rig.open_tool,
        people=silent_people(),
        publish=desk.publish,
    )
    desk.publish(station.screen)
    eyes = [NoisyEyes(rig.world, setting.bench, name, random.Random(name)) for name in desk.camera_names()]

    views = _views(rig, setting.bench) if pictures else {}

    def turn(stop: threading.Event) -> None:
        look_s, seq = 0.0, itertools.count(1)
        while not stop.wait(TURN_S):
            now_s = clock.now_s()
            rig.pump(now_s)
            rig.world.advance(now_s)
            if now_s >= look_s:
                look_s = now_s + LOOK_EVERY_S
                for eye in eyes:
                    analysis = eye.see(now_s, station.want)
                    if not isinstance(analysis, FrameAnalysis) or analysis.camera in blind:
                        continue
                    station.analysed(analysis)
                    if pictures:
                        desk.show(replace(analysis, seq=next(seq)), views[analysis.camera])

    assert station.motions is not None
    with _threads([station.loop.run, station.motions.run, *(port.run for port in station.ports), turn]):
        try:
            with served(desk, clock.now_s) as port:
                yield ArmStation(
                    port=port, station=station, desk=desk, rig=rig, gestures=gestures, zones=zones, blind=blind
                )
        finally:
            for owner in station.ports:
                owner.wake()
    rig.close()
    journal.close()


_drawn: dict[str, bytes] = {}
"""Camera -> JPEG of the simulated bench as it begins, drawn once: every station that begins looks the same."""


def _views(rig: Rig, bench: Bench) -> dict[str, bytes]:
    for camera in bench.cameras:
        if camera.name not in _drawn:
            renderer = SceneRenderer(camera, rig.world.static, seed=1)
            good, jpeg = cv2.imencode(".jpg", renderer.render(rig.world.scene(), 1))
            assert good
            _drawn[camera.name] = jpeg.tobytes()
    return _drawn


@contextmanager
def _threads(work: list[Callable[[threading.Event], None]]) -> Iterator[None]:
    """Each in a thread of its own until the body ends. What one of them raises fails the test."""
    stop = threading.Event()
    wrong: list[Exception] = []

    def guarded(run: Callable[[threading.Event], None]) -> None:
        try:
            run(stop)
        except Exception as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=guarded, args=(run,), name=str(run)) for run in work]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(5.0)
    assert not wrong, wrong
