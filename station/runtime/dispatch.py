"""Carries effects out; turns what devices and eyes report into events of the loop. Never blocks, decides nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    CobotPosture,
    Command,
    CommandDone,
    CommandError,
    CommandFailed,
    DisarmTool,
    DriverEvent,
    IdentifyWork,
    LinkError,
    MoveJoints,
    Outcome,
    SetColour,
    StopMotion,
    ToolInputs,
)
from station.core import effects as fx
from station.core.events import Event, PassChecked, SocketSeen
from station.core.procedure import Order
from station.core.state import State
from vision.api import CameraHealth, FactChanged, LookReport, VisionEvent

LAMP = "lamp-"
"""Command ids of the cobot's lamp begin so: a lamp is no news for the journal."""
AMBER, WHITE, RED = (255, 140, 0), (220, 220, 220), (255, 0, 0)

Post = Callable[[Event, str, float], None]


class Port(Protocol):
    """What the station does with a driver's port."""

    def submit(self, command: Command) -> None:
        """Hand over a command."""

    def renew_lease(self) -> None:
        """Let a motion go on."""


class Board(Protocol):
    """What the station does with vision."""

    def look(self, look_id: str, facts: tuple[str, ...], not_before_s: float) -> None:
        """Ask what fresh frames say."""

    def expire(self, now_s: float) -> tuple[VisionEvent, ...]:
        """Let time pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """Where a gesture goes."""

    angles_deg: tuple[float, ...]
    speed_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Where words and calls go."""

    say: Callable[[fx.Say], None]
    call: Callable[[fx.CallPerson], None]
    closed: Callable[[fx.CloseVisit], None]


class Dispatch:
    """One station's effects. `post` is the loop's inbox; ports are None on a bench without that device."""

    def __init__(
        self,
        *,
        post: Post,
        now_s: Callable[[], float],
        board: Board,
        cobot: Port | None,
        tool: Port | None,
        gestures: Mapping[str, Posture],
        orders: Mapping[str, Order],
        people: People,
        sockets: Mapping[int, str] = MappingProxyType({}),
        identify: bool = False,
    ) -> None:
        """`sockets` are those that are out of the tray while the controller's input is high; with `identify` it is told
        what is worked on.
        """
        self._post = post
        self._now_s = now_s
        self._board = board
        self._cobot = cobot
        self._tool = tool
        self._gestures = gestures
        self._orders = orders
        self._people = people
        self._sockets = sockets
        self._identify = identify
        self._lamps = 0
        self._sight = threading.Lock()
        self.posture: CobotPosture | None = None
        """The newest one, for the screen."""

    def carry_out(self, effect: fx.Effect) -> None:
        """Start one effect; what becomes of it comes back as an event."""
        match effect:
            case fx.Say():
                self._people.say(effect)
            case fx.CallPerson():
                self._people.call(effect)
            case fx.CloseVisit():
                self._lamp(WHITE)
                self._people.closed(effect)
            case fx.Look():
                self._board.look(effect.look_id, effect.facts, effect.not_before_s)
            case fx.CheckPass():
                self._post(PassChecked(text=effect.text, order=self._orders.get(effect.text)), "orders", self._now_s())
            case fx.MoveRobot():
                self._move(effect)
            case fx.StopRobot():
                self._submit(self._cobot, "cobot", StopMotion(command_id=effect.command_id))
                self._lamp(RED)
            case fx.EnableTool():
                arm = ArmTool(
                    command_id=effect.command_id, pset=effect.pset, job=effect.job, batch_size=effect.batch_size
                )
                self._submit(self._tool, "tool", arm)
            case fx.IdentifyWork():
                if self._identify:
                    told = IdentifyWork(command_id=effect.command_id, identifier=effect.identifier)
                    self._submit(self._tool, "tool", told)
            case fx.DisableTool():
                self._submit(self._tool, "tool", DisarmTool(command_id=effect.command_id))
            case fx.AcknowledgeTightening():
                command = AcknowledgeResult(command_id=effect.command_id, tightening_id=effect.tightening_id)
                self._submit(self._tool, "tool", command)
            case fx.SetTimer() | fx.CancelTimer():
                raise ValueError("timers belong to the loop")

    def heartbeat(self, now_s: float, state: State) -> None:
        """The loop is alive: let a motion that is wanted go on, and let facts that nobody confirms expire."""
        if self._cobot is not None and state.robot.moving:
            self._cobot.renew_lease()
        self.ask_sight(lambda: self._board.expire(now_s))

    def heard(self, event: DriverEvent) -> None:
        """A driver reports. Postures and lamps are for the screen; all else is an event."""
        if isinstance(event, CobotPosture):
            self.posture = event
            return
        if isinstance(event, CommandDone | CommandFailed) and event.command_id.startswith(LAMP):
            return
        if isinstance(event, ToolInputs):
            if self._sockets:
                out = [self._sockets[number] for number in event.high if number in self._sockets]
                self._post(SocketSeen(socket=out[0] if len(out) == 1 else ""), event.device, event.t_mono_s)
            return
        self._post(event, event.device, event.t_mono_s)

    def ask_sight(self, ask: Callable[[], tuple[VisionEvent, ...]]) -> None:
        """Have the board judge, and post what it says, before another thread has it judge again.

        Two threads that post after judging could swap their edges, and the loop would believe the older one for good.
        """
        with self._sight:
            self.seen(ask())

    def seen(self, events: tuple[VisionEvent, ...]) -> None:
        """Vision reports."""
        for event in events:
            match event:
                case FactChanged():
                    self._post(event, "vision", event.reading.t_mono_s)
                case LookReport() | CameraHealth():
                    self._post(event, "vision", event.t_mono_s)

    def _move(self, effect: fx.MoveRobot) -> None:
        gesture = self._gestures.get(effect.gesture)
        if gesture is None:
            detail = f"gesture {effect.gesture} is not in the station file; teach it or take it out of the procedure"
            self._refused("cobot", effect.command_id, "cobot.unknown_gesture", detail)
            return
        self._lamp(AMBER)
        self._submit(
            self._cobot,
            "cobot",
            MoveJoints(
                command_id=effect.command_id, angles_deg=gesture.angles_deg, speed_percent=gesture.speed_percent
            ),
        )

    def _lamp(self, rgb: tuple[int, int, int]) -> None:
        if self._cobot is not None:
            self._lamps += 1
            self._submit(self._cobot, "cobot", SetColour(command_id=f"{LAMP}{self._lamps}", rgb=rgb))

    def _submit(self, port: Port | None, device: str, command: Command) -> None:
        if port is None:
            self._refused(
                device, command.command_id, "link.none", f"this bench has no {device}; add it to the station file"
            )
            return
        try:
            port.submit(command)
        except (CommandError, LinkError) as error:
            self._refused(device, command.command_id, error.code, str(error))

    def _refused(self, device: str, command_id: str, code: str, detail: str) -> None:
        if command_id.startswith(LAMP):
            return
        now_s = self._now_s()
        self._post(
            CommandFailed(
                device=device,
                command_id=command_id,
                t_mono_s=now_s,
                outcome=Outcome.REFUSED,
                code=code,
                detail=detail,
            ),
            device,
            now_s,
        )
