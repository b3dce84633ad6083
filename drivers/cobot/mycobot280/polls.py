"""What the arm is asked next while nothing else is asked: posture above all, then what could stop it, then the rest.

The firmware answers 50 questions a second at most (20 ms each). One is asked every 25 ms, which leaves it time for
commands, in a round of five: posture, other, posture, other, moving. So there are 16 postures a second, and each of the
five flags is read every 0.38 s: with the second read that it takes to be believed, and with those that say why, within
0.8 s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import cycle

from drivers.cobot.mycobot280.protocol import Cmd
from drivers.cobot.mycobot280.reads import Question

POLL_S = 0.025
"""Between two questions at the least."""
FLAGS = (
    Cmd.IS_POWERED_ON,
    Cmd.ERROR_INFORMATION,
    Cmd.IS_FREE_MODE,
    Cmd.READ_NEXT_ERROR,
    Cmd.ARE_ALL_SERVOS_ENABLED,
)
"""What can stop the arm."""
FIGURES = (
    Cmd.GET_SERVO_TEMPERATURES,
    Cmd.GET_COORDS,
    Cmd.GET_SERVO_STATUS,
    Cmd.GET_SERVO_VOLTAGES,
    Cmd.GET_SERVO_CURRENTS,
    Cmd.GET_GRIPPER_VALUE,
)
"""What the technician wants to see: one of them in each round of flags."""
ANGLES = Question(cmd=Cmd.GET_ANGLES)
MOVING = Question(cmd=Cmd.IS_MOVING)
_ROUND = (ANGLES, None, ANGLES, None, MOVING)


class Polls:
    """The order of questions."""

    def __init__(self) -> None:
        self._turn = 0
        self._first: Question | None = None
        self._soon: deque[Question] = deque()
        self._flags = cycle((*FLAGS, None))
        self._figures = cycle(FIGURES)
        self._others = 0
        self._asked: dict[Question, int] = {}

    def first(self, question: Question) -> None:
        """Ask this next of all."""
        self._first = question

    def soon(self, *questions: Question) -> None:
        """Ask these where something else than the posture is asked, each once although it is wanted twice."""
        self._soon.extend(question for question in questions if question not in self._soon)

    def next(self, wanted: Sequence[Question]) -> Question:
        """The next question; `wanted` are those that commands in flight wait for."""
        if self._first is not None:
            question, self._first = self._first, None
            return question
        self._turn += 1
        return _ROUND[(self._turn - 1) % len(_ROUND)] or self._other(wanted)

    def _other(self, wanted: Sequence[Question]) -> Question:
        if self._soon:
            return self._soon.popleft()
        self._others += 1
        if wanted and self._others % 4:
            question = min(wanted, key=lambda question: self._asked.get(question, 0))
            self._asked[question] = self._others
            return question
        return Question(cmd=next(self._flags) or next(self._figures))
