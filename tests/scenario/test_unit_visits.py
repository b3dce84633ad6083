"""Whole visits on a station that measures each unit: they end as ever, and their record says where the joints were."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from station.commands.check import check
from station.config.station_values import UnitReferenceConfig
from station.motion.gesture import PointAt
from station.motion.goals import goal_of
from station.runtime.clock import SteppedClock
from station.runtime.journal import Journal
from station.runtime.replay import replay
from station.runtime.setting import Files, read_files, setting_of
from station.runtime.station import Station, silent_people
from station.simulation.eyes import NoisyEyes
from station.simulation.headless import Ask, run_visit
from station.simulation.mishaps import Mishap
from station.simulation.rig import build_rig
from vision.geometry import Transform
from vision.pipeline import Want

CONFIG = Path(__file__).parents[2] / "config"
JOINTS = ["J1", "J2", "J3"]


def files() -> Files:
    """The simulated bench, whose work says that the part carries its joints."""
    read = read_files(CONFIG / "station.sim.toml")
    config = UnitReferenceConfig(most_mm=5.0, doubt_mm=1.5, cameras=2)
    carried = tuple(replace(joint, on="mirror") for joint in read.procedure.joints)
    return replace(
        read,
        station=replace(read.station, unit_reference=config),
        procedure=replace(read.procedure, joints=carried),
    )


def readings(journal: Journal) -> Iterator[dict[str, Any]]:
    """What the journal has of the unit, in order."""
    for row in journal.rows("v-1"):
        event = row.body["envelope"]["event"] if row.kind == "event" else {}
        if event.get("kind") == "FactChanged" and event["reading"]["fact"] == "unit:mirror-right-red":
            yield event["reading"]


@pytest.mark.parametrize(
    ("seed", "mishap", "measured"),
    [(11, None, 1), (21, Mishap.TOOL_ELSEWHERE, 1), (21, Mishap.WRONG_PART, 1), (21, Mishap.RESTART, 2)],
)
def test_a_visit_ends_as_ever_and_its_record_has_the_reference(tmp_path, seed, mishap, measured):
    """It should pass nothing wrongly, measure the unit once and after a restart again, and fold to the same states."""
    path = tmp_path / "journal.sqlite"
    result = run_visit(files(), Ask(seed=seed, visit="v-1", journal=path, mishap=mishap))
    assert (result.outcome, result.false_passes) == ("finished", ())
    assert not {"unit.unmeasured", "unit.refused"} & set(result.named)
    assert result.state.by_unit == tuple(JOINTS)
    with closing(Journal(path, read_only=True)) as journal:
        assert replay(journal, "v-1").bad_seq is None
        told = list(readings(journal))
    assert [reading["value"] for reading in told] == ["present"] * measured
    for reading in told:
        assert reading["text"] == "side, top"
        assert all(0.0 < reading["measures"][f"{joint}_doubt_mm"] < 1.5 for joint in JOINTS)
        assert all(reading["measures"][f"{joint}_off_mm"] < 2.0 for joint in JOINTS)


@pytest.mark.parametrize(
    ("on", "said"), [("", "units: [unit_reference] does nothing"), ('on = "mirror"\n', "units: J1 with the mirror, J2")]
)
def test_the_check_of_a_station_says_which_joints_go_with_a_unit(tmp_path, capsys, on, said):
    """It should name them with the limits, and not keep quiet where the table has nothing to do."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    station, work = folder / "station.sim.toml", folder / "procedures" / "door-mirror.toml"
    station.write_text(station.read_text(encoding="utf-8") + "\n[unit_reference]\n", encoding="utf-8")
    work.write_text(work.read_text(encoding="utf-8").replace('class = "B"\n', 'class = "B"\n' + on), encoding="utf-8")
    code = check(station)
    told = " ".join(capsys.readouterr().out.split())
    assert said in told
    assert code == 0 or not on


PART = "mirror-right-red"


class Watched:
    """A station with its simulated bench, whose cameras look ten times a second; nobody acts."""

    def __init__(self, tmp_path: Path) -> None:
        bench, self._clock = files(), SteppedClock()
        self._rig = build_rig(bench, seed=1, clock=self._clock, in_memory=True)
        setting = setting_of(bench, "1")
        self._journal = Journal(tmp_path / "journal.sqlite")
        self.station = Station(
            setting,
            journal=self._journal,
            clock=self._clock,
            open_cobot=self._rig.open_cobot,
            open_tool=None,
            people=silent_people(),
        )
        self._eyes = [
            NoisyEyes(self._rig.world, setting.bench, c.name, random.Random(c.name)) for c in setting.bench.cameras
        ]
        point = bench.station.gestures.by_name["point-J1"]
        assert isinstance(point, PointAt)
        self._point = point

    def put(self, part: Transform) -> None:
        """Lay the unit there, bench frame."""
        self._rig.world.put(PART, part)

    def look(self, seconds: float) -> np.ndarray:
        """Let time pass; (3,) mm to which a way that is planned then points for J1."""
        for _ in range(round(seconds * 10)):
            self._clock.move_to(round(self._clock.time_s + 0.1, 6))
            for camera in self._eyes:
                self.station.analysed(camera.see(self._clock.time_s, Want()))
        assert self.station.arm is not None
        return np.array(goal_of(self._point, self.station.arm.scene()).tip_at_mm)

    def close(self) -> None:
        self._journal.close()
        self._rig.close()


SEAT = Transform.of(110, 60, 60)


def test_the_arm_points_at_the_joints_of_this_unit(tmp_path):
    """It should point where this unit has the joint, in ways that are planned from then on, and where the files have it
    as soon as the unit is not known any more.
    """
    with closing(Watched(tmp_path)) as bench:
        nominal = bench.look(1.0)
        bench.put(Transform.of(1.5, 0.8, 0.0) @ SEAT)
        assert bench.look(1.5) - nominal == pytest.approx([1.5, 0.8, 0.0], abs=0.9)
        held = bench.look(0.1)
        assert bench.look(2.0) == pytest.approx(held, abs=0.0)
        bench.put(Transform.of(-300, 0, 20))
        assert bench.look(1.0) == pytest.approx(nominal, abs=0.0)


def test_a_visit_does_not_begin_with_what_another_one_measured(tmp_path):
    """It should forget the unit that still lies there when a visit is opened, and measure it for this one's record."""
    with closing(Watched(tmp_path)) as bench:
        bench.put(SEAT)
        bench.look(1.5)
        assert set(bench.station.board.placed_joints()) == set(JOINTS)
        bench.station.open_visit("v-2")
        assert bench.station.board.placed_joints() == {}
        bench.look(1.5)
        assert set(bench.station.board.placed_joints()) == set(JOINTS)
