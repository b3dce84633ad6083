"""The torque tool's port from its table of the station file: the same driver on a real line and on a simulated one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from drivers.api import DriverEvent
from drivers.link import open_link
from drivers.session import CountedLink, PortOwner
from drivers.torque_reference.driver import TorqueReference
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.profiles import PROFILES
from station.config.station_values import TorqueToolConfig
from station.config.torque_check import TransducerLine
from station.runtime.clock import Clock
from station.runtime.station import OpenTool


def zone_of(config: TorqueToolConfig) -> tzinfo | None:
    """The time zone of the controller's clock; None = the machine's own."""
    return ZoneInfo(config.time_zone) if config.time_zone is not None else None


def tool_port(config: TorqueToolConfig, open_line: Callable[[], CountedLink], clock: Clock) -> OpenTool:
    """What opens the port, for a station."""

    def open_tool(heard: Callable[[DriverEvent], None], last_seen_id: Callable[[str], int | None]) -> PortOwner:
        driver = OpenProtocolTool(
            "tool",
            carriage=config.carriage,
            profile=PROFILES[config.profile],
            start_revision=config.start_revision,
            last_seen_id=last_seen_id,
            wall_clock=lambda: datetime.fromisoformat(clock.utc()),
            time_zone=zone_of(config) or datetime.now().astimezone().tzinfo,
            set_clock=config.set_clock,
            traces=config.traces,
        )
        return PortOwner(open_line, driver, clock.now_s, heard)

    return open_tool


def reference_port(line: TransducerLine, clock: Clock, heard: Callable[[DriverEvent], None]) -> PortOwner:
    """The port of the reference transducer that the tool is verified with."""
    driver = TorqueReference("reference", pattern=line.pattern, unit=line.unit)
    return PortOwner(lambda: open_link(line.url, baudrate=line.baudrate), driver, clock.now_s, heard)
