"""A child process that works for one owner, with a line of messages to it; it cannot outlive its owner.

Messages are pickled values: both ends are this program. The module that runs in the child calls `served` first.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import signal
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
"""linux/prctl.h."""
ENDS_WITHIN_S = 1.0
"""How long a child that has lost its line may take; one that hangs in a driver is killed after that."""
GONE = (EOFError, OSError)
"""What reading or writing a line raises when the other end is gone."""


class Child:
    """The owner's side. Not thread-safe: one thread owns it, from beginning to end."""

    def __init__(self, module: str, setting: object, *, inherit: tuple[int, ...] = ()) -> None:
        """Start `python -m module` with `setting`, which must be picklable, and the descriptors in `inherit`."""
        self.line, theirs = Pipe()
        # Not over the line: a child that hangs before it reads must not make its owner hang.
        given = os.memfd_create("setting")
        os.write(given, pickle.dumps(setting))
        os.lseek(given, 0, os.SEEK_SET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(theirs.fileno()), str(given)],
            pass_fds=(theirs.fileno(), given, *inherit),
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        theirs.close()
        os.close(given)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wants_to_run(self) -> bool:
        """Whether a thread of it is busy or waits for a processor; sleeping ones wait for a device, or for a word."""
        try:
            threads = list(Path(f"/proc/{self._process.pid}/task").iterdir())
        except OSError:
            return False
        return any(_runs(thread) for thread in threads)

    def send(self, message: object) -> bool:
        """Send a message; False when the child is gone."""
        try:
            self.line.send(message)
        except GONE:
            return False
        return True

    def heard(self) -> list[Any] | None:
        """Every message that has come; None when the child is gone and all of its messages were handed out."""
        messages = []
        try:
            while self.line.poll(0.0):
                messages.append(self.line.recv())
        except GONE:
            return messages or None
        return messages

    def end(self, *, at_once: bool = False) -> None:
        """Close the line and see the child off; `at_once` kills it first. Calling it again does nothing."""
        self.line.close()
        if at_once:
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDS_WITHIN_S)
            return
        self._process.kill()
        # A child that hangs inside the kernel ends when the kernel lets go; its owner does not wait for that.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDS_WITHIN_S)


def _runs(thread: Path) -> bool:
    try:
        told = (thread / "stat").read_text()
    except OSError:
        return False  # It has ended meanwhile.
    # proc(5): "pid (name) state ..."; the name may hold spaces and brackets.
    return told.rpartition(")")[2].split()[0] == "R"


def served() -> tuple[Connection[Any, Any], Any]:
    """In the child: its line to the owner, and its setting. Ctrl-C is the owner's; the owner's end is the child's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    line: Connection[Any, Any] = Connection(int(sys.argv[1]))
    with open(int(sys.argv[2]), "rb") as given:  # noqa: PTH123 # a descriptor, no path
        return line, pickle.load(given)
