"""A wanted motion: its way is found from where the arm rests, checked, and sent leg by leg; a stop leaves nothing."""

from dataclasses import dataclass, field, replace

import pytest

from drivers.api import (
    CobotPosture,
    Command,
    CommandDone,
    CommandFailed,
    Connected,
    LinkError,
    MoveJoints,
    Outcome,
)
from drivers.cobot.mycobot280.kinematics import MODEL
from station.core import effects as fx
from station.core.events import MotionPlanned
from station.motion.gesture import StepBack, TaughtPosture, Wave
from station.motion.scene import MotionScene
from station.runtime.motions import READY_WITHIN_S, Motions
from vision.geometry import Transform

HOME = (0.0, 20.0, -60.0, 0.0, 0.0, 0.0)
LEFT = (40.0, 20.0, -60.0, 0.0, 0.0, 0.0)
RIGHT = (-40.0, 20.0, -60.0, 0.0, 0.0, 0.0)
SCENE = MotionScene(
    model=MODEL,
    limits_deg=MODEL.limits_deg,
    bench_from_base=Transform.identity(),
    gestures={
        gesture.name: gesture
        for gesture in (
            TaughtPosture(name="home", angles_deg=HOME, speed_percent=40),
            Wave(name="wave", postures_deg=(LEFT, RIGHT, LEFT), speed_percent=50),
            StepBack(name="back", posture="home"),
            TaughtPosture(name="low", angles_deg=(0.0, 132.0, 0.0, 0.0, 0.0, 0.0)),
        )
    },
)


@dataclass
class SpyPort:
    """Takes commands, or refuses them."""

    error: Exception | None = None
    commands: list[Command] = field(default_factory=list)

    def submit(self, command):
        if self.error is not None:
            raise self.error
        self.commands.append(command)

    def renew_lease(self):
        raise AssertionError("whoever plans does not renew")


@dataclass
class SpyGap:
    """Says whether there is room."""

    room: bool = True
    asked: list = field(default_factory=list)
    ended: int = 0

    def begins(self, points_deg, percent):
        self.asked.append((points_deg, percent))
        return self.room

    def ends(self):
        self.ended += 1

    def posture(self, posture):
        pass

    def gone(self):
        pass


class Arm:
    """Motions with spies around, and an arm that says where it is."""

    def __init__(self, *, scene=SCENE, error=None, gap=None):
        self.now_s = 10.0
        self.posted = []
        self.port = SpyPort(error=error)
        self.motions = Motions(
            port=self.port,
            post=lambda event, source, t_mono_s: self.posted.append(event),
            now_s=lambda: self.now_s,
            scene=lambda: scene,
            gap=gap,
        )
        self.stands(HOME)

    def stands(self, angles_deg, *, moving=False):
        posture = CobotPosture(device="cobot", t_mono_s=self.now_s, angles_deg=angles_deg, moving=moving)
        assert self.motions.heard(posture) is None

    def want(self, gesture="wave", **changes):
        self.motions.want(fx.MoveRobot(command_id="c1", gesture=gesture, **changes))
        return self.motions.turn()

    def done(self, command_id):
        return self.motions.heard(CommandDone(device="cobot", command_id=command_id, t_mono_s=self.now_s))

    def failure(self):
        (event,) = [event for event in self.posted if isinstance(event, CommandFailed)]
        assert (event.device, event.command_id, event.outcome) == ("cobot", "c1", Outcome.REFUSED)
        return event


def test_a_gesture_is_planned_from_where_the_arm_stands_and_ends_once():
    """It should say what was planned first, send each leg when the last one is done, and end with its own id."""
    arm = Arm()
    assert arm.want()
    (planned,) = arm.posted
    assert isinstance(planned, MotionPlanned) and planned.gesture == "wave" and planned.duration_s > 0.5
    assert planned.clearance_mm > 0 and " and " in planned.between
    ends = []
    while arm.port.commands[-1].command_id != "c1":
        assert arm.done(arm.port.commands[-1].command_id) is None
        assert len(arm.port.commands) < 10
    ends.append(arm.done("c1"))
    assert [type(event) for event in ends] == [CommandDone] and ends[0].command_id == "c1"
    moves = arm.port.commands
    assert all(isinstance(move, MoveJoints) and move.speed_percent == 50 for move in moves)
    assert len({move.command_id for move in moves}) == len(moves)
    assert moves[-1].angles_deg == pytest.approx(LEFT)


def test_a_tried_gesture_is_slow_on_every_leg():
    """It should keep the technician's limit."""
    arm = Arm()
    arm.want(at_most_percent=10)
    assert arm.port.commands[0].speed_percent == 10


def test_an_arm_that_stands_there_already_has_nothing_to_do():
    """It should end the gesture without sending anything."""
    arm = Arm()
    arm.want("home")
    assert arm.port.commands == [] and isinstance(arm.posted[-1], CommandDone) and arm.posted[-1].command_id == "c1"


