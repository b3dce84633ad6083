"""A driver and a simulated controller whose bytes are carried by hand, in simulated time."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from drivers.api import (
    Command,
    CommandDone,
    CommandFailed,
    Connected,
    Disconnected,
    DriverEvent,
    TighteningResult,
)
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.joint_physics import JointKind, ParameterSet, sound_joint
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator

MIRROR = ParameterSet(
    pset=7,
    name="Door mirror",
    torque_min_nm=8.1,
    torque_max_nm=9.9,
    torque_target_nm=9.0,
    angle_min_deg=20,
    angle_max_deg=80,
    angle_target_deg=50,
    snug_nm=2.0,
)
WHEEL = ParameterSet(
    pset=12,
    name="Wheel nut",
    torque_min_nm=97.0,
    torque_max_nm=109.0,
    torque_target_nm=103.0,
    angle_min_deg=30,
    angle_max_deg=120,
    angle_target_deg=75,
    snug_nm=20.0,
)
PSETS = {7: MIRROR, 12: WHEEL}
ACTS = {1, 3, 12, 18, 19, 38, 40, 42, 43, 50, 60, 62, 64, 80, 82, 150, 224, 225, 9999}
Event = TypeVar("Event")


class Rig:
    """Carries bytes both ways, records what went over the line, and honours both sides' wish to hang up."""

    def __init__(
        self,
        carriage: Carriage = Carriage.SERIAL,
        *,
        tool: OpenProtocolTool | None = None,
        simulator: OpenProtocolSimulator | None = None,
        seed: int = 1,
    ) -> None:
        self.tool = tool or OpenProtocolTool(carriage=carriage)
        self.simulator = simulator or OpenProtocolSimulator(PSETS, random.Random(seed), carriage=carriage)
        self.now_s = 0.0
        self.connected = False
        self.reconnects = True
        self.deaf_to: Callable[[Message], bool] = lambda message: False
        self.split = 0
        self.sent: list[Message] = []
        self.answered: list[Message] = []
        self.events: list[DriverEvent] = []
        self.hangups: list[str] = []
        self._carriage = carriage
        # 3964R asks and answers for each frame: its bytes are carried as they are, and nobody listens in.
        listens = carriage is not Carriage.SERIAL_3964R
        self._ear = FrameParser(carriage, Side.INTEGRATOR) if listens else None
        self._other_ear = FrameParser(carriage, Side.CONTROLLER) if listens else None

    def plug(self) -> Rig:
        self.connected = True
        self.tool.link_up(self.now_s)
        self.settle()
        return self

    def unplug(self, reason: str = "the cable is out") -> None:
        self.connected = False
        self.tool.link_down(self.now_s, reason)
        self.events += self.tool.take_events()

    def settle(self) -> None:
        for _ in range(1000):
            busy = self._carry()
            self.events += self.tool.take_events()
            self._hang_up()
            if not busy:
                return
        raise AssertionError("driver and simulator never stop talking")

    def run(self, seconds: float, step_s: float = 0.05) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self.now_s = min(end_s, self.now_s + step_s)
            if self.connected:
                self.tool.advance(self.now_s)
            self.simulator.advance(self.now_s)
            self.settle()
            if not self.connected and self.reconnects and self.hangups:
                self.plug()

    def submit(self, command: Command) -> None:
        self.tool.submit(command, self.now_s)
        self.settle()

    def tighten(self, kind: JointKind = JointKind.GOOD) -> None:
        assert self.simulator.pull_trigger(sound_joint(self.simulator_pset, kind), self.now_s)
        self.run(3.0)

    @property
    def simulator_pset(self) -> ParameterSet:
        return PSETS[self.simulator.selected_pset]

    @property
    def results(self) -> list[TighteningResult]:
        return [event for event in self.events if isinstance(event, TighteningResult)]

    def ends_of(self, command_id: str) -> list[CommandDone | CommandFailed]:
        ends = [event for event in self.events if isinstance(event, CommandDone | CommandFailed)]
        return [event for event in ends if event.command_id == command_id]

    def mids_sent(self) -> list[int]:
        return [message.mid for message in self.sent]

    def acts_sent(self) -> list[int]:
        """What was sent, without optional subscriptions and the acknowledgements of what they report."""
        return [mid for mid in self.mids_sent() if mid in ACTS]

    def of_line(self) -> list[DriverEvent]:
        """Connections and their ends."""
        return [event for event in self.events if isinstance(event, Connected | Disconnected)]

    def seen(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def say(self, message: Message) -> None:
        """A message from the controller that the simulator did not send."""
        self.tool.received(frame(message, self._carriage, Side.CONTROLLER), self.now_s)
        self.settle()

    def _carry(self) -> bool:
        out = self.tool.take_output()
        if self._ear is None and out and self.connected:
            self.simulator.received(out, self.now_s)
        for message in self._ear.feed(out) if self._ear is not None else ():
            self.sent.append(message)
            if not self.deaf_to(message) and self.connected:
                self.simulator.received(frame(message, self._carriage, Side.INTEGRATOR), self.now_s)
        self.simulator.advance(self.now_s)
        back = self.simulator.take_output()
        if self._other_ear is not None:
            self.answered += self._other_ear.feed(back)
        if self.connected:
            size = self.split or max(1, len(back))
            for at in range(0, len(back), size):
                self.tool.received(back[at : at + size], self.now_s)
        return bool(out or back)

    def _hang_up(self) -> None:
        if not self.connected:
            return
        reason = self.tool.wants_hangup() or self.simulator.wants_hangup()
        if reason:
            self.hangups.append(reason)
            self.unplug(reason)
