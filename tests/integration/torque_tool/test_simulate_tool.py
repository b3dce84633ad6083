"""`station simulate tool` as its user meets it: a process, a line, a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drivers.link import open_link
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.protocol import Message
from station.cli import app

COMMAND = (sys.executable, "-m", "station.cli", "simulate", "tool")
WITHIN_S = 30.0


class Foreign:
    """A client of the process on its line, in real time."""

    def __init__(self, url: str, carriage: Carriage) -> None:
        self._link = open_link(url)
        self._carriage = carriage
        self._ear = FrameParser(carriage, Side.CONTROLLER)
        self._heard: list[Message] = []

    def tell(self, mid: int, data: bytes = b"", revision: int = 1) -> None:
        self._link.write(frame(Message(mid=mid, revision=revision, data=data), self._carriage, Side.INTEGRATOR))

    def hear(self, mid: int) -> Message:
        """The next message with this MID; others before it are dropped."""
        end_s = time.monotonic() + WITHIN_S
        while time.monotonic() < end_s:
            while self._heard:
                message = self._heard.pop(0)
                if message.mid == mid:
                    return message
            select.select([self._link.fileno()], [], [], 0.1)
            self._heard += self._ear.feed(self._link.read_available())
        raise AssertionError(f"MID {mid:04d} has not come")

    def close(self) -> None:
        self._link.close()


@contextmanager
def running(*options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *options, "--view", "none"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def ended(process: subprocess.Popen[str]) -> str:
    """What it said of its client; it must end politely."""
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, said
    return said


def test_a_client_on_a_serial_line_reads_its_mistakes(tmp_path: Path) -> None:
    """It should be reached by the link that was asked for, tighten by itself, and name what the client did wrong."""
    path = tmp_path / "controller"
    with running("--pty", str(path), "--auto", "0.3", "--seed", "4") as process:
        assert f"at {path};" in first_line(process)
        client = Foreign(str(path), Carriage.SERIAL)
        try:
            client.tell(9999)
            client.tell(1, revision=6)
            assert read(client.hear(2))["controller_serial"] == "SIM0000001"
            client.tell(18, b"009")
            assert client.hear(4).data == b"001802"
            client.tell(60, revision=2)
            assert client.hear(5).data == b"0060"
            result = client.hear(61)
            assert read(result)["tightening_status"] == 1
            client.tell(62)
            client.tell(3)
            client.hear(5)
        finally:
            client.close()
        said = ended(process)
    assert "MID 9999 comes before 0001 and is not answered." in said
    assert "MID 0018 revision 1 is refused: parameter set id not present (code 02)." in said
    assert said.count("mistake:") == 2
    assert not path.is_symlink()


def test_a_second_client_on_tcp_is_told_that_the_controller_is_taken() -> None:
    """It should serve the first one on, note both, and be free again when the first one has gone."""
    with running("--tcp", "127.0.0.1:0", "--profile", "pf6000", "--header", "digits") as process:
        url = first_line(process).split(" at ")[1].split(";")[0]
        first, second = Foreign(url, Carriage.TCP), Foreign(url, Carriage.TCP)
        try:
            first.tell(1, revision=6)
            first.hear(2)
            second.tell(1, revision=6)
            assert second.hear(4).data == b"000116"
            first.tell(9999)
            first.hear(9999)
        finally:
            first.close()
            second.close()
        said = ended(process)
    assert "note: A second client has come and is turned away." in said
    assert "mistake: The client closed the line without 0003." in said


def test_in_a_terminal_it_draws_itself_and_obeys_keys() -> None:
    """It should show its state, tighten on t, and end on q with the terminal as it was."""
    near, far = pty.openpty()
    process = subprocess.Popen([*COMMAND, "--tcp", "127.0.0.1:0", "--spindles", "2"], stdin=far, stdout=far, stderr=far)
    os.close(far)
    shown = b""
    pressed, end_s = 0, time.monotonic() + WITHIN_S
    try:
        while process.poll() is None and time.monotonic() < end_s:
            if select.select([near], [], [], 0.2)[0]:
                try:
                    shown += os.read(near, 65536)
                except OSError:  # The far end of a pseudo-terminal is gone: EIO.
                    break
            if pressed == 0 and b"no rundown yet" in shown:
                os.write(near, b"t")
                pressed = 1
            elif pressed == 1 and b"2 of 2 OK" in shown:
                os.write(near, b"q")
                pressed = 2
        assert process.wait(WITHIN_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(near)
    assert pressed == 2, shown[-2000:]
    assert b"\x1b[?1049l" in shown


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--tcp", "4545x"], "has no port"),
        (["--tcp", "127.0.0.1:0", "--joint", "loose"], "there is no 'loose'"),
        (["--tcp", "127.0.0.1:0", "--profile", "mtf6000", "--link-level"], "has no sequence numbers"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(options: list[str], told: str) -> None:
    """It should name the option and what there is."""
    done = CliRunner().invoke(app, ["simulate", "tool", *options])
    assert done.exit_code == 2
    assert told in " ".join(done.output.replace("│", " ").split())


def test_a_file_that_is_not_there_is_told_without_a_traceback() -> None:
    """It should name the file and what to check."""
    options = ("--tcp", "127.0.0.1:0", "--psets", "nowhere.toml")
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("nowhere.toml: the file cannot be read")
