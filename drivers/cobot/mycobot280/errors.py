"""What the numbers of the myCobot's error information (command 07) mean. Source: "18-communication"."""

from __future__ import annotations


def error_words(number: int) -> str:
    """One error number in words."""
    if number == 0:
        return "no error"
    if 1 <= number <= 6:
        return f"joint {number} is at its limit"
    if 16 <= number <= 19:
        return "collision protection has stopped the arm"
    if number == 32:
        return "the pose cannot be reached"
    if number in (33, 34):
        return "the straight line cannot be followed"
    return f"error {number}, which the vendor's document does not name"
