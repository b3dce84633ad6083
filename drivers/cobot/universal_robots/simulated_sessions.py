"""What a simulated controller says on each of its ports: one session for each client that is connected. No I/O.

A session that is over closes its connection: a broken package, `quit`, or a controller that was restarted.
"""

from __future__ import annotations

import math
import struct

from drivers.api import ProtocolError
from drivers.cobot.universal_robots.dashboard import GREETING, TAKEN, Ask, LineParser, encode
from drivers.cobot.universal_robots.line import Channel
from drivers.cobot.universal_robots.report import Runtime
from drivers.cobot.universal_robots.rtde import (
    IN_USE,
    NOT_FOUND,
    TYPES,
    VERSION,
    Kind,
    Package,
    PackageParser,
    Recipe,
    asked_inputs,
    asked_outputs,
)
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_variables import input_types, outputs_of

HIGHEST_HZ = 500.0
SCRIPT_STATE_S = 0.1
EMPTY_STATE = struct.pack(">IB", 5, 16)
"""A robot state message without content, as the secondary client interface frames it: length, type 16."""
OUTPUT_RECIPE = 1
UNLOCK_REFUSED = "Cannot unlock protective stop until 5s after occurrence. Always inspect cause of protective stop"
NOT_REMOTE = "Command is not allowed in local control"


class Session:
    """One client on one port."""

    def __init__(self, controller: SimulatedController) -> None:
        self.controller = controller
        self._generation = controller.generation
        self._messages: list[bytes] = []
        self._ended = False

    @property
    def over(self) -> bool:
        """Whether the controller closes this connection."""
        return self._ended or self.controller.booting or self._generation != self.controller.generation

    def received(self, data: bytes) -> None:
        """Take the client's bytes."""

    def advance(self) -> None:
        """Say what is due."""

    def next_wake_s(self) -> float | None:
        """When something is due."""
        return None

    def close(self) -> None:
        """The client has gone."""

    def take_messages(self) -> list[bytes]:
        """What there is to send, message by message."""
        messages, self._messages = self._messages, []
        return messages


class DashboardSession(Session):
    """A client of the dashboard server."""

    def __init__(self, controller: SimulatedController) -> None:
        super().__init__(controller)
        self._lines = LineParser()
        self._messages.append(encode(GREETING))

    def received(self, data: bytes) -> None:
        """Take commands, answer each with a line."""
        try:
            lines = self._lines.feed(data)
        except ProtocolError:
            self._ended = True
            return
        for line in lines:
            answer = self._answer(line.strip())
            if not self.controller.dashboard_hangs:
                self._messages.append(encode(answer))

    def _answer(self, line: str) -> str:
        c = self.controller
        running = c.runtime is Runtime.PLAYING
        state = "PAUSED" if c.runtime is Runtime.PAUSED else "PLAYING" if running else "STOPPED"
        told = {
            Ask.MODEL: c.model.name.rstrip("e"),
            Ask.SERIAL: c.serial,
            Ask.VERSION: f"URSoftware {'.'.join(str(part) for part in c.version)} (Sep 22 2021)",
            Ask.REMOTE: "true" if c.remote else "false",
            "robotmode": f"Robotmode: {c.robot_mode.name}",
            "safetymode": f"Safetymode: {c.safety_mode.name}",
            "safetystatus": f"Safetystatus: {c.safety_mode.name}",
            "running": f"Program running: {'true' if running else 'false'}",
            "programState": f"{state} <unnamed>",
            "get loaded program": "No program loaded",
            "isProgramSaved": "true <unnamed>",
        }
        if line in told:
            return told[line]
        if line == "quit":
            self._ended = True
            return "Disconnected"
        if line in (Ask.CLOSE_POPUP, Ask.CLOSE_SAFETY_POPUP):
            c.popup = ""
            return TAKEN[Ask(line)]
        if line not in ("play", "pause", *TAKEN):
            return f"could not understand: '{line}'"
        return self._act(line) if c.remote else NOT_REMOTE

    def _act(self, line: str) -> str:
        c = self.controller
        match line:
            case Ask.POWER_ON:
                return "Powering on" if c.power_on() else "Failed to power on"
            case Ask.BRAKE_RELEASE:
                return "Brake releasing" if c.release_brakes() else "Failed to release the brakes"
            case Ask.POWER_OFF:
                c.power_off()
                return "Powering off"
            case Ask.UNLOCK:
                return "Protective stop releasing" if c.unlock() else UNLOCK_REFUSED
            case Ask.RESTART_SAFETY:
                return "Restarting safety"
            case Ask.STOP:
                c.stop_program()
                return "Stopped"
            case "pause":
                return "Pausing program" if c.pause(True) else "Failed to execute: pause"
            case _:
                return "Starting program" if c.pause(False) else "Failed to execute: play"


