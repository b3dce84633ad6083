"""`station cobot` and a simulated arm on a real line: seen, planned, moved, taught, interrupted; and what is wrong."""

import random
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.link import PtyPair, open_link
from drivers.simulated_line import SimulatorPort
from station.cli import app
from station.config.gestures_file import load_gestures

CONFIG = Path(__file__).parents[3] / "config"


class Arm:
    """A simulated arm that runs in a thread, and the command line with its address."""

    def __init__(self, url: str, simulator: MyCobot280Simulator) -> None:
        self.url = url
        self.simulator = simulator

    def run(self, *words: str, keys: str = "", config: Path = CONFIG / "station.sim.toml") -> tuple[int, str]:
        """Exit code and everything printed."""
        options = [] if words[0] == "plan" else ["--link", self.url]
        ended = CliRunner().invoke(app, ["cobot", *words, "--config", str(config), *options], input=keys)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return ended.exit_code, ended.output


@contextmanager
def running(**simulator_of):
    simulator = MyCobot280Simulator(random.Random(3), **simulator_of)
    pair, stop = PtyPair(None), threading.Event()
    port = SimulatorPort(pair.far_end, simulator, time.monotonic)
    thread = threading.Thread(target=port.run, args=(stop,))
    thread.start()
    try:
        yield Arm(pair.path, simulator)
    finally:
        stop.set()
        thread.join()
        pair.close()


@pytest.fixture
def bench(tmp_path):
    """A station file of its own, whose gestures may be written to."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    return folder / "station.sim.toml"


def test_the_arm_is_seen():
    """It should tell identity, joints and figures, and that it takes motion."""
    with running(angles_deg=(10.0, -20.0, 30.0, 0.0, 0.0, 5.0)) as arm:
        code, text = arm.run("status")
    assert code == 0
    assert "myCobot 280" in text and "powered, ready" in text
    assert "10.00 deg" in text and "-20.00 deg" in text and "°C" in text


def test_a_gesture_is_shown_asked_for_and_gone():
    """It should say how near it comes to what, move only after a yes, and end where the gesture ends."""
    with running() as arm:
        code, text = arm.run("gesture", "home", "--speed", "30", keys="n\n")
        assert code == 1 and "nearest" in text and "No camera watches here" in text
        assert arm.simulator.angles_deg == pytest.approx((0.0,) * 6, abs=0.1)
        code, text = arm.run("gesture", "home", "--speed", "30", keys="y\n")
        assert (code, "The arm stands there." in text) == (0, True)
        assert arm.simulator.angles_deg == pytest.approx((-30, -13, -51, -85, 0, 0), abs=0.6)


def test_a_gesture_is_interrupted(monkeypatch):
    """It should have the arm stand still, on its way, when the person presses Ctrl-C."""
    from station.commands import arm_line

    waited = arm_line.ArmLine._end_of

    def pressed(self, command_id, within_s):
        if within_s == arm_line.ENDS_WITHIN_S:
            waiting = threading.Event()
            for _ in range(20):
                self.owner.renew_lease()
                waiting.wait(0.05)
            raise KeyboardInterrupt
        return waited(self, command_id, within_s)

    monkeypatch.setattr(arm_line.ArmLine, "_end_of", pressed)
    with running() as arm:
        code, text = arm.run("gesture", "home", "--yes")
        assert code == 130 and "stand still" in text
        stood = arm.simulator.angles_deg
        assert stood != pytest.approx((0.0,) * 6, abs=0.5) and stood[3] > -80.0
        time.sleep(0.3)
        assert arm.simulator.angles_deg == stood


def test_a_posture_is_taught(bench):
    """It should be in the file with its name, the former file kept, and no gesture of another kind replaced."""
    with running(angles_deg=(5.0, -15.0, -40.0, -30.0, 2.0, 1.0)) as arm:
        assert arm.run("teach", "over-tray", "--by", "Ken", config=bench)[0] == 0
        assert arm.run("teach", "over the tray", config=bench)[0] == 1
        code, text = arm.run("teach", "hold", "--yes", config=bench)
        assert code == 1 and "another kind" in text
    taught = load_gestures(bench.parent / "gestures.sim.toml").by_name["over-tray"]
    assert taught.angles_deg == pytest.approx((5.0, -15.0, -40.0, -30.0, 2.0, 1.0), abs=0.1)
    assert taught.taught_by == "Ken"
    assert list((bench.parent / "history").iterdir())


def test_free_drive_ends_with_the_command():
    """It should warn of sinking first, and have the arm hold its place again at the end."""
    with running() as arm:
        code, text = arm.run("free-drive", "on", keys="n\n")
        assert code == 1 and "sinks" in text
        code, text = arm.run("free-drive", "on", keys="y\n\n")
        assert (code, text.rstrip().endswith("The arm holds its place.")) == (0, True)


def test_without_a_device_plans_are_shown():
    """It should plan every gesture of the station and say how near each comes; a name that is none fails."""
    runner = CliRunner()
    ended = runner.invoke(app, ["cobot", "plan", "--all"])
    assert ended.exit_code == 0
    names = load_gestures(CONFIG / "gestures.sim.toml").by_name
    assert [line.split()[0] for line in ended.output.splitlines()] == list(names)
    ended = runner.invoke(app, ["cobot", "plan", "dance"])
    assert ended.exit_code == 1 and "motion.unknown_gesture" in ended.output
    assert runner.invoke(app, ["cobot", "plan"]).exit_code == 2


@pytest.mark.parametrize(("word", "part"), [("off", "does not answer"), ("garbage", "wrong baud rate")])
def test_an_arm_that_gives_no_sense(word, part):
    """It should say which: silence, or bytes at a wrong rate."""
    with running() as arm:
        arm.simulator.fail(word)
        with pytest.raises(Exception, match=part):
            arm.run("status")


def test_another_program_holds_the_port():
    """It should say so, and name the port."""
    with running() as arm:
        other = open_link(arm.url)
        try:
            with pytest.raises(Exception, match="another program holds the port"):
                arm.run("status")
        finally:
            other.close()


def test_nothing_is_there():
    """It should name the line, and for a simulated arm say how to get one."""
    runner = CliRunner()
    ended = runner.invoke(app, ["cobot", "status", "--link", "/dev/no-such-port"])
    assert "/dev/no-such-port" in str(ended.exception)
    ended = runner.invoke(app, ["cobot", "status"])
    assert "station simulate cobot" in str(ended.exception)


def test_held_keys_move_it_and_silence_does_not():
    """It should move while a key comes again and again, and stand still 0.3 s after the last."""
    from station.commands.cobot import bench_of
    from station.commands.cobot_motion import jog

    presses = iter("q" * 60)
    stands: list[tuple[float, ...]] = []
    quiet_s = 0.0

    def key():
        nonlocal quiet_s
        time.sleep(0.02)
        pressed = next(presses, None)
        if pressed is not None:
            quiet_s = time.monotonic()
            return pressed
        if time.monotonic() - quiet_s < 0.8:
            return None
        stands.append(arm.simulator.angles_deg)
        return "x" if len(stands) > 8 else None

    with running() as arm:
        bench = bench_of(CONFIG / "station.sim.toml", link=arm.url, family=None, baudrate=None)
        said: list[str] = []
        assert jog(bench, said.append, key, percent=5) == 0
    assert stands[0][0] > 2.0 and stands[0][1:] == pytest.approx((0.0,) * 5, abs=0.3)
    assert set(stands) == {stands[0]}, "it moved without a key"
