"""Each effect becomes the right command; what cannot be done comes back as an event; nothing is swallowed."""

import threading
from dataclasses import dataclass, field

import pytest
from support.coreworld import ORDER

from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    ClearStop,
    CobotPosture,
    CobotStatus,
    Command,
    CommandDone,
    CommandError,
    CommandFailed,
    Connected,
    DeviceHealth,
    DisarmTool,
    Disconnected,
    FreeDrive,
    LimitSpeed,
    LinkError,
    MoveGripper,
    Outcome,
    PowerOff,
    StopMotion,
)
from drivers.session import PortOwner
from station.core import effects as fx
from station.core.events import PassChecked
from station.core.lamp import Lamp
from station.core.state import RobotState, State
from station.runtime.dispatch import BUTTON_S, Dispatch, People
from vision.api import CameraHealth, FactChanged, FactReading, FactValue, LookReport


@dataclass
class SpyPort:
    """Takes commands, or refuses them with an error."""

    error: Exception | None = None
    commands: list[Command] = field(default_factory=list)
    leases: int = 0

    def submit(self, command):
        if self.error is not None:
            raise self.error
        self.commands.append(command)

    def renew_lease(self):
        self.leases += 1


@dataclass
class SpyBoard:
    """Keeps looks; gives what is to expire."""

    looks: list[tuple] = field(default_factory=list)
    expiring: tuple = ()
    expired_at: list[float] = field(default_factory=list)

    def look(self, look_id, facts, not_before_s):
        self.looks.append((look_id, facts, not_before_s))

    def expire(self, now_s):
        self.expired_at.append(now_s)
        return self.expiring


@dataclass
class SpyMotions:
    """Keeps what is wanted; lets every event through but postures."""

    wanted: list = field(default_factory=list)

    def want(self, effect):
        self.wanted.append(effect)

    def forget(self):
        self.wanted.clear()

    def heard(self, event):
        return None if isinstance(event, CobotPosture) else event


class Hall:
    """A dispatch with spies all around."""

    def __init__(self, *, cobot=True, tool=True, error=None):
        self.posted, self.told = [], []
        self.board = SpyBoard()
        self.cobot = SpyPort(error=error) if cobot else None
        self.tool = SpyPort(error=error) if tool else None
        self.motions = SpyMotions() if cobot else None
        self.dispatch = Dispatch(
            post=lambda event, source, t_mono_s: self.posted.append((event, source, t_mono_s)),
            now_s=lambda: 7.0,
            board=self.board,
            cobot=self.cobot,
            tool=self.tool,
            motions=self.motions,
            gap=None,
            orders={"PASS-1": ORDER},
            people=People(say=self.told.append, call=self.told.append, closed=self.told.append),
        )

    def do(self, effect):
        self.dispatch.carry_out(effect)
        return self

    def failure(self):
        ((event, source, t_mono_s),) = self.posted
        assert isinstance(event, CommandFailed)
        assert (event.device, event.t_mono_s, event.outcome) == (source, t_mono_s, Outcome.REFUSED)
        assert t_mono_s == 7.0
        return event


@pytest.mark.parametrize(
    "effect, command",
    [
        (fx.EnableTool(command_id="c1", joint="J1", pset=4), ArmTool(command_id="c1", pset=4)),
        (fx.DisableTool(command_id="c2"), DisarmTool(command_id="c2")),
        (
            fx.AcknowledgeTightening(command_id="c3", tightening_id=9),
            AcknowledgeResult(command_id="c3", tightening_id=9),
        ),
    ],
)
def test_the_tool_gets_its_command_and_the_cobot_nothing(effect, command):
    """It should hand over exactly one command with the effect's own id."""
    hall = Hall().do(effect)
    assert hall.tool.commands == [command]
    assert (hall.cobot.commands, hall.posted) == ([], [])


def test_a_gesture_goes_to_the_planner_and_not_straight_to_the_arm():
    """It should leave finding and checking the way to it."""
    effect = fx.MoveRobot(command_id="c1", gesture="hold")
    hall = Hall().do(effect)
    assert (hall.motions.wanted, hall.cobot.commands, hall.tool.commands) == ([effect], [], [])


def test_a_stop_forgets_what_was_being_planned_and_goes_out_at_once():
    """It should leave nothing behind that could be sent after it."""
    hall = Hall().do(fx.MoveRobot(command_id="c1", gesture="hold")).do(fx.StopRobot(command_id="c2"))
    assert (hall.motions.wanted, hall.cobot.commands) == ([], [StopMotion(command_id="c2")])


@pytest.mark.parametrize(
    "effect, command",
    [
        (fx.SlowRobot(command_id="c1", percent=25), LimitSpeed(command_id="c1", percent=25)),
        (fx.FreeRobot(command_id="c1", on=True), FreeDrive(command_id="c1", on=True)),
        (fx.ReadyRobot(command_id="c1"), ClearStop(command_id="c1")),
        (fx.SwitchOffRobot(command_id="c1"), PowerOff(command_id="c1")),
        (fx.GripRobot(command_id="c1", open_percent=40), MoveGripper(command_id="c1", open_percent=40)),
    ],
)
def test_what_a_technician_wants_becomes_the_arms_command(effect, command):
    """It should be exactly one command with the effect's own id."""
    hall = Hall().do(effect)
    assert (hall.cobot.commands, hall.tool.commands, hall.posted) == ([command], [], [])


