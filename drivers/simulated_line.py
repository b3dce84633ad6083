"""The far side of a simulated line: `SimulatorPort`, `TcpSimulatorPort`, and `LockStep` for both sides in one thread.

Same shape as `drivers.session.PortOwner`: `pump(now_s)` is one turn that never waits, `run(stop)` is for a thread. A
simulation in lock step calls `LockStep.settle`, which pumps both ends until everything that one end has written was
read by the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from drivers.api import DeviceSimulator, LinkError
from drivers.link import DescriptorLink, Listener, memory_pair
from drivers.session import CountedLink, PortOwner, wait_readable

SETTLE_LIMIT_S = 1.0


class SimulatorPort:
    """A simulated device on the far end of a line.

    The line is handed in (`PtyPair.far_end`, a client of a `Listener`), or made in memory by `connect`, which is what
    an owner in the same process opens. `wants_hangup` answers truthy when the device closes the line by its own rules;
    not for a pseudo-terminal, which would be gone with its far end: a device cannot pull its own serial cable. `gone`
    is called when the client has closed the line.
    """

    def __init__(
        self,
        far_end: CountedLink | None,
        simulator: DeviceSimulator,
        clock: Callable[[], float],
        *,
        wants_hangup: Callable[[], object] = lambda: None,
        gone: Callable[[], None] = lambda: None,
    ) -> None:
        self._simulator = simulator
        self._clock = clock
        self._wants_hangup = wants_hangup
        self._gone = gone
        self._unplugged = False
        self.link = far_end
        """The simulator's end, None while nobody is connected."""

    def connect(self) -> DescriptorLink:
        """A new line in memory to this device, for a `PortOwner`. Raises LinkError while it is unplugged."""
        if self._unplugged:
            raise LinkError("the simulated device is unplugged; plug it in again")
        near, far = memory_pair("simulated line")
        self.attach(far)
        return near

    def attach(self, far_end: CountedLink) -> None:
        """Use this line from now on; the one before is closed."""
        if self.link is not None:
            self.link.close()
        self._unplugged = False
        self.link = far_end

    def unplug(self) -> None:
        """Close the line; `connect` fails until `plug_in`, and a pseudo-terminal needs a new `PtyPair` to `attach`."""
        self._unplugged = True
        self.close()

    def plug_in(self) -> None:
        """Let `connect` succeed again."""
        self._unplugged = False

    def pump(self, now_s: float) -> bool:
        """One turn that never waits. True when bytes went either way, or the line ended."""
        try:
            data = b"" if self.link is None else self.link.read_available()
            if data:
                self._simulator.received(data, now_s)
            self._simulator.advance(now_s)
            answer = self._simulator.take_output()
            if answer and self.link is not None:
                self.link.write(answer)
        except LinkError:  # The client went away, which is its right; the device lives on and waits for the next one.
            self.close()
            self._gone()
            return True
        if self._wants_hangup() and self.link is not None:
            self.close()
            return True
        return bool(data or answer)

    def next_wake_s(self) -> float | None:
        """When `pump` must be called at the latest."""
        return self._simulator.next_wake_s()

    def run(self, stop: threading.Event) -> None:
        """Pump until `stop` is set, then close the line."""
        try:
            while not stop.is_set():
                self.pump(self._clock())
                wait_readable(self.waits_for(), self.next_wake_s(), self._clock())
        finally:
            self.close()

    def waits_for(self) -> list[int]:
        """Descriptors that are readable when `pump` has something to do."""
        return [] if self.link is None else [self.link.fileno()]

    def close(self) -> None:
        """Close this end of the line; may be called twice."""
        if self.link is not None:
            self.link.close()
            self.link = None


