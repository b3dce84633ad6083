"""What a technician may have the arm do outside the work: try, jog, guide by hand, clear, switch off.

Allowed while no visit runs, or while something holds the arm anyway. A jog lasts as long as its button is held: the
shell lets its permission end when the button is silent, and the core stops it when the button is let go.
"""

from __future__ import annotations

from station.core import effects as fx
from station.core.motion import ANNOUNCE_S, may_move, people_word
from station.core.procedure import Role
from station.core.service_asks import (
    Ask,
    EndVerifying,
    Grip,
    GuideByHand,
    Jog,
    KeepVerifying,
    LetGo,
    MakeReady,
    SwitchOff,
    TryGesture,
    VerifyTool,
)
from station.core.state import Phase, State
from station.core.turn import Turn
from station.core.verifying import take_verify_ask

SLOW_PERCENT = 10
"""Speed of a gesture that is tried, and the highest of a jog."""
SERVICE = "service:"
"""How the announcement of a tried gesture begins, before its name."""


def service_refusal(state: State) -> str:
    """Why the arm may not be served now, as a phrase key; empty when it may."""
    if state.devices.get("cobot") is not True:
        return "service.no_arm"
    held = state.paused or any(fault.holds for fault in state.faults)
    if state.phase is Phase.RUNNING and not held:
        return "service.visit_runs"
    return ""


def take_ask(turn: Turn, ask: Ask, role: Role) -> None:
    """A technician asks for something. What may not be now is left undone, and the screen says why."""
    if role is not Role.TECHNICIAN:
        return
    if isinstance(ask, VerifyTool | KeepVerifying | EndVerifying):
        take_verify_ask(turn, ask)
        return
    if isinstance(ask, LetGo):
        if turn.state.robot.announcing.startswith(SERVICE):
            turn.set_robot(announcing="")
        turn.stop_robot()
        return
    if service_refusal(turn.state):
        return
    robot = turn.state.robot
    idle = not robot.moving and not robot.announcing
    if isinstance(ask, TryGesture | Jog) and idle:
        turn.set_robot(service_word="", service_detail="")
    match ask:
        case TryGesture():
            if idle and not may_move(turn):
                turn.set_robot(service_word=people_word(turn))
            elif idle:
                turn.set_robot(announcing=SERVICE + ask.gesture)
                turn.say("robot.moves", priority="safety")
                turn.do(fx.SetTimer(timer="announce", after_s=ANNOUNCE_S))
        case Jog():
            if idle and ask.direction in (1, -1) and 1 <= ask.axis <= 6:
                command_id = turn.new_id("c")
                turn.set_robot(command_id=command_id, gesture="", moving=True, service="jog")
                turn.do(
                    fx.JogRobot(
                        command_id=command_id,
                        frame=ask.frame.value,
                        axis=ask.axis,
                        direction=ask.direction,
                        speed_percent=max(1, min(SLOW_PERCENT, ask.speed_percent)),
                    )
                )
        case GuideByHand():
            if idle or not ask.on:
                turn.stop_robot()
                turn.do(fx.FreeRobot(command_id=_own(turn), on=ask.on))
        case MakeReady():
            turn.make_ready()
        case SwitchOff():
            turn.stop_robot()
            turn.do(fx.SwitchOffRobot(command_id=_own(turn)))
        case Grip():
            if idle and 0 <= ask.open_percent <= 100:
                turn.do(fx.GripRobot(command_id=_own(turn), open_percent=ask.open_percent))


def start_tried(turn: Turn) -> None:
    """The announcement of a tried gesture is over."""
    gesture = turn.state.robot.announcing.removeprefix(SERVICE)
    turn.set_robot(announcing="")
    if service_refusal(turn.state):
        return
    if not may_move(turn):
        turn.set_robot(service_word=people_word(turn))
        return
    command_id = turn.new_id("c")
    turn.set_robot(command_id=command_id, gesture=gesture, moving=True, service="gesture")
    turn.do(fx.MoveRobot(command_id=command_id, gesture=gesture, at_most_percent=SLOW_PERCENT))


def _own(turn: Turn) -> str:
    """Id of a command whose end is told to the technician."""
    command_id = turn.new_id("c")
    turn.set_robot(service_id=command_id, service_word="", service_detail="")
    return command_id
