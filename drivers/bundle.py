"""Several lines to one device as one `drivers.session.CountedLink`: lost together, waited for together.

What goes through is the stream of `drivers.channels`: chunk number n belongs to line n. Nothing but the chunks' data is
on the lines themselves.
"""

from __future__ import annotations

import select
from collections.abc import Sequence

from drivers.api import LinkError
from drivers.channels import Untagger, tagged
from drivers.link import DescriptorLink, open_link


class BundleLink:
    """The lines of one device. When one of them is lost, all are: half a device is none."""

    def __init__(self, lines: Sequence[DescriptorLink]) -> None:
        """Takes ownership of the lines; line n is channel n."""
        self._lines = tuple(lines)
        self._untagger = Untagger()
        self._epoll = select.epoll()
        for line in self._lines:
            self._epoll.register(line.fileno(), select.EPOLLIN)
        self.bytes_in = 0
        """Bytes handed out by `read_available`, chunk headers included."""
        self.bytes_out = 0
        """Bytes taken by `write`, chunk headers included."""

    def fileno(self) -> int:
        """A descriptor that is readable when any line is. Raises LinkError when the bundle is closed."""
        if self._epoll.closed:
            raise LinkError("the lines to the device are closed; open them again before using them")
        return self._epoll.fileno()

    def read_available(self) -> bytes:
        """All bytes that wait on all lines, as chunks. Raises LinkError when a line is gone."""
        data = b"".join(tagged(channel, line.read_available()) for channel, line in enumerate(self._lines))
        self.bytes_in += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Write each chunk to its line, in order. Raises LinkError when a line is gone or takes nothing for 20 ms."""
        for channel, part in self._untagger.feed(data):
            self._lines[channel].write(part)
        self.bytes_out += len(data)

    def close(self) -> None:
        """Close all lines; may be called twice."""
        self._epoll.close()
        for line in self._lines:
            line.close()


def open_bundle(urls: Sequence[str]) -> BundleLink:
    """Open the lines in order (`drivers.link.open_link`). Raises LinkError, and closes all, when one cannot be had."""
    lines: list[DescriptorLink] = []
    try:
        lines.extend(open_link(url) for url in urls)
    except LinkError:
        for line in lines:
            line.close()
        raise
    return BundleLink(lines)
