"""What the core makes of devices that come and go, of commands that end, and of what devices say of themselves."""

from __future__ import annotations

from drivers.api import SWITCHED_ON, CommandDone, CommandFailed, Connected, DeviceHealth, Disconnected, Outcome
from station.core import effects as fx
from station.core.checks import active_steps
from station.core.motion import arm_lost, keep_limit
from station.core.state import HealthNote, Phase, StepStatus
from station.core.turn import Turn
from station.core.verifying import end_verifying

IDENTIFIER_LONGEST = 25
"""Characters of a VIN in a result (MID 0061)."""
LINE_LOST = ("link.lost", "link.down", "tool.silent", "tool.not_connected")
"""Codes of commands that failed because the line did: the tool refused nothing, and the line is named by itself."""
STOPPED = ("cobot.protective_stop", "cobot.emergency_stop", "cobot.servo_error", "cobot.not_powered", "cobot.collision")
"""Codes of motions that ended because the arm stopped itself."""
WAS_OFF = "its joints had no power when it was reached again; look whether its emergency stop or its plug was used"
OTHER_SELECTED = "tool.other_selected"
"""The driver has disabled the tool by itself: somebody selected something else at the controller."""


def connected(turn: Turn, event: Connected) -> None:
    """A device answers."""
    came_back = turn.state.devices.get(event.device) is False
    turn.set(
        devices={**turn.state.devices, event.device: True},
        identities={**turn.state.identities, event.device: dict(event.identity)},
    )
    if event.device == "tool":
        turn.set_tool(serial="")
        identify(turn)
    if event.device == "cobot":
        # A limit is forgotten with the line.
        turn.set_robot(limit_percent=100, limit_id="")
        keep_limit(turn)
        needed = turn.state.phase is Phase.RUNNING and turn.procedure.needs_cobot()
        if came_back and needed and event.identity.get("power") == SWITCHED_ON:
            # Its emergency stop may have been pressed: that its board starts anew is no word that the cause is gone.
            _arm_stopped(turn, "cobot.was_off", WAS_OFF)


def gone(turn: Turn, event: Disconnected) -> None:
    """A device is gone: what it was doing is not known any more, nor what it said of itself."""
    turn.set(
        devices={**turn.state.devices, event.device: False},
        health=tuple(note for note in turn.state.health if note.device != event.device),
    )
    if event.device == "tool":
        tool = turn.state.tool
        cut = tool.armed_joint if tool.armed_joint and not tool.loosening else tool.cut_joint
        if tool.armed_joint:
            # The line may be back before this is heard, and the enable asked for on the new one.
            turn.do(fx.DisableTool(command_id=turn.new_id("c")))
        end_verifying(turn)
        turn.end_grace()
        turn.set_tool(armed_joint="", command_id="", ready=False, loosening=False, may_loosen="", cut_joint=cut)
        turn.set(socket=None, identified="", identify_id="")
    if event.device == "cobot":
        arm_lost(turn)


def done(turn: Turn, event: CommandDone) -> None:
    """A command was carried out."""
    robot, tool = turn.state.robot, turn.state.tool
    if event.command_id == robot.command_id and robot.moving:
        tried = robot.service != ""
        turn.set_robot(moving=False, command_id="", service="")
        turn.set(last_disturbance_s=max(turn.state.last_disturbance_s, event.t_mono_s))
        for step in () if tried else active_steps(turn.procedure, turn.state):
            progress = turn.state.progress(step.id)
            if progress.status is StepStatus.ENTERING:
                turn.set_step(step.id, gesture_index=progress.gesture_index + 1)
    if robot.ready_id and event.command_id == robot.ready_id:
        turn.set_robot(ready_id="")
        turn.drop_fault("robot.stopped")
    if tool.verifying and event.command_id == tool.command_id:
        turn.set_tool(ready=True)
    if event.command_id == tool.command_id and tool.armed_joint:
        turn.set_tool(ready=True)
        phrase = "tool.ready_to_loosen" if tool.loosening else "tool.ready"
        turn.say(phrase, {"joint": turn.procedure.joint(tool.armed_joint).label})
    if turn.state.identify_id and event.command_id == turn.state.identify_id:
        vin = turn.state.order.vin if turn.state.order is not None else ""
        turn.set(identify_id="", identified=vin[:IDENTIFIER_LONGEST])