def test_the_lamp_is_told_when_it_changes_and_again_after_a_reconnect():
    """It should not be told the same twice on one connection, and never share an id."""
    hall = Hall()
    for lamp in (Lamp.STILL, Lamp.MOVES, Lamp.MOVES, Lamp.HELD):
        hall.dispatch.show(lamp)
    hall.dispatch.heard(Connected(device="cobot", t_mono_s=1.0))
    hall.dispatch.show(Lamp.HELD)
    shown = [Lamp.STILL.value, Lamp.MOVES.value, Lamp.HELD.value, Lamp.HELD.value]
    assert [command.rgb for command in hall.cobot.commands] == shown
    assert len({command.command_id for command in hall.cobot.commands}) == 4


def test_words_and_calls_go_to_people():
    """It should pass them on as they are."""
    effects = [
        fx.Say(utterance="u1", phrase="step.take"),
        fx.CallPerson(code="help.called"),
        fx.CloseVisit(outcome="finished", reason="r"),
    ]
    hall = Hall()
    for effect in effects:
        hall.do(effect)
    assert hall.told == effects
    assert (hall.cobot.commands, hall.tool.commands, hall.posted) == ([], [], [])


def test_a_look_goes_to_the_board():
    """It should ask for the very facts, no older than the effect says."""
    hall = Hall().do(fx.Look(look_id="l1", facts=("a", "b"), not_before_s=3.5))
    assert hall.board.looks == [("l1", ("a", "b"), 3.5)]


@pytest.mark.parametrize("text, order", [("PASS-1", ORDER), ("PASS-2", None), ("", None)])
def test_a_pass_is_answered_with_its_order_or_none(text, order):
    """It should answer by an event, for an unknown pass too."""
    hall = Hall().do(fx.CheckPass(text=text))
    assert hall.posted == [(PassChecked(text=text, order=order), "orders", 7.0)]


@pytest.mark.parametrize("effect", [fx.SetTimer(timer="t", after_s=1.0), fx.CancelTimer(timer="t")])
def test_timers_are_not_dispatched(effect):
    """It should say that they are the loop's, and not drop them."""
    with pytest.raises(ValueError, match="belong to the loop"):
        Hall().do(effect)


COMMANDS = [
    ("cobot", fx.StopRobot(command_id="c1")),
    ("cobot", fx.ReadyRobot(command_id="c1")),
    ("tool", fx.EnableTool(command_id="c1", joint="J1", pset=1)),
    ("tool", fx.DisableTool(command_id="c1")),
    ("tool", fx.AcknowledgeTightening(command_id="c1", tightening_id=1)),
]


@pytest.mark.parametrize("device, effect", COMMANDS)
def test_a_device_that_the_bench_has_not_refuses(device, effect):
    """It should end every command in one failure that names the device; the lamp's is no news."""
    failure = Hall(cobot=False, tool=False).do(effect).failure()
    assert (failure.device, failure.command_id, failure.code) == (device, "c1", "link.none")
    assert device in failure.detail and "station file" in failure.detail


@pytest.mark.parametrize("device, effect", COMMANDS)
@pytest.mark.parametrize("error", [LinkError("the line is closed"), CommandError("out of range")])
def test_a_port_that_refuses_is_heard(device, effect, error):
    """It should report the driver's own code and sentence, once."""
    failure = Hall(error=error).do(effect).failure()
    assert (failure.device, failure.command_id, failure.code) == (device, "c1", error.code)
    assert failure.detail == str(error)


def test_a_closed_port_is_heard():
    """It should report what the real port says after it was closed."""

    class Silent:
        device = "tool"

        def take_events(self):
            return ()

    port = PortOwner(lambda: None, Silent(), lambda: 0.0, lambda event: None)
    port.close()
    hall = Hall()
    hall.dispatch._tool = port
    failure = hall.do(fx.DisableTool(command_id="c1")).failure()
    assert failure.code == "driver.link"
    assert "closed" in failure.detail


def test_another_error_of_a_port_is_not_hidden():
    """It should go up: an error that nobody thought of is no refusal."""
    with pytest.raises(ZeroDivisionError):
        Hall(error=ZeroDivisionError()).do(fx.DisableTool(command_id="c1"))


# What comes back.


@pytest.mark.parametrize(
    "event",
    [
        Connected(device="cobot", t_mono_s=1.0),
        Disconnected(device="cobot", t_mono_s=1.0, reason="r"),
        CommandDone(device="cobot", command_id="c1", t_mono_s=1.0),
        CommandFailed(
            device="cobot", command_id="c1", t_mono_s=1.0, outcome=Outcome.UNKNOWN, code="link.lost", detail="d"
        ),
        DeviceHealth(device="cobot", t_mono_s=1.0, code="x", detail="d"),
    ],
)
def test_what_devices_report_is_an_event_of_its_own_time(event):
    """It should hand on everything that may matter, stamped by the driver."""
    hall = Hall()
    hall.dispatch.heard(event)
    assert hall.posted == [(event, "cobot", 1.0)]


