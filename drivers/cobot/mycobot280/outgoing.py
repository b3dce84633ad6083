"""Bytes that wait to be written, and whose they are: a stop goes before everything, and takes targets out. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.cobot.mycobot280.protocol import Cmd, request

_CMD_AT = 3
"""Place of the command number in a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    data: bytes
    command_id: str | None


class Outgoing:
    """What the next `take` writes."""

    def __init__(self) -> None:
        self._frames: list[_Frame] = []

    def put(self, data: bytes, command_id: str | None = None) -> None:
        """Behind what waits; no bytes are no frame."""
        if data:
            self._frames.append(_Frame(data=data, command_id=command_id))

    def stop(self) -> None:
        """A stop in front of everything. A target that has not left yet does not leave any more."""
        self._frames = [frame for frame in self._frames if frame.data[_CMD_AT] != Cmd.SEND_ANGLES]
        self._frames.insert(0, _Frame(data=request(Cmd.STOP), command_id=None))

    def holds(self, command_id: str) -> bool:
        """Whether something of this command still waits."""
        return any(frame.command_id == command_id for frame in self._frames)

    def take(self) -> bytes:
        """All of it, in order."""
        data = b"".join(frame.data for frame in self._frames)
        self._frames.clear()
        return data
