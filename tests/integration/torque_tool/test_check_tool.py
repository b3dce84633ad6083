"""`station check tool` on a real line, and what it makes of what it finds."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tool_rig import PSETS

from drivers.simulated_line import TcpSimulatorPort
from drivers.torque_tool.open_protocol.probe_report import ProbeReport, PsetWindow
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, PF4000, PROFILES, ControllerProfile
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.commands.check_tool import Wanted, check_tool, lines_of, troubles_of
from station.core.procedure import JointClass, JointSpec

DOOR = JointSpec(
    id="door-1",
    label="1",
    joint_class=JointClass.B,
    position_mm=(0.0, 0.0, 0.0),
    pset=7,
    torque_min_nm=8.1,
    torque_target_nm=9.0,
    torque_max_nm=9.9,
    angle_min_deg=20.0,
    angle_max_deg=80.0,
)
GOOD = ProbeReport(
    identity={"controller_name": "C", "controller_serial": "1", "system_type": "1"},
    start_revisions=(1, 2, 3),
    tool_revisions=(1,),
    old_result_revisions=(1, 2),
    psets=(7,),
    windows=(
        PsetWindow(
            pset=7, name="Door", torque_min_nm=8.1, torque_target_nm=9.0, torque_max_nm=9.9, angle_min_deg=20.0,
            angle_max_deg=80.0,
        ),
    ),
    jobs=(1,),
    clock_difference_s=0.4,
    round_trips_s=(0.01, 0.02, 0.9),
)  # fmt: skip
WANTED = Wanted(profile=PF4000, start_revision=None, joints=(DOOR,))


def codes(report: ProbeReport, wanted: Wanted = WANTED) -> list[str]:
    return [trouble.code for trouble in troubles_of(report, wanted)]


def test_nothing_is_wrong_with_a_good_controller() -> None:
    """It should find no trouble and say that a station can work with it."""
    assert codes(GOOD) == []
    assert "can work with it" in lines_of("socket://c:4545", "tcp", GOOD, [])[-1]


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (replace(GOOD, psets=(8,)), "pset"),
        (replace(GOOD, clock_difference_s=-3600.0), "clock"),
        (replace(GOOD, clock_difference_s=None), "clock"),
        (replace(GOOD, old_result_revisions=()), "old_results"),
        (replace(GOOD, round_trips_s=(0.9, 0.9, 0.1)), "slow"),
        (replace(GOOD, identity={"system_type": "4"}), "profile"),
        (replace(GOOD, notes=("Something.",)), "note"),
        (replace(GOOD, start_revisions=(), notes=("Nothing answers.",)), "not_reached"),
        (replace(GOOD, start_revisions=(), other_client=True, notes=("Busy.",)), "other_client"),
    ],
)
def test_every_trouble_is_told_with_what_to_do(report: ProbeReport, code: str) -> None:
    """It should tell exactly that one."""
    assert codes(report) == [code]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-7200.0, "2.0 h behind"), (0.4, "0.4 s ahead of"), (300.0, "5.0 min ahead of"), (-864_000.0, "10.0 days behind")],
)
def test_the_clock_is_told_as_a_person_would(seconds: float, words: str) -> None:
    """It should say how far off it is in days, hours, minutes or seconds."""
    lines = lines_of("socket://c:4545", "tcp", replace(GOOD, clock_difference_s=seconds), [])
    assert any(words in line for line in lines)


def test_old_results_by_their_id_are_as_good() -> None:
    """It should not complain about a family that has no 0064."""
    assert codes(replace(GOOD, old_result_revisions=(), old_results_by_id=True)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"torque_max_nm": 10.5}, "torque window 8.1 to 10.5 N·m is wider"),
        ({"torque_min_nm": 8.5}, "torque window 8.5 to 9.9 N·m is narrower"),
        ({"angle_max_deg": 180.0}, "angle window 20 to 180 ° is wider"),
        ({"torque_max_nm": 9.899}, None),
    ],
)
def test_windows_that_differ_are_told_with_both(change: dict[str, float], words: str | None) -> None:
    """It should say which is wider, and take a rounded figure for the same."""
    troubles = troubles_of(replace(GOOD, windows=(replace(GOOD.windows[0], **change),)), WANTED)  # type: ignore[arg-type]
    assert [words in trouble.detail for trouble in troubles if words] == ([True] if words else [])
    assert words is not None or troubles == []


def test_jobs_and_start_revisions_of_the_station_file_are_compared() -> None:
    """It should name the job that is missing and the revision that is not taken."""
    wanted = replace(WANTED, joints=(replace(DOOR, job=9),), start_revision=2)
    assert codes(replace(GOOD, start_revisions=(6,)), wanted) == ["start_revision", "job"]


@pytest.fixture(params=sorted(PROFILES))
def controller(request: pytest.FixtureRequest) -> Iterator[tuple[str, ControllerProfile, OpenProtocolSimulator]]:
    profile = PROFILES[request.param]
    simulator = OpenProtocolSimulator(PSETS, random.Random(1), carriage="tcp", profile=profile)
    port = TcpSimulatorPort("127.0.0.1", 0, simulator, time.monotonic, wants_hangup=simulator.wants_hangup)
    stop = threading.Event()
    thread = threading.Thread(target=port.run, args=(stop,))
    thread.start()
    try:
        host, number = port.address
        yield f"socket://{host}:{number}", profile, simulator
    finally:
        stop.set()
        thread.join()


def test_a_simulated_controller_of_every_profile(
    controller: tuple[str, ControllerProfile, OpenProtocolSimulator], capsys: pytest.CaptureFixture[str]
) -> None:
    """It should print what the controller is, in words and as JSON, and leave it as it was."""
    link, profile, simulator = controller
    assert check_tool(link, carriage=None, baudrate=None, config=None, as_json=True) == 1  # Its clock is years off.
    told = json.loads(capsys.readouterr().out)
    assert max(told["start_revisions"]) == profile.revisions[1]
    if 1 in profile.only_highest:
        assert told["start_revisions"] == [profile.revisions[1]]
    assert told["psets"] == [7, 12]
    assert bool(told["old_result_revisions"]) != told["old_results_by_id"]
    expected = {"clock"} if profile in (GENERIC,) else {"clock", "profile"}
    assert {trouble["code"] for trouble in told["troubles"]} == expected
    assert simulator.enabled
    check_tool(link, carriage=None, baudrate=None, config=None, as_json=False)
    printed = capsys.readouterr().out
    assert "clock is" in printed and "round trip" in printed


def test_a_station_file_says_what_is_compared(
    controller: tuple[str, ControllerProfile, OpenProtocolSimulator], capsys: pytest.CaptureFixture[str]
) -> None:
    """It should know the joints of the procedure."""
    link, profile, _ = controller
    if profile is not MTF6000:
        config = Path(__file__).parents[3] / "config" / "station.sim.toml"
        assert check_tool(link, carriage="tcp", baudrate=None, config=config, as_json=False) == 1
        assert "wants parameter set" in capsys.readouterr().out


def test_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """It should say why in one line, at once."""
    assert check_tool("socket://127.0.0.1:1", carriage=None, baudrate=None, config=None, as_json=False) == 1
    assert "cannot reach socket://127.0.0.1:1" in capsys.readouterr().out
    assert check_tool("x", carriage=None, baudrate=None, config=Path("no.toml"), as_json=False) == 2
