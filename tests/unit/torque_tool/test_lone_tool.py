"""The simulated controller that runs alone: what people see of it, and what its buttons do."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from op_client import Client
from rich.console import Console

from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.joint_physics import JointKind
from drivers.torque_tool.open_protocol.lists import decode_job
from drivers.torque_tool.open_protocol.message_words import in_words
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.config.controller_file import load_controller
from station.simulation.lone_tool import JOINT_WORDS, LoneTool, Speaker, jobs_of, psets_of
from station.simulation.tool_desk import ToolDesk
from station.simulation.tool_terminal import press, render

SETUP = load_controller(Path(__file__).parents[3] / "config" / "controllers" / "example.toml")


def lone(*, joint: str = "good", auto_s: float | None = None, spindles: int = 1) -> LoneTool:
    def make(tool: LoneTool) -> OpenProtocolSimulator:
        return OpenProtocolSimulator(
            psets_of(SETUP),
            random.Random(1),
            carriage=Carriage.TCP,
            auto_s=auto_s,
            auto_joint=tool.joint_for,
            spindles=spindles,
            jobs=jobs_of(SETUP),
            watcher=tool,
        )

    return LoneTool(make, title="Any controller", joint=joint)


class Plugged(Client):
    """A client whose bytes go through the lone tool, as those on a line do."""

    def __init__(self, tool: LoneTool) -> None:
        super().__init__(tool.controller)
        self.simulator = tool  # type: ignore[assignment]


def screen(tool: LoneTool, width: int = 100, height: int = 30) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, record=True)
    console.print(render(tool, console))
    return console.export_text()


def test_the_log_tells_both_sides_and_every_mistake() -> None:
    """It should write down who said what in order, with mistakes between, and count keep-alives without writing."""
    tool = lone()
    client = Plugged(tool).start()
    client.ask(60, revision=12)
    client.ask(60)
    client.ask(9999)
    tool.line_lost()
    told = [(line.speaker, line.text) for line in tool.log()]
    assert told[0] == (Speaker.CLIENT, "0001 r6 communication start")
    assert told[2:] == [
        (Speaker.CLIENT, "0060 r12 subscribe to results"),
        (
            Speaker.MISTAKE,
            "MID 0060 revision 12 is refused: MID revision unsupported (code 97); up to 10 is spoken.",
        ),
        (Speaker.CONTROLLER, "0004 refused: 0060, MID revision unsupported (97)"),
        (Speaker.CLIENT, "0060 subscribe to results"),
        (Speaker.CONTROLLER, "0005 accepted: 0060"),
        (Speaker.MISTAKE, "The client closed the line without 0003."),
        (Speaker.NOTE, "The line is closed; the next client may come."),
    ]
    assert [line.number for line in tool.log(after=7)] == [8, 9]
    look = tool.look()
    assert (look.keep_alives, look.mistakes, look.session) == (1, 2, "no session; waiting for 0001")
    assert look.bytes_in == 4 * 21


def test_a_session_is_described() -> None:
    """It should show the revision, what is pushed, the set, its batch and the running job."""
    tool = lone()
    client = Plugged(tool).start(revision=4)
    client.accepts(60)
    client.accepts(38, b"01")
    look = tool.look()
    assert look.session == "open, revision 4 of 0002; pushes 0061"
    assert (look.pset, look.batch, look.job, look.tool) == ("1 Door mirror 9 Nm", "0 of 3", "1", "enabled")


@pytest.mark.parametrize("word", JOINT_WORDS)
def test_every_joint_can_be_tightened(word: str) -> None:
    """It should end in a result with a curve, and only good joints in a good one."""
    tool = lone(joint=word)
    assert tool.pull_trigger(0.0)
    tool.advance(20.0)
    [result] = tool.look().results
    # The bundled set has the angle window of a joint of middling hardness: a soft one is beyond it.
    assert result.ok == (word in ("good", "hard", "prevailing"))
    curve = tool.curve()
    assert curve is not None
    assert 500 <= len(curve.torque_nm) <= 700


def test_joints_are_soft_and_hard_as_the_standard_has_them() -> None:
    """It should take 27 degrees from 10 % of the target to the target on a hard joint, 720 on a soft one."""
    tool = lone()
    pset = tool.controller.status(last=0).pset
    assert pset is not None
    for word, rate_deg in (("hard", 27.0), ("soft", 720.0)):
        tool.set_joint(word)
        joint = tool.joint_for(pset)
        assert joint.kind is JointKind.GOOD
        assert 0.9 * pset.torque_target_nm / joint.slope_nm_per_deg == pytest.approx(rate_deg)


def test_it_tightens_by_itself_what_it_is_told_to() -> None:
    """It should pull the trigger every so many seconds, on the joint that is chosen at that moment."""
    tool = lone(joint="crossed", auto_s=2.0)
    for step in range(90):
        tool.advance(step * 0.1)
        if step == 45:
            tool.set_joint("missing")
    results = tool.look().results
    assert [result.angle_status for result in results] == ["high"] * len(results)
    assert [result.torque_status for result in results][-1::-1] == ["ok", "ok", "low"]


def test_a_trigger_that_does_nothing_says_why() -> None:
    """It should name the lock."""
    tool = lone()
    tool.set_alarm(True, 0.0)
    assert not tool.pull_trigger(0.0)
    assert tool.log()[-1].text == "The trigger does nothing: locked: alarm."
    tool.set_alarm(False, 0.0)
    assert tool.pull_trigger(0.0)


def test_words_that_are_none_are_refused() -> None:
    """It should name those that there are."""
    with pytest.raises(ValueError, match="use one of good, soft"):
        lone(joint="loose")
    tool = lone()
    with pytest.raises(ValueError, match="cannot fail as"):
        tool.fail("sideways")
    with pytest.raises(ValueError, match="between 1 and 8"):
        tool.set_inputs((9,), 0.0)


def test_the_terminal_shows_everything_even_when_it_is_small() -> None:
    """It should have state, results and log on one screen, and the log shorter on a smaller one."""
    tool = lone(spindles=2)
    tool.address = "/tmp/op"
    client = Plugged(tool).start()
    client.accepts(60)
    tool.pull_trigger(client.now_s)
    client.wait(3.0)
    client.ask(61)
    wide = screen(tool)
    for shown in ("/tmp/op", "open, revision 6", "pushes 0061", "2 of 2 OK", "0061 result: OK", "MISTAKE", "t trigger"):
        assert shown in wide
    small = screen(tool, width=80, height=24)
    assert len(small.splitlines()) <= 24
    assert tool.log()[-1].text[:50] in small


def test_keys_are_buttons() -> None:
    """It should tighten, loosen, change joint and fault, raise an alarm, and end on q only."""
    tool = lone()
    assert press(tool, "t", 0.0)
    assert tool.look().tool == "turning"
    tool.advance(5.0)
    assert press(tool, "l", 5.0)
    tool.advance(10.0)
    assert [result.kind for result in tool.look().results] == ["loosening", "tightening"]
    assert press(tool, "j", 10.0) and tool.joint == "soft"
    assert press(tool, "a", 10.0) and tool.look().alarm.startswith("E404")
    assert press(tool, "a", 10.0) and tool.look().alarm == ""
    assert press(tool, "f", 10.0) and tool.look().fault == "off"
    assert press(tool, "?", 10.0)
    assert not press(tool, "q", 10.0)


def test_the_page_gets_the_curve_with_its_window_and_its_result() -> None:
    """It should hand over plain values that belong together, and let buttons ring the line."""
    tool, rung = lone(), []
    desk = ToolDesk(tool, lambda: 0.0, lambda: rung.append(True))
    assert desk.curve() is None
    desk.act("joint", word="hard", on=False, inputs=())
    desk.act("inputs", word="", on=False, inputs=(2,))
    desk.act("trigger", word="", on=False, inputs=())
    tool.advance(10.0)
    curve, state = desk.curve(), desk.state(0)
    assert curve is not None
    assert curve["final"]["torque_nm"] == state["results"][0]["torque_nm"]
    assert curve["window"]["angle_max_deg"] == 110
    assert (state["joint"], state["inputs"], len(rung)) == ("hard", (2,), 3)
    with pytest.raises(ValueError, match="no button"):
        desk.act("explode", word="", on=False, inputs=())


def test_jobs_of_a_file_are_what_a_client_reads() -> None:
    """It should answer 0032 with the job's order, steps and what a bad one may do."""
    client = Plugged(lone()).start()
    [answer] = client.say(Message(mid=32, data=b"02"))
    assert answer.mid == 33
    job = decode_job(answer.data, answer.revision)
    assert (job.name, job.forced_order, job.repeat, job.loosening) == ("Wheel", 0, 1, 2)
    assert in_words(answer) == "0033 job: 2 Wheel, 5 x pset 2"
