"""Several byte lines in one stream: chunks that carry the number of their channel. Pure.

A device that is reached by several TCP ports at once still has one conversation, and a conversation has one stream each
way. A chunk is `channel u8, length u16, data` (big-endian, ours alone, never on a wire). A chunk of length 0 says that
a new connection begins on its channel.
"""

from __future__ import annotations

import struct

_HEADER = struct.Struct(">BH")
LONGEST = 0xFFFF


def tagged(channel: int, data: bytes) -> bytes:
    """The data as chunks of one channel (0 to 255); nothing for no data."""
    return b"".join(
        _HEADER.pack(channel, len(part)) + part
        for part in (data[start : start + LONGEST] for start in range(0, len(data), LONGEST))
    )


def opened(channel: int) -> bytes:
    """The chunk that says: a new connection begins on this channel."""
    return _HEADER.pack(channel, 0)


class Untagger:
    """Takes the stream in any split and gives whole chunks back."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> tuple[tuple[int, bytes], ...]:
        """Chunks that are complete now, as (channel, data), oldest first; empty data for a new connection."""
        self._buffer += data
        chunks: list[tuple[int, bytes]] = []
        at = 0
        while len(self._buffer) - at >= _HEADER.size:
            channel, length = _HEADER.unpack_from(self._buffer, at)
            end = at + _HEADER.size + length
            if len(self._buffer) < end:
                break
            chunks.append((channel, self._buffer[at + _HEADER.size : end]))
            at = end
        self._buffer = self._buffer[at:]
        return tuple(chunks)
