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
    ClearStop,
    CobotPosture,
    CobotStatus,
    Command,
    CommandDone,
    CommandError,
    CommandFailed,
    Connected,
    DisarmTool,
    DriverEvent,
    FreeDrive,
    IdentifyWork,
    LimitSpeed,
    LinkError,
    MoveGripper,
    Outcome,
    PowerOff,
    ReferenceRead,
    SetColour,
    StopMotion,
    ToolInputs,
)
from station.core import effects as fx
from station.core.events import PassChecked, SocketSeen
from station.core.lamp import Lamp
from station.core.procedure import Order
from station.core.state import State
from station.runtime.gap_watch import GapWatch
from station.runtime.motions import Motions
from station.runtime.ports import Port, Post
from vision.api import CameraHealth, FactChanged, LookReport, VisionEvent

LAMP = "lamp-"
"""Command ids of the cobot's lamp begin so: a lamp is no news for the journal."""
BUTTON_S = 0.25
"""A held button that has been silent for this long is taken for let go."""
NO_ARM = "this bench has no cobot; add it to the station file"


class Board(Protocol):
    """What the station does with vision."""

    def look(self, look_id: str, facts: tuple[str, ...], not_before_s: float) -> None:
        """Ask what fresh frames say."""

    def expire(self, now_s: float) -> tuple[VisionEvent, ...]:
        """Let time pass."""


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
        motions: Motions | None,
        gap: GapWatch | None,
        orders: Mapping[str, Order],
        people: People,
        sockets: Mapping[int, str] = MappingProxyType({}),
        identify: bool = False,
    ) -> None:
        """`motions` find the arm's ways, None without an arm. `sockets` are those that are out of the tray while the
        controller's input is high; with `identify` it is told what is worked on.
        """
        self._post = post
        self._now_s = now_s
        self._board = board
        self._cobot = cobot
        self._tool = tool
        self._motions = motions
        self._gap = gap
        self._orders = orders
        self._people = people
        self._sockets = sockets
        self._identify = identify
        self._lamps = 0
        self._shown: Lamp | None = None
        self._held_s = -BUTTON_S
        self._sight = threading.Lock()

    def carry_out(self, effect: fx.Effect) -> None:
        """Start one effect; what becomes of it comes back as an event."""
        match effect:
            case fx.Say():
                self._people.say(effect)
            case fx.CallPerson():
                self._people.call(effect)
            case fx.CloseVisit():
                self._people.closed(effect)
            case fx.Look():
                self._board.look(effect.look_id, effect.facts, effect.not_before_s)
            case fx.CheckPass():
                self._post(PassChecked(text=effect.text, order=self._orders.get(effect.text)), "orders", self._now_s())
            case fx.MoveRobot() | fx.JogRobot():
                self._move(effect)
            case fx.StopRobot():
                if self._motions is not None:
                    self._motions.forget()
                self._to_cobot(StopMotion(command_id=effect.command_id))
                self._acted()
                if self._gap is not None:
                    self._gap.ends()
            case fx.SlowRobot():
                self._to_cobot(LimitSpeed(command_id=effect.command_id, percent=effect.percent))
                self._acted()
            case fx.FreeRobot():
                self._to_cobot(FreeDrive(command_id=effect.command_id, on=effect.on))
            case fx.ReadyRobot():
                self._to_cobot(ClearStop(command_id=effect.command_id))
            case fx.SwitchOffRobot():
                self._to_cobot(PowerOff(command_id=effect.command_id))
            case fx.GripRobot():
                self._to_cobot(MoveGripper(command_id=effect.command_id, open_percent=effect.open_percent))
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
        """The loop is alive: let a motion that is wanted go on, and let facts that nobody confirms expire.

        A jog goes on only while its button is held, which is told to `hold` again and again.
        """
        held = state.robot.service != "jog" or now_s - self._held_s <= BUTTON_S
        if self._cobot is not None and state.robot.moving and held:
            self._cobot.renew_lease()
        self.ask_sight(lambda: self._board.expire(now_s))
        if self._gap is not None:
            self._gap.expire()

    def hold(self, now_s: float) -> None:
        """The jog's button is held at this moment."""
        self._held_s = now_s

    def show(self, lamp: Lamp) -> None:
        """Let the arm's lamp say so, where it says something else."""
        if self._cobot is not None and lamp is not self._shown:
            self._shown = lamp
            self._lamps += 1
            self._to_cobot(SetColour(command_id=f"{LAMP}{self._lamps}", rgb=lamp.value))

    def heard(self, reported: DriverEvent) -> None:
        """A driver reports. Postures, figures and lamps are for the screen; all else but a reference is an event."""
        event = reported if self._motions is None else self._motions.heard(reported)
        if event is None or isinstance(event, CobotPosture | CobotStatus | ReferenceRead):
            return
        if isinstance(event, Connected) and event.device == "cobot":
            self._shown = None
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
                case LookReport():
                    self._post(event, "vision", event.t_mono_s)
                case CameraHealth():
                    self._post(event, "vision", event.t_mono_s)
                    if self._gap is not None:
                        self._gap.health(event)

    def _move(self, effect: fx.MoveRobot | fx.JogRobot) -> None:
        if self._motions is None:
            self._refused("cobot", effect.command_id, "link.none", NO_ARM)
            return
        self._held_s = self._now_s()
        self._motions.want(effect)

    def _acted(self) -> None:
        """The stop comes first; how long it took is noted after it is on its way."""
        if self._gap is not None:
            self._gap.acted()

    def _to_cobot(self, command: Command) -> None:
        self._submit(self._cobot, "cobot", command)

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