def failed(turn: Turn, event: CommandFailed) -> None:
    """A command was refused, or nobody knows what became of it."""
    robot, tool = turn.state.robot, turn.state.tool
    move_failed = robot.moving and event.command_id == robot.command_id
    stop_failed = robot.stop_id != "" and event.command_id == robot.stop_id
    limit_failed = robot.limit_id != "" and event.command_id == robot.limit_id
    if event.command_id and event.command_id in (robot.service_id, robot.ready_id):
        turn.set_robot(service_word=event.code, service_detail=event.detail, ready_id="")
    if move_failed or stop_failed or limit_failed:
        _arm_failed(turn, event, tried=move_failed and robot.service != "", goes_on=limit_failed)
    if tool.verifying and event.command_id == tool.command_id:
        end_verifying(turn)
    unplugged = turn.state.devices.get("tool") is not True
    ours = event.command_id in (tool.command_id if tool.armed_joint else "", turn.state.identify_id)
    if event.command_id and ours and event.code in LINE_LOST and not unplugged:
        # What was in flight fails before the loss of the line is heard, but that is all that has happened.
        gone(turn, Disconnected(device="tool", t_mono_s=event.t_mono_s, reason=event.detail))
        return
    lost = event.outcome is Outcome.UNKNOWN and unplugged
    if event.command_id == tool.command_id and tool.armed_joint:
        joint = tool.armed_joint
        turn.release_tool()
        if not lost:
            turn.raise_fault("tool.refused", joint, {"detail": event.code})
    if turn.state.identify_id and event.command_id == turn.state.identify_id:
        turn.set(identify_id="")
        if not unplugged and turn.state.phase is Phase.RUNNING:
            # A refusal anywhere in the work order means that production must not start (Open Protocol 2.8.0, 3.7.2).
            turn.raise_fault("tool.no_identifier", "tool", {"detail": event.code})


def _arm_failed(turn: Turn, event: CommandFailed, *, tried: bool, goes_on: bool) -> None:
    """A motion, a stop or a speed limit has failed. `tried`: a technician's motion, which nobody waits for."""
    turn.set(last_disturbance_s=max(turn.state.last_disturbance_s, event.t_mono_s))
    if goes_on:
        # An arm that does not slow down is stopped.
        turn.stop_robot()
        turn.set_robot(limit_id="")
    else:
        code, detail = (event.code, event.detail) if tried else ("", "")
        turn.rest_robot(stop_id="", service_word=code, service_detail=detail)
    connected = turn.state.devices.get("cobot") is True
    if event.code in LINE_LOST and connected:
        # What was in flight fails before the loss of the line is heard, but that is all that has happened.
        gone(turn, Disconnected(device="cobot", t_mono_s=event.t_mono_s, reason=event.detail))
    elif connected and not tried and not turn.has_fault("cobot.unplugged"):
        stopped = event.code in {note.code for note in turn.state.health if note.device == "cobot" and note.stops}
        if stopped or event.code in STOPPED:
            _arm_stopped(turn, event.code, event.detail)
        else:
            turn.raise_fault("robot.failed", "cobot", {"detail": event.code})


def _arm_stopped(turn: Turn, code: str, detail: str) -> None:
    """The arm has stopped itself, or cannot move: a person looks at it before it is made ready."""
    if not turn.has_fault("robot.stopped"):
        turn.raise_fault("robot.stopped", code, {"detail": detail})


def health(turn: Turn, event: DeviceHealth) -> None:
    """A device says something of itself; what stands is remembered until it ends."""
    armed = turn.state.tool.armed_joint
    if event.code == OTHER_SELECTED and armed:
        turn.release_tool()
        turn.raise_fault("tool.refused", armed, {"detail": event.code})
    if event.standing is None:
        return
    kept = tuple(n for n in turn.state.health if (n.device, n.code) != (event.device, event.code))
    if event.standing:
        if (
            event.device == "cobot"
            and event.stops
            and turn.state.phase is Phase.RUNNING
            and turn.procedure.needs_cobot()
        ):
            turn.stop_robot()
            _arm_stopped(turn, event.code, event.detail)
        note = HealthNote(device=event.device, code=event.code, detail=event.detail, stops=event.stops)
        kept = (*kept, note)
    turn.set(health=kept)


def identify(turn: Turn) -> None:
    """Tell the controller what is worked on, once it is known and whenever the controller comes back."""
    order = turn.state.order
    if turn.state.phase is not Phase.RUNNING or order is None or not order.vin or not turn.procedure.needs_tool():
        return
    if turn.state.devices.get("tool") is True:
        command_id = turn.new_id("c")
        turn.set(identify_id=command_id, identified="")
        turn.do(fx.IdentifyWork(command_id=command_id, identifier=order.vin[:IDENTIFIER_LONGEST]))
