"""One program at a time drives a bench, and however it ends, what is to be done at the end is done."""

import subprocess
import sys
import time
from signal import SIGHUP, SIGTERM

import pytest

from station.commands.bench_lock import BenchBusyError, bench_alone, drives_bench

HOLD = """
import sys, time
from pathlib import Path
from station.commands.bench_lock import drives_bench
with drives_bench(Path(sys.argv[1]), "station calibrate torque"):
    print("held", flush=True)
    try:
        time.sleep(60)
    finally:
        print("ending", flush=True)
        time.sleep(1)
        print("the tool is off", flush=True)
"""


def _holder(folder):
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert held.stdout is not None
    assert held.stdout.readline() == b"held\n"
    return held


def _try(folder):
    with bench_alone(folder, "a command on the arm"):
        pass


def test_a_second_program_is_told_who_works_there_and_gets_in_after_it(tmp_path):
    told = r"`station run` \(process \d+\) works on this bench; end it first"
    with bench_alone(tmp_path, "station run"), pytest.raises(BenchBusyError, match=told):
        _try(tmp_path)
    with bench_alone(tmp_path, "a command on the arm"):
        pass


def test_a_bench_is_free_when_its_program_was_killed(tmp_path):
    held = _holder(tmp_path)
    with pytest.raises(BenchBusyError, match="station calibrate torque"), bench_alone(tmp_path, "station run"):
        pass
    held.kill()
    held.communicate()
    with bench_alone(tmp_path, "station run"):
        pass


@pytest.mark.parametrize("number", [SIGTERM, SIGHUP])
def test_a_closed_terminal_or_a_polite_kill_ends_it_in_order(tmp_path, number):
    held = _holder(tmp_path)
    time.sleep(0.1)
    held.send_signal(number)
    assert held.stdout is not None
    assert held.stdout.readline() == b"ending\n"
    # The shell sends another one, and so does who closes the connection.
    held.send_signal(SIGHUP)
    held.send_signal(SIGTERM)
    out, _ = held.communicate(timeout=20)
    assert out == b"the tool is off\n"
    assert held.returncode != 0


def test_the_signals_are_as_before_afterwards(tmp_path):
    from signal import getsignal

    before = getsignal(SIGTERM), getsignal(SIGHUP)
    with drives_bench(tmp_path, "a command on the arm"):
        assert (getsignal(SIGTERM), getsignal(SIGHUP)) != before
    assert (getsignal(SIGTERM), getsignal(SIGHUP)) == before
