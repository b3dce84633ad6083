"""The dashboard: lines of text to questions and answers. Pure.

Source: Universal Robots' dashboard server manual, e-Series. One command a line, one line back, both ended by `\\n`; the
server greets first. Controllers of the X generation have none.
"""

from __future__ import annotations

import re
from enum import StrEnum

from drivers.api import ProtocolError

GREETING = "Connected: Universal Robots Dashboard Server"
LONGEST_LINE = 4096


class Ask(StrEnum):
    """Commands as they are sent, without the line end."""

    MODEL = "get robot model"
    SERIAL = "get serial number"
    VERSION = "PolyscopeVersion"
    REMOTE = "is in remote control"
    STOP = "stop"
    CLOSE_POPUP = "close popup"
    CLOSE_SAFETY_POPUP = "close safety popup"
    UNLOCK = "unlock protective stop"
    RESTART_SAFETY = "restart safety"
    POWER_ON = "power on"
    POWER_OFF = "power off"
    BRAKE_RELEASE = "brake release"


TAKEN: dict[Ask, str] = {
    Ask.STOP: "stopped",
    Ask.CLOSE_POPUP: "closing popup",
    Ask.CLOSE_SAFETY_POPUP: "closing safety popup",
    Ask.UNLOCK: "protective stop releasing",
    Ask.RESTART_SAFETY: "restarting safety",
    Ask.POWER_ON: "powering on",
    Ask.POWER_OFF: "powering off",
    Ask.BRAKE_RELEASE: "brake releasing",
}
"""How the answer to a command begins when it is carried out, in small letters."""


class LineParser:
    """Takes bytes in any split and gives whole lines back, without their ends."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> tuple[str, ...]:
        """Lines that are complete now. Raises ProtocolError for one that never ends."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > LONGEST_LINE:
            raise ProtocolError("the dashboard sends a line without an end; the connection must begin anew")
        return tuple(line.decode("utf-8", "replace").rstrip("\r") for line in lines)


def encode(line: str) -> bytes:
    """A command or an answer as bytes."""
    return line.encode("utf-8") + b"\n"


def is_taken(ask: Ask, answer: str) -> bool:
    """Whether the answer says that the command is carried out."""
    return answer.lower().startswith(TAKEN[ask])


def is_not_understood(answer: str) -> bool:
    """Whether the server does not know the command: older ones lack some."""
    return answer.lower().startswith("could not understand")


def in_remote_control(answer: str) -> bool | None:
    """What `is in remote control` was answered; None when that is no answer to it.

    A server that does not know the question has no local control either (CB-series).
    """
    word = answer.strip().lower()
    if is_not_understood(word):
        return True
    return {"true": True, "false": False}.get(word)


def told_text(ask: Ask, answer: str) -> str:
    """What a question about the robot's identity was answered, empty where the server does not know the question."""
    if is_not_understood(answer):
        return ""
    return (version_number(answer) if ask is Ask.VERSION else None) or answer.strip()


def version_number(answer: str) -> str | None:
    """The number in the answer to `PolyscopeVersion`, None when there is none."""
    found = re.search(r"\d+(\.\d+){2,3}", answer)
    return found.group(0) if found else None


def is_family(model: str, answer: str, version: str) -> bool:
    """Whether the arm that answers `get robot model` can be this model, as `UR5e`.

    An e-Series arm answers without its `e` on most versions; those of major version 3 and below are CB-series. An empty
    answer says nothing against it.
    """
    if not answer:
        return True
    sort = "e" if version.split(".", maxsplit=1)[0].isdigit() and int(version.split(".", maxsplit=1)[0]) >= 5 else ""
    return answer.strip().lower().removesuffix("e") + sort == model.lower()