def test_postures_and_figures_are_for_the_screen_only():
    """It should journal none."""
    hall = Hall()
    hall.dispatch.heard(CobotPosture(device="cobot", t_mono_s=1.0, angles_deg=(1.0,) * 6, moving=True))
    hall.dispatch.heard(CobotStatus(device="cobot", t_mono_s=1.0, powered=True, ready=True, free_drive=False, error=""))
    assert hall.posted == []


def test_the_lamp_is_no_news():
    """It should journal neither its success nor its failure, nor that the port does not take it."""
    hall = Hall()
    hall.dispatch.show(Lamp.MOVES)
    lamp = hall.cobot.commands[0].command_id
    hall.dispatch.heard(CommandDone(device="cobot", command_id=lamp, t_mono_s=1.0))
    hall.dispatch.heard(
        CommandFailed(device="cobot", command_id=lamp, t_mono_s=2.0, outcome=Outcome.REFUSED, code="x", detail="d")
    )
    refusing = Hall(error=LinkError("closed"))
    refusing.dispatch.show(Lamp.MOVES)
    assert hall.posted == refusing.posted == []


def test_what_vision_reports_carries_the_time_of_its_frames():
    """It should stamp a fact with its reading's time, a report and a health with their own."""
    reading = FactReading(fact="hands:door", value=FactValue.ABSENT, t_mono_s=2.0)
    fact = FactChanged(reading=reading)
    report = LookReport(look_id="l1", readings=(reading,), t_mono_s=3.0)
    health = CameraHealth(camera="top", t_mono_s=4.0, good=False, code="camera.lost", detail="d")
    hall = Hall()
    hall.dispatch.seen((fact, report, health))
    assert hall.posted == [(fact, "vision", 2.0), (report, "vision", 3.0), (health, "vision", 4.0)]


def test_edges_are_posted_in_the_order_in_which_they_were_judged():
    """It should not let a second thread judge before the first one's edge is posted."""
    older, newer = (
        FactChanged(reading=FactReading(fact="hands:cobot", value=value, t_mono_s=t_mono_s))
        for value, t_mono_s in ((FactValue.ABSENT, 1.0), (FactValue.PRESENT, 2.0))
    )
    hall, judged = Hall(), []

    def second():
        judged.append("second")
        return (newer,)

    other = threading.Thread(target=lambda: hall.dispatch.ask_sight(second))

    def first():
        other.start()
        other.join(timeout=0.1)
        judged.append("first")
        return (older,)

    hall.dispatch.ask_sight(first)
    other.join()
    assert judged == ["first", "second"]
    assert [event for event, _, _ in hall.posted] == [older, newer]


# The beat.


@pytest.mark.parametrize("moving, leases", [(True, 1), (False, 0)])
def test_a_lease_is_renewed_only_while_a_motion_is_wanted(moving, leases):
    """It should let the lease of anything else run out; a tool has none."""
    hall = Hall()
    hall.dispatch.heartbeat(1.0, State(robot=RobotState(command_id="c1", moving=moving)))
    assert (hall.cobot.leases, hall.tool.leases) == (leases, 0)


def test_a_jog_goes_on_only_while_its_button_is_held():
    """It should let the permission end when the button has been silent, and not for any other motion."""
    hall = Hall()
    jog = State(robot=RobotState(command_id="c1", moving=True, service="jog"))
    hall.do(fx.JogRobot(command_id="c1", frame="tool", axis=1, direction=1, speed_percent=5))
    hall.dispatch.heartbeat(7.1, jog)
    assert hall.cobot.leases == 1
    hall.dispatch.heartbeat(7.0 + BUTTON_S + 0.01, jog)
    assert hall.cobot.leases == 1
    hall.dispatch.hold(8.0)
    hall.dispatch.heartbeat(8.1, jog)
    assert hall.cobot.leases == 2
    hall.dispatch.heartbeat(99.0, State(robot=RobotState(command_id="c1", moving=True, service="gesture")))
    assert hall.cobot.leases == 3


def test_a_beat_without_a_cobot_renews_nothing():
    """It should not need one."""
    hall = Hall(cobot=False)
    hall.dispatch.heartbeat(1.0, State(robot=RobotState(command_id="c1", moving=True)))
    assert hall.board.expired_at == [1.0]


def test_facts_that_nobody_confirms_expire_on_the_beat():
    """It should post what the board gives up, at the time of the beat."""
    hall = Hall()
    gone = FactChanged(reading=FactReading(fact="hands:door", value=FactValue.UNKNOWN, t_mono_s=0.5))
    hall.board.expiring = (gone,)
    hall.dispatch.heartbeat(1.0, State())
    assert hall.board.expired_at == [1.0]
    assert hall.posted == [(gone, "vision", 0.5)]
