"""Foreign clients of a tightening controller, after the specification alone: bytes by hand, nothing of the product.

Two of them behave as published clients do, byte by byte. `PlainClient` writes headers of digits alone
(`00200001006001010000`), asks for revision 6 of 0001 and 7 of 0060 and steps down on code 97, pads a VIN to 25
characters, queues its 0062 behind an outstanding command, and takes part in the link level when 0002 offers it.
`QuietClient` writes `00200001003` and blanks, asks for revision 2 of 0060 without any other, never sends 0062 or 9999,
and reads no header whose revision is blank.

Both are strict: NUL exactly at Length, ETX behind it on a serial line, digits where digits belong.
"""

from __future__ import annotations

import os
import select
import socket
import tty
from collections.abc import Callable
from typing import Protocol


class Line(Protocol):
    """A real line: a socket, or a serial device."""

    def write(self, data: bytes) -> None: ...

    def read(self) -> bytes: ...

    def close(self) -> None: ...


class TcpLine:
    """A TCP connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=2.0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self) -> bytes:
        """What is there within a millisecond; raises EOFError when the controller has closed."""
        if not select.select([self._socket], [], [], 0.001)[0]:
            return b""
        data = self._socket.recv(65536)
        if not data:
            raise EOFError("the controller has closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


class SerialLine:
    """A serial device, opened raw."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._fd)

    def write(self, data: bytes) -> None:
        assert os.write(self._fd, data) == len(data)

    def read(self) -> bytes:
        return os.read(self._fd, 65536) if select.select([self._fd], [], [], 0.001)[0] else b""

    def close(self) -> None:
        os.close(self._fd)


class Wire:
    """Messages on a line: framing by hand. `pump` gives the controller's side its turn."""

    def __init__(self, line: Line, pump: Callable[[], object], *, serial: bool) -> None:
        self._line = line
        self._pump = pump
        self._serial = serial
        self._buffer = b""
        self.said: list[bytes] = []
        self.heard: list[bytes] = []

    def say(self, message: bytes) -> None:
        assert int(message[:4]) == len(message), message
        self.said.append(message)
        self._line.write(b"\x07\x09\x07\x09\x02" + message + b"\x00\x03" if self._serial else message + b"\x00")

    def hear(self, turns: int = 500) -> bytes | None:
        """The next message; None when none comes."""
        for _ in range(turns):
            message = self._take()
            if message is not None:
                self.heard.append(message)
                return message
            self._pump()
            self._buffer += self._line.read()
        return None

    def close(self) -> None:
        self._line.close()

    def _take(self) -> bytes | None:
        start = 1 if self._serial else 0
        if len(self._buffer) < start + 20:
            return None
        assert not self._serial or self._buffer[:1] == b"\x02", self._buffer
        length = int(self._buffer[start : start + 4])
        tail = b"" if self._buffer[start + 4 : start + 8] == b"0900" else b"\x00"
        tail += b"\x03" if self._serial else b""
        end = start + length + len(tail)
        if len(self._buffer) < end:
            return None
        message = self._buffer[start : start + length]
        assert self._buffer[start + length : end] == tail, self._buffer
        self._buffer = self._buffer[end:]
        return message


def part(message: bytes, first: int, last: int) -> str:
    """Bytes as the specification counts them: from 1, both ends included."""
    return message[first - 1 : last].decode("ascii")


