"""A simulated controller behind three TCP ports, for any number of clients on each: ours and foreign ones.

Same shape as the ends in `drivers.simulated_line`: `pump(now_s)` never waits, `run(stop)` is for a thread.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Mapping

from drivers.api import LinkError
from drivers.cobot.universal_robots.line import PORTS, Channel
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_sessions import SESSIONS, Session
from drivers.link import DescriptorLink, Listener
from drivers.session import wait_readable

PATIENCE_S = 10.0
"""A client that reads nothing for this long is dropped (field report on the vendor's RTDE client, #6)."""
MOST_BYTES = 262144
"""What is kept for a client that does not read; further messages are left out."""
PIECE_BYTES = 1024
"""What a socket that is ready for writing surely takes at once."""
EVERY_PORT: Mapping[Channel, int] = {channel: PORTS[channel.name.lower()] for channel in Channel}
FREE_PORTS: Mapping[Channel, int] = dict.fromkeys(Channel, 0)


class _Client:
    """One connection and its session."""

    def __init__(self, link: DescriptorLink, session: Session, now_s: float) -> None:
        self.link = link
        self.session = session
        self._backlog = bytearray()
        self._taken_s = now_s

    def pump(self, now_s: float) -> bool:
        """One turn. Raises LinkError when the client is gone, or has to go."""
        data = self.link.read_available()
        if data:
            self.session.received(data)
        self.session.advance()
        if not self._backlog:
            self._taken_s = now_s
        for message in self.session.take_messages():
            if len(self._backlog) < MOST_BYTES:
                self._backlog += message
        while self._backlog and select.select([], [self.link.fileno()], [], 0)[1]:
            self.link.write(bytes(self._backlog[:PIECE_BYTES]))
            del self._backlog[:PIECE_BYTES]
            self._taken_s = now_s
        if now_s >= self._taken_s + PATIENCE_S:
            raise LinkError("the client does not read")
        if self.session.over:
            raise LinkError("the controller closes the connection")
        return bool(data)


class ControllerPorts:
    """The listeners of one controller and everybody who is connected."""

    def __init__(
        self,
        host: str,
        controller: SimulatedController,
        clock: Callable[[], float],
        ports: Mapping[Channel, int] = EVERY_PORT,
    ) -> None:
        """Port 0 takes a free one; `url` tells which. Raises LinkError when a port cannot be had."""
        self._controller = controller
        self._clock = clock
        self._clients: list[tuple[Channel, _Client]] = []
        self._listeners: dict[Channel, Listener] = {}
        try:
            for channel in Channel:
                self._listeners[channel] = Listener(host, ports[channel])
        except LinkError:
            self.close()
            raise
        self.ports = {channel: listener.address[1] for channel, listener in self._listeners.items()}
        query = "&".join(f"{channel.name.lower()}={port}" for channel, port in self.ports.items())
        self.url = f"ur://{host}?{query}"
        """The address for `line.open_line`."""

    def pump(self, now_s: float) -> bool:
        """One turn that never waits."""
        self._controller.advance(now_s)
        did = False
        for channel, listener in self._listeners.items():
            while (link := listener.accept()) is not None:
                self._clients.append((channel, _Client(link, SESSIONS[channel](self._controller), now_s)))
                did = True
        for entry in list(self._clients):
            try:
                did = entry[1].pump(now_s) or did
            except LinkError:  # Every way of parting ends here; the controller lives on.
                self._drop(entry)
                did = True
        return did

    def _drop(self, entry: tuple[Channel, _Client]) -> None:
        self._clients.remove(entry)
        entry[1].session.close()
        entry[1].link.close()

    def next_wake_s(self) -> float | None:
        """When `pump` must be called at the latest."""
        wakes = [client.session.next_wake_s() for _, client in self._clients]
        wakes.append(self._controller.next_wake_s())
        return min((wake for wake in wakes if wake is not None), default=None)

    def run(self, stop: threading.Event) -> None:
        """Pump until `stop` is set, then close everything."""
        try:
            while not stop.is_set():
                self.pump(self._clock())
                watched = [client.link.fileno() for _, client in self._clients]
                watched += [listener.fileno() for listener in self._listeners.values()]
                wait_readable(watched, self.next_wake_s(), self._clock())
        finally:
            self.close()

    def close(self) -> None:
        """Close all connections and stop listening; may be called twice."""
        for entry in list(self._clients):
            self._drop(entry)
        for listener in self._listeners.values():
            listener.close()
