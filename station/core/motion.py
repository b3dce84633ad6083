"""When the arm may move, when it is slowed or stopped, and a step's gestures. Part of `decide`."""

from __future__ import annotations

from station.core import effects as fx
from station.core import facts
from station.core.checks import active_steps
from station.core.events import SeparationChanged
from station.core.procedure import Step
from station.core.state import Phase, Separation, StepStatus
from station.core.turn import Turn
from vision.api import FactValue

ANNOUNCE_S = 1.0
"""Time between telling the visitor that the arm will move, and moving it."""
NEAR = "separation"
"""Subject of the fault that the supervisor's hold raises."""


def zone_clear(turn: Turn) -> bool:
    """Whether the arm's zone is seen to be clear; there must be one."""
    zone = turn.procedure.cobot_zone
    return zone is not None and turn.state.seen(facts.hands_in(zone)) is FactValue.ABSENT


def may_move(turn: Turn) -> bool:
    """Whether people are seen to be far enough for a motion to begin or to go on."""
    return zone_clear(turn) and turn.state.separation.allows


def people_word(turn: Turn) -> str:
    """Why people keep a motion from beginning or going on, for a technician: one is near, or nobody can say."""
    zone = turn.procedure.cobot_zone
    hand = zone is not None and turn.state.seen(facts.hands_in(zone)) is FactValue.PRESENT
    return "motion.people_near" if hand or turn.state.separation.level == "hold" else "motion.people_unseen"


def take_separation(turn: Turn, event: SeparationChanged) -> None:
    """The supervisor judges anew: what it says of the speed goes to the arm at once."""
    turn.set(separation=Separation(level=event.level, limit_percent=event.limit_percent))
    keep_limit(turn)


def keep_limit(turn: Turn) -> None:
    """Tell the arm the supervisor's limit, where it has been told another."""
    limit = turn.state.separation.limit_percent
    if turn.state.devices.get("cobot") is not True or not 1 <= limit <= 100 or limit == turn.state.robot.limit_percent:
        return
    command_id = turn.new_id("c")
    turn.set_robot(limit_percent=limit, limit_id=command_id)
    turn.do(fx.SlowRobot(command_id=command_id, percent=limit))


def guard_robot(turn: Turn) -> None:
    """A motion goes on only while people are seen far enough and nothing holds. What cannot be seen counts as a hand.

    A jog is its holder's: whoever holds the button stands beside the arm and lets go. A tried gesture may run while
    the work is held.
    """
    robot = turn.state.robot
    if robot.service == "jog" or turn.procedure.cobot_zone is None:
        return
    held = turn.motion_held() and not robot.service
    if not robot.moving:
        if (not may_move(turn) or held) and not robot.announcing.startswith("service:"):
            # Whoever was told of a motion and then held it up is told again before it comes.
            turn.set_robot(announcing="", announced="")
        return
    if not may_move(turn):
        subject = NEAR if zone_clear(turn) else turn.procedure.cobot_zone
        tried = robot.service != ""
        turn.stop_robot()
        if tried:
            turn.set_robot(service_word=people_word(turn), service_detail="")
        step = next(iter(active_steps(turn.procedure, turn.state)), None)
        if turn.state.phase is Phase.RUNNING and not tried and (step is None or step.resume == "confirm"):
            turn.raise_fault("robot.hands", subject)
    elif held:
        turn.stop_robot()


def carry_on_gestures(turn: Turn) -> None:
    """Let the arm go on with the active step's gestures: after a restart it may stand in the way of the look."""
    for step in active_steps(turn.procedure, turn.state):
        if turn.state.progress(step.id).status is StepStatus.ENTERING:
            next_gesture(turn, step)


def next_gesture(turn: Turn, step: Step) -> None:
    """Take the step's gestures up where they are: tell the visitor, then move; after the last the step goes on."""
    progress = turn.state.progress(step.id)
    robot = turn.state.robot
    if robot.moving:
        return
    if progress.gesture_index >= len(step.gestures):
        turn.set_step(step.id, status=StepStatus.GATED)
        turn.say_step(step)
        return
    if not may_move(turn) or turn.state.devices.get("cobot") is not True:
        return
    if robot.announced != step.id:
        if robot.announcing != step.id:
            turn.set_robot(announcing=step.id)
            turn.say("robot.moves", priority="safety")
            turn.do(fx.SetTimer(timer="announce", after_s=ANNOUNCE_S))
        return
    command_id = turn.new_id("c")
    gesture = step.gestures[progress.gesture_index]
    turn.set_robot(command_id=command_id, gesture=gesture, moving=True)
    turn.do(fx.MoveRobot(command_id=command_id, gesture=gesture))


def arm_lost(turn: Turn) -> None:
    """The arm cannot be reached: what it was doing is not known any more."""
    turn.rest_robot(stop_id="", ready_id="", limit_id="", limit_percent=100)
    if turn.state.phase is Phase.RUNNING and turn.procedure.needs_cobot():
        turn.raise_fault("cobot.unplugged", "cobot")
