"""`station simulate`: one simulated device alone on a line, for any client of its protocol."""

from __future__ import annotations

import random
import signal
import threading
from pathlib import Path

from drivers.api import DeviceSimulator
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.link import PtyPair
from drivers.simulated_line import SimulatorPort, TcpSimulatorPort
from drivers.torque_tool.open_protocol.joint_physics import ParameterSet
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.runtime.clock import SystemClock

PSETS = {
    1: ParameterSet(
        pset=1,
        name="9 Nm",
        torque_min_nm=8.1,
        torque_max_nm=9.9,
        torque_target_nm=9.0,
        angle_min_deg=20,
        angle_max_deg=110,
        angle_target_deg=65,
        snug_nm=1.8,
    ),
    2: ParameterSet(
        pset=2,
        name="103 Nm",
        torque_min_nm=93.0,
        torque_max_nm=113.0,
        torque_target_nm=103.0,
        angle_min_deg=30,
        angle_max_deg=140,
        angle_target_deg=85,
        snug_nm=20.0,
    ),
}
"""What the lone controller is set to."""


def cobot(*, pty: Path | None, tcp: str | None, ack: str, fail: str | None, seed: int) -> int:
    """A myCobot 280 until interrupted."""
    simulator = MyCobot280Simulator(random.Random(seed), ack="legacy" if ack == "legacy" else "modern")
    if fail:
        simulator.fail(fail)
    return _serve("myCobot 280", simulator, pty, tcp, None)


def tool(*, pty: Path | None, tcp: str | None, auto_s: float | None, fail: str | None, seed: int) -> int:
    """An Open Protocol controller until interrupted: serial framing on a pseudo-terminal, plain on TCP."""
    simulator = OpenProtocolSimulator(
        PSETS, random.Random(seed), carriage="tcp" if tcp else "serial", auto_s=auto_s, enabled=True
    )
    if fail:
        simulator.fail(fail)
    return _serve("Open Protocol controller", simulator, pty, tcp, simulator)


def _serve(
    name: str, simulator: DeviceSimulator, pty: Path | None, tcp: str | None, controller: OpenProtocolSimulator | None
) -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    clock = SystemClock()
    if tcp is not None:
        host, _, port_text = tcp.rpartition(":")
        hangup = controller.wants_hangup if controller is not None else _never
        server = TcpSimulatorPort(host or "127.0.0.1", int(port_text), simulator, clock.now_s, wants_hangup=hangup)
        print(f"Simulated {name} at socket://{server.address[0]}:{server.address[1]}; end it with Ctrl-C.", flush=True)
        server.run(stop)
        return 0
    pair = PtyPair(pty)
    try:
        print(f"Simulated {name} at {pair.path}; end it with Ctrl-C.", flush=True)
        SimulatorPort(pair.far_end, simulator, clock.now_s).run(stop)
    finally:
        pair.close()
    return 0


def _never() -> None:
    return None
