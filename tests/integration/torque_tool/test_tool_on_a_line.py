"""Driver and simulated controller on a real line: their port owners carry the bytes, simulated time goes in steps."""

from __future__ import annotations

import random

import pytest
from tool_rig import PSETS

from drivers.api import AcknowledgeResult, ArmTool, CommandDone, Connected, Disconnected, DriverEvent, TighteningResult
from drivers.session import PortOwner
from drivers.simulated_line import LockStep, SimulatorPort
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator


@pytest.mark.parametrize("carriage", list(Carriage))
def test_a_tightening_survives_an_unplugged_line(carriage: Carriage) -> None:
    """It should tighten, lose the line in the next rundown, come back, and still learn what was measured meanwhile."""
    now_s = 0.0
    events: list[DriverEvent] = []
    simulator = OpenProtocolSimulator(PSETS, random.Random(2), carriage=carriage)
    port = SimulatorPort(None, simulator, lambda: now_s, wants_hangup=simulator.wants_hangup)
    owner = PortOwner(port.connect, OpenProtocolTool(carriage=carriage), lambda: now_s, events.append)
    step = LockStep([(owner, port)])

    def run(seconds: float) -> None:
        nonlocal now_s
        for _ in range(round(seconds / 0.1)):
            now_s += 0.1
            step.settle(now_s)

    def results() -> list[int]:
        return [event.tightening_id for event in events if isinstance(event, TighteningResult)]

    try:
        run(1.0)
        assert isinstance(events[0], Connected)
        owner.submit(ArmTool(command_id="arm", pset=7))
        run(0.2)
        assert isinstance(events[-1], CommandDone)
        assert simulator.pull_trigger(sound_joint(PSETS[7]), now_s)
        run(3.0)
        owner.submit(AcknowledgeResult(command_id="ack", tightening_id=1))
        run(0.2)
        assert results() == [1]
        assert simulator.pull_trigger(sound_joint(PSETS[7]), now_s)
        run(0.2)
        port.unplug()
        run(4.0)
        assert sum(isinstance(event, Disconnected) for event in events) == 1
        port.plug_in()
        run(4.0)
        assert sum(isinstance(event, Connected) for event in events) == 2
        assert results() == [1, 2]
        assert not simulator.enabled
    finally:
        owner.close()
        port.close()
