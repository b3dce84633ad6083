"""The client's side of two lanes: setting RTDE up, and asking the dashboard one thing at a time. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.api import ProtocolError
from drivers.cobot.universal_robots.dashboard import GREETING, Ask, encode
from drivers.cobot.universal_robots.program import CONTROL_INPUTS, SLIDER_INPUTS
from drivers.cobot.universal_robots.report import OUTPUTS, TCP_OFFSET
from drivers.cobot.universal_robots.rtde import (
    IN_USE,
    NOT_FOUND,
    Kind,
    Package,
    Recipe,
    accepted,
    confirmed_recipe,
    controller_version,
    request,
    request_version,
    setup_inputs,
    setup_outputs,
)

FREQUENCY_HZ = 50.0
"""Reports a second: as old as a camera frame at the most, and little work to read."""
STEP_S = 0.6
"""A controller that has its network up answers a step of the setup within a few milliseconds."""
ANSWER_S = 2.0
"""Dashboard commands wait for the teach pendant's program, which is slow."""


class RtdeSetup:
    """V, v, O, I, I, S: every one of them again after every connection, because the controller forgets them."""

    def __init__(self, now_s: float) -> None:
        self._optional: tuple[str, ...] = (TCP_OFFSET,)
        self._waits_for = Kind.REQUEST_VERSION
        self._asked_s = now_s
        self._outputs_asked: tuple[str, ...] = ()
        self.outputs: Recipe | None = None
        self.control: Recipe | None = None
        self.slider: Recipe | None = None
        self.version = ""
        """The controller's software, as `5.11.1.108318`."""
        self.done = False
        """Data packages come from now on."""

    def begin(self) -> bytes:
        """The first request."""
        return request_version()

    def deadline_s(self) -> float | None:
        """When the answer that is waited for is too late."""
        return None if self.done else self._asked_s + STEP_S

    def answered(self, package: Package, now_s: float) -> bytes:
        """Take an answer; the next request, or nothing.

        Raises ProtocolError, with a sentence for the technician, when the controller will not be set up.
        """
        if self.done or package.kind != self._waits_for:
            return b""
        self._asked_s = now_s
        match package.kind:
            case Kind.REQUEST_VERSION:
                if not accepted(package.payload):
                    raise ProtocolError("the robot's controller does not speak RTDE version 2; update its software")
                return self._ask(Kind.CONTROLLER_VERSION, request(Kind.CONTROLLER_VERSION))
            case Kind.CONTROLLER_VERSION:
                self.version = ".".join(str(part) for part in controller_version(package.payload))
                return self._ask_outputs()
            case Kind.SETUP_OUTPUTS:
                return self._outputs(package.payload)
            case Kind.SETUP_INPUTS:
                return self._inputs(package.payload)
            case _:
                if not accepted(package.payload):
                    raise ProtocolError("the robot's controller does not start its data; restart the controller")
                self.done = True
                return b""

    def _ask(self, kind: Kind, data: bytes) -> bytes:
        self._waits_for = kind
        return data

    def _ask_outputs(self) -> bytes:
        self._outputs_asked = (*OUTPUTS, *self._optional)
        return self._ask(Kind.SETUP_OUTPUTS, setup_outputs(self._outputs_asked, FREQUENCY_HZ))

    def _outputs(self, payload: bytes) -> bytes:
        recipe = confirmed_recipe(self._outputs_asked, payload)
        missing = [name for name, kind in zip(recipe.names, recipe.types, strict=True) if kind == NOT_FOUND]
        if missing and set(missing) <= set(self._optional):
            self._optional = ()
            return self._ask_outputs()
        if missing:
            raise ProtocolError(f"the robot's controller does not know {', '.join(missing)}; update its software")
        self.outputs = recipe
        return self._ask(Kind.SETUP_INPUTS, setup_inputs(CONTROL_INPUTS))

    def _inputs(self, payload: bytes) -> bytes:
        names = CONTROL_INPUTS if self.control is None else SLIDER_INPUTS
        recipe = confirmed_recipe(names, payload)
        if IN_USE in recipe.types:
            raise ProtocolError(
                "another program holds the inputs of the robot's controller; close the other program, or the fieldbus "
                "in the robot's settings"
            )
        if NOT_FOUND in recipe.types:
            raise ProtocolError(f"the robot's controller does not know {', '.join(names)}; update its software")
        if self.control is None:
            self.control = recipe
            return setup_inputs(SLIDER_INPUTS)
        self.slider = recipe
        return self._ask(Kind.START, request(Kind.START))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A line that answers a question; None when none came."""

    ask: Ask
    line: str | None


class DashboardLane:
    """One question at a time; answers carry no number, so the next one is asked when the last is over.

    Only `at_once` goes out beside an open question; its answer comes behind that one's.
    """

    def __init__(self, now_s: float) -> None:
        self._waiting: deque[Ask] = deque()
        self._sent: deque[Ask] = deque()
        self._asked_s = now_s
        self._greeted = False

    @property
    def idle(self) -> bool:
        """Nothing is asked or waits to be."""
        return not self._sent and not self._waiting

    def ask(self, asks: Sequence[Ask]) -> None:
        """Line these up, behind what waits already."""
        self._waiting.extend(asks)

    def at_once(self, ask: Ask, now_s: float) -> bytes:
        """The bytes of a command that waits for nothing."""
        if not self._sent:
            self._asked_s = now_s
        self._sent.append(ask)
        return encode(ask)

    def forget(self) -> None:
        """Ask none of what still waits."""
        self._waiting.clear()

    def output(self, now_s: float) -> bytes:
        """The next question, when it is its turn."""
        if not self._greeted or self._sent or not self._waiting:
            return b""
        return self.at_once(self._waiting.popleft(), now_s)

    def line(self, line: str, now_s: float) -> Answer | None:
        """Take a line; what it answers. Raises ProtocolError when this is no dashboard."""
        if not self._greeted:
            if not line.startswith(GREETING):
                raise ProtocolError(
                    f"the dashboard port greets with {line[:60]!r}; check the robot's address and ports"
                )
            self._greeted = True
            return None
        if not self._sent:
            return None
        self._asked_s = now_s
        return Answer(ask=self._sent.popleft(), line=line)

    def unanswered(self, now_s: float) -> Answer | None:
        """The question whose time is up, given up now."""
        if not self._sent or now_s < self._asked_s + ANSWER_S:
            return None
        self._asked_s = now_s
        return Answer(ask=self._sent.popleft(), line=None)

    def deadline_s(self) -> float | None:
        """When the open question's time is up."""
        return self._asked_s + ANSWER_S if self._sent else None
