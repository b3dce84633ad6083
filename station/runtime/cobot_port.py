"""The arm's port from its table of the station file: which driver, which line; the same on a simulated one."""

from __future__ import annotations

from collections.abc import Callable

from drivers.api import Conversation, DriverEvent, LinkError
from drivers.cobot.joint_zeros import JointZeros
from drivers.cobot.mycobot280.driver import MyCobot280
from drivers.cobot.universal_robots.driver import UniversalRobot
from drivers.cobot.universal_robots.line import open_line
from drivers.link import open_link
from drivers.session import CountedLink, PortOwner
from station.config.arm_models import ARM_MODELS
from station.config.station_values import CobotConfig
from station.runtime.station import OpenPort

MYCOBOT280 = "mycobot280"
"""The family whose line is a serial one."""


def cobot_driver(config: CobotConfig) -> Conversation:
    """The driver of the arm's family, with the joint zeros that were measured."""
    mycobot = config.family == MYCOBOT280
    arm: Conversation = (
        MyCobot280("cobot", ack=config.ack) if mycobot else UniversalRobot(ARM_MODELS[config.family], "cobot")
    )
    return JointZeros(arm, config.joint_offset_deg) if any(config.joint_offset_deg) else arm


def cobot_line(config: CobotConfig) -> CountedLink:
    """Open the arm's real line. Raises LinkError."""
    if config.family == MYCOBOT280 and config.url.startswith("ur://"):
        raise LinkError(f"{config.url} is a Universal Robot's address; say its family too: ur3e, ur5e or ur10e")
    if config.family == MYCOBOT280:
        return open_link(config.url, baudrate=config.baudrate)
    return open_line(config.url)


def cobot_port(config: CobotConfig, open_line_to: Callable[[], CountedLink], now_s: Callable[[], float]) -> OpenPort:
    """What opens the port, for a station."""

    def open_port(heard: Callable[[DriverEvent], None]) -> PortOwner:
        return PortOwner(open_line_to, cobot_driver(config), now_s, heard)

    return open_port
