"""What the myCobot's numbers for errors mean. Source: "18-communication", commands 07 and 15.

The servo status (command E4) by pymycobot 4.0.7: six kinds of trouble, 0 or 1 each. The document is silent about it,
so it explains and warns, and stops nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

COLLISION = range(16, 20)
_REFUSALS = (*range(1, 7), 32, 33, 34)
"""A target that the arm would not take; it takes the next one."""
_KINDS = ("voltage", "angle sensor", "temperature", "current", "angle", "overload")


def error_words(number: int) -> str:
    """One error number in words."""
    if number == 0:
        return "no error"
    if 1 <= number <= 6:
        return f"joint {number} is at its limit"
    if number in COLLISION:
        return "collision protection has stopped the arm"
    if number == 32:
        return "the pose cannot be reached"
    if number in (33, 34):
        return "the straight line cannot be followed"
    return f"error {number}, which the vendor's document does not name"


def stops_motion(number: int) -> bool:
    """Whether the arm takes no motion until this error is cleared. Numbers without a meaning do: a person must look."""
    return number != 0 and number not in _REFUSALS


def servo_words(errors: Sequence[float]) -> str:
    """What "read next error" says, joint by joint; empty when nothing is wrong or known."""
    kinds = {1: "does not answer", 2: "answers unreliably", 3: "is abnormal"}
    return "; ".join(
        f"the servo of joint {joint} {kinds.get(int(number), f'has error {number:g}')}"
        for joint, number in enumerate(errors, start=1)
        if number
    )


def status_words(status: Sequence[float]) -> str:
    """The kinds of trouble that the servos report; empty when none is known."""
    return ", ".join(kind for kind, reported in zip(_KINDS, status, strict=False) if reported)
