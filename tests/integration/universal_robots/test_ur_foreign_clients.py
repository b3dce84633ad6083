"""Clients that know nothing of this project, at the simulated controller's own ports: 29999, 30004, 30002."""

import json
import math
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from plain_rtde_client import PlainRtdeClient
from tcp_rig import controller_on_ports, eventually

from drivers.cobot.universal_robots.line import Channel
from drivers.cobot.universal_robots.models import MODELS
from drivers.cobot.universal_robots.report import RobotMode
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_ports import FREE_PORTS, PATIENCE_S, ControllerPorts

HOME_RAD = [math.radians(angle) for angle in (0, -90, 90, -90, -90, 0)]


def compiled_client(what: str, host: str) -> dict:
    """Run `compiled_client.py`; what it saw."""
    script = Path(__file__).with_name("compiled_client.py")
    ran = subprocess.run([sys.executable, script, what, host], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (line,) = [line for line in ran.stdout.splitlines() if line.startswith("seen:")]
    return json.loads(line.removeprefix("seen:"))


def test_the_compiled_dashboard_client_switches_the_arm_on_and_off() -> None:
    """It should tell modes and identity, power on, release the brakes and power off for ur_rtde's DashboardClient."""
    with controller_on_ports() as (robot, host, _):
        assert compiled_client("dashboard", host) == {
            "mode": "Robotmode: POWER_OFF",
            "safety": "Safetystatus: NORMAL",
            "version": "5.11.1.108318",
            "serial": robot.serial,
            "model": "UR5",
            "remote": True,
            "running": False,
            "off again": "Robotmode: POWER_OFF",
        }
        assert robot.robot_mode is RobotMode.POWER_OFF


def test_the_compiled_receiver_and_io_client_read_the_arm_and_move_the_slider() -> None:
    """It should stream all variables that ur_rtde's receiver asks for, and let its RTDEIOInterface set the slider."""
    with controller_on_ports(powered=True) as (robot, host, _):
        seen = compiled_client("receiver", host)
        assert seen == {"q": pytest.approx(HOME_RAD), "safety": 1, "slider set": True}
        assert robot.slider == pytest.approx(0.3)


def test_a_plain_client_follows_the_whole_sequence() -> None:
    """It should negotiate, set up both ways, start, stream at the rate asked for, take inputs, and pause."""
    with controller_on_ports(powered=True) as (robot, host, _), PlainRtdeClient(host) as client:
        assert client.negotiate() == (5, 11, 1, 108318)
        assert client.outputs("timestamp", "actual_q", "robot_mode", "safety_mode") == [
            "DOUBLE",
            "VECTOR6D",
            "INT32",
            "INT32",
        ]
        recipe, types = client.inputs("speed_slider_mask", "speed_slider_fraction")
        assert (recipe, types) == (1, ["UINT32", "DOUBLE"])
        assert client.start()
        stamps = []
        for _ in range(50):
            timestamp, *joints, mode, safety = client.data()
            stamps.append(timestamp)
            assert joints == pytest.approx(HOME_RAD)
            assert (mode, safety) == (7, 1)
        assert stamps == sorted(stamps)
        assert (stamps[-1] - stamps[0]) / 49 == pytest.approx(1 / 125, rel=0.5)
        client.write(recipe, "Id", 1, 0.6)
        eventually(lambda: robot.slider == pytest.approx(0.6))
        client.write(recipe, "Id", 0, 0.9)
        assert client.pause()
        assert robot.slider == pytest.approx(0.6)


def test_names_that_are_unknown_or_taken_are_answered_as_such() -> None:
    """It should say NOT_FOUND and IN_USE, start nothing without a recipe, and free inputs with their client."""
    with controller_on_ports(FREE_PORTS) as (_, host, url):
        port = int(url.split("rtde=")[1].split("&")[0])
        with PlainRtdeClient(host, port) as first, PlainRtdeClient(host, port) as second:
            assert first.outputs("timestamp", "no_such_thing") == ["DOUBLE", "NOT_FOUND"]
            assert not first.start()
            assert first.exchange("V", b"\0\1") == b"\0"
            assert first.inputs("input_int_register_24")[0] == 1
            assert first.inputs("input_int_register_24", "speed_slider_mask") == (2, ["INT32", "UINT32"])
            assert second.inputs("input_int_register_24", "input_double_register_47") == (0, ["IN_USE", "DOUBLE"])
            assert second.inputs("input_int_register_48")[1] == ["NOT_FOUND"]
        with PlainRtdeClient(host, port) as third:
            eventually(lambda: third.inputs("input_int_register_24")[0] != 0)


def test_a_client_that_breaks_the_protocol_is_hung_up_on() -> None:
    """It should close the connection after a package that cannot be, and go on serving others."""
    with controller_on_ports(FREE_PORTS) as (_, host, url):
        port = int(url.split("rtde=")[1].split("&")[0])
        with PlainRtdeClient(host, port) as bad, PlainRtdeClient(host, port) as good:
            bad.send("V", b"")
            bad._socket.sendall(b"\0\0U")
            with pytest.raises(EOFError):
                while True:
                    bad.receive()
            assert good.negotiate()


def test_a_client_that_does_not_read_is_dropped() -> None:
    """It should drop a client whose socket has been full for ten seconds, by the clock that it is handed."""
    now_s = 0.0
    ports = ControllerPorts("127.0.0.3", SimulatedController(MODELS["UR5e"]), lambda: now_s, FREE_PORTS)
    try:
        lazy = PlainRtdeClient("127.0.0.3", ports.ports[Channel.RTDE])
        with lazy:
            lazy._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            names = b",".join(b"actual_q" for _ in range(900))
            lazy.send("O", b"\x40\x7f\x40\0\0\0\0\0" + names)
            lazy.send("S")
            full, taken_s = False, 0.0
            for _ in range(8000):
                now_s += 0.01
                ports.pump(now_s)
                if not ports._clients:
                    break
                # The kernel moves bytes from buffer to buffer when it likes: the last that it took count.
                full = full or bool(ports._clients[0][1]._backlog)
                taken_s = ports._clients[0][1]._taken_s
            assert full and not ports._clients
            assert PATIENCE_S <= now_s - taken_s + 1e-9 < PATIENCE_S + 0.02
    finally:
        ports.close()


def test_a_restart_drops_everybody() -> None:
    """It should close every connection when the controller is switched off and on, and take new ones afterwards."""
    with controller_on_ports(FREE_PORTS, boot_s=0.2) as (robot, host, url):
        port = int(url.split("dashboard=")[1].split("&")[0])
        with socket.create_connection((host, port), timeout=5) as client:
            assert client.recv(100).startswith(b"Connected")
            robot.restart()
            assert client.recv(100) == b""
        eventually(lambda: not robot.booting)
        with socket.create_connection((host, port), timeout=5) as client:
            assert client.recv(100).startswith(b"Connected")
            client.sendall(b"nonsense\nrobotmode\n")
            told = b""
            while told.count(b"\n") < 2:
                told += client.recv(200)
            assert told == b"could not understand: 'nonsense'\nRobotmode: POWER_OFF\n"
