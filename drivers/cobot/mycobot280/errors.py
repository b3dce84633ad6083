"""What the myCobot's numbers for errors mean. Source: "18-communication", commands 07 and 15.

The bits of the servo status (command E4) are those of the Feetech STS servos in the arm.
"""

from __future__ import annotations

from collections.abc import Sequence

COLLISION = range(16, 20)
_REFUSALS = (*range(1, 7), 32, 33, 34)
"""A target that the arm would not take; it takes the next one."""
_BITS = ("voltage", "angle sensor", "temperature", "current", "angle", "overload")


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


def servo_words(errors: Sequence[float], status: Sequence[float]) -> str:
    """What is wrong with the servos, joint by joint; empty when nothing is. Either list may be empty: not known."""
    words = []
    kinds = {1: "does not answer", 2: "answers unreliably", 3: "is abnormal"}
    for joint, number in enumerate(errors, start=1):
        if number:
            words.append(f"the servo of joint {joint} {kinds.get(int(number), f'has error {number:g}')}")
    for joint, bits in enumerate(status, start=1):
        names = [name for bit, name in enumerate(_BITS) if int(bits) >> bit & 1]
        if bits:
            words.append(f"the servo of joint {joint} reports {', '.join(names) or f'status {bits:g}'}")
    return "; ".join(words)