class RtdeSession(Session):
    """A client of RTDE."""

    def __init__(self, controller: SimulatedController) -> None:
        super().__init__(controller)
        self._packages = PackageParser()
        self._types = input_types()
        self._table = outputs_of(controller)
        self._outputs: Recipe | None = None
        self._period_s = 1 / HIGHEST_HZ
        self._inputs: dict[int, Recipe] = {}
        self._due_s: float | None = None

    def received(self, data: bytes) -> None:
        """Take packages; one that breaks the protocol ends the connection."""
        try:
            for package in self._packages.feed(data):
                self._take(package)
        except ProtocolError:
            self._ended = True

    def _say(self, kind: Kind, payload: bytes) -> None:
        self._messages.append(Package(kind=kind, payload=payload).encode())

    def _take(self, package: Package) -> None:
        match package.kind:
            case Kind.REQUEST_VERSION:
                self._say(Kind.REQUEST_VERSION, bytes((package.payload == struct.pack(">H", VERSION),)))
            case Kind.CONTROLLER_VERSION:
                self._say(Kind.CONTROLLER_VERSION, struct.pack(">4I", *self.controller.version))
            case Kind.SETUP_OUTPUTS:
                self._setup_outputs(package.payload)
            case Kind.SETUP_INPUTS:
                self._setup_inputs(package.payload)
            case Kind.START:
                started = self._outputs is not None
                self._due_s = self.controller.now_s if started else None
                self._say(Kind.START, bytes((started,)))
            case Kind.PAUSE:
                self._due_s = None
                self._say(Kind.PAUSE, b"\1")
            case Kind.DATA:
                recipe = self._inputs.get(package.payload[0]) if package.payload else None
                if recipe is not None:
                    self.controller.write_inputs(recipe.unpack(package.payload))
            case _:
                pass

    def _setup_outputs(self, payload: bytes) -> None:
        frequency_hz, names = asked_outputs(payload)
        types = tuple(self._table[name][0] if name in self._table else NOT_FOUND for name in names)
        usable = bool(names) and all(kind in TYPES for kind in types)
        if not (math.isfinite(frequency_hz) and frequency_hz > 0):
            usable = False
        else:
            self._period_s = 1 / min(HIGHEST_HZ, frequency_hz)
        self._outputs = Recipe(recipe_id=OUTPUT_RECIPE, names=names, types=types) if usable else None
        self._say(Kind.SETUP_OUTPUTS, bytes((OUTPUT_RECIPE if usable else 0,)) + ",".join(types).encode())

    def _setup_inputs(self, payload: bytes) -> None:
        names = asked_inputs(payload)
        owners = self.controller.input_owners
        types = tuple(
            NOT_FOUND if name not in self._types else self._types[name] if owners.get(name, self) is self else IN_USE
            for name in names
        )
        recipe_id = 0
        if names and all(kind in TYPES for kind in types):
            recipe_id = len(self._inputs) + 1
            self._inputs[recipe_id] = Recipe(recipe_id=recipe_id, names=names, types=types)
            owners.update(dict.fromkeys(names, self))
        self._say(Kind.SETUP_INPUTS, bytes((recipe_id,)) + ",".join(types).encode())

    def advance(self) -> None:
        """Say where the arm is, as often as asked; what was missed is left out."""
        now_s = self.controller.now_s
        if self._due_s is None or self._outputs is None or now_s < self._due_s - 1e-9:
            return
        values = {name: self._table[name][1]() for name in self._outputs.names}
        self._messages.append(self._outputs.pack(values))
        self._due_s += self._period_s * (1 + math.floor((now_s - self._due_s) / self._period_s + 1e-6))

    def next_wake_s(self) -> float | None:
        """When the next package is due."""
        return self._due_s

    def close(self) -> None:
        """The client has gone: its inputs are free again."""
        owners = self.controller.input_owners
        for name in [name for name, owner in owners.items() if owner is self]:
            del owners[name]


class ScriptSession(Session):
    """A client of the secondary interface: programs in, the robot's state out."""

    def __init__(self, controller: SimulatedController) -> None:
        super().__init__(controller)
        self._lines = LineParser()
        self._program: list[str] = []
        self._due_s = controller.now_s

    def received(self, data: bytes) -> None:
        """Take lines; a program is whole with the `end` that stands where its `def` does."""
        try:
            lines = self._lines.feed(data)
        except ProtocolError:
            self._ended = True
            return
        for line in lines:
            if self._program or line.startswith("def "):
                self._program.append(line)
            if self._program and line == "end":
                self.controller.take_script("\n".join(self._program) + "\n")
                self._program = []

    def advance(self) -> None:
        """Say something ten times a second."""
        if self.controller.now_s >= self._due_s:
            self._due_s = self.controller.now_s + SCRIPT_STATE_S
            self._messages.append(EMPTY_STATE)

    def next_wake_s(self) -> float | None:
        """When the next state is due."""
        return self._due_s


SESSIONS: dict[Channel, type[Session]] = {
    Channel.DASHBOARD: DashboardSession,
    Channel.RTDE: RtdeSession,
    Channel.SCRIPT: ScriptSession,
}
