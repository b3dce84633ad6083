"""A whole station whose tool is locked: verified between two visits over the real driver, and open in the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from support.torquetool import check_of, result

from calibration.store import Store
from calibration.torque.artefact import uses_of
from drivers.api import DriverEvent
from drivers.session import PortOwner
from drivers.simulated_line import LockStep
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from station.config.artefact import Kind, in_force
from station.core.events import VisitAbandoned
from station.runtime.clock import SteppedClock
from station.runtime.journal import Journal
from station.runtime.replay import replay
from station.runtime.setting import Files, read_files, setting_of
from station.runtime.station import Station, silent_people
from station.simulation.rig import Rig, build_rig
from station.web.calibrate_torque_desk import TorqueWorkshop

SIM = Path(__file__).parents[3] / "config" / "station.sim.toml"
FIRST, SECOND = "B-9Nm-pset1", "B-9Nm-pset2"


@dataclass
class LockedStation:
    """Turned by hand, in simulated time."""

    station: Station
    rig: Rig
    clock: SteppedClock
    lines: LockStep
    workshop: TorqueWorkshop
    journal: Journal

    def turn(self, for_s: float = 0.5) -> None:
        until_s = self.clock.now_s() + for_s
        while self.clock.now_s() < until_s:
            self.clock.move_to(round(self.clock.now_s() + 0.05, 3))
            self.lines.settle(self.clock.now_s())
            while self.station.turn():
                self.lines.settle(self.clock.now_s())

    def tighten(self) -> float:
        """Pull the trigger on a test joint; what the tool told."""
        tool = self.rig.tool_simulator
        assert tool is not None
        status = tool.status(last=0)
        assert status.pset is not None
        assert tool.pull_trigger(sound_joint(status.pset), self.clock.now_s()), "the trigger does nothing"
        self.turn(3.0)
        waiting = self.workshop.look().waiting_nm
        assert waiting is not None
        return waiting

    def codes(self) -> set[str]:
        return {fault.code for fault in self.station.loop.state.faults}


@contextmanager
def locked_station(folder: Path) -> Iterator[LockedStation]:
    """The simulated bench without its arm, whose tool nobody has verified."""
    files: Files = read_files(SIM)
    tool = files.station.torque_tool
    assert tool is not None
    store = folder / "store"
    config = replace(files.station, calibrations=store, torque_tool=replace(tool, calibration="store"))
    files = replace(files, station=config)
    clock = SteppedClock()
    rig = build_rig(files, seed=3, clock=clock, in_memory=True)
    journal = Journal(folder / "journal.sqlite")
    heard: list[Callable[[DriverEvent], None]] = []
    open_tool = rig.open_tool
    assert open_tool is not None

    def opened(loop: Callable[[DriverEvent], None], last_id: Callable[[str], int | None]) -> PortOwner:
        def both(event: DriverEvent) -> None:
            loop(event)
            for listener in heard:
                listener(event)

        return open_tool(both, last_id)

    station = Station(
        setting_of(files, "t"), journal=journal, clock=clock, open_cobot=None, open_tool=opened, people=silent_people()
    )
    workshop = TorqueWorkshop(
        procedure=files.procedure,
        check=check_of(readings=10, readings_class_a=10),
        folder=store,
        post=lambda event: station.loop.post(event, "person"),
        state=lambda: station.loop.state,
        uses=lambda: uses_of(Store(store), lambda moment: journal.results_since(config.id, moment)),
        kept_anew=station.verification.tell_changes,
        utc=clock.utc,
        now_s=clock.now_s,
        software="t",
        typed=True,
    )
    heard.append(workshop.heard)
    assert station.tool is not None and rig.tool is not None
    lines = LockStep([(station.tool, rig.tool.port)])
    try:
        made = LockedStation(station, rig, clock, lines, workshop, journal)
        made.turn(2.0)
        yield made
    finally:
        station.tool.close()
        journal.close()
        rig.close()


def test_a_locked_tool_is_verified_between_visits_and_free_in_the_next(tmp_path: Path) -> None:
    with locked_station(tmp_path) as bench:
        bench.station.open_visit("v-1")
        bench.turn()
        assert "tool.unverified" in bench.codes()
        bench.station.loop.post(VisitAbandoned(person="p", reason="locked"), "person")
        bench.turn()
        for series, count in ((FIRST, 10), (SECOND, 10)):
            bench.workshop.begin(series, "Kim")
            bench.turn(1.0)
            for number in range(count):
                told_nm = bench.tighten()
                bench.workshop.type_reading(round(told_nm / 1.003 + 0.002 * (number % 3), 3))
            bench.turn()
            assert bench.rig.tool_simulator is not None and not bench.rig.tool_simulator.enabled
        assert all(one.verdict is not None for one in bench.workshop.look().series)
        artefact = bench.workshop.put_in_force("Kim")
        assert artefact.verdict.good, artefact.verdict.text
        bench.turn()
        assert bench.codes() & {"result.unarmed", "result.duplicate"} == set(), "no rundown of it was the work's"
        bench.workshop.begin(FIRST, "Kim")
        bench.turn(1.0)
        assert bench.workshop.look().waits_for == "rundown"
        bench.station.open_visit("v-2")
        bench.turn()
        known = bench.station.loop.state.verification
        assert known is not None
        assert (known.id, known.fit, known.rundowns_left) == (artefact.id, ("J1", "J2", "J3"), 5000)
        assert not bench.codes() & {"tool.unverified", "tool.unfit"}
        bench.workshop.heard(result(990, bench.clock.now_s()))
        assert bench.workshop.look().waiting_nm is None, "what a visit tightens is none of the series'"
        for visit in ("v-1", "v-2"):
            assert replay(bench.journal, visit).bad_seq is None
        assert bench.journal.verify().bad_seq is None
        now = datetime.fromisoformat(bench.clock.utc()).astimezone(UTC)
        assert in_force(tmp_path / "store", Kind.TORQUE, "tool", now=now).serial == "SIMTOOL0000001"


def test_a_verification_that_is_refuted_locks_the_visit_that_runs(tmp_path: Path) -> None:
    with locked_station(tmp_path) as bench:
        assert bench.workshop._events.empty(), "nothing piles up while nobody verifies"
        bench.workshop.begin(FIRST, "Kim")
        bench.turn(1.0)
        for number in range(10):
            bench.workshop.type_reading(round(bench.tighten() / 1.003 + 0.002 * (number % 3), 3))
        bench.turn()
        bench.workshop.put_in_force("Kim")
        bench.station.open_visit("v-1")
        bench.turn()
        assert "tool.unfit" in bench.codes(), "joint 3 was not verified"
        Store(tmp_path / "store").refute(
            Kind.TORQUE, "tool", utc=bench.clock.utc(), by="Kim", why="the test rundown was 7 % high"
        )
        bench.station.verification.tell_changes()
        bench.turn()
        (fault,) = [fault for fault in bench.station.loop.state.faults if fault.code == "tool.unverified"]
        assert "7 % high" in fault.words["detail"]
