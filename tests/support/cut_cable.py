"""A cable that is cut at a chosen byte: between a station's port and a simulated device, in memory, pty or TCP."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from drivers.api import DeviceSimulator, LinkError
from drivers.link import DescriptorLink, Listener, PtyPair, open_link
from drivers.simulated_line import SimulatorPort

TO_STATION, TO_DEVICE = "to station", "to device"
MEDIA = ("memory", "pty", "tcp")
_KEPT = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CutAt:
    """So many bytes after the beginning of the first match, on this way, the cable is cut."""

    way: str
    marker: re.Pattern[bytes]
    after: int


class _Line(Protocol):
    port: SimulatorPort

    def open(self) -> DescriptorLink: ...

    def cut(self) -> None: ...

    def mend(self) -> None: ...

    def close(self) -> None: ...


class _MemoryLine:
    def __init__(self, port: SimulatorPort) -> None:
        self.port = port

    def open(self) -> DescriptorLink:
        return self.port.connect()

    def cut(self) -> None:
        """The far end learns of it when the near one is closed."""

    def mend(self) -> None:
        """A new pair is made for every opening."""

    def close(self) -> None:
        self.port.close()


class _TcpLine(_MemoryLine):
    def __init__(self, port: SimulatorPort) -> None:
        super().__init__(port)
        self._listener = Listener("127.0.0.1", 0)

    def open(self) -> DescriptorLink:
        host, number = self._listener.address
        near = open_link(f"socket://{host}:{number}")
        far = self._listener.accept()
        assert far is not None
        self.port.attach(far)
        return near

    def close(self) -> None:
        self.port.close()
        self._listener.close()


class _PtyLine(_MemoryLine):
    def __init__(self, port: SimulatorPort) -> None:
        super().__init__(port)
        self._pair: PtyPair | None = None
        self.mend()

    def open(self) -> DescriptorLink:
        assert self._pair is not None
        return open_link(str(self._pair.path))

    def cut(self) -> None:
        """The adapter is pulled: hang-up on the near end."""
        self.port.unplug()
        self.close()

    def mend(self) -> None:
        """It comes back under another name."""
        if self._pair is None:
            self._pair = PtyPair()
            self.port.attach(self._pair.far_end)

    def close(self) -> None:
        self.port.close()
        if self._pair is not None:
            self._pair.close()
            self._pair = None


class CutCable:
    """One cable. A cut is told to the station (`silent` False: hang-up), or it just carries nothing any more.

    What a serial line did not carry is gone, and the line goes on where it was mended; with `resets`, as on TCP, the
    connection is gone instead.
    """

    def __init__(
        self,
        medium: str,
        simulator: DeviceSimulator,
        clock: Callable[[], float],
        *,
        resets: bool,
        wants_hangup: Callable[[], object],
        gone: Callable[[], None],
    ) -> None:
        hangs_up = (lambda: None) if medium == "pty" else wants_hangup
        self.port = SimulatorPort(None, simulator, clock, wants_hangup=hangs_up, gone=gone)
        makers = {"memory": _MemoryLine, "pty": _PtyLine, "tcp": _TcpLine}
        self._line: _Line = makers[medium](self.port)
        self._resets = resets
        self._plan: CutAt | None = None
        self._plan_silent = False
        self._went_by = b""
        self.whole = True
        self.silent = False
        self.cuts = 0
        self.broken = 0
        """Cuts that no connection survives."""

    def open(self) -> CutEnd:
        """The station's end. Raises LinkError while a cut that is told lasts."""
        if not self.whole and (self._resets or not self.silent):
            raise LinkError("the cable is cut")
        return CutEnd(self, self._line.open())

    def plan(self, cut: CutAt, *, silent: bool) -> None:
        """Cut there, when it comes by."""
        self._plan, self._went_by, self._plan_silent = cut, b"", silent

    def forget_plan(self) -> None:
        self._plan = None

    def cut(self, *, silent: bool) -> None:
        """Cut now."""
        self._plan = None
        if not self.whole:
            return
        self.cuts += 1
        self.broken += self._resets or not silent
        self.whole, self.silent = False, silent

    def mend(self) -> None:
        """It carries again; an end that was told of the cut is no good any more."""
        if not self.whole and not self.silent:
            self._line.mend()
        self.whole = True

    def pull(self) -> None:
        """What a told cut does to the medium."""
        self._line.cut()

    def close(self) -> None:
        self._line.close()

    def carry(self, way: str, data: bytes) -> bytes:
        """As much of it as arrives."""
        if not self.whole:
            return b""
        plan = self._plan
        if plan is None or plan.way != way:
            return data
        before = len(self._went_by)
        self._went_by += data
        found = plan.marker.search(self._went_by)
        if found is not None and found.start() + plan.after <= len(self._went_by):
            self.cut(silent=self._plan_silent)
            return data[: max(0, found.start() + plan.after - before)]
        if found is None:
            self._went_by = self._went_by[-_KEPT:]
        return data


class CutEnd:
    """The station's end of it: a `drivers.session.CountedLink`."""

    def __init__(self, cable: CutCable, link: DescriptorLink) -> None:
        self._cable = cable
        self._link = link
        self._broken_before = cable.broken
        self._told = False

    @property
    def bytes_in(self) -> int:
        return self._link.bytes_in

    @property
    def bytes_out(self) -> int:
        return self._link.bytes_out

    def fileno(self) -> int:
        return self._link.fileno()

    def read_available(self) -> bytes:
        self._check()
        arrived = self._cable.carry(TO_STATION, self._link.read_available())
        if not arrived:
            self._check()
        return arrived

    def write(self, data: bytes) -> None:
        self._check()
        self._link.write(self._cable.carry(TO_DEVICE, data))
        self._check()

    def close(self) -> None:
        self._link.close()

    def _check(self) -> None:
        silent = not self._cable.whole and self._cable.silent
        if self._cable.broken > self._broken_before and not silent:
            if not self._told and not self._cable.whole:
                self._cable.pull()
            self._told = True
            raise LinkError("the cable is cut")
