"""Everything that can be made to go wrong in a simulated visit, by name."""

from __future__ import annotations

from enum import StrEnum

from station.core.procedure import Fastener, PartTaken, Procedure, Tightening


class Mishap(StrEnum):
    """One thing that goes wrong once. The scripted visitor (or a scripted technician) mends it."""

    WRONG_PART = "wrong_part"
    WRONG_ORDER = "wrong_order"
    MISSING_NUT = "missing_nut"
    LOW_TORQUE = "low_torque"
    CROSSED_THREAD = "crossed_thread"
    TOOL_ELSEWHERE = "tool_elsewhere"
    HAND_IN_ZONE = "hand_in_zone"
    CAMERA_STALE = "camera_stale"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_LATE = "camera_late"
    CAMERA_COVERED = "camera_covered"
    CAMERA_DARK = "camera_dark"
    CAMERA_BRIGHT = "camera_bright"
    CAMERA_DEFOCUSED = "camera_defocused"
    CAMERA_MOVED = "camera_moved"
    UNARMED_RESULT = "unarmed_result"
    DUPLICATE_RESULT = "duplicate_result"
    COBOT_UNPLUGGED = "cobot_unplugged"
    COBOT_STOPPED = "cobot_stopped"
    """Somebody presses the arm's emergency stop while it moves, and releases it again."""
    TOOL_UNPLUGGED = "tool_unplugged"
    WRONG_SOCKET = "wrong_socket"
    ALREADY_TIGHT = "already_tight"
    CUT_RUNDOWN = "cut_rundown"
    """The line to the controller is cut while the tool turns; the result is asked back."""
    LOST_RESULT = "lost_result"
    """The same, and the controller has forgotten the result."""
    TOOL_ALARM = "tool_alarm"
    RESTART = "restart"


NAMED_BY = {
    Mishap.WRONG_PART: ("part.wrong",),
    Mishap.WRONG_ORDER: ("order.wrong",),
    Mishap.MISSING_NUT: ("nut.missing",),
    Mishap.LOW_TORQUE: ("tightening.torque_low",),
    Mishap.CROSSED_THREAD: ("tightening.angle_high",),
    Mishap.TOOL_ELSEWHERE: ("tool.elsewhere", "tool.away"),
    Mishap.HAND_IN_ZONE: ("robot.hands",),
    Mishap.CAMERA_STALE: ("camera.lost",),
    Mishap.CAMERA_FROZEN: ("camera.frozen",),
    Mishap.CAMERA_LATE: ("camera.lost",),
    Mishap.CAMERA_COVERED: ("camera.covered", "camera.dark"),
    Mishap.CAMERA_DARK: ("camera.dark",),
    Mishap.CAMERA_BRIGHT: ("camera.bright",),
    Mishap.CAMERA_DEFOCUSED: ("camera.defocused",),
    Mishap.CAMERA_MOVED: ("camera.moved",),
    Mishap.UNARMED_RESULT: ("result.unarmed",),
    Mishap.DUPLICATE_RESULT: ("result.duplicate",),
    Mishap.COBOT_UNPLUGGED: ("cobot.unplugged",),
    Mishap.COBOT_STOPPED: ("robot.stopped",),
    Mishap.TOOL_UNPLUGGED: ("tool.unplugged",),
    Mishap.WRONG_SOCKET: ("tool.socket",),
    Mishap.ALREADY_TIGHT: ("tightening.already_tight",),
    Mishap.CUT_RUNDOWN: ("result.asked_back",),
    Mishap.LOST_RESULT: ("result.lost",),
    Mishap.TOOL_ALARM: ("tool.alarm",),
    Mishap.RESTART: ("restart.check", "restart.resumed"),
}
"""Fault codes by which the screen may name each; a missing socket is no fault but the sentence of the moment."""


def possible(mishap: Mishap, procedure: Procedure) -> bool:
    """Whether this can go wrong in that work at all: no nut is missed where there are none."""
    demands = [demand for step in procedure.steps for demand in step.demands]
    match mishap:
        case Mishap.WRONG_PART:
            return any(isinstance(d, PartTaken) and len(procedure.variants(d.role)) > 1 for d in demands)
        case Mishap.MISSING_NUT:
            return any(sum(isinstance(d, Fastener) for d in step.demands) > 1 for step in procedure.steps)
        case Mishap.WRONG_ORDER | Mishap.DUPLICATE_RESULT | Mishap.LOST_RESULT:
            return sum(isinstance(d, Tightening) for d in demands) > 1
        case (
            Mishap.LOW_TORQUE
            | Mishap.CROSSED_THREAD
            | Mishap.TOOL_ELSEWHERE
            | Mishap.UNARMED_RESULT
            | Mishap.TOOL_UNPLUGGED
            | Mishap.ALREADY_TIGHT
            | Mishap.CUT_RUNDOWN
            | Mishap.TOOL_ALARM
        ):
            return procedure.needs_tool()
        case Mishap.WRONG_SOCKET:
            return any(joint.socket is not None for joint in procedure.joints)
        case Mishap.HAND_IN_ZONE | Mishap.COBOT_UNPLUGGED | Mishap.COBOT_STOPPED:
            return procedure.needs_cobot()
        case (
            Mishap.CAMERA_STALE
            | Mishap.CAMERA_FROZEN
            | Mishap.CAMERA_LATE
            | Mishap.CAMERA_COVERED
            | Mishap.CAMERA_DARK
            | Mishap.CAMERA_BRIGHT
            | Mishap.CAMERA_DEFOCUSED
            | Mishap.CAMERA_MOVED
            | Mishap.RESTART
        ):
            return True
