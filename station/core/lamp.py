"""What the arm's lamp says, as a pure function of the state: the visitor sees it before the arm moves, and while."""

from __future__ import annotations

from enum import Enum

from station.core.state import Phase, State, StepStatus

ROBOT_FAULTS = ("robot.hands", "robot.failed", "robot.stopped", "cobot.unplugged")
"""Faults that hold the arm itself."""


class Lamp(Enum):
    """Red, green, blue of each meaning."""

    STILL = (220, 220, 220)
    MOVES = (255, 140, 0)
    """It moves, or is about to: from the moment at which the visitor is told."""
    SHOWS = (0, 90, 255)
    """It stands where the work is: at the joint, or at the part that it holds."""
    HELD = (255, 0, 0)
    DONE = (0, 200, 60)


def lamp_of(state: State) -> Lamp:
    """The lamp now."""
    robot = state.robot
    entering = any(step.status is StepStatus.ENTERING for step in state.steps) and state.phase is Phase.RUNNING
    if robot.moving or robot.announcing or (robot.announced and entering):
        return Lamp.MOVES
    if any(fault.code in ROBOT_FAULTS for fault in state.faults):
        return Lamp.HELD
    if state.phase is Phase.ENDED and state.outcome == "finished":
        return Lamp.DONE
    return Lamp.SHOWS if robot.gesture and state.phase is Phase.RUNNING else Lamp.STILL
