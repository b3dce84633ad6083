"""Who owns a line on the station's side: `PortOwner`.

`pump(now_s)` is one turn that never waits, and `run(stop)` waits on descriptors and pumps, for one thread that the
caller owns. The far side of a simulated line has the same shape, in `drivers.simulated_line`.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from drivers.api import (
    Command,
    CommandError,
    CommandFailed,
    Connected,
    Conversation,
    DriverEvent,
    Link,
    LinkError,
    Outcome,
)

LONGEST_WAIT_S = 0.1
"""How late `run` may notice that its stop event was set."""


class CountedLink(Link, Protocol):
    """A link that counts what went through it since it was opened."""

    @property
    def bytes_in(self) -> int:
        """Bytes read."""

    @property
    def bytes_out(self) -> int:
        """Bytes written."""


class PortOwner:
    """Gives one conversation its line, its time and its commands, and carries its bytes and events out.

    `submit`, `renew_lease` and `wake` may be called from any thread; everything else belongs to the one thread that
    pumps. `open_link` raises LinkError while there is no line. `reconnect_s` are the waits between attempts to open it;
    the last one repeats, and a `Connected` starts them over. `on_event` is called in the pumping thread.
    """

    def __init__(
        self,
        open_link: Callable[[], CountedLink],
        conversation: Conversation,
        clock: Callable[[], float],
        on_event: Callable[[DriverEvent], None],
        *,
        reconnect_s: Sequence[float] = (0.2, 0.5, 1.0, 2.0),
    ) -> None:
        self._open_link = open_link
        self._conversation = conversation
        self._clock = clock
        self._on_event = on_event
        self._reconnect_s = tuple(reconnect_s)
        self._attempt = 0
        self._open_at_s: float | None = None
        self._loss_told = False
        self._lock = threading.Lock()
        self._commands: list[Command] = []
        self._lease_renewed = False
        self._closed = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self.link: CountedLink | None = None
        """The open line, None while there is none."""

    @property
    def device(self) -> str:
        """The device's name, as its events carry it."""
        return self._conversation.device

    def submit(self, command: Command) -> None:
        """Hand over a command; its end comes as an event. Raises LinkError after `close`."""
        with self._lock:
            if self._closed:
                raise LinkError(f"{self.device} is closed and takes no commands; start the station again")
            self._commands.append(command)
            self._poke()

    def renew_lease(self) -> None:
        """The caller is alive and still wants the motion that it asked for."""
        with self._lock:
            self._lease_renewed = True
            self._poke()

    def wake(self) -> None:
        """Make `run` look at its stop event now."""
        with self._lock:
            self._poke()

    def _poke(self) -> None:
        if not self._closed:
            with contextlib.suppress(BlockingIOError):  # A full pipe wakes as well as one more byte would.
                os.write(self._wake_write, b"\0")

    def pump(self, now_s: float) -> bool:
        """One turn that never waits: open, read, take commands, advance, write, deliver. True when it did something."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        did = self._open_when_due(now_s)
        try:
            did |= self._read(now_s)
            did |= self._take_commands(now_s)
            if self.link is not None:
                self._conversation.advance(now_s)
            did |= self._write()
        except LinkError as error:
            self._lose(now_s, str(error))
            self._take_commands(now_s)
            did = True
        if self.link is not None and (reason := self._conversation.wants_hangup()) is not None:
            self._lose(now_s, reason)
            did = True
        return self._deliver() or did

    def _open_when_due(self, now_s: float) -> bool:
        if self.link is not None or (self._open_at_s is not None and now_s < self._open_at_s):
            return False
        try:
            self.link = self._open_link()
        except LinkError as error:
            if not self._loss_told:
                self._conversation.link_down(now_s, str(error))
                self._loss_told = True
            self._back_off(now_s)
            return True
        self._loss_told = False
        self._conversation.link_up(now_s)
        return True

    def _read(self, now_s: float) -> bool:
        if self.link is None:
            return False
        data = self.link.read_available()
        if data:
            self._conversation.received(data, now_s)
        return bool(data)

    def _take_commands(self, now_s: float) -> bool:
        with self._lock:
            commands, self._commands = self._commands, []
            renewed, self._lease_renewed = self._lease_renewed, False
        if renewed:
            self._conversation.renew_lease(now_s)
        for command in commands:
            if self.link is None:
                self._refuse(command, now_s, "link.down", f"{self.device} has no line; wait until it is connected")
                continue
            try:
                self._conversation.submit(command, now_s)
            except CommandError as error:
                self._refuse(command, now_s, error.code, str(error))
        return bool(commands)

    def _refuse(self, command: Command, now_s: float, code: str, detail: str) -> None:
        self._on_event(
            CommandFailed(
                device=self.device,
                command_id=command.command_id,
                t_mono_s=now_s,
                outcome=Outcome.REFUSED,
                code=code,
                detail=detail,
            )
        )

    def _write(self) -> bool:
        if self.link is None:
            return False
        data = self._conversation.take_output()
        if data:
            self.link.write(data)
        return bool(data)

    def _lose(self, now_s: float, reason: str) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None
        self._loss_told = True
        self._conversation.link_down(now_s, reason)
        self._back_off(now_s)

    def _back_off(self, now_s: float) -> None:
        wait_s = self._reconnect_s[min(self._attempt, len(self._reconnect_s) - 1)]
        self._attempt += 1
        self._open_at_s = now_s + wait_s

    def _deliver(self) -> bool:
        events = self._conversation.take_events()
        for event in events:
            if isinstance(event, Connected):
                self._attempt = 0
            self._on_event(event)
        return bool(events)

    def next_wake_s(self) -> float | None:
        """When `pump` must be called at the latest; None = not before something arrives."""
        return self._conversation.next_wake_s() if self.link is not None else self._open_at_s

    def run(self, stop: threading.Event) -> None:
        """Pump until `stop` is set, then close. Raises what `on_event` raises."""
        try:
            self.pump(self._clock())
            while not stop.is_set():
                watched = [self._wake_read] if self.link is None else [self._wake_read, self.link.fileno()]
                wait_readable(watched, self.next_wake_s(), self._clock())
                self.pump(self._clock())
        finally:
            self.close()

    def close(self) -> None:
        """Say goodbye, fail what is in flight, refuse what waits, deliver that, close the line; may be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            os.close(self._wake_write)
        now_s = self._clock()
        if self.link is not None:
            with contextlib.suppress(LinkError):  # A line that is lost while it is closed is closed all the same.
                self.link.write(self._conversation.farewell(now_s))
            self._lose(now_s, f"the station closed the line to {self.device}; start the station to connect again")
        self._take_commands(now_s)
        self._deliver()
        os.close(self._wake_read)


def wait_readable(watched: Sequence[int], wake_s: float | None, now_s: float) -> None:
    """Wait until a descriptor is readable, `wake_s` is reached, or 0.1 s have passed."""
    timeout_s = LONGEST_WAIT_S if wake_s is None else min(LONGEST_WAIT_S, max(0.0, wake_s - now_s))
    select.select(watched, [], [], timeout_s)