class PlainClient:
    """Asks and waits for the answer; what is pushed meanwhile is kept in `pushed`."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.pushed: list[bytes] = []
        self.numbered = False
        self.controller = b""
        """The 0002 that the controller sent."""
        self._next = 1
        self._expected = 1
        self._unacknowledged: list[bytes] = []

    def start(self) -> int:
        """0001 from revision 6 downwards: the revision that was taken."""
        for revision in range(6, 0, -1):
            self._say(f"00200001{revision:03d}001010000".encode())
            answer = self._hear()
            if answer[4:8] == b"0002":
                assert part(answer, 9, 11).strip() in (f"{revision:03d}", "" if revision == 1 else "-")
                self.controller = answer
                self.numbered = revision == 6 and part(answer, 176, 176) == "1"
                return revision
            assert (answer[4:8], part(answer, 21, 26)) == (b"0004", "000197"), answer
        raise AssertionError("no revision of 0001 is spoken")

    def subscribe_results(self) -> int:
        """0060 from revision 7 downwards: the revision that was taken."""
        for revision in range(7, 0, -1):
            answer = self.ask(60, revision=revision)
            if answer[4:8] == b"0005":
                assert part(answer, 21, 24) == "0060"
                return revision
            assert (answer[4:8], part(answer, 21, 26)) == (b"0004", "006097"), answer
        raise AssertionError("no revision of 0060 is spoken")

    def ask(self, mid: int, data: bytes = b"", *, revision: int = 1) -> bytes:
        """The answer to a request. Pushes that come first are kept, and acknowledged after the answer."""
        self._say(f"{20 + len(data):04d}{mid:04d}{revision:03d}001010000".encode() + data)
        while True:
            message = self._hear()
            if self._is_push(message):
                self._keep(message)
                continue
            for one in self._unacknowledged:
                self._acknowledge(one)
            self._unacknowledged.clear()
            return message

    def accepts(self, mid: int, data: bytes = b"", *, revision: int = 1) -> None:
        """The request is answered by 0005."""
        answer = self.ask(mid, data, revision=revision)
        assert (answer[4:8], part(answer, 21, 24)) == (b"0005", f"{mid:04d}"), answer

    def refused(self, mid: int, data: bytes = b"", *, revision: int = 1) -> int:
        """The code of the 0004 that the request is answered by."""
        answer = self.ask(mid, data, revision=revision)
        assert (answer[4:8], part(answer, 21, 24)) == (b"0004", f"{mid:04d}"), answer
        return int(part(answer, 25, 26))

    def push(self) -> bytes:
        """The next message that is pushed, acknowledged."""
        if not self.pushed:
            message = self._hear()
            assert self._is_push(message), message
            self._keep(message)
            self._acknowledge(self._unacknowledged.pop())
        return self.pushed.pop(0)

    def ignored(self, mid: int) -> bool:
        """Whether this request is not answered at all."""
        self._say(f"0020{mid:04d}001001010000".encode())
        return self.wire.hear(turns=20) is None

    def keep_alive(self) -> None:
        """9999, mirrored."""
        assert self.ask(9999)[4:8] == b"9999"

    def _keep(self, message: bytes) -> None:
        self.pushed.append(message)
        self._unacknowledged.append(message)

    def _acknowledge(self, message: bytes) -> None:
        """The acknowledgement of its own, which the link level makes unnecessary."""
        if not self.numbered:
            self._say(f"0020{int(message[4:8]) + 1:04d}001001010000".encode())

    def _is_push(self, message: bytes) -> bool:
        return int(message[4:8]) in (15, 22, 35, 52, 61, 71, 76, 101, 211)

    def _say(self, message: bytes) -> None:
        if not self.numbered:
            self.wire.say(message)
            return
        self.wire.say(message[:16] + f"{self._next:02d}".encode() + message[18:])
        self._next = self._next % 99 + 1
        answer = self.wire.hear()
        while answer is not None and answer[4:8] != b"9997":  # A push was on its way.
            self._take_numbered(answer)
            self._keep(answer)
            answer = self.wire.hear()
        assert answer is not None
        assert (part(answer, 17, 18), part(answer, 21, 24)) == (f"{self._next:02d}", message[4:8].decode()), answer

    def _hear(self) -> bytes:
        message = self.wire.hear()
        assert message is not None, "the controller does not answer"
        if self.numbered:
            self._take_numbered(message)
        return message

    def _take_numbered(self, message: bytes) -> None:
        assert part(message, 17, 18) == f"{self._expected:02d}", message
        self._expected = self._expected % 99 + 1
        acknowledgement = f"0024999700100101{self._expected:02d}00".encode() + message[4:8]
        self.wire.say(acknowledgement)


class QuietClient:
    """Starts, subscribes, listens, stops; acknowledges nothing and never says that it lives."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def start(self) -> bytes:
        """0001 revision 3 and the blanks of the specification's example: the 0002."""
        return self._ask(b"00200001003         ")

    def subscribe_results(self) -> bytes:
        """0060 revision 2, and no other."""
        return self._ask(b"00200060002         ")

    def stop(self) -> bytes:
        """0003."""
        return self._ask(b"00200003001         ")

    def result(self) -> dict[str, str]:
        """What it reads of an 0061 revision 2, by the bytes of the table."""
        message = self.wire.hear()
        assert message is not None
        assert (message[4:11], len(message)) == (b"0061002", 385), message
        return {"cell": part(message, 23, 26), "status": part(message, 120, 120), "torque": part(message, 184, 189)}

    def _ask(self, message: bytes) -> bytes:
        self.wire.say(message)
        answer = self.wire.hear()
        assert answer is not None
        assert part(answer, 9, 11).isdigit(), answer
        return answer
