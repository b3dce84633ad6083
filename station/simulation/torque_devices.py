"""The simulated torque bench's two lines as a verification uses them, in simulated time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from calibration.observations import CalibrationError
from calibration.torque.session import REFERENCE
from drivers.api import Command, DriverEvent, LinkError
from drivers.session import PortOwner
from drivers.simulated_line import LockStep
from drivers.torque_reference.driver import TorqueReference
from station.config.station_values import TorqueToolConfig
from station.config.torque_check import DEFAULT_PATTERN, TorqueCheck
from station.runtime.clock import SteppedClock
from station.runtime.setting import Files
from station.runtime.tool_port import tool_port
from station.simulation.torque_bench import HIDDEN, TorqueBench
from station.simulation.world import parameter_sets

SIMULATED_WITHIN_S = 60.0


class SimulatedDevices:
    """The simulated bench in simulated time: it stands still until everything that was said has been heard."""

    def __init__(self, config: TorqueToolConfig, bench: TorqueBench) -> None:
        self.rate = "own"
        """Stiffness of the test joint that is on the bench now."""
        self._bench = bench
        self.transducer = bench.transducer
        self.tool_line = bench.tool_line
        self._heard: list[DriverEvent] = []
        clock = bench.clock
        self._tool = tool_port(config, bench.tool_line.open, clock)(self._heard.append, lambda serial: None)
        driver = TorqueReference(REFERENCE, pattern=DEFAULT_PATTERN, unit="Nm")
        self._reference = PortOwner(bench.transducer_line.open, driver, clock.now_s, self._heard.append)
        self._lines = LockStep([(self._tool, bench.tool_line.port), (self._reference, bench.transducer_line.port)])

    def submit(self, command: Command) -> None:
        """A command for the tool."""
        self._tool.submit(command)

    def next_event(self, within_s: float) -> DriverEvent | None:
        """What a device says next, at the latest after a minute of simulated time. Raises LinkError for silence."""
        until_s = self._bench.clock.now_s() + SIMULATED_WITHIN_S
        while not self._heard:
            if self._bench.clock.now_s() > until_s:
                raise LinkError("the simulated bench is silent; this is a mistake of the program")
            self._bench.step(self._lines, self.rate)
        return self._heard.pop(0)

    def put_on(self, rate: str) -> None:
        """Another test joint comes on the bench: `hard`, `soft` or `own`."""
        self.rate = rate

    def close(self) -> None:
        """Close both lines."""
        self._tool.close()
        self._reference.close()
        self._bench.tool_line.close()
        self._bench.transducer_line.close()


@contextmanager
def simulated_devices(
    files: Files, tool: str, seed: int, check: TorqueCheck, clock: SteppedClock
) -> Iterator[SimulatedDevices]:
    """Both devices of a tool of `HIDDEN` while the body runs. Raises CalibrationError `torque.unknown_tool`."""
    config = files.station.torque_tool
    if tool not in HIDDEN or config is None:
        raise CalibrationError("torque.unknown_tool", f"use one of these tools: {', '.join(HIDDEN)}")
    psets = parameter_sets(files.procedure)
    bench = TorqueBench(psets, HIDDEN[tool], seed=seed, range_nm=check.reference.range_nm, clock=clock)
    # The simulated controller on this bench is the plain one on a serial line, whatever the station's own is.
    plain = replace(config, url="simulated", carriage="serial", profile="generic", start_revision=None, time_zone=None)
    devices = SimulatedDevices(plain, bench)
    try:
        yield devices
    finally:
        devices.close()
