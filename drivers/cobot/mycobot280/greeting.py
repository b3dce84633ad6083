"""What the driver tells and asks the arm before it takes commands. Pure: steps out, answers in. No step moves a joint.

An arm without power is switched on, with a stop in the same write so that no joint turns to an old target. Where power
does not come (emergency stop pressed) the greeting ends all the same: the arm is connected and says that it has none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.cobot.mycobot280.kinematics import JOINTS
from drivers.cobot.mycobot280.polls import FLAGS
from drivers.cobot.mycobot280.protocol import Cmd
from drivers.cobot.mycobot280.reads import Question
from drivers.cobot.mycobot280.works import Send

POWER_LIMIT_S = 1.0
POWER_WAIT_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Set commands of the greeting: sent once, their echoes awaited for a moment."""

    sends: tuple[Send, ...]


def _set(cmd: Cmd, *values: float) -> Setting:
    return Setting(sends=(Send(cmd=cmd, values=values),))


class Greeting:
    """Stop, version, newest-command-first, power, joint limits, what could stop it, posture - in this order.

    The stop comes first because whatever the arm was told before the line was lost is no longer wanted. The limits are
    asked twice, and so is what could stop it: a frame has no checksum.
    """

    def __init__(self, tool_frame: Sequence[Send] = ()) -> None:
        """`tool_frame` is what the arm was told of its tool on an earlier line: a restart has made it forget."""
        self._steps: deque[Question | Setting] = deque(
            (
                _set(Cmd.STOP),
                Question(cmd=Cmd.SOFTWARE_VERSION),
                _set(Cmd.SET_FRESH_MODE, 1),
                *((Setting(sends=tuple(tool_frame)),) if tool_frame else ()),
                Question(cmd=Cmd.IS_POWERED_ON),
                *(
                    Question(cmd=cmd, arguments=(joint,))
                    for _ in range(2)
                    for cmd in (Cmd.GET_JOINT_MIN, Cmd.GET_JOINT_MAX)
                    for joint in range(1, JOINTS + 1)
                ),
                *(Question(cmd=cmd) for cmd in FLAGS for _ in range(2)),
                Question(cmd=Cmd.IS_MOVING),
                Question(cmd=Cmd.GET_ANGLES),
            )
        )
        self._ends: dict[Question, float] = {}
        self._power_until_s: float | None = None
        self.not_before_s = 0.0
        """The next step must wait until then."""
        self.firmware = ""
        self.switched_on = False
        """The arm was without power and has been switched on."""

    def step(self) -> Question | Setting | None:
        """The next step, which is now taken; None when the greeting is over."""
        return self._steps.popleft() if self._steps else None

    def again(self, question: Question) -> None:
        """The answer to this question was no good."""
        self._steps.appendleft(question)

    def answered(self, question: Question, values: tuple[float, ...], now_s: float) -> str | None:
        """Take an answer. A sentence when the greeting has failed and the line should be opened anew."""
        if question.cmd is Cmd.SOFTWARE_VERSION:
            self.firmware = f"{values[0]:.1f}"
        elif question.cmd is Cmd.IS_POWERED_ON and not values[0]:
            self._power(question, now_s)
        elif question.cmd in (Cmd.GET_JOINT_MIN, Cmd.GET_JOINT_MAX):
            return self._limit(question, values[-1])
        return None

    def _power(self, question: Question, now_s: float) -> None:
        self.switched_on = True
        if self._power_until_s is None:
            self._power_until_s = now_s + POWER_LIMIT_S
            self._steps.appendleft(Setting(sends=(Send(cmd=Cmd.POWER_ON), Send(cmd=Cmd.STOP))))
        elif now_s < self._power_until_s:
            self.not_before_s = now_s + POWER_WAIT_S
            self._steps.appendleft(question)

    def _limit(self, question: Question, end_deg: float) -> str | None:
        known = self._ends.setdefault(question, end_deg)
        outward_deg = -end_deg if question.cmd is Cmd.GET_JOINT_MIN else end_deg
        if known == end_deg and 0.0 <= outward_deg <= 360.0:
            return None
        return (
            f"the arm contradicts itself about the range of joint {question.arguments[0]}; "
            "look for disturbance on its cable and check its joint limits with the vendor's tool"
        )

    def limits_deg(self) -> tuple[tuple[float, float], ...]:
        """Range of each joint as the arm told it. KeyError before the greeting is over."""
        return tuple(
            (
                self._ends[Question(cmd=Cmd.GET_JOINT_MIN, arguments=(joint,))],
                self._ends[Question(cmd=Cmd.GET_JOINT_MAX, arguments=(joint,))],
            )
            for joint in range(1, JOINTS + 1)
        )
