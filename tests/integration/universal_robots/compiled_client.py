"""A process that drives a controller with the compiled `ur_rtde` and prints what it saw, as one line of JSON.

A process of its own, because the library holds the interpreter's lock while it waits for the network.
"""

import json
import sys
import time
from collections.abc import Callable

import dashboard_client
import rtde_io
import rtde_receive


def until(happened: Callable[[], bool], limit_s: float = 10.0) -> float:
    begun_s = time.monotonic()
    while not happened():
        if time.monotonic() > begun_s + limit_s:
            sys.exit("it did not happen")
        time.sleep(0.01)
    return time.monotonic() - begun_s


def dashboard(host: str) -> dict[str, object]:
    client = dashboard_client.DashboardClient(host)
    client.connect()
    seen: dict[str, object] = {
        "mode": client.robotmode(),
        "safety": client.safetystatus(),
        "version": client.polyscopeVersion(),
        "serial": client.getSerialNumber(),
        "model": client.getRobotModel(),
        "remote": client.isInRemoteControl(),
        "running": client.running(),
    }
    client.powerOn()
    until(lambda: client.robotmode() == "Robotmode: IDLE")
    client.brakeRelease()
    until(lambda: client.robotmode() == "Robotmode: RUNNING")
    client.powerOff()
    seen["off again"] = client.robotmode()
    client.quit()
    return seen


def receiver(host: str) -> dict[str, object]:
    client = rtde_receive.RTDEReceiveInterface(host)
    io = rtde_io.RTDEIOInterface(host)
    until(lambda: client.getRobotMode() == 7)
    first_s = client.getTimestamp()
    until(lambda: client.getTimestamp() > first_s + 0.2)
    seen: dict[str, object] = {"q": client.getActualQ(), "safety": client.getSafetyMode()}
    seen["slider set"] = io.setSpeedSlider(0.3)
    until(lambda: abs(client.getTargetSpeedFraction() - 0.3) < 1e-6)
    io.disconnect()
    client.disconnect()
    return seen


if __name__ == "__main__":
    what, address = sys.argv[1:]
    print("seen:" + json.dumps({"dashboard": dashboard, "receiver": receiver}[what](address)))
