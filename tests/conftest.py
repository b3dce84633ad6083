"""What every test must leave behind: nothing. And the browser that some of them need."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GONE_WITHIN_S = 2.0
"""How long a thread or a child that has been told to end may take."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
QUIETER = ("--disable-component-update", "--disable-sync")


def pytest_configure() -> None:
    """No property fails for being slow: on a busy machine the first example may take any time."""
    settings.register_profile("unhurried", settings(), deadline=None)
    settings.load_profile("unhurried")


class _AsyncioComplaints(logging.Handler):
    """Keeps what asyncio says of tasks that nobody ended or whose error nobody saw."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def children() -> dict[int, str]:
    """This process's children, zombies too: process id -> name."""
    with contextlib.suppress(ChildProcessError):
        # Asks without taking: most tests have none, and then /proc need not be read.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return dict(_listed_children())
    return {}


def _listed_children() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # A process may end between the listing and the look.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # proc(5): "pid (name) state ppid ..."; the name may hold spaces and brackets.
                head, _, tail = (entry / "stat").read_text().rpartition(")")
                if int(tail.split()[1]) == os.getpid():
                    yield int(entry.name), head.partition("(")[2]


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.is_alive()}


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> Iterator[None]:
    """It should end every thread, every child process and every asyncio task that it began."""
    threads, processes = _threads(), set(children())
    complaints = _AsyncioComplaints()
    logging.getLogger("asyncio").addHandler(complaints)
    try:
        yield
        gc.collect(1)
    finally:
        logging.getLogger("asyncio").removeHandler(complaints)
    end_s = time.monotonic() + GONE_WITHIN_S
    while (left := _left(threads, processes)) and time.monotonic() < end_s:
        time.sleep(0.01)
    left += [f"asyncio: {said}" for said in complaints.said]
    assert not left, f"this test left behind: {'; '.join(left)}"


def _left(threads: set[threading.Thread], processes: set[int]) -> list[str]:
    left = [f"thread {thread.name}" for thread in _threads() - threads]
    return left + [f"process {pid} ({name})" for pid, name in children().items() if pid not in processes]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium without a window. A module's tests share it; each opens a context of its own."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("There is no Chromium; run `make browser`, or install one (Debian: apt-get install chromium).")
    from playwright.sync_api import sync_playwright

    arguments = [*QUIET, *QUIETER, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
