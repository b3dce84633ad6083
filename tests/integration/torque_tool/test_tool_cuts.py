"""A line that is cut again and again, anywhere: no result is lost, none recorded twice, the tool never runs unasked."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from tool_rig import PSETS, Rig

from drivers.api import AcknowledgeResult, ArmTool, Connected, DisarmTool, ResultsLost, TighteningResult
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, PF6000_28, ControllerProfile
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator

LINES = [
    (GENERIC, Carriage.SERIAL, False),
    (GENERIC, Carriage.TCP, False),
    (GENERIC, Carriage.SERIAL_3964R, False),
    (GENERIC, Carriage.TCP, True),
    (PF6000_28, Carriage.TCP, False),
    (MTF6000, Carriage.SERIAL, False),
]
IDS = [f"{profile.name}-{carriage.value}{'-numbered' if numbered else ''}" for profile, carriage, numbered in LINES]


@dataclass
class Station:
    """What a station does with results: on disk once, then acknowledged; it remembers nothing else over a restart."""

    rig: Rig
    rng: random.Random
    disk: list[int] = field(default_factory=list)
    second_copies: int = 0
    lost: list[ResultsLost] = field(default_factory=list)
    rundowns: int = 0
    tried: int = 0
    seen: int = 0

    def serve(self) -> None:
        """Take every event since the last time."""
        while self.seen < len(self.rig.events):
            event = self.rig.events[self.seen]
            self.seen += 1
            if isinstance(event, TighteningResult):
                if event.tightening_id in self.disk:
                    self.second_copies += 1
                else:
                    self.disk.append(event.tightening_id)
                self.tried += 1
                self.rig.submit(AcknowledgeResult(command_id=f"ack {self.tried}", tightening_id=event.tightening_id))
            elif isinstance(event, ResultsLost):
                self.lost.append(event)
            elif isinstance(event, Connected):
                assert not self.rig.simulator.enabled


def live_through(profile: ControllerProfile, carriage: Carriage, numbered: bool, *, cuts: int, seed: int) -> Station:
    """Tighten while the line is cut at random moments, restart the station now and then, and let it all settle."""
    rng = random.Random(seed)
    simulator = OpenProtocolSimulator(
        PSETS, random.Random(seed), carriage=carriage, profile=profile, link_level=numbered
    )
    disk: list[int] = []

    def fresh() -> OpenProtocolTool:
        return OpenProtocolTool(
            carriage=carriage, profile=profile, last_seen_id=lambda serial: max(disk, default=0), traces=False
        )

    rig = Rig(carriage, simulator=simulator, tool=fresh())
    rig.reconnects = False
    station = Station(rig=rig, rng=rng, disk=disk)
    rig.plug()
    for cut in range(cuts):
        rig.run(rng.uniform(0.1, 1.5), step_s=0.05)
        station.serve()
        if rig.connected:
            rig.submit(ArmTool(command_id=f"arm {cut}", pset=7))
            rig.run(rng.uniform(0.0, 0.3), step_s=0.05)
            if simulator.enabled:
                station.rundowns += simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
        rig.run(rng.uniform(0.0, 2.5), step_s=0.05)
        if rng.random() < 0.7:
            station.serve()
        if rng.random() < 0.5 and rig.connected:
            rig.submit(DisarmTool(command_id=f"off {cut}"))
        if rig.connected:
            rig.unplug()
        rig.settle()
        rig.run(rng.uniform(0.0, 4.0), step_s=0.25)
        if rng.random() < 0.1:
            rig.tool = fresh()
        station.serve()
        rig.plug()
    rig.reconnects = True
    rig.run(90.0, step_s=0.25)
    for _ in range(30):
        station.serve()
        rig.run(1.0, step_s=0.25)
    return station


def nothing_is_missing(station: Station, profile: ControllerProfile) -> None:
    assert len(station.disk) == len(set(station.disk)) == station.rundowns
    if profile is not PF6000_28:  # There the ids are shared with another station.
        assert sorted(station.disk) == list(range(1, station.rundowns + 1))
    assert station.lost == []


@pytest.mark.parametrize(("profile", "carriage", "numbered"), LINES, ids=IDS)
def test_forty_cuts_lose_and_double_nothing(profile: ControllerProfile, carriage: Carriage, numbered: bool) -> None:
    """It should end with every rundown of the controller on disk, once."""
    station = live_through(profile, carriage, numbered, cuts=40, seed=5)
    assert station.rundowns > 10
    nothing_is_missing(station, profile)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize(("profile", "carriage", "numbered"), LINES, ids=IDS)
def test_a_thousand_cuts_lose_and_double_nothing(
    profile: ControllerProfile, carriage: Carriage, numbered: bool, seed: int
) -> None:
    """It should hold for forty cuts with each of 25 seeds on each line."""
    station = live_through(profile, carriage, numbered, cuts=40, seed=1000 + seed)
    nothing_is_missing(station, profile)
