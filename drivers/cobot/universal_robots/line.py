"""The three TCP ports of a controller, by one address: `ur://host`, or `ur://host?dashboard=1&rtde=2&script=3`.

Ports by Universal Robots' article on remote control over TCP/IP: dashboard 29999, RTDE 30004, secondary client 30002,
which takes programs.
"""

from __future__ import annotations

from enum import IntEnum
from urllib.parse import parse_qsl, urlsplit

from drivers.api import LinkError
from drivers.bundle import BundleLink, open_bundle


class Channel(IntEnum):
    """The lines of one controller, as numbered in the bundle."""

    DASHBOARD = 0
    RTDE = 1
    SCRIPT = 2


PORTS = {"dashboard": 29999, "rtde": 30004, "script": 30002}


def line_urls(url: str) -> tuple[str, str, str]:
    """The three lines' own addresses, in the order of `Channel`. Raises LinkError for an address that is none."""
    try:
        parts = urlsplit(url)
        asked = {name: int(value) for name, value in parse_qsl(parts.query, strict_parsing=bool(parts.query))}
        port = parts.port
    except ValueError as error:
        raise LinkError(f"cannot open {url}: {error}; write it as ur://host") from error
    if parts.scheme != "ur" or not parts.hostname or port is not None or not asked.keys() <= PORTS.keys():
        raise LinkError(f"cannot open {url}: write it as ur://host, or with ports as ur://host?dashboard=29999")
    ports = PORTS | asked
    dashboard, rtde, script = (f"socket://{parts.hostname}:{ports[name]}" for name in ("dashboard", "rtde", "script"))
    return dashboard, rtde, script


def open_line(url: str) -> BundleLink:
    """Connect to all three ports. Raises LinkError naming what to look at when one cannot be reached."""
    urls = line_urls(url)
    try:
        return open_bundle(urls)
    except LinkError as error:
        raise LinkError(
            f"{error}; check the network cable to the robot's controller, that the controller is switched on, and that "
            "its services (dashboard, RTDE, secondary client) are enabled in its settings"
        ) from error
