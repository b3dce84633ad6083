"""What each command that is no motion sends to a myCobot 280, in which order, and what confirms it. Pure.

Two orders matter. *Holding again after free drive*: a servo that gets its torque back turns to the target it was given
last, which is where the arm stood before it was moved by hand. A motion command to the present posture is no way out:
it is refused without torque, and it aims at where the arm was a moment ago. A stop makes the arm forget its target and
never moves it; so a stop goes first, then the end of free mode, then another stop in the same write, and the posture is
watched: an arm that moves all the same is stopped again. *Power*: the same, with the errors cleared before.
"""

from __future__ import annotations

from drivers.api import ClearStop, CommandError, FreeDrive, MoveGripper, PowerOff, SetColour, SetToolFrame
from drivers.cobot.mycobot280.kinematics import JOINTS
from drivers.cobot.mycobot280.protocol import Cmd
from drivers.cobot.mycobot280.reads import Question
from drivers.cobot.mycobot280.works import Check, Plan, Send, Stage, Values

COLOUR_LIMIT_S = 0.5
SETTING_LIMIT_S = 2.0
POWER_LIMIT_S = 6.0
GRIPPER_LIMIT_S = 5.0
GRIPPER_NEAR_PERCENT = 5
FARTHEST_TIP_MM = 500.0

Planned = ClearStop | FreeDrive | MoveGripper | PowerOff | SetColour | SetToolFrame


def plan_of(command: Planned, *, free: bool, echoes: bool) -> Plan:
    """`free`: the arm is in free mode; `echoes`: its firmware acknowledges. CommandError for what is out of range."""
    match command:
        case SetColour():
            return _colour(command, echoes)
        case MoveGripper():
            return _gripper(command)
        case FreeDrive():
            return _free_drive(command)
        case ClearStop():
            return _clear_stop(free)
        case PowerOff():
            return Plan(
                stages=(_stage((Cmd.STOP, Cmd.POWER_OFF), _is(Cmd.IS_POWERED_ON, 0)),),
                limit_s=SETTING_LIMIT_S,
                code="cobot.not_confirmed",
                detail="the arm does not say that its power is off; press its emergency stop button and look at it",
                lane="power",
            )
        case SetToolFrame():
            return tool_frame(command)


def _colour(command: SetColour, echoes: bool) -> Plan:
    if not all(0 <= part <= 255 for part in command.rgb):
        raise CommandError(f"the colour {command.rgb} is out of range; each part is 0 to 255")
    return Plan(
        stages=(Stage(sends=(Send(cmd=Cmd.SET_COLOUR, values=command.rgb),)),),
        limit_s=COLOUR_LIMIT_S,
        code="cobot.no_answer",
        detail="the arm did not acknowledge the colour; look at its lamp",
        lane="lamp",
        needs_echo=echoes,
    )


def _gripper(command: MoveGripper) -> Plan:
    if not 0 <= command.open_percent <= 100:
        raise CommandError(f"a gripper {command.open_percent} % open is out of range; choose 0 to 100")
    if not 1 <= command.speed_percent <= 100:
        raise CommandError(f"the speed {command.speed_percent} % is out of range; choose 1 to 100")

    def near(values: Values) -> bool:
        return abs(values[0] - command.open_percent) <= GRIPPER_NEAR_PERCENT

    return Plan(
        stages=(
            Stage(
                sends=(Send(cmd=Cmd.SET_GRIPPER_VALUE, values=(command.open_percent, command.speed_percent)),),
                checks=(
                    _is(Cmd.IS_GRIPPER_MOVING, 0),
                    Check(question=Question(cmd=Cmd.GET_GRIPPER_VALUE), accepts=near),
                ),
            ),
        ),
        limit_s=GRIPPER_LIMIT_S,
        code="cobot.gripper",
        detail=f"the gripper does not come to {command.open_percent} % open; look what it holds and at its plug",
        lane="gripper",
        reports="open_percent",
    )


