"""Whether the torque tool may run at a joint, as far as its verification goes. Pure.

Nothing that a person says at the station opens this lock: only another verification does.
"""

from __future__ import annotations

from station.core.state import State

EXPIRED, OTHER_DEVICE = "calibration.expired", "calibration.other_device"
_UNTOLD = ("", "unknown")
"""What stands for the serial number of a tool that tells none."""


def doubt_of(state: State) -> tuple[str, str]:
    """Code and sentence of why the verification counts for nothing now; both empty while it counts."""
    known = state.verification
    if known is None or known.code:
        return (known.code, known.detail) if known is not None else ("", "")
    if known.rundowns_left is not None and known.rundowns_left <= 0:
        return EXPIRED, f"{known.id} is used up: the tool has made as many rundowns as it was good for"
    serial = tool_serial(state)
    if known.serial and serial not in (*_UNTOLD, known.serial):
        return OTHER_DEVICE, f"{known.id} is of tool {known.serial}, but the tool at the controller is {serial}"
    return "", ""


def may_tighten(state: State, joint: str) -> bool:
    """Whether the tool is fit for the joint; always where the station asks for no verification."""
    known = state.verification
    return known is None or (not doubt_of(state)[0] and joint in known.fit)


def tool_serial(state: State) -> str:
    """Serial number of the tool, as its controller told it or the last result had it; empty where nobody told."""
    return state.tool.serial or state.identities.get("tool", {}).get("tool_serial", "")
