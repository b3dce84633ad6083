"""Everything that can be made to go wrong in a simulated visit, by name."""

from __future__ import annotations

from enum import StrEnum


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
    CAMERA_COVERED = "camera_covered"
    UNARMED_RESULT = "unarmed_result"
    DUPLICATE_RESULT = "duplicate_result"
    COBOT_UNPLUGGED = "cobot_unplugged"
    TOOL_UNPLUGGED = "tool_unplugged"
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
    Mishap.CAMERA_COVERED: ("camera.covered", "camera.dark"),
    Mishap.UNARMED_RESULT: ("result.unarmed",),
    Mishap.DUPLICATE_RESULT: ("result.duplicate",),
    Mishap.COBOT_UNPLUGGED: ("cobot.unplugged",),
    Mishap.TOOL_UNPLUGGED: ("tool.unplugged",),
    Mishap.RESTART: ("restart.check", "restart.resumed"),
}
"""Fault codes by which the screen may name each."""
