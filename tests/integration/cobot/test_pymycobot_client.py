"""The vendor's own client, pymycobot, drives the simulated arm over a pseudo-terminal and over TCP.

It runs in a process of its own: importing it configures the root logger, and its constructor sleeps 1.5 s.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest

from drivers.cobot.mycobot280.kinematics import coords
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.link import PtyPair
from drivers.simulated_line import SimulatorPort, TcpSimulatorPort

TABLE = [
    ([0, 0, 0, 0, 0, 0], [45.6, -63.4, 412.67, -90, 0, -90]),
    ([1.40, 0.61, -0.26, -1.93, 1.75, -1.75], [44.4, -60.8, 411.7, -91.14, -1.72, -86.71]),
    ([0, -30, 60, -30, 0, 0], [52.8, -63.4, 385.018, -90, 0, -90]),
    ([10, -20, 30.5, 0, 5, -45], [60.794, -49.623, 411.426, -75.136, -44.951, -85.535]),
]
"""Joint angles and the arm's coordinates: the published table's, and in the second row those of a real arm."""

CLIENT = """
import json, sys, time
from pymycobot import MyCobot280, MyCobot280Socket

kind, where = sys.argv[1:3]
arm = MyCobot280(where) if kind == "pty" else MyCobot280Socket("127.0.0.1", int(where))
seen = {"powered_before": arm.is_power_on(), "power_on": arm.power_on(), "powered": arm.is_power_on()}
seen["enabled"] = arm.is_all_servo_enable()


def until(value):
    for _ in range(400):
        if arm.is_moving() == value:
            return True
        time.sleep(0.01)
    return False


def past(angle):
    while arm.get_angles()[0] < angle:
        time.sleep(0.01)


seen["table"] = []
for angles in json.loads(sys.argv[3]):
    assert arm.send_angles(angles, 100) == 1
    until(0)
    seen["table"].append([arm.get_angles(), arm.get_coords()])
seen["in_position"] = arm.is_in_position(angles, 0)

# A motion begins and ends; half-way a stop; a pause from which it goes on.
seen["at_rest"] = arm.is_moving()
seen["send"] = arm.send_angles([90, -20, 30.5, 0, 5, -45], 60)
seen["starts"] = until(1)
past(30)
seen["stop"] = arm.stop()
seen["ends"] = until(0)
seen["stopped"] = arm.get_angles()[0]
arm.send_angles([90, -20, 30.5, 0, 5, -45], 60)
past(seen["stopped"] + 15)
seen["pause"] = arm.pause()
seen["pause_rests"] = until(0)
seen["paused"], seen["paused_at"] = arm.is_paused(), arm.get_angles()[0]
time.sleep(0.1)
seen["still_at"] = arm.get_angles()[0]
seen["resume"] = arm.resume()
until(0)
seen["resumed_to"] = arm.get_angles()[0]

target = [60.8, 20.0, 390.0, -75.1, -45.0, -5.5]
seen["send_coords"] = arm.send_coords(target, 100, 1)
until(0)
seen["target"], seen["reached"] = target, arm.get_coords()
seen["jog"] = arm.jog_increment_angle(1, 5, 90)
until(0)
seen["min"], seen["max"] = arm.get_joint_min_angle(2), arm.get_joint_max_angle(2)
seen["gripper_set"] = arm.set_gripper_value(50, 100)
seen["gripper_moves"] = arm.is_gripper_moving()
seen["colour"] = arm.set_color(0, 0, 255)
time.sleep(0.6)
seen["gripper"], seen["gripper_rests"] = arm.get_gripper_value(), arm.is_gripper_moving()
seen["tool"] = [arm.set_tool_reference([0, 0, 50, 0, 0, 0]), arm.set_end_type(1), arm.get_tool_reference()]
seen["tip"] = arm.get_coords()
arm.set_end_type(0)
seen["encoder"], seen["encoder_angle"] = arm.get_encoder(6), arm.get_angles()[5]
seen["error"] = arm.get_error_information()
seen["beyond"], seen["limit_error"] = arm.send_angle(2, 138, 50), arm.get_error_information()
seen["clear"], seen["cleared"] = arm.clear_error_information(), arm.get_error_information()
seen["unreachable"] = arm.send_coords([10, 10, -60, 0, 0, 0], 50, 0)
seen["inverse_error"] = arm.get_error_information()
seen["version"], seen["voltages"] = arm.get_system_version(), arm.get_servo_voltages()
seen["status"], seen["temperatures"] = arm.get_servo_status(), arm.get_servo_temps()
seen["both"] = arm.get_angles_coords()
seen["power_off"], seen["off"] = arm.power_off(), arm.is_power_on()
print(json.dumps(seen))
"""


@contextmanager
def reachable(kind: str, arm: MyCobot280Simulator) -> Iterator[str]:
    """The arm in a thread of its own: a path, or a port's number."""
    stop = threading.Event()
    with closing(PtyPair()) as pair:
        port: SimulatorPort | TcpSimulatorPort = SimulatorPort(pair.far_end, arm, time.monotonic)
        where = pair.path
        if kind == "tcp":
            port = TcpSimulatorPort("127.0.0.1", 0, arm, time.monotonic)
            where = str(port.address[1])
        worker = threading.Thread(target=port.run, args=(stop,))
        worker.start()
        try:
            yield where
        finally:
            stop.set()
            worker.join(timeout=5.0)


