"""From other threads' news to waiting coroutines: a bell that everybody who waits hears."""

from __future__ import annotations

import asyncio
import threading


class Bell:
    """`ring` from any thread; on the loop take a ticket, look, then wait for the ticket: so no news is missed."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticket = asyncio.Event()
        self._lock = threading.Lock()
        self._asked = False

    def open(self) -> None:
        """From the event loop that the waiters run on: rings are heard from now on."""
        with self._lock:
            self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """The loop is about to end: rings are no longer heard."""
        with self._lock:
            self._loop, self._asked = None, False

    def ticket(self) -> asyncio.Event:
        """Set at the next ring."""
        return self._ticket

    def ring(self) -> None:
        """Wake everybody who waits. Many rings before the loop's turn are one."""
        with self._lock:
            if self._loop is not None and not self._asked:
                self._asked = True
                self._loop.call_soon_threadsafe(self._rung)

    def _rung(self) -> None:
        with self._lock:
            self._asked = False
        rung, self._ticket = self._ticket, asyncio.Event()
        rung.set()
