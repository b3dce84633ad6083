"""The line to the tool is cut at random moments of rundowns: every rundown is in the journal, once, as it was measured.

Real driver, strict simulated controller, real loop and journal on disk, in simulated time. A cut falls before the
trigger, in the rundown, in the middle of the result's bytes, before or in its acknowledgement, in the middle of
asking back, or several times in a row; the station's program sometimes ends or crashes with it. A serial line also
loses its bytes without a word.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.cut_bench import CutBench
from support.cut_cable import TO_DEVICE, TO_STATION, CutAt

from drivers.torque_tool.open_protocol.controller_archive import Rundown
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, PF6000_28, ControllerProfile
from station.runtime.journal import Journal

FAMILIES = [(GENERIC, False), (GENERIC, True), (PF6000_28, False), (MTF6000, False)]
"""The family of the controller, and whether it demands sequence numbers."""
LINES = [(carriage, profile, numbered) for carriage in Carriage for profile, numbered in FAMILIES]
IDS = [f"{carriage}-{profile.name}{'-numbered' * numbered}" for carriage, profile, numbered in LINES]
REAL_LINES = [(Carriage.SERIAL, "pty"), (Carriage.SERIAL_3964R, "pty"), (Carriage.TCP, "tcp")]
RESULT = re.compile(rb"[0-9]{4}(0061|1201|1202)")
ACKNOWLEDGEMENT = re.compile(rb"[0-9]{4}(0062|9997[ 0-9]{12}0061)")
ASKING_BACK = re.compile(rb"[0-9]{4}(0064|0006|0012)")
ASKED_BACK = re.compile(rb"[0-9]{4}(0065|0013|1201|1202)")
HANDSHAKE = re.compile(rb"[0-9]{4}(0002|0005|0041)")
PLACES = ("before", "during", "result", "release", "acknowledgement", "asking", "answer", "handshake", "several")
CALM_S = 90.0
"""The line holds this long at the end: what was pushed is pushed for the last time, what is missing is asked back."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a story came to."""

    cuts: int
    rundowns: int
    connections: int
    restarts: int
    lost: int
    doubled: int
    told_lost: int
    pushed: int
    asked_back: int
    copies: int
    let_go: int
    simulated_s: float
    real_s: float

    def line(self, name: str) -> str:
        return (
            f"{name}: {self.cuts} cuts, {self.connections} connections, {self.restarts} restarts, {self.rundowns}"
            f" rundowns; {self.lost} results lost, {self.doubled} doubled, {self.told_lost} told as lost;"
            f" {self.pushed} pushed, {self.asked_back} asked back, {self.copies} copies journaled as such,"
            f" {self.let_go} let go on the link before the commit; {self.simulated_s:.0f} s simulated in"
            f" {self.real_s:.0f} s"
        )


def one_cut(bench: CutBench) -> None:
    """Tighten, cut the cable somewhere, and mend it after a while."""
    rng, cable = bench.rng, bench.cable
    place = rng.choice(PLACES)
    silent = rng.random() < 0.5
    bench.controller_notices = rng.random() < 0.5
    bench.run(rng.choice((0.2, rng.uniform(0.0, 3.0), rng.uniform(0.0, 12.0))))
    if bench.tool.link is not None:
        bench.arm()
        bench.run(rng.choice((0.1, rng.uniform(0.0, 0.3))))
    if place == "before":
        cable.cut(silent=silent)
        bench.run(rng.uniform(0.0, 1.0), until_cut=False)
    elif place in ("result", "release", "acknowledgement"):
        plan = {
            "result": CutAt(way=TO_STATION, marker=RESULT, after=rng.randrange(420)),
            "release": CutAt(way=TO_DEVICE, marker=ACKNOWLEDGEMENT, after=0),
            "acknowledgement": CutAt(way=TO_DEVICE, marker=ACKNOWLEDGEMENT, after=rng.randrange(1, 30)),
        }[place]
        cable.plan(plan, silent=silent)
    bench.pull_trigger()
    if place in ("during", "asking", "answer", "handshake"):
        bench.run(rng.uniform(0.0, 1.5))
        cable.cut(silent=silent)
    elif place == "several":
        for _ in range(rng.randrange(2, 5)):
            bench.run(rng.uniform(0.0, 0.8))
            cable.cut(silent=rng.random() < 0.5)
            bench.run(rng.uniform(0.0, 1.0))
            cable.mend()
            bench.pull_trigger()
        cable.cut(silent=silent)
    else:
        bench.run(4.0, until_cut=True)
    cable.cut(silent=silent)
    away(bench)
    if place in ("asking", "answer", "handshake"):
        plan = {
            "asking": CutAt(way=TO_DEVICE, marker=ASKING_BACK, after=rng.randrange(40)),
            "answer": CutAt(way=TO_STATION, marker=ASKED_BACK, after=rng.randrange(400)),
            "handshake": CutAt(way=TO_STATION, marker=HANDSHAKE, after=rng.randrange(60)),
        }[place]
        cable.plan(plan, silent=silent)
        bench.run(8.0, until_cut=True)
        cable.forget_plan()
        away(bench)


def away(bench: CutBench) -> None:
    """The cable stays cut for a while, somebody works on, and the station's program may end meanwhile."""
    rng = bench.rng
    chance = rng.random()
    if chance < 0.12:
        bench.crash()
    elif chance < 0.2:
        bench.decide()
        bench.crash()
    elif chance < 0.25:
        bench.end_and_start()
    for _ in range(rng.choice((0, 0, 1, 3))):
        bench.run(rng.uniform(0.0, 2.5))
        bench.pull_trigger()
    bench.run(rng.choice((0.05, rng.uniform(0.0, 3.0), rng.uniform(0.0, 20.0))))
    bench.cable.mend()


