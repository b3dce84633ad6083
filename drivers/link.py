"""Byte lines by URL: serial ports, pseudo-terminals, TCP, and a pair in memory. The only importer of pyserial.

All lines are one class, `DescriptorLink`: a file descriptor that is read and written without waiting. What differs is
only how it is opened. pyserial opens and configures a serial port; after that its `read` adds nothing but four kinds of
error for one unplugged cable (`SerialException`, `OSError`, `termios.error`, `TypeError`), so the descriptor is used.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import termios
import tty
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from drivers.api import LinkError

CHUNK_BYTES = 65536
WRITE_WAIT_MS = 20
"""How long a write may wait for room before the line counts as lost: a peer that reads leaves room at once."""
CONNECT_TIMEOUT_S = 0.5


class _Owner(Protocol):
    """What owns a descriptor and can give it back."""

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class _Descriptor:
    """Owner of a bare file descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        os.close(self._fd)


class DescriptorLink:
    """A `drivers.api.Link` over any descriptor that can be polled. Takes ownership of `owner`."""

    def __init__(self, owner: _Owner, url: str) -> None:
        """`url` is how the line is named in errors."""
        self._owner = owner
        self._fd = owner.fileno()
        self._closed = False
        self.url = url
        self.bytes_in = 0
        """Bytes read since the line was opened."""
        self.bytes_out = 0
        """Bytes written since the line was opened."""
        os.set_blocking(self._fd, False)

    def fileno(self) -> int:
        """A descriptor that `select` can wait on. Raises LinkError when the line is closed."""
        if self._closed:
            raise LinkError(f"the line {self.url} is closed; open it again before using it")
        return self._fd

    def _ready(self, event: int, timeout_ms: int) -> bool:
        poll = select.poll()
        poll.register(self.fileno(), event)
        return bool(poll.poll(timeout_ms))

    def read_available(self) -> bytes:
        """All bytes that wait, empty when none. Raises LinkError when the line is gone.

        Bytes that arrived before a hang-up are delivered first; the call after that raises.
        """
        chunks: list[bytes] = []
        while self._ready(select.POLLIN, 0):
            try:
                chunk = os.read(self._fd, CHUNK_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                if chunks:
                    break
                raise self._lost(error) from error
            if not chunk:  # Readable and yet nothing to read: the far end hung up (terminal) or closed (socket).
                if chunks:
                    break
                raise self._lost("the far end closed it")
            chunks.append(chunk)
        data = b"".join(chunks)
        self.bytes_in += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Write all of it. Raises LinkError when the line is gone or the peer takes nothing for 20 ms."""
        rest = memoryview(data)
        while rest:
            if not self._ready(select.POLLOUT, WRITE_WAIT_MS):
                raise self._lost("the far end takes no more bytes")
            try:
                written = os.write(self._fd, rest)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._lost(error) from error
            self.bytes_out += written
            rest = rest[written:]

    def close(self) -> None:
        """Close; may be called twice."""
        if self._closed:
            return
        self._closed = True
        # A device that is already gone makes closing fail as well, and there is nothing left to do about it.
        with contextlib.suppress(OSError, termios.error):
            self._owner.close()

    def _lost(self, why: OSError | str) -> LinkError:
        reason = why if isinstance(why, str) else (why.strerror or str(why))
        return LinkError(f"the line {self.url} was lost ({reason}); check its cable and that the device has power")


def open_link(url: str, *, baudrate: int = 115200) -> DescriptorLink:
    """Open a line by URL: a device path (`/dev/...`, by-id, a pseudo-terminal or a link to one) or `socket://host:port`.

    Raises LinkError naming the URL and what to do. A serial port is opened for us alone; on TCP small messages are
    sent at once (`TCP_NODELAY`), because Nagle with delayed acknowledgement costs 40 ms a command.
    """
    if url.startswith("socket://"):
        return _open_socket(url)
    if "://" in url:
        raise LinkError(f"cannot open {url}: only device paths and socket://host:port are known; correct the address")
    return _open_serial(url, baudrate)


def _open_socket(url: str) -> DescriptorLink:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise LinkError(f"cannot open {url}: {error}; write it as socket://host:port") from error
    if host is None or port is None:
        raise LinkError(f"cannot open {url}: host or port is missing; write it as socket://host:port")
    try:
        connection = socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S)
    except OSError as error:
        raise LinkError(f"cannot reach {url} ({error}); check the address, the network and the device") from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return DescriptorLink(connection, url)


def _open_serial(url: str, baudrate: int) -> DescriptorLink:
    import serial

    try:
        port = serial.Serial(url, baudrate, timeout=0, exclusive=True)
    except (serial.SerialException, OSError, termios.error, TypeError, ValueError) as error:
        if getattr(error, "errno", None) in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in str(error):
            raise LinkError(f"another program holds the port {url}; close it, or name another port") from error
        raise LinkError(
            f"cannot open {url} ({error}); check that the device is plugged in and that this user may open serial ports"
        ) from error
    return DescriptorLink(port, url)


def memory_pair(name: str = "memory") -> tuple[DescriptorLink, DescriptorLink]:
    """Two ends of a line inside this process. What one end has written, the other's next read returns entirely."""
    left, right = socket.socketpair()
    return DescriptorLink(left, f"{name}:near"), DescriptorLink(right, f"{name}:far")


class PtyPair:
    """A pseudo-terminal whose far end belongs to a simulator and whose `path` opens like a serial port.

    Both ends are raw, and the near descriptor stays open here: without it the far end is hung up whenever no client
    has the path open.
    """

    def __init__(self, symlink: Path | None = None) -> None:
        """`symlink` is a stable name for the path. Raises LinkError when it cannot be made or is not a link."""
        far, near = os.openpty()
        for fd in (far, near):
            tty.setraw(fd)
        device = os.ttyname(near)
        self._near_fd: int | None = near
        self._symlink = symlink
        self.path = device if symlink is None else str(symlink)
        self.far_end = DescriptorLink(_Descriptor(far), f"far end of {self.path}")
        if symlink is not None:
            try:
                _point(symlink, device)
            except LinkError:
                self._symlink = None
                self.close()
                raise

    def unplug(self) -> None:
        """Pull the cable: whoever has the path open gets a hang-up, and the path is gone."""
        self.close()

    def close(self) -> None:
        """Close both ends and remove the link; may be called twice."""
        self.far_end.close()
        if self._near_fd is not None:
            os.close(self._near_fd)
            self._near_fd = None
        if self._symlink is not None:
            self._symlink.unlink(missing_ok=True)
            self._symlink = None


def _point(symlink: Path, device: str) -> None:
    try:
        if symlink.is_symlink():  # Left behind by a simulator that was killed.
            symlink.unlink()
        symlink.symlink_to(device)
    except OSError as error:
        raise LinkError(
            f"cannot make the link {symlink} to a pseudo-terminal ({error.strerror}); name a path that does not exist "
            "yet, in a folder that can be written"
        ) from error


class Listener:
    """A TCP port that waits for clients, for simulators that are reached by `socket://`."""

    def __init__(self, host: str, port: int) -> None:
        """Port 0 takes a free one; `address` tells which. Raises LinkError when the port cannot be had."""
        try:
            self._socket = socket.create_server((host, port))
        except OSError as error:
            raise LinkError(f"cannot listen on {host}:{port} ({error}); choose another port or host") from error
        self._socket.setblocking(False)
        bound = self._socket.getsockname()
        self.address: tuple[str, int] = (str(bound[0]), int(bound[1]))

    def fileno(self) -> int:
        """A descriptor that is readable when a client waits."""
        return self._socket.fileno()

    def accept(self) -> DescriptorLink | None:
        """The next client, or None when nobody waits."""
        try:
            connection, peer = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return DescriptorLink(connection, f"client {peer[0]}:{peer[1]}")

    def close(self) -> None:
        """Stop listening; may be called twice."""
        self._socket.close()
