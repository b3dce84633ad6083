"""A small RTDE client that shares nothing with the product: V, v, O, I, S, U, P in the order of the vendor's client."""

import socket
import struct

LETTERS = {"DOUBLE": "d", "VECTOR6D": "6d", "INT32": "i", "UINT32": "I", "UINT64": "Q", "BOOL": "?", "UINT8": "B"}


class PlainRtdeClient:
    def __init__(self, host: str, port: int = 30004) -> None:
        self._socket = socket.create_connection((host, port), timeout=5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._formats: dict[int, str] = {}

    def __enter__(self) -> "PlainRtdeClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def receive(self) -> tuple[str, bytes]:
        size, kind = struct.unpack(">HB", self._exactly(3))
        return chr(kind), self._exactly(size - 3)

    def send(self, kind: str, payload: bytes = b"") -> None:
        self._socket.sendall(struct.pack(">HB", 3 + len(payload), ord(kind)) + payload)

    def exchange(self, kind: str, payload: bytes = b"") -> bytes:
        """Send, and take the answer of the same kind; data packages in between are skipped."""
        self.send(kind, payload)
        while True:
            answered, answer = self.receive()
            if answered == kind:
                return answer

    def negotiate(self) -> tuple[int, ...]:
        assert self.exchange("V", struct.pack(">H", 2)) == b"\1"
        return struct.unpack(">IIII", self.exchange("v"))

    def outputs(self, *names: str, hertz: float = 125.0) -> list[str]:
        answer = self.exchange("O", struct.pack(">d", hertz) + ",".join(names).encode())
        types = answer[1:].decode().split(",")
        if all(name in LETTERS for name in types):
            self._formats[answer[0]] = ">B" + "".join(LETTERS[name] for name in types)
        return types

    def inputs(self, *names: str) -> tuple[int, list[str]]:
        answer = self.exchange("I", ",".join(names).encode())
        return answer[0], answer[1:].decode().split(",")

    def start(self) -> bool:
        return self.exchange("S") == b"\1"

    def pause(self) -> bool:
        return self.exchange("P") == b"\1"

    def data(self) -> tuple:
        while True:
            kind, payload = self.receive()
            if kind == "U":
                return struct.unpack(self._formats[payload[0]], payload)[1:]

    def write(self, recipe: int, layout: str, *values: float) -> None:
        self.send("U", struct.pack(">B" + layout, recipe, *values))