def _free_drive(command: FreeDrive) -> Plan:
    cmds: tuple[Send, ...] = (Send(cmd=Cmd.SET_FREE_MODE, values=(1,)),)
    if not command.on:
        cmds = (Send(cmd=Cmd.STOP), Send(cmd=Cmd.SET_FREE_MODE, values=(0,)), Send(cmd=Cmd.STOP))
    word = "begun" if command.on else "ended"
    return Plan(
        stages=(Stage(sends=cmds, checks=(_is(Cmd.IS_FREE_MODE, float(command.on)),)),),
        limit_s=SETTING_LIMIT_S,
        code="cobot.not_confirmed",
        detail=f"the arm does not say that free drive has {word}; hold it by hand and press its emergency stop button",
        lane="power",
        holds=not command.on,
    )


def _clear_stop(free: bool) -> Plan:
    leave_free = (Send(cmd=Cmd.SET_FREE_MODE, values=(0,)),) if free else ()
    power = (Send(cmd=Cmd.STOP), Send(cmd=Cmd.CLEAR_ERROR), *leave_free, Send(cmd=Cmd.POWER_ON), Send(cmd=Cmd.STOP))
    torque = tuple(Send(cmd=Cmd.POWER_ON_SERVO, values=(joint,)) for joint in range(1, JOINTS + 1))
    none_wrong = (0.0,) * JOINTS
    ready = (
        _is(Cmd.IS_POWERED_ON, 1),
        _is(Cmd.ARE_ALL_SERVOS_ENABLED, 1),
        _is(Cmd.IS_FREE_MODE, 0),
        _is(Cmd.ERROR_INFORMATION, 0),
        _is(Cmd.READ_NEXT_ERROR, *none_wrong),
    )
    return Plan(
        stages=(Stage(sends=power, checks=(_is(Cmd.IS_POWERED_ON, 1),)), Stage(sends=torque, checks=ready)),
        limit_s=POWER_LIMIT_S,
        code="cobot.not_confirmed",
        detail="the arm does not become ready; release its emergency stop button, check its power plug, free what it"
        " touches, and clear again",
        lane="power",
        holds=True,
    )


def tool_frame(command: SetToolFrame) -> Plan:
    """Tool reference and end type, read back. Without any offset the arm's coordinates are the flange's again."""
    if not all(abs(part) <= FARTHEST_TIP_MM for part in command.at_mm):
        raise CommandError(f"a tool tip at {command.at_mm} mm is out of range; give the tip in the flange frame in mm")
    if not all(abs(part) <= 180.0 for part in command.rpy_deg):
        raise CommandError(f"tool angles of {command.rpy_deg} degrees are out of range; choose -180 to 180")
    frame = (*command.at_mm, *command.rpy_deg)

    def same(values: Values) -> bool:
        return all(abs(a - b) <= 0.06 for a, b in zip(values, frame, strict=True))

    end_type = float(any(frame))
    return Plan(
        stages=(
            Stage(
                sends=(
                    Send(cmd=Cmd.SET_TOOL_REFERENCE, values=frame),
                    Send(cmd=Cmd.SET_END_TYPE, values=(end_type,)),
                ),
                checks=(
                    Check(question=Question(cmd=Cmd.GET_TOOL_REFERENCE), accepts=same),
                    _is(Cmd.GET_END_TYPE, end_type),
                ),
            ),
        ),
        limit_s=SETTING_LIMIT_S,
        code="cobot.not_confirmed",
        detail="the arm does not confirm the tool frame; its coordinates cannot be trusted: set it again",
        lane="tool",
    )


def _stage(cmds: tuple[Cmd, ...], *checks: Check) -> Stage:
    return Stage(sends=tuple(Send(cmd=cmd) for cmd in cmds), checks=checks)


def _is(cmd: Cmd, *wanted: float) -> Check:
    def accepts(values: Values) -> bool:
        return values == wanted

    return Check(question=Question(cmd=cmd), accepts=accepts)
