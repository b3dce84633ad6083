"""An arm on its line without a station: one thread carries the bytes, the caller waits for what comes of a command.

No camera looks on here. The lease is the caller's: it is renewed only while the caller waits, so that a command line
that hangs or dies takes the arm's permission to move with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drivers.api import (
    CobotCommand,
    CobotPosture,
    CobotStatus,
    CommandDone,
    CommandFailed,
    Connected,
    Conversation,
    DeviceHealth,
    Disconnected,
    DriverEvent,
    LinkError,
    StopMotion,
)
from drivers.session import CountedLink, PortOwner

CONNECT_WITHIN_S = 8.0
STATE_WITHIN_S = 3.0
ENDS_WITHIN_S = 60.0
STOPS_WITHIN_S = 2.0
RENEW_S = 0.05
FRESH_S = 0.5


class ArmLine:
    """What is known of the arm, and commands to it. All of it belongs to the caller's thread but `heard`."""

    def __init__(self, port: Callable[[Callable[[DriverEvent], None]], PortOwner]) -> None:
        self._news = threading.Condition()
        self._ends: dict[str, CommandDone | CommandFailed] = {}
        self._numbers = 0
        self.connected: Connected | None = None
        self.lost_because = ""
        self.posture: CobotPosture | None = None
        self.status: CobotStatus | None = None
        self.notes: dict[str, DeviceHealth] = {}
        """What stands, by its code."""
        self.owner = port(self.heard)
        self.goes_on: Callable[[], bool] = lambda: True
        """Asked all the while a command is waited for: once it says no, the arm is stopped and its lease ends."""

    def heard(self, event: DriverEvent) -> None:
        """The driver reports, from its own thread."""
        with self._news:
            match event:
                case Connected():
                    self.connected, self.lost_because = event, ""
                case Disconnected():
                    self.connected, self.lost_because = None, event.reason
                    self.posture = self.status = None
                case CobotPosture():
                    self.posture = event
                case CobotStatus():
                    self.status = event
                case DeviceHealth(standing=True):
                    self.notes[event.code] = event
                case DeviceHealth(standing=False):
                    self.notes.pop(event.code, None)
                case CommandDone() | CommandFailed():
                    self._ends[event.command_id] = event
                case _:
                    pass
            self._news.notify_all()

    def connect(self) -> Connected:
        """Wait for the greeting, and for the arm's first word of itself. Raises LinkError with what is wrong."""
        self._wait(lambda: self.connected is not None or self.lost_because != "", CONNECT_WITHIN_S)
        if self.connected is None:
            raise LinkError(
                self.lost_because or "the arm has not answered; look at its cable and its power, and at the address"
            )
        self._wait(lambda: self.posture is not None and self.status is not None, STATE_WITHIN_S)
        if self.posture is None or self.status is None:
            raise LinkError(
                self.lost_because
                or "the arm answers, but does not tell where it stands; power-cycle it, then try again"
            )
        return self.connected

    def settle(self) -> None:
        """Wait until everything that it tells of itself has been read, but not for ever: some arms tell less."""

        def told() -> bool:
            status = self.status
            return status is not None and bool(status.temperatures_c and status.voltages_v and status.currents_a)

        self._wait(told, STATE_WITHIN_S)

    def command_id(self) -> str:
        """A new one."""
        self._numbers += 1
        return f"line-{self._numbers}"

    def at_rest(self) -> tuple[float, ...]:
        """Where the arm stands. Raises LinkError when it does not come to rest, or does not tell."""

        def rests() -> bool:
            posture = self.posture
            return posture is not None and not posture.moving and time.monotonic() - posture.t_mono_s < FRESH_S

        if not self._wait(rests, STATE_WITHIN_S) or self.posture is None:
            raise LinkError(self.lost_because or "the arm does not come to rest; look at it, then try again")
        return self.posture.angles_deg

    def finish(self, command: CobotCommand) -> CommandDone | CommandFailed:
        """Send a command and wait for its end, renewing a motion's lease. Ctrl-C stops the arm first, then goes on.

        Raises LinkError when no end comes.
        """
        self.owner.submit(command)
        try:
            return self._end_of(command.command_id, ENDS_WITHIN_S)
        except KeyboardInterrupt:
            self.stop()
            raise

    def stop(self) -> None:
        """Let the arm stand still, and wait until it says so."""
        stop = StopMotion(command_id=self.command_id())
        self.owner.submit(stop)
        self._told(stop.command_id, STOPS_WITHIN_S)

    def ended(self, command_id: str) -> CommandDone | CommandFailed | None:
        """How a command ended; None while it goes on."""
        with self._news:
            return self._ends.get(command_id)

    def _end_of(self, command_id: str, within_s: float) -> CommandDone | CommandFailed:
        if not self._wait(lambda: command_id in self._ends or not self.goes_on(), within_s, renew=True):
            raise LinkError(_silent(within_s))
        if command_id not in self._ends:
            self.stop()
        return self._told(command_id, STOPS_WITHIN_S)

    def _told(self, command_id: str, within_s: float) -> CommandDone | CommandFailed:
        if not self._wait(lambda: command_id in self._ends, within_s):
            raise LinkError(_silent(within_s))
        return self._ends[command_id]

    def _wait(self, happened: Callable[[], bool], within_s: float, *, renew: bool = False) -> bool:
        end_s = time.monotonic() + within_s
        with self._news:
            while not happened():
                if time.monotonic() >= end_s:
                    return False
                if renew:
                    self.owner.renew_lease()
                self._news.wait(RENEW_S)
        return True


def _silent(within_s: float) -> str:
    return f"the arm has not said within {within_s:.0f} s what became of it; look at the arm"


@contextmanager
def arm_line(open_line: Callable[[], CountedLink], driver: Conversation) -> Iterator[ArmLine]:
    """The line, connected, while the body runs; at its end the arm is left standing still. Raises LinkError."""
    line = ArmLine(lambda heard: PortOwner(open_line, driver, time.monotonic, heard))
    stop = threading.Event()
    thread = threading.Thread(target=line.owner.run, args=(stop,), name="arm line")
    thread.start()
    try:
        line.connect()
        yield line
    finally:
        stop.set()
        line.owner.wake()
        thread.join()
