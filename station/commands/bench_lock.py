"""One program at a time drives a bench: some devices' lines would let two in, neither knowing of the other."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

LOCK = "bench.lock"


class BenchBusyError(Exception):
    """Another program drives this bench. The text says which, and what to do."""

    code = "bench.busy"


@contextmanager
def bench_alone(data_dir: Path, what: str) -> Iterator[None]:
    """Hold the bench for this program; `what` is its name for people. Let go at the end, or when the program dies.

    Raises BenchBusyError, OSError.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / LOCK).open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchBusyError(f"{_holder(data_dir)} works on this bench; end it first") from None
        held.truncate(0)
        held.write(json.dumps({"what": what, "process": os.getpid()}))
        held.flush()
        yield


def _holder(data_dir: Path) -> str:
    try:
        found = json.loads((data_dir / LOCK).read_text(encoding="utf-8"))
        return f"`{found['what']}` (process {found['process']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "Another program"


@contextmanager
def drives_bench(data_dir: Path, what: str) -> Iterator[None]:
    """As `bench_alone`, for a command at a terminal: a closed terminal or a polite kill ends it like Ctrl-C.

    So whatever is to be done at the end is done: the arm stands, the tool is off, the lines are closed. For the main
    thread only. Raises BenchBusyError, OSError.
    """
    signals = (signal.SIGTERM, signal.SIGHUP)
    with bench_alone(data_dir, what):

        def end_once(number: int, frame: FrameType | None) -> None:
            # A closed terminal and its shell both send one: the second must not cut short what the first has begun.
            for each in signals:
                signal.signal(each, signal.SIG_IGN)
            raise KeyboardInterrupt

        former = {number: signal.signal(number, end_once) for number in signals}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