def story(bench: CutBench, cuts: int) -> Figures:
    """So many cuts and a calm end; then everything is compared with what the controller measured."""
    begun_s = time.monotonic()
    try:
        bench.run(1.0)
        while bench.cable.cuts < cuts:
            one_cut(bench)
        bench.run(CALM_S)
    finally:
        bench.close()
    return judged(bench, time.monotonic() - begun_s)


def judged(bench: CutBench, real_s: float) -> Figures:
    """Hold the journal against the controller's archive. What is no figure is asserted."""
    made = {rundown.tightening_id: rundown for rundown in bench.simulator.status(last=bench.rundowns + 1).last}
    assert len(made) == bench.rundowns
    journal = Journal(bench.path, read_only=True)
    verdict = journal.verify()
    events = [row for row in journal.rows() if row.kind == "event"]
    keys = journal.newest_results(bench.station.setting.station, bench.rundowns + 1000)
    journal.close()
    assert verdict.bad_seq is None, verdict.detail
    told = [event for row in events if (event := row.body["envelope"]["event"])["kind"] == "TighteningResult"]
    assert all(measured_alike(event, made[event["tightening_id"]]) for event in told if event["tightening_id"] in made)
    assert bench.releases.too_early == []
    recorded = {int(key.partition("/")[2]) for key in keys}
    fresh = {int(key.partition("/")[2]): count for key, count in bench.fresh.items()}
    first = {event["tightening_id"]: event for event in reversed(told)}
    return Figures(
        cuts=bench.cable.cuts,
        rundowns=bench.rundowns,
        connections=bench.connections,
        restarts=bench.restarts,
        lost=sum(number not in recorded or number not in fresh for number in made),
        doubled=sum(count - 1 for count in fresh.values()) + len((recorded | fresh.keys()) - made.keys()),
        told_lost=sum(row.body["envelope"]["event"]["kind"] == "ResultsLost" for row in events),
        pushed=sum(not event["asked_back"] for event in first.values()),
        asked_back=sum(event["asked_back"] for event in first.values()),
        copies=len(told) - len(first),
        let_go=len(bench.releases.let_go),
        simulated_s=bench.clock.time_s,
        real_s=real_s,
    )


def measured_alike(event: dict[str, float], rundown: Rundown) -> bool:
    """Whether the journal says what the controller measured; an MT Focus writes four digits of a torque."""
    measured = rundown.spindles[0]
    return (
        event["torque_nm"] == pytest.approx(measured.torque_nm, rel=1e-3)
        and event["angle_deg"] == pytest.approx(measured.angle_deg, rel=1e-3)
        and event["pset"] == measured.pset.pset
        and event["ok"] == measured.ok
    )


def whole_and_once(figures: Figures) -> None:
    assert (figures.lost, figures.doubled, figures.told_lost) == (0, 0, 0)
    assert figures.pushed + figures.asked_back == figures.rundowns


@pytest.mark.parametrize(("carriage", "profile", "numbered"), LINES, ids=IDS)
def test_five_cuts_lose_and_double_nothing(
    tmp_path: Path, carriage: Carriage, profile: ControllerProfile, numbered: bool
) -> None:
    """It should end with every rundown of the controller in the journal, once, as it was measured."""
    bench = CutBench(tmp_path, carriage=carriage, profile=profile, numbered=numbered, medium="memory", seed=11)
    figures = story(bench, 5)
    assert figures.rundowns > 0
    whole_and_once(figures)


@pytest.mark.parametrize(("carriage", "medium"), REAL_LINES)
def test_cuts_of_a_real_line_lose_and_double_nothing(tmp_path: Path, carriage: Carriage, medium: str) -> None:
    """It should hold on a pseudo-terminal that is pulled and comes back under another name, and on TCP."""
    bench = CutBench(tmp_path, carriage=carriage, profile=GENERIC, numbered=False, medium=medium, seed=12, traces=True)
    whole_and_once(story(bench, 4))


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("carriage", "profile", "numbered"), LINES, ids=IDS)
def test_a_thousand_cuts_of_each_carriage_lose_and_double_nothing(
    tmp_path: Path, carriage: Carriage, profile: ControllerProfile, numbered: bool, seed: int
) -> None:
    """It should hold for fifty cuts with five seeds for four families of controllers."""
    bench = CutBench(
        tmp_path,
        carriage=carriage,
        profile=profile,
        numbered=numbered,
        medium="memory",
        seed=100 + seed,
        traces=seed == 0,
    )
    figures = story(bench, 50)
    print(figures.line(f"{carriage}, {profile.name}{', numbered' * numbered}, seed {seed}"))
    whole_and_once(figures)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("carriage", "medium"), REAL_LINES)
def test_hundred_cuts_of_a_real_line_lose_and_double_nothing(tmp_path: Path, carriage: Carriage, medium: str) -> None:
    """It should hold on pseudo-terminals and on TCP, with curves."""
    bench = CutBench(tmp_path, carriage=carriage, profile=GENERIC, numbered=False, medium=medium, seed=200, traces=True)
    figures = story(bench, 100)
    print(figures.line(f"{carriage} on {medium}"))
    whole_and_once(figures)
