"""`station calibrate torque`: real drivers, simulated devices, and a verdict that has to find what is hidden."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from support.torquetool import check_of, door
from typer.testing import CliRunner

from calibration.observations import CalibrationError
from calibration.store import Store
from calibration.torque.readings import Run
from calibration.torque.run_file import head_of, open_run
from calibration.torque.series import plans_of
from calibration.torque.session import TOOL, Session
from calibration.torque.verdict import judge
from drivers.link import PtyPair
from drivers.simulated_line import SimulatorPort
from drivers.torque_reference.simulator import SimulatedTransducer
from drivers.torque_tool.open_protocol.joint_physics import JointState
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.cli import app
from station.commands.torque_devices import greeted, live_devices
from station.config.artefact import Kind, in_force
from station.config.station_values import TorqueToolConfig
from station.config.torque_check import DEFAULT_PATTERN, TransducerLine
from station.runtime.clock import SteppedClock
from station.runtime.journal import Journal, JournalError
from station.runtime.setting import Files, read_files
from station.runtime.verification_rows import record_rundown
from station.simulation.torque_devices import SimulatedDevices, simulated_devices
from station.simulation.world import parameter_sets

ROOT = Path(__file__).parents[3]
SIM = ROOT / "config" / "station.sim.toml"


def run_command(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["calibrate", "torque", *words])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("tool", "seed", "fit"),
    [
        ("good", 1, ["door-mirror/J1", "door-mirror/J2", "door-mirror/J3"]),
        ("overshoots", 2, ["door-mirror/J1", "door-mirror/J2"]),
        ("worn", 3, []),
        ("off", 4, []),
    ],
)
def test_the_verdict_finds_what_is_hidden_in_the_tool(tmp_path: Path, tool, seed, fit) -> None:
    code, told = run_command("--sim", tool, "--seed", str(seed), "--store", str(tmp_path), "--by", "Kim")
    assert code == (0 if len(fit) == 3 else 1)
    (artefact,) = Store(tmp_path).history(Kind.TORQUE, "tool")
    found = [j for entry in artefact.result["joints"].values() if entry["fit"] for j in entry["joints"]]  # type: ignore[union-attr, index, call-overload]
    assert sorted(found) == fit
    assert artefact.verdict.text in told
    assert (artefact.by, artefact.serial) == ("Kim", "SIMTOOL0000001")
    assert len(artefact.inputs) == 2 and all(len(digest) == 64 for digest in artefact.inputs.values())
    if not fit:
        assert not artefact.verdict.good


def test_the_report_has_the_verdict_the_figures_and_a_chart_that_grows(tmp_path: Path) -> None:
    for seed in ("5", "6"):
        code, _ = run_command("--sim", "good", "--seed", seed, "--store", str(tmp_path))
        assert code == 0
    code, told = run_command("report", "--store", str(tmp_path))
    assert code == 0
    assert "not measured, not in the sum: reproducibility" in told
    assert "Scatter on a hard and a soft joint" not in told, "other parameter sets are no pair"
    assert len([line for line in told.splitlines() if line.startswith("  20")]) == 20, (
        "two runs of 25 in subgroups of five, for two joint types"
    )
    code, plain = run_command("report", "--store", str(tmp_path), "--json")
    figures = json.loads(plain)
    assert len(figures["charts"]["B-9Nm-pset1-soft"]["means_nm"]) == 10
    assert figures["series"]["B-9Nm-pset2-hard"]["fit"] is True


def test_one_series_alone_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    run_command("--sim", "good", "--store", str(tmp_path))
    code, _ = run_command("--sim", "worn", "--store", str(tmp_path), "--series", "B-9Nm-pset2-hard")
    assert code == 1
    artefact = in_force(tmp_path, Kind.TORQUE, "tool", now=datetime.now(UTC))
    fit = {name: entry["fit"] for name, entry in artefact.result["joints"].items()}  # type: ignore[union-attr, index, call-overload]
    assert fit == {"B-9Nm-pset1-soft": True, "B-9Nm-pset2-hard": False}


def test_what_a_technician_gets_wrong_is_one_sentence(tmp_path: Path) -> None:
    for words, code in (
        (("--sim", "good", "--series", "nuts"), "torque.unknown_series"),
        (("--sim", "shiny"), "torque.unknown_tool"),
    ):
        done = CliRunner().invoke(app, ["calibrate", "torque", "--store", str(tmp_path), *words])
        assert isinstance(done.exception, CalibrationError)
        assert done.exception.code == code
    code, told = run_command("list")
    assert code == 0
    assert "B-9Nm-pset1-soft: joint 1, 2, class B" in told


def test_readings_are_typed_in_one_by_one_and_what_was_mistyped_is_asked_again(tmp_path: Path) -> None:
    values = [f"{8.9 + 0.01 * ((7 * number) % 23):.2f}".replace(".", ",") for number in range(27)]
    # A word that is no number, a rundown whose reading nobody saw, and a pair that is taken out again.
    answers = [values[0], "nine", values[1], "", "-", "the socket slipped", *values[2:]]
    done = CliRunner().invoke(
        app,
        ["calibrate", "torque", "--sim", "good", "--typed", "--series", "B-9Nm-pset1-soft", "--store", str(tmp_path)],
        input="\n".join(answers) + "\n",
    )
    assert done.exit_code == 0, done.output
    assert "'nine' is no number" in done.output
    assert "no reading was typed (torque.no_reading)" in done.output
    assert "the socket slipped (torque.taken_out)" in done.output
    (artefact,) = Store(tmp_path).history(Kind.TORQUE, "tool")
    series = artefact.figures["series"]["B-9Nm-pset1-soft"]  # type: ignore[index, call-overload]
    assert series["reference_nm"][:2] == [8.9, float(values[2].replace(",", "."))]
    assert [entry["code"] for entry in series["left_out"]] == ["torque.no_reading", "torque.taken_out"]


class Bench:
    """A session on the simulated devices, in simulated time."""

    def __init__(self, stack: ExitStack, folder: Path, *, fails: str = "ok", seed: int = 7) -> None:
        self.files: Files = replace(read_files(SIM), procedure=door())
        self.check = check_of(readings=12, readings_class_a=12)
        self.clock = SteppedClock()
        self.plan = plans_of(self.files.procedure, self.check)[0]
        self.devices: SimulatedDevices = stack.enter_context(
            simulated_devices(self.files, "good", seed, self.check, self.clock)
        )
        self.devices.transducer.fail(fails)
        serial = greeted(self.devices, TOOL).identity["tool_serial"]
        head = head_of(self.plan, tool_serial=serial, reference_serial="R-7", by="Kim", utc=self.clock.utc())
        empty = Run(pset=self.plan.pset, tool_serial=serial, range_nm=20.0)
        self.recorded: list[int] = []
        self.news: list[str] = []
        self.asked = 0
        """How often somebody had to say that the tool may run again."""
        self.session = Session(
            self.plan,
            open_run(folder, head, empty),
            submit=self.devices.submit,
            record=lambda result: self.recorded.append(result.tightening_id),
            utc=self.clock.utc,
            typed=False,
        )
        self.session.begin()

    def measure(self, most: int = 100) -> None:
        while not self.session.done and len(self.session.run.pairs) < most:
            event = self.devices.next_event(1.0)
            if event is not None:
                self.session.heard(event)
            if self.session.back is not None:
                self.asked += 1
                self.session.begin()
            self.news += self.session.take_news()
            self.session.check_progress()

    def codes(self) -> set[str]:
        return {entry.code for entry in self.session.run.left_out}


@pytest.mark.parametrize("fails", ["ok", "delayed", "intermittent"])
def test_a_transducer_that_is_late_or_loses_lines_gives_a_whole_series_of_right_pairs(tmp_path: Path, fails) -> None:
    with ExitStack() as stack:
        bench = Bench(stack, tmp_path, fails=fails)
        bench.measure()
        pairs = bench.session.run.pairs
        assert len(pairs) == 12
        assert all(abs(pair.deviation_pct - 0.3) < 1.5 for pair in pairs), "no rundown has another one's reading"
        assert bench.codes() == ({"torque.no_reading", "torque.missing"} if fails == "intermittent" else set())
        assert bench.recorded == sorted(set(bench.recorded))
        bench.session.end()


@pytest.mark.parametrize(
    ("fails", "word"),
    [
        ("off", "its reading never came"),
        ("stuck", "clear the transducer's peak"),
        ("garbage", "reference.bad_line"),
        ("wrong", "reference.wrong_unit"),
    ],
)
def test_a_transducer_that_gives_nothing_to_believe_ends_the_session_with_the_reason(tmp_path, fails, word) -> None:
    with ExitStack() as stack:
        bench = Bench(stack, tmp_path)
        bench.measure(most=2)
        bench.devices.transducer.fail(fails)
        with pytest.raises(CalibrationError) as raised:
            bench.measure()
        assert raised.value.code == "torque.nothing_counts"
        assert any(word in news for news in bench.news)
        assert len(bench.session.run.pairs) <= 5


def test_readings_that_come_rundowns_later_are_not_taken_for_their_own(tmp_path: Path) -> None:
    with ExitStack() as stack:
        bench = Bench(stack, tmp_path, fails="slow")
        bench.measure()
        with pytest.raises(CalibrationError) as raised:
            judge(bench.plan, bench.session.run, bench.check.reference, {})
        assert raised.value.code == "torque.mispaired"
        assert "places earlier" in str(raised.value)


def test_a_session_that_was_broken_off_goes_on_with_what_it_had(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = Bench(stack, tmp_path)
        first.measure(most=5)
        kept = first.session.run.pairs
    with ExitStack() as stack:
        again = Bench(stack, tmp_path, seed=8)
        assert again.session.run.pairs == kept
        # The simulated controller begins to count anew, which a real one does not: its first numbers are old ones.
        again.measure()
        assert len(again.session.run.pairs) == 12
        assert again.session.run.pairs[:5] == kept


def test_a_line_that_is_cut_in_the_middle_costs_no_pair_and_mixes_none_up(tmp_path: Path) -> None:
    with ExitStack() as stack:
        bench = Bench(stack, tmp_path)
        for cut_at in (3, 6, 9):
            bench.measure(most=cut_at)
            bench.devices.tool_line.unplug()
            bench.devices.tool_line.plug_in()
        bench.measure()
        assert bench.asked == 3, "after each cut the tool stays off until somebody says that it may run"
        pairs = bench.session.run.pairs
        assert len(pairs) == 12
        assert all(abs(pair.deviation_pct - 0.3) < 1.5 for pair in pairs), "no rundown has another one's reading"
        assert len({pair.tightening_id for pair in pairs}) == 12


def result_of(number: int):
    from support.torquetool import result

    return result(number)


def test_rundowns_of_a_verification_are_on_record_and_no_results_of_the_work(tmp_path: Path) -> None:
    clock = SteppedClock()
    journal = Journal(tmp_path / "journal.sqlite")
    for number in (41, 42, 42, 43):
        record_rundown(journal, "S", "B-9Nm", result_of(number), clock)
    rows = list(journal.rows())
    assert [row.body["rundown"]["tightening_id"] for row in rows] == [41, 42, 43]
    assert journal.last_tightening_id("S", "C1") == 43, "the station does not ask for them back"
    assert journal.newest_results("S", 9) == () and journal.visits() == ()
    assert journal.results_since("S", datetime(2020, 1, 1, tzinfo=UTC)) == 0
    assert journal.verify().bad_seq is None
    with pytest.raises(JournalError) as raised:
        record_rundown(journal, "S", "B-9Nm", result_of(47), clock)
    assert "44 to 46" in str(raised.value) and "start the station once" in str(raised.value)
    journal.close()


def test_over_real_pseudo_terminals_the_same_series_comes_together(tmp_path: Path) -> None:
    """Two serial lines, two threads of ours, and somebody who pulls the trigger."""
    procedure = door()
    plan = plans_of(procedure, check_of(readings=10, readings_class_a=10))[0]
    clock = time.monotonic
    tool = OpenProtocolSimulator(parameter_sets(procedure), Random(3))
    transducer = SimulatedTransducer(range_nm=20.0)
    stop, at_work = threading.Event(), threading.Lock()
    quick = JointState(free_deg=60.0, slope_nm_per_deg=0.4)

    def work(ports: list[SimulatorPort]) -> None:
        told = 0
        while not stop.is_set():
            now_s = clock()
            with at_work:
                for port in ports:
                    port.pump(now_s)
                done = tool.status(last=1)
                if done.tightenings > told:
                    told = done.tightenings
                    transducer.press(done.last[0].spindles[0].torque_nm / 1.003, now_s)
                elif tool.enabled and not done.turning:
                    tool.pull_trigger(quick, now_s)
            time.sleep(0.005)

    with ExitStack() as stack:
        lines = PtyPair(), PtyPair()
        for line in lines:
            stack.callback(line.close)
        ports = [
            SimulatorPort(lines[0].far_end, tool, clock),
            SimulatorPort(lines[1].far_end, transducer, clock),
        ]
        thread = threading.Thread(target=work, args=(ports,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        config = TorqueToolConfig(url=lines[0].path, carriage="serial", baudrate=115_200)
        reference = TransducerLine(url=lines[1].path, baudrate=9600, pattern=DEFAULT_PATTERN, unit="Nm")
        devices = stack.enter_context(live_devices(config, reference))
        serial = greeted(devices, TOOL).identity["tool_serial"]
        head = head_of(plan, tool_serial=serial, reference_serial="R-7", by="Kim", utc="2026-03-02T08:00:00+00:00")
        session = Session(
            plan,
            open_run(tmp_path, head, Run(pset=plan.pset, tool_serial=serial, range_nm=20.0)),
            submit=devices.submit,
            record=lambda result: None,
            utc=lambda: "2026-03-02T08:00:00+00:00",
            typed=False,
        )
        session.begin()
        for _ in range(400):
            event = devices.next_event(0.1)
            if event is not None:
                session.heard(event)
            if session.done:
                break
        session.end()
    print(session.run)
    assert len(session.run.pairs) == 10
    assert all(pair.deviation_pct == pytest.approx(0.3, abs=0.12) for pair in session.run.pairs)
