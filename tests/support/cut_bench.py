"""A whole station's runtime with a simulated controller behind a cable that is cut: journal on disk, simulated time."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from support.cut_cable import CutCable

from drivers.api import ArmTool, Connected, DriverEvent
from drivers.session import PortOwner
from drivers.simulated_line import LockStep
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.joint_physics import JointKind, ParameterSet, sound_joint
from drivers.torque_tool.open_protocol.link_level import following
from drivers.torque_tool.open_protocol.messages import answered_mid, read, whole
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.core.screen import Screen
from station.runtime.clock import SteppedClock
from station.runtime.journal import Journal
from station.runtime.setting import Setting, read_files, setting_of
from station.runtime.station import Station, silent_people
from station.runtime.tool_port import tool_port

FILES = read_files(Path(__file__).parents[2] / "config" / "station.sim.toml")
LONGEST_STEP_S = 0.25
KINDS = (JointKind.GOOD,) * 6 + (JointKind.LOW_TORQUE, JointKind.MISSING, JointKind.CROSSED)
PSETS = {
    pset: ParameterSet(
        pset=pset,
        torque_min_nm=0.9 * target_nm,
        torque_max_nm=1.1 * target_nm,
        torque_target_nm=target_nm,
        angle_min_deg=20,
        angle_max_deg=80,
        angle_target_deg=50,
        snug_nm=0.2 * target_nm,
    )
    for pset, target_nm in ((7, 9.0), (12, 103.0))
}


def setting() -> Setting:
    """The simulated bench's."""
    return setting_of(FILES, "cuts")


@dataclass
class Releases:
    """What the controller was told to forget. Called by the simulator for every message both ways."""

    disk: Path
    pushed: tuple[int, int] = (0, 0)
    """Tightening id and sequence number of the last 0061."""
    too_early: list[int] = field(default_factory=list)
    """Results that 0062 released before they were on disk."""
    let_go: list[int] = field(default_factory=list)
    """Results that 9997 released on the link before they were on disk."""

    def said(self, message: Message) -> None:
        if message.mid == 61:
            self.pushed = (whole(read(message), "tightening_id"), message.sequence)

    def heard(self, message: Message) -> None:
        tightening_id, sequence = self.pushed
        if message.mid == 62 and not self._on_disk(tightening_id):
            self.too_early.append(tightening_id)
        numbered = message.mid == 9997 and message.sequence == following(sequence) and answered_mid(message) == 61
        if numbered and not self._on_disk(tightening_id):
            self.let_go.append(tightening_id)

    def breach(self, sentence: str) -> None:
        """Of no interest here."""

    def _on_disk(self, tightening_id: int) -> bool:
        with closing(sqlite3.connect(f"{self.disk.as_uri()}?mode=ro", uri=True)) as db:
            query = "SELECT COUNT(*) FROM results WHERE tightening_id = ?"
            return db.execute(query, (tightening_id,)).fetchone()[0] > 0


