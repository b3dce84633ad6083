"""Clients that share no code with this product work with the simulated controller, over TCP and over a serial line."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.plain_client import PlainClient, QuietClient, SerialLine, TcpLine, Wire, part
from tool_rig import MIRROR, PSETS

from drivers.link import PtyPair
from drivers.simulated_line import SimulatorPort, TcpSimulatorPort
from drivers.torque_tool.open_protocol.controller_busy import BusyController
from drivers.torque_tool.open_protocol.faulty_output import Chunks
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.profiles import PF4000, PF6000, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import HeaderStyle
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator


class Bench:
    """A simulated controller on a real line, and the time: a hundredth of a second a turn."""

    def __init__(self, simulator: OpenProtocolSimulator, port: SimulatorPort | TcpSimulatorPort) -> None:
        self.simulator = simulator
        self.now_s = 0.0
        self._port = port

    def turn(self) -> None:
        self.now_s += 0.01
        self._port.pump(self.now_s)

    def wait(self, seconds: float) -> None:
        self.turn()
        for _ in range(round(seconds / 0.1)):
            self.now_s += 0.1
            while self._port.pump(self.now_s):
                pass


@contextmanager
def line(carriage: str, simulator: OpenProtocolSimulator) -> Iterator[tuple[Bench, Wire]]:
    """A wire to the controller: a TCP connection, or the path of a pseudo-terminal."""
    if carriage == "tcp":
        server = TcpSimulatorPort("127.0.0.1", 0, simulator, lambda: 0.0, wants_hangup=simulator.wants_hangup)
        bench = Bench(simulator, server)
        wire = Wire(TcpLine(server.address), bench.turn, serial=False)
        try:
            yield bench, wire
        finally:
            wire.close()
            server.close()
    else:
        pair = PtyPair()
        bench = Bench(simulator, SimulatorPort(pair.far_end, simulator, lambda: 0.0))
        wire = Wire(SerialLine(pair.path), bench.turn, serial=True)
        try:
            yield bench, wire
        finally:
            wire.close()
            pair.close()


@pytest.mark.parametrize("chunks", list(Chunks))
@pytest.mark.parametrize("style", [HeaderStyle.SPACES, HeaderStyle.DIGITS, HeaderStyle.MIXED])
@pytest.mark.parametrize("link_level", [False, True])
@pytest.mark.parametrize("carriage", ["tcp", "serial"])
def test_a_client_after_the_specification_does_a_day_s_work(
    carriage: str, link_level: bool, style: HeaderStyle, chunks: Chunks
) -> None:
    """It should start, select, identify, get and acknowledge a result, ask it back, set the time and stop."""
    simulator = OpenProtocolSimulator(
        PSETS, random.Random(3), carriage=carriage, link_level=link_level, header_style=style, chunks=chunks
    )
    with line(carriage, simulator) as (bench, wire):
        client = PlainClient(wire)
        assert client.start() == 6
        assert (len(client.controller), client.numbered) == (221, link_level)
        assert client.subscribe_results() == 7
        assert part(client.ask(10), 21, 29) == "002007012"
        client.accepts(18, b"012")
        assert simulator.selected_pset == 12
        client.accepts(18, b"007")
        client.accepts(50, b"VIN00042".ljust(25))
        client.accepts(43)

        assert simulator.pull_trigger(sound_joint(MIRROR), bench.now_s)
        bench.wait(3.0)
        # A command goes out before the result was heard: the acknowledgement is queued behind it.
        assert part(client.ask(80), 21, 37) == "2026-01-01:00:00:"
        result = client.push()
        assert (result[:11], len(result)) == (b"05440061007", 544)
        assert part(result, 60, 84).rstrip() == "VIN00042"
        assert (part(result, 93, 95), part(result, 120, 120)) == ("007", "1")
        assert 810 <= int(part(result, 184, 189)) <= 990
        assert part(result, 304, 313) == "0000000001"

        client.accepts(82, b"2026-05-06:07:08:09")
        assert part(client.ask(80), 21, 37) == "2026-05-06:07:08:"
        old = client.ask(64, b"0000000001")
        assert (old[:11], len(old)) == (b"01180065001", 118)
        assert (part(old, 23, 32), part(old, 35, 59).rstrip()) == ("0000000001", "VIN00042")
        assert part(old, 82, 87) == part(result, 184, 189)
        assert client.refused(64, b"0000000009") == 15
        client.accepts(42)
        assert not simulator.pull_trigger(sound_joint(MIRROR), bench.now_s)
        client.keep_alive()
        client.accepts(3)
        assert client.numbered or client.ignored(9999)
        assert not simulator.client_connected


@pytest.mark.parametrize("carriage", ["tcp", "serial"])
def test_a_client_that_never_acknowledges_works_until_it_is_dropped(carriage: str) -> None:
    """It should serve one that says nothing after its subscription, and drop it after 15 s of silence."""
    simulator = OpenProtocolSimulator(PSETS, random.Random(4), carriage=carriage)
    with line(carriage, simulator) as (bench, wire):
        client = QuietClient(wire)
        started = client.start()
        assert (started[4:11], len(started)) == (b"0002003", 125)
        assert client.subscribe_results()[4:8] == b"0005"
        assert simulator.pull_trigger(sound_joint(MIRROR), bench.now_s)
        bench.wait(3.0)
        heard = client.result()
        assert (heard["cell"], heard["status"]) == ("0001", "1")
        bench.wait(6.0)
        assert client.result() == heard
        assert client.stop()[4:8] == b"0005"

        client.start()
        bench.wait(15.0)
        if carriage == "tcp":
            with pytest.raises(EOFError):
                wire.hear()
        else:
            assert wire.hear(turns=20) is None
        assert not simulator.client_connected


@pytest.mark.parametrize(("profile", "code"), [(PF4000, "96"), (PF6000, "16")])
def test_a_second_client_is_turned_away_on_a_connection_of_its_own(profile: ControllerProfile, code: str) -> None:
    """It should be told the family's code while the first one works on, and be served when that one has gone."""
    simulator = OpenProtocolSimulator(PSETS, random.Random(5), carriage="tcp", profile=profile)
    server = TcpSimulatorPort(
        "127.0.0.1", 0, simulator, lambda: 0.0, turn_away=lambda: BusyController(profile, style=HeaderStyle.DIGITS)
    )
    bench = Bench(simulator, server)
    wires = [Wire(TcpLine(server.address), bench.turn, serial=False) for _ in range(2)]
    try:
        first = PlainClient(wires[0])
        first.start()
        wires[1].say(b"00200001006001010000")
        assert wires[1].hear() == b"00260004001001010000" + b"0001" + code.encode()
        wires[1].say(b"00209999001001010000")
        assert wires[1].hear(turns=20) is None
        first.keep_alive()
        first.accepts(3)
        for wire in wires:
            wire.close()
        bench.wait(0.2)
        wires.append(Wire(TcpLine(server.address), bench.turn, serial=False))
        assert PlainClient(wires[2]).start() == 6
    finally:
        for wire in wires:
            wire.close()
        server.close()
