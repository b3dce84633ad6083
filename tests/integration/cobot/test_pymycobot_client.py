"""The vendor's own client, pymycobot, drives the simulated arm over a pseudo-terminal.

It runs in a process of its own: importing it configures the root logger, and its constructor sleeps 1.5 s.
"""

import json
import random
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from drivers.cobot.mycobot280.kinematics import coords
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.link import PtyPair
from drivers.simulated_line import SimulatorPort

CLIENT = """
import json, sys, time
from pymycobot import MyCobot280

arm = MyCobot280(sys.argv[1])
seen = {"powered_before": arm.is_power_on(), "power_on": arm.power_on(), "powered": arm.is_power_on()}


def rest():
    for _ in range(200):
        if arm.is_moving() == 0:
            return
        time.sleep(0.02)


seen["send_angles"] = arm.send_angles([10, -20, 30.5, 0, 5, -45], 90)
rest()
seen["angles"] = arm.get_angles()
seen["coords"] = arm.get_coords()
seen["in_position"] = arm.is_in_position([10, -20, 30.5, 0, 5, -45], 0)
target = [60.8, -80.0, 390.0, -75.1, -45.0, -85.5]
seen["send_coords"] = arm.send_coords(target, 90, 1)
rest()
seen["target"], seen["reached"] = target, arm.get_coords()
seen["jog"] = arm.jog_increment_angle(1, 5, 90)
rest()
seen["stop"] = arm.stop()
seen["min"], seen["max"] = arm.get_joint_min_angle(2), arm.get_joint_max_angle(2)
seen["gripper_set"], seen["colour"] = arm.set_gripper_value(50, 100), arm.set_color(0, 0, 255)
time.sleep(0.6)
seen["gripper"], seen["encoder"] = arm.get_gripper_value(), arm.get_encoder(6)
seen["error"], seen["version"] = arm.get_error_information(), arm.get_system_version()
seen["voltages"], seen["status"] = arm.get_servo_voltages(), arm.get_servo_status()
seen["both"] = arm.get_angles_coords()
print(json.dumps(seen))
"""


def test_the_vendors_client_finds_what_it_expects() -> None:
    """It should get acknowledgements, postures, coordinates and the small things from the simulated arm."""
    arm = MyCobot280Simulator(random.Random(1), reply_s=0.005)
    stop = threading.Event()
    with closing(PtyPair()) as pair:
        worker = threading.Thread(target=SimulatorPort(pair.far_end, arm, time.monotonic).run, args=(stop,))
        worker.start()
        try:
            client = subprocess.run(
                [sys.executable, "-c", CLIENT, pair.path], capture_output=True, text=True, timeout=60, check=False
            )
        finally:
            stop.set()
            worker.join(timeout=5.0)
    assert client.returncode == 0, client.stderr
    seen = json.loads(client.stdout.splitlines()[-1])
    assert (seen["powered_before"], seen["power_on"], seen["powered"]) == (0, 1, 1)
    assert seen["send_angles"] == seen["send_coords"] == seen["jog"] == seen["stop"] == seen["in_position"] == 1
    assert seen["angles"] == pytest.approx([10, -20, 30.5, 0, 5, -45], abs=0.02)
    assert seen["coords"] == pytest.approx(coords((10, -20, 30.5, 0, 5, -45)), abs=0.06)
    assert seen["reached"][:3] == pytest.approx(seen["target"][:3], abs=3.0)
    assert seen["reached"][3:] == pytest.approx(seen["target"][3:], abs=1.0)
    assert (seen["min"], seen["max"]) == (-135.0, 135.0)
    assert (seen["gripper_set"], seen["gripper"], seen["colour"]) == (1, 50, 1)
    assert seen["encoder"] == pytest.approx(2048 + arm.angles_deg[5] * 4096 / 360, abs=1)
    assert (seen["error"], seen["version"]) == (0, 7.3)
    assert seen["voltages"] == [7.4] * 6
    assert seen["status"] == [0] * 6
    assert len(seen["both"]) == 12
    assert arm.colour == (0, 0, 255)