class CutBench:
    """Made for one story; `close` it."""

    def __init__(
        self,
        folder: Path,
        *,
        carriage: Carriage,
        profile: ControllerProfile,
        numbered: bool,
        medium: str,
        seed: int,
        traces: bool = False,
    ) -> None:
        self.rng = random.Random(seed)
        self.clock = SteppedClock()
        self.path = folder / "journal.sqlite"
        self.releases = Releases(disk=self.path)
        local = datetime.fromisoformat(self.clock.utc()).replace(tzinfo=None)
        self.simulator = OpenProtocolSimulator(
            PSETS,
            self.rng,
            carriage=carriage,
            profile=profile,
            link_level=numbered,
            first_tightening_id=1 + 1000 * (seed % 1000),
            clock_at_zero=local - timedelta(seconds=self.clock.now_s()),
            watcher=self.releases,
        )
        self.controller_notices = True
        self.cable = CutCable(
            medium,
            self.simulator,
            self.clock.now_s,
            resets=carriage is Carriage.TCP,
            wants_hangup=self.simulator.wants_hangup,
            gone=self._gone,
        )
        assert FILES.station.torque_tool is not None
        self._config = replace(FILES.station.torque_tool, carriage=carriage.value, profile=profile.name, traces=traces)
        self._carriage = carriage
        self._setting = setting()
        self.rundowns = 0
        self.restarts = 0
        self.connections = 0
        self._armings = 0
        self.fresh: Counter[str] = Counter()
        self._known: frozenset[str] = frozenset()
        self.station = self._start()

    def close(self) -> None:
        """End it all."""
        self._stop()
        self.cable.close()

    @property
    def tool(self) -> PortOwner:
        """The station's port of the tool."""
        assert self.station.tool is not None
        return self.station.tool

    def run(self, seconds: float, *, until_cut: bool = False) -> None:
        """Let simulated time pass; with `until_cut` at most until the cable is cut."""
        end_s = self.clock.time_s + seconds
        while self.clock.time_s < end_s and not (until_cut and not self.cable.whole):
            now_s = self.clock.time_s
            wake_s = self._lines.next_wake_s()
            step_s = LONGEST_STEP_S if wake_s is None else min(LONGEST_STEP_S, max(0.001, wake_s - now_s))
            self.clock.move_to(min(end_s, now_s + step_s))
            self._lines.settle(self.clock.time_s)
            if until_cut and not self.cable.whole:
                return  # What was heard is not decided yet: a crash now finds it in memory only.
            self.decide()

    def decide(self) -> None:
        """Let the loop take what was heard, and carry out what comes of it."""
        while self.station.turn():
            self._lines.settle(self.clock.time_s)

    def arm(self) -> None:
        """Ask for one of the parameter sets and the enable."""
        self._armings += 1
        self.tool.submit(ArmTool(command_id=f"arm {self._armings}", pset=self.rng.choice(list(PSETS))))

    def pull_trigger(self) -> bool:
        """Begin a rundown if the tool turns at all, on whatever joint."""
        if not self.simulator.enabled or self.simulator.running:
            return False
        joint = sound_joint(PSETS[self.simulator.selected_pset], self.rng.choice(KINDS))
        begun = self.simulator.pull_trigger(joint, self.clock.time_s)
        self.rundowns += begun
        return begun

    def crash(self) -> None:
        """The station's program is gone without a word, and starts again: only the journal is left of it."""
        if self.tool.link is not None:
            self.tool.link.close()
        self._restart()

    def end_and_start(self) -> None:
        """Somebody ends the station's program properly and starts it again."""
        self._restart()
        self._lines.settle(self.clock.time_s)

    def _restart(self) -> None:
        self.restarts += 1
        self._stop()
        self.station = self._start()

    def _start(self) -> Station:
        station = Station(
            self._setting,
            journal=Journal(self.path),
            clock=self.clock,
            open_cobot=None,
            open_tool=self._open_tool,
            people=silent_people(),
            publish=self._see,
        )
        self._known = frozenset(station.loop.state.results)
        assert station.tool is not None
        self._lines = LockStep([(station.tool, self.cable.port)])
        return station

    def _open_tool(self, heard: Callable[[DriverEvent], None], last_seen_id: Callable[[str], int | None]) -> PortOwner:
        def hear(event: DriverEvent) -> None:
            if isinstance(event, Connected):
                self.connections += 1
                assert not self.simulator.enabled, "a new connection begins with the tool disabled"
            heard(event)

        return tool_port(self._config, self.cable.open, self.clock)(hear, last_seen_id)

    def _stop(self) -> None:
        self.tool.close()
        self.station.journal.close()

    def _see(self, _screen: Screen) -> None:
        known = frozenset(self.station.loop.state.results)
        self.fresh.update(known - self._known)
        self._known = known

    def _gone(self) -> None:
        if self._carriage is Carriage.TCP and self.controller_notices:
            self.simulator.line_lost()
