"""Alarms, inputs and identifiers of the simulated controller."""

from __future__ import annotations

import pytest
from op_client import PSET, Client, controller

from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.messages import read


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_an_alarm_is_told_and_ended_at_the_controller(revision: int) -> None:
    """It should push 0071 in the revision subscribed to, and 0074 with its code at the end."""
    client = Client(controller()).start()
    assert client.accepts(70, revision=revision) == []
    client.simulator.raise_alarm("E404", "Transducer", client.now_s, tool_ready=False)
    [alarm] = client.hear()
    values = read(alarm)
    assert (alarm.mid, alarm.revision, values["code"]) == (71, revision, "E404")
    assert (values["controller_ready"], values["tool_ready"]) == (1, 0)
    assert values.get("text", "Transducer") == "Transducer"
    assert values.get("tool_health", 2) == 2
    client.tell(72)
    client.simulator.end_alarm(client.now_s)
    [ended] = client.hear()
    assert (ended.mid, ended.revision, read(ended)["code"]) == (74, min(2, revision), "E404")
    assert client.tell(75) == []
    client.simulator.end_alarm(client.now_s)
    assert client.hear() == []


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_an_alarm_that_stands_is_told_after_the_subscription(revision: int) -> None:
    """It should push 0076 behind the answer to 0070, and wait for 0077."""
    client = Client(controller()).start()
    client.simulator.raise_alarm("1010", "Hot", client.now_s)
    [status] = client.accepts(70, revision=revision)
    values = read(status)
    assert (status.mid, values["active"], values["code"]) == (76, 1, "1010")
    assert [message.mid for message in client.wait(5.0)] == [76]
    client.tell(77)
    client.ask(9999)
    assert client.wait(10.0) == []


def test_an_alarm_that_stops_locks_the_tool_and_can_be_ended_from_remote() -> None:
    """It should end the running rundown, keep the tool from turning, and take 0078 once."""
    client = Client(controller()).start()
    client.accepts(60, no_ack=True)
    client.accepts(70, no_ack=True)
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    client.wait(0.5)
    client.simulator.raise_alarm("E1", "", client.now_s, controller_ready=False)
    assert [message.mid for message in client.hear()] == [61, 71]
    assert not client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    assert [message.mid for message in client.accepts(78)] == [74]
    assert client.refusal(78) == 58
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)


def test_inputs_are_told_at_once_and_when_they_change() -> None:
    """It should push all eight after 0210 and after a change, and nothing when nothing changed."""
    client = Client(controller()).start()
    client.simulator.set_inputs((3,), client.now_s)
    [first] = client.accepts(210, no_ack=True)
    assert (first.mid, first.data) == (211, b"00100000")
    client.simulator.set_inputs((8, 1), client.now_s)
    assert [message.data for message in client.hear()] == [b"10000001"]
    client.simulator.set_inputs((1, 8), client.now_s)
    assert client.hear() == []
    with pytest.raises(ValueError, match="between 1 and 8"):
        client.simulator.set_inputs((9,), client.now_s)
    assert client.refusal(210) == 50
    client.accepts(213)
    assert client.refusal(213) == 51


def test_identifiers_are_told_in_all_their_parts() -> None:
    """It should push 0052 in both revisions and 0152, and refuse what is too long or empty."""
    client = Client(controller()).start()
    client.accepts(51, revision=2, no_ack=True)
    client.accepts(151, no_ack=True)
    pushed = client.accepts(50, b"VIN7")
    assert [(message.mid, len(message.data)) for message in pushed] == [(52, 108), (152, 128)]
    assert pushed[0].data[:29] == b"01VIN7" + b" " * 21 + b"02"
    assert pushed[1].data[:34] == b"0110101VIN7" + b" " * 21 + b"02"
    assert client.refusal(50, b"x" * 26) == 1
    assert client.refusal(50) == 1
    assert client.refusal(150, b"x" * 101) == 1
    client.accepts(150, b"y" * 100)
    assert client.simulator.vin == "y" * 100
    assert client.refusal(151) == 43
    client.accepts(154)
    assert client.refusal(154) == 44
