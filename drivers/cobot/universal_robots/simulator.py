"""A simulated robot at the far end of `drivers.channels`: the vendor's bytes on three ports, and seven bad days."""

from __future__ import annotations

import random
from collections import deque
from typing import Literal

from drivers.channels import Untagger, tagged
from drivers.cobot.universal_robots.line import Channel
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_sessions import SESSIONS, Session

Fault = Literal["ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent"]
FAULTS: tuple[Fault, ...] = ("ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")
LATE_S = 0.7
BYTE_GAP_S = 0.005


class UniversalRobotsSimulator:
    """A `drivers.api.DeviceSimulator` for one client on all three ports of `controller`."""

    def __init__(self, controller: SimulatedController, rng: random.Random) -> None:
        """`rng` spoils bytes on a bad day."""
        self.controller = controller
        self._rng = rng
        self._untagger = Untagger()
        self._sessions: dict[Channel, Session] = {}
        self._out: deque[tuple[float, bytes]] = deque()
        self._fault: Fault = "ok"
        self._messages = 0
        self._now_s = 0.0

    def fail(self, word: str) -> None:
        """Begin to fail in one of the seven ways of `drivers.api`; "ok" ends it. Raises ValueError for another word."""
        if word not in FAULTS:
            raise ValueError(f"the simulated robot cannot fail as {word!r}; choose one of {', '.join(FAULTS)}")
        self._fault = FAULTS[FAULTS.index(word)]
        self.controller.joints.seize(word == "stuck")
        self.controller.wrong = word == "wrong"

    def wants_hangup(self) -> bool:
        """Whether the controller has closed a connection: the bundle is lost with it."""
        over = self.controller.booting or any(session.over for session in self._sessions.values())
        if over:
            self.gone()
        return over

    def gone(self) -> None:
        """The client has gone, or was dropped."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()
        self._out.clear()
        self._untagger = Untagger()

    def received(self, data: bytes, now_s: float) -> None:
        """Take chunks from the station's side; an empty one is a new connection on its channel."""
        self.advance(now_s)
        for number, part in self._untagger.feed(data):
            channel = Channel(number)
            if not part:
                if channel in self._sessions:
                    self._sessions[channel].close()
                self._sessions[channel] = SESSIONS[channel](self.controller)
            elif self._fault != "off" and channel in self._sessions:
                self._sessions[channel].received(part)
        self._collect()

    def advance(self, now_s: float) -> None:
        """Let time pass."""
        self._now_s = max(self._now_s, now_s)
        self.controller.advance(self._now_s)
        for session in self._sessions.values():
            session.advance()
        self._collect()

    def _collect(self) -> None:
        for channel, session in self._sessions.items():
            for message in session.take_messages():
                self._send(channel, message)

    def _send(self, channel: Channel, message: bytes) -> None:
        self._messages += 1
        if self._fault == "off" or (self._fault == "intermittent" and self._messages % 3 == 0):
            return
        if self._fault == "garbage":
            spoilt = bytearray(message)
            for _ in range(self._rng.randint(1, 3)):
                spoilt[self._rng.randrange(len(spoilt))] = self._rng.randrange(256)
            message = bytes(spoilt)
        due_s = self._now_s + (LATE_S if self._fault == "delayed" else 0.0)
        if self._out:
            due_s = max(due_s, self._out[-1][0])
        if self._fault == "slow":
            self._out.extend(
                (due_s + (index + 1) * BYTE_GAP_S, tagged(channel, bytes((byte,))))
                for index, byte in enumerate(message)
            )
        else:
            self._out.append((due_s, tagged(channel, message)))

    def next_wake_s(self) -> float | None:
        """When the next byte is due, or something happens by itself."""
        wakes = [session.next_wake_s() for session in self._sessions.values()]
        wakes.append(self.controller.next_wake_s())
        wakes += [self._out[0][0]] if self._out else []
        return min((wake for wake in wakes if wake is not None), default=None)

    def take_output(self) -> bytes:
        """Chunks for the station's side that are due."""
        due = bytearray()
        while self._out and self._out[0][0] <= self._now_s:
            due += self._out.popleft()[1]
        return bytes(due)
