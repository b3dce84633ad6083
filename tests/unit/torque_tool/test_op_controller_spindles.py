"""Several spindles of the simulated controller: they start and are told together, read here by their bytes."""

from __future__ import annotations

import pytest
from op_client import PSET, Client, controller

from drivers.torque_tool.open_protocol.joint_physics import JointKind, sound_joint
from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.protocol import Message


def spindles_of(message: Message, first: int, width: int) -> list[bytes]:
    """The rows from this byte on; bytes as the specification counts them, from 1 and with the header."""
    data = message.data[first - 21 :]
    return [data[at : at + width] for at in range(0, int(message.data[2:4]) * width, width)]


def test_spindles_turn_and_are_told_together() -> None:
    """It should push 0061 of the first, 0091 and 0101 of all, with one sync id and a torque for each spindle."""
    client = Client(controller(spindles=3)).start()
    client.accepts(60, revision=2, no_ack=True)
    client.accepts(90, no_ack=True)
    client.accepts(100, no_ack=True)
    for sync_id in (1, 2):
        assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
        assert client.simulator.running
        assert not client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
        heard = client.wait(4.0)
        client.ask(9999)
        assert [message.mid for message in heard] == [61, 91, 101]
        values = read(heard[0])
        assert values["sync_tightening_id"] == sync_id
        assert int(heard[1].data[6:11]) == sync_id
        assert heard[1].data[34:35] == b"1"
        assert spindles_of(heard[1], 58, 5) == [b"01011", b"02021", b"03031"]
        told = heard[2].data
        assert int(told[144:149]) == sync_id
        assert (20 + len(told), told[151:152]) == (174 + 18 * 3, b"1")
        rows = spindles_of(heard[2], 175, 18)
        torques = [int(row[6:12]) for row in rows]
        assert len(set(torques)) == 3
        assert torques[0] == pytest.approx(values["torque_nm"] * 100)  # type: ignore[operator]
        assert all(800 <= torque <= 1000 for torque in torques)


@pytest.mark.parametrize(("revision", "length"), [(1, 174), (2, 174), (3, 174), (4, 179), (5, 186)])
def test_a_multi_spindle_result_has_the_length_of_its_revision(revision: int, length: int) -> None:
    """It should add the subtype from revision 4 on, and the job sequence number from 5 on."""
    client = Client(controller(spindles=2)).start()
    data = {1: b"", 2: b"0000000000"}.get(revision, b"0000000000"[:10] + b"0")
    client.accepts(100, data, revision=revision)
    [told] = client.tighten()
    assert (told.revision, 20 + len(told.data)) == (revision, length + 36)


@pytest.mark.parametrize(("revision", "status"), [(1, b"0"), (4, b"0")])
def test_one_bad_spindle_makes_the_whole_not_ok(revision: int, status: bytes) -> None:
    """It should tell a status for each spindle and one over all."""
    client = Client(controller(spindles=2)).start()
    client.accepts(100, revision=revision, no_ack=True)
    assert client.simulator.pull_trigger(sound_joint(PSET, JointKind.LOW_TORQUE), client.now_s)
    [told] = client.wait(4.0)
    assert told.data[151:152] == b"0"
    assert [row[4:6] for row in spindles_of(told, 175, 18)] == [b"0" + status] * 2


def test_a_disable_stops_all_spindles_with_one_result() -> None:
    """It should report together what every spindle had reached."""
    client = Client(controller(spindles=2)).start()
    client.accepts(100, no_ack=True)
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    client.wait(0.5)
    [told] = client.accepts(42)
    assert told.mid == 101
    assert not client.simulator.running
    assert client.wait(3.0) == []


def test_one_spindle_alone_is_no_sync_master() -> None:
    """It should refuse the subscriptions with 30; with several spindles, doubled and missing ones with 31 to 34."""
    alone = Client(controller()).start()
    assert (alone.refusal(90), alone.refusal(100)) == (30, 30)
    client = Client(controller(spindles=2)).start()
    for begin, end, code in ((90, 93, 31), (100, 103, 33)):
        assert client.refusal(end) == code + 1
        client.accepts(begin)
        assert client.refusal(begin) == code
        client.accepts(end)


@pytest.mark.parametrize("count", [0, 11])
def test_a_controller_has_one_to_ten_spindles(count: int) -> None:
    """It should refuse any other number."""
    with pytest.raises(ValueError, match="1 to 10 spindles"):
        controller(spindles=count)