def test_a_leg_that_fails_ends_the_gesture_with_what_the_arm_said():
    """It should send no further leg, and pass outcome, code and sentence on under the gesture's id."""
    arm = Arm()
    arm.want()
    leg = arm.port.commands[0].command_id
    failed = CommandFailed(
        device="cobot", command_id=leg, t_mono_s=11.0, outcome=Outcome.UNKNOWN, code="cobot.no_motion", detail="d"
    )
    assert arm.motions.heard(failed) == replace(failed, command_id="c1")
    assert len(arm.port.commands) == 1 and not arm.motions.turn()


def test_a_stop_between_the_legs_sends_no_other_leg():
    """It should leave the leg's own end to nobody."""
    arm = Arm()
    arm.want()
    leg = arm.port.commands[0].command_id
    arm.motions.forget()
    assert arm.done(leg).command_id == leg
    assert len(arm.port.commands) == 1


def test_a_stop_before_the_way_is_found_sends_nothing():
    """It should not begin what is no longer wanted, and end nothing twice."""
    arm = Arm()
    arm.motions.want(fx.MoveRobot(command_id="c1", gesture="wave"))
    arm.motions.forget()
    assert not arm.motions.turn()
    assert (arm.port.commands, arm.posted) == ([], [])


def test_a_stop_while_the_way_is_being_found_sends_nothing():
    """It should look once more, with the way in hand, whether the motion is still wanted."""

    class Stopping(SpyGap):
        def begins(self, points_deg, percent):
            arm.motions.forget()
            return True

    arm = Arm(gap=Stopping())
    arm.want()
    assert (arm.port.commands, arm.posted) == ([], [])


@pytest.mark.parametrize("moving", [True, False])
def test_a_motion_waits_for_an_arm_that_has_come_to_rest(moving):
    """It should not plan from a posture that is passing or old, and give up with a sentence."""
    arm = Arm()
    arm.now_s += 3.0
    if moving:
        arm.stands(HOME, moving=True)
    assert not arm.want()
    arm.stands(HOME)
    assert arm.motions.turn() and len(arm.port.commands) == 1
    arm = Arm()
    arm.now_s += 3.0
    assert not arm.want()
    arm.now_s += READY_WITHIN_S
    assert arm.motions.turn()
    assert arm.failure().code == "cobot.no_posture" and "look at the arm" in arm.failure().detail


def test_a_motion_waits_for_room_and_is_told_when_it_is_over():
    """It should hand the whole way and its speed to the supervisor before anything is sent."""
    gap = SpyGap(room=False)
    arm = Arm(gap=gap)
    assert not arm.want() and arm.port.commands == []
    gap.room = True
    arm.now_s += 0.3
    assert arm.motions.turn() and len(arm.port.commands) == 1
    points, percent = gap.asked[-1]
    assert percent == 50 and points[0] == pytest.approx(HOME) and points[-1] == pytest.approx(LEFT)
    while arm.port.commands[-1].command_id != "c1":
        arm.done(arm.port.commands[-1].command_id)
    before = gap.ended
    arm.done("c1")
    assert gap.ended == before + 1


def test_somebody_who_does_not_step_back_is_told_so():
    """It should give up after a while without having moved."""
    arm = Arm(gap=SpyGap(room=False))
    arm.want()
    arm.now_s += READY_WITHIN_S
    arm.stands(HOME)
    assert arm.motions.turn()
    assert arm.failure().code == "motion.people_near" and arm.port.commands == []


def test_a_jog_needs_no_room_but_the_supervisor_knows_of_it():
    """It should go although somebody is near: whoever holds the button is."""
    gap = SpyGap(room=False)
    arm = Arm(gap=gap)
    arm.motions.want(fx.JogRobot(command_id="c1", frame="joint", axis=1, direction=1, speed_percent=5))
    assert arm.motions.turn()
    assert arm.port.commands[0].speed_percent == 5 and gap.asked == [([], 5)]


@pytest.mark.parametrize("gesture, code", [("nod", "motion.unknown_gesture"), ("low", "motion.")])
def test_a_gesture_without_a_way_is_refused_and_nothing_moves(gesture, code):
    """It should say why, in the planner's own words."""
    arm = Arm()
    assert arm.want(gesture)
    assert arm.failure().code.startswith(code) and gesture in arm.failure().detail
    assert arm.port.commands == []


def test_a_port_that_refuses_is_heard():
    """It should end the gesture with the port's own sentence."""
    arm = Arm(error=LinkError("the line is closed"))
    arm.want()
    assert (arm.failure().code, arm.failure().detail) == ("driver.link", "the line is closed")


def test_whatever_else_the_arm_says_goes_on_as_it_is():
    """It should swallow nothing."""
    event = Connected(device="cobot", t_mono_s=1.0)
    assert Arm().motions.heard(event) is event
