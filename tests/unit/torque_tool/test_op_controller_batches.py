"""Parameter sets and batches of the simulated controller, family by family."""

from __future__ import annotations

from dataclasses import replace

import pytest
from op_client import PSET, PSETS, Client, controller

from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, PF4000, PF6000, PF6000_28, ControllerProfile


@pytest.mark.parametrize(
    ("profile", "select", "size"), [(GENERIC, 2, 1), (PF4000, 2, 1), (PF6000, 3, 79), (PF6000_28, 3, 79)]
)
def test_an_unknown_set_is_refused_in_the_family_s_way(profile: ControllerProfile, select: int, size: int) -> None:
    """It should answer 0018 and 0019 with the code that its family is known for."""
    client = Client(controller(profile)).start()
    assert client.refusal(18, b"009") == select
    assert client.refusal(19, b"00902") == size


def test_a_full_batch_locks_the_tool_until_a_set_is_selected() -> None:
    """It should count good tightenings alone, tell the lock, and unlock with the next selection."""
    client = Client(controller()).start()
    client.accepts(60, no_ack=True)
    [lock] = client.accepts(21)
    assert (lock.mid, lock.data) == (22, b"0")
    client.tell(23)
    client.accepts(19, b"00402")
    counted = []
    for torque_nm in (9.0, 5.0, 9.0):
        assert client.simulator.enabled
        values = read(client.tighten(torque_nm)[0])
        counted.append((values["batch_size"], values["batch_counter"], values["batch_status"]))
    assert counted == [(2, 1, 0), (2, 1, 0), (2, 2, 1)]
    assert not client.simulator.enabled
    assert not client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    assert client.tell(23) == []
    answers = client.ask(18, b"004")
    assert [(answer.mid, answer.data) for answer in answers] == [(5, b"0018"), (22, b"0")]
    assert client.simulator.enabled
    client.tell(23)
    assert read(client.tighten()[0])["batch_counter"] == 1


def test_the_lock_is_told_when_the_batch_is_full() -> None:
    """It should push 0022 with a one after the last result of the batch."""
    client = Client(controller()).start()
    client.accepts(21, no_ack=True)
    client.accepts(60, no_ack=True)
    client.accepts(19, b"0040001", revision=2)
    assert [(message.mid, message.data[:1]) for message in client.tighten()] == [(61, b"0"), (22, b"1")]


def test_a_batch_goes_on_when_its_set_is_selected_again() -> None:
    """It should not forget what is counted because a client selects the same set before every tightening."""
    client = Client(controller()).start()
    client.accepts(60, no_ack=True)
    client.accepts(19, b"00402")
    client.tighten()
    client.accepts(18, b"004")
    client.accepts(19, b"00402")
    assert read(client.tighten()[0])["batch_status"] == 1


def test_a_batch_can_be_reset() -> None:
    """It should count from the beginning after 0020, and refuse it where nothing is counted."""
    client = Client(controller()).start()
    assert client.refusal(20, b"005") == 4
    client.accepts(60, no_ack=True)
    client.accepts(19, b"00402")
    client.tighten()
    client.accepts(20, b"004")
    assert read(client.tighten()[0])["batch_counter"] == 1


def test_a_set_may_bring_its_own_batch() -> None:
    """It should count a batch that the parameter set itself names."""
    client = Client(controller(psets={4: replace(PSET, batch_size=2)})).start()
    client.accepts(60, no_ack=True)
    assert [read(client.tighten()[0])["batch_status"] for _ in range(2)] == [0, 1]
    assert not client.simulator.enabled


def test_the_mt_focus_deselects_a_set_after_its_batch() -> None:
    """It should have no set selected then, take 0 as a selection, and not turn without one."""
    client = Client(controller(MTF6000)).start()
    client.accepts(19, b"00401")
    client.tighten()
    assert client.simulator.selected_pset == 0
    assert not client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    client.accepts(18, b"005")
    assert client.simulator.pull_trigger(sound_joint(PSETS[5]), client.now_s)
    assert client.refusal(18, b"000") == 3
    client.wait(3.0)
    client.accepts(18, b"000")
    assert client.simulator.selected_pset == 0
    assert Client(controller()).start().refusal(18, b"000") == 2


def test_the_lock_subscription_exists_once() -> None:
    """It should refuse the second one with 90 and the second end with 91."""
    client = Client(controller()).start()
    client.accepts(21)
    assert client.refusal(21) == 90
    client.accepts(24)
    assert client.refusal(24) == 91


def test_a_set_may_be_selected_by_another_number_than_it_has() -> None:
    """It should list and select identifier numbers, and speak of the set itself everywhere else."""
    client = Client(controller(PF6000, pset_identifiers={21: 4, 22: 5})).start()
    client.accepts(14, no_ack=True)
    assert client.ask(10)[0].data == b"002021022"
    assert client.refusal(18, b"005") == 3
    [pushed] = client.accepts(18, b"022")
    assert (pushed.mid, pushed.data[:3]) == (15, b"005")
    assert client.fetch(12, b"005")["name"] == "Nut"
    client.tighten()
    assert client.fetch(64, b"0000000000")["pset"] == 5
