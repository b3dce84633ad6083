"""The lines of a verification: the tool's controller and, where there is one, the reference."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from drivers.api import Command, Connected, Disconnected, DriverEvent, LinkError
from drivers.link import open_link
from station.config.station_values import TorqueToolConfig
from station.config.torque_check import TransducerLine
from station.runtime.clock import SystemClock
from station.runtime.station import OpenTool
from station.runtime.tool_port import reference_port, tool_port

CONNECT_WITHIN_S = 10.0


class Devices(Protocol):
    """What a verification needs of its lines."""

    def submit(self, command: Command) -> None:
        """A command for the tool."""

    def next_event(self, within_s: float) -> DriverEvent | None:
        """What a device says next; None when none does in that time."""


class LiveDevices:
    """Each line in a thread of its own; what they say waits in one queue."""

    def __init__(self, tool: OpenTool, reference: TransducerLine | None) -> None:
        self._heard: queue.SimpleQueue[DriverEvent] = queue.SimpleQueue()
        # Only what this session misses is asked back: everything else is the station's to take.
        self._tool = tool(self._heard.put, lambda serial: None)
        self.owners = [self._tool]
        if reference is not None:
            self.owners.append(reference_port(reference, SystemClock(), self._heard.put))

    def submit(self, command: Command) -> None:
        """A command for the tool. Raises LinkError after the end."""
        self._tool.submit(command)

    def next_event(self, within_s: float) -> DriverEvent | None:
        """What a device says next; None when none does in that time."""
        try:
            return self._heard.get(timeout=within_s)
        except queue.Empty:
            return None


@contextmanager
def live_devices(config: TorqueToolConfig, reference: TransducerLine | None) -> Iterator[LiveDevices]:
    """Both lines, pumped while the body runs; at its end the tool is disabled and the lines are closed."""
    tool = tool_port(config, lambda: open_link(config.url, baudrate=config.baudrate), SystemClock())
    devices = LiveDevices(tool, reference)
    stop = threading.Event()
    threads = [threading.Thread(target=owner.run, args=(stop,), name=owner.device) for owner in devices.owners]
    for thread in threads:
        thread.start()
    try:
        yield devices
    finally:
        stop.set()
        for owner in devices.owners:
            owner.wake()
        for thread in threads:
            thread.join()


def greeted(devices: Devices, tool: str) -> Connected:
    """Wait for the controller's greeting. Raises LinkError with what is wrong."""
    reason = "the controller has not answered; look at its cable, its power and its address"
    for _ in range(int(CONNECT_WITHIN_S / 0.1)):
        match devices.next_event(0.1):
            case Connected() as event if event.device == tool:
                return event
            case Disconnected() as event:
                reason = event.reason
                if event.device != tool:
                    break
            case _:
                pass
    raise LinkError(reason)