class TcpSimulatorPort:
    """A simulated device behind a TCP port, one client at a time: the next one is accepted when the last has gone.

    With `turn_away` a client that comes while another one is served is connected to what that makes instead, as
    devices do that answer it with a refusal; one such client at a time.
    """

    def __init__(
        self,
        host: str,
        port: int,
        simulator: DeviceSimulator,
        clock: Callable[[], float],
        *,
        wants_hangup: Callable[[], object] = lambda: None,
        turn_away: Callable[[], DeviceSimulator] | None = None,
        gone: Callable[[], None] = lambda: None,
    ) -> None:
        """Port 0 takes a free one. Raises LinkError when the port cannot be had."""
        self._listener = Listener(host, port)
        self._clock = clock
        self._port = SimulatorPort(None, simulator, clock, wants_hangup=wants_hangup, gone=gone)
        self._turn_away = turn_away
        self._turned_away: SimulatorPort | None = None
        self.address = self._listener.address
        """Host and port that are listened on."""

    def pump(self, now_s: float) -> bool:
        """One turn that never waits."""
        did = self._accept()
        if self._turned_away is not None:
            did = self._turned_away.pump(now_s) or did
        return self._port.pump(now_s) or did

    def next_wake_s(self) -> float | None:
        """When `pump` must be called at the latest."""
        return self._port.next_wake_s()

    def run(self, stop: threading.Event) -> None:
        """Pump until `stop` is set, then close everything."""
        try:
            while not stop.is_set():
                self.pump(self._clock())
                wait_readable(self.waits_for(), self.next_wake_s(), self._clock())
        finally:
            self.close()

    def close(self) -> None:
        """Close the clients' lines and stop listening; may be called twice."""
        self._port.close()
        if self._turned_away is not None:
            self._turned_away.close()
        self._listener.close()

    def _accept(self) -> bool:
        if self._turned_away is not None and self._turned_away.link is None:
            self._turned_away = None
        if self._port.link is None:
            client = self._listener.accept()
            if client is not None:
                self._port.attach(client)
            return client is not None
        if self._turn_away is None or self._turned_away is not None:
            return False
        client = self._listener.accept()
        if client is not None:
            self._turned_away = SimulatorPort(client, self._turn_away(), self._clock)
        return client is not None

    def waits_for(self) -> list[int]:
        """Descriptors that are readable when `pump` has something to do."""
        links = [self._port.link, self._turned_away.link if self._turned_away is not None else None]
        waits = [link.fileno() for link in links if link is not None]
        listens = self._port.link is None or (self._turn_away is not None and self._turned_away is None)
        return [*waits, self._listener.fileno()] if listens else waits


class _Line:
    """One owner and its simulator, and how much had gone through the far end when the owner last opened the line."""

    def __init__(self, owner: PortOwner, port: SimulatorPort) -> None:
        self.owner, self.port = owner, port
        self._near: CountedLink | None = None
        self._far: CountedLink | None = None
        self._far_in = self._far_out = 0

    def pump(self, now_s: float) -> bool:
        did = self.owner.pump(now_s)
        near, far = self.owner.link, self.port.link
        if near is not self._near or far is not self._far:
            self._near, self._far = near, far
            self._far_in, self._far_out = (0, 0) if far is None else (far.bytes_in, far.bytes_out)
        return self.port.pump(now_s) or did

    def quiet(self) -> bool:
        """Nothing is under way. A line that is open at one end only can carry nothing."""
        near, far = self.owner.link, self.port.link
        if near is None or far is None or near is not self._near or far is not self._far:
            return near is self._near and far is self._far
        return far.bytes_in - self._far_in >= near.bytes_out and near.bytes_in >= far.bytes_out - self._far_out


class LockStep:
    """Owners and their simulators in step: simulated time stands still until all bytes written have arrived.

    The kernel delivers through pseudo-terminals a little later; the links' counters tell when it has.
    """

    def __init__(self, pairs: Sequence[tuple[PortOwner, SimulatorPort]]) -> None:
        self._lines = tuple(_Line(owner, port) for owner, port in pairs)

    def settle(self, now_s: float) -> None:
        """Pump both ends at `now_s` until quiet. LinkError after 1 s of real time: bytes were lost."""
        limit_s = time.monotonic() + SETTLE_LIMIT_S
        while True:
            did = [line.pump(now_s) for line in self._lines]
            if not any(did) and all(line.quiet() for line in self._lines):
                return
            if time.monotonic() > limit_s:
                raise LinkError(
                    "simulated lines do not come to rest within 1 s; look for a device that never stops talking"
                )
            if not any(did):
                wait_readable(
                    [end.fileno() for line in self._lines for end in (line.owner.link, line.port.link) if end],
                    0.001,
                    0.0,
                )

    def next_wake_s(self) -> float | None:
        """When the earliest of all ends must be pumped next."""
        wakes = [end.next_wake_s() for line in self._lines for end in (line.owner, line.port)]
        return min((wake for wake in wakes if wake is not None), default=None)