def test_the_vendors_client_finds_what_it_expects() -> None:
    """It should get acknowledgements, motion, stops, pauses, coordinates and errors as from an arm, on either line."""
    kinds = ("pty", "tcp")
    arms = {kind: MyCobot280Simulator(random.Random(1), reply_s=0.005) for kind in kinds}
    postures = json.dumps([angles for angles, _ in TABLE])
    with ExitStack() as stack:
        clients = {}
        for kind in kinds:
            where = stack.enter_context(reachable(kind, arms[kind]))
            command = [sys.executable, "-c", CLIENT, kind, where, postures]
            clients[kind] = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
        for kind, client in clients.items():
            said, errors = client.communicate(timeout=60)
            assert client.returncode == 0, f"{kind}: {errors}"
            found_as_expected(json.loads(said.splitlines()[-1]))
            assert arms[kind].colour == (0, 0, 255)


def found_as_expected(seen: dict[str, Any]) -> None:
    assert (seen["powered_before"], seen["power_on"], seen["powered"], seen["enabled"]) == (0, 1, 1, 1)
    for (angles, pose), (told_angles, told_pose) in zip(TABLE, seen["table"], strict=True):
        assert told_angles == pytest.approx(angles, abs=0.02)
        assert told_pose[:3] == pytest.approx(pose[:3], abs=3.0)
        assert told_pose == pytest.approx(coords(angles), abs=0.06)
    words = ("in_position", "send", "stop", "pause", "paused", "resume", "send_coords", "jog", "gripper_set", "colour")
    assert {word: seen[word] for word in words} == dict.fromkeys(words, 1)
    assert (seen["at_rest"], seen["starts"], seen["ends"], seen["pause_rests"]) == (0, True, True, True)
    assert 30 < seen["stopped"] < 75
    assert seen["stopped"] + 15 < seen["paused_at"] == seen["still_at"] < 89
    assert seen["resumed_to"] == pytest.approx(90, abs=0.02)
    assert seen["reached"][:3] == pytest.approx(seen["target"][:3], abs=3.0)
    assert seen["reached"][3:] == pytest.approx(seen["target"][3:], abs=1.0)
    assert (seen["min"], seen["max"]) == (-135.0, 135.0)
    assert (seen["gripper_moves"], seen["gripper"], seen["gripper_rests"]) == (1, 50, 0)
    assert seen["tool"] == [1, 1, [0, 0, 50, 0, 0, 0]]
    assert sum((a - b) ** 2 for a, b in zip(seen["tip"][:3], seen["both"][6:9], strict=True)) ** 0.5 == pytest.approx(
        50, abs=0.3
    )
    assert seen["encoder"] == pytest.approx(2048 + seen["encoder_angle"] * 4096 / 360, abs=1)
    assert (seen["error"], seen["beyond"], seen["limit_error"], seen["clear"], seen["cleared"]) == (0, 0, 2, 1, 0)
    assert (seen["unreachable"], seen["inverse_error"]) == (0, 32)
    assert (seen["version"], seen["voltages"]) == (7.3, [7.4] * 6)
    assert (seen["status"], seen["temperatures"]) == ([0] * 6, [31] * 6)
    assert len(seen["both"]) == 12
    assert (seen["power_off"], seen["off"]) == (1, 0)
