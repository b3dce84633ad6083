"""A simulated device on a real pseudo-terminal (or in memory), with a plug that can be pulled."""

from __future__ import annotations

from collections.abc import Callable

from drivers.api import DeviceSimulator, LinkError
from drivers.link import DescriptorLink, PtyPair, open_link
from drivers.simulated_line import SimulatorPort


class SimulatedLine:
    """The cable between a port's owner and a simulated device. Not thread-safe but for `open`."""

    def __init__(
        self,
        name: str,
        simulator: DeviceSimulator,
        clock: Callable[[], float],
        *,
        in_memory: bool = False,
        wants_hangup: Callable[[], object] = lambda: None,
    ) -> None:
        """`in_memory` spares the kernel's terminal: for thousands of runs without pictures."""
        self._name = name
        self._in_memory = in_memory
        self._pty: PtyPair | None = None
        self.port = SimulatorPort(None, simulator, clock, wants_hangup=wants_hangup)
        if not in_memory:
            self.plug_in()

    def open(self) -> DescriptorLink:
        """The station's end. Raises LinkError while the plug is out."""
        if self._in_memory:
            return self.port.connect()
        if self._pty is None:
            raise LinkError(f"{self._name}: nothing is plugged in; plug the simulated cable in again")
        return open_link(str(self._pty.path))

    def unplug(self) -> None:
        """Pull the plug: the station's end gets a real hang-up."""
        self.port.unplug()
        if self._pty is not None:
            self._pty.unplug()
            self._pty.close()
            self._pty = None

    def plug_in(self) -> None:
        """Plug it in again; a pseudo-terminal comes back under another name, as USB adapters do."""
        self.port.plug_in()
        if not self._in_memory:
            self._pty = PtyPair()
            self.port.attach(self._pty.far_end)

    def close(self) -> None:
        """Free what is open."""
        self.port.close()
        if self._pty is not None:
            self._pty.close()
            self._pty = None
