"""Generic requests and subscriptions: curves (0900, 0901) and results in parts (1201, 1202), read by their bytes."""

from __future__ import annotations

import struct

import pytest
from op_client import PSET, Client, controller

from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, PF4000, PF6000, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message

BOTH_CURVES = b"0" + b" " * 29 + b"02001002"
NEW_RESULTS = b"0" + b" " * 29 + b"1"


def wanted(mid: int, extra: bytes = b"", revision: int = 1) -> bytes:
    return f"{mid:04d}{revision:03d}{len(extra):02d}".encode() + extra


def by_index(index: int) -> bytes:
    return wanted(1201, b"1" + b" " * 19 + f"{index:010d}".encode() + b"1")


def fields(data: bytes, count: int) -> tuple[dict[int, str], bytes]:
    """Variable data fields by their parameter id, and what follows them."""
    found = {}
    for _ in range(count):
        length = int(data[5:8])
        found[int(data[:5])] = data[17 : 17 + length].decode()
        data = data[17 + length :]
    return found, data


def curve(message: Message, order: str) -> tuple[int, list[float], float]:
    """Trace type, values and time between samples of an 0900, by the table of section 5.27."""
    data = message.data
    _, data = fields(data[32:], int(data[29:32]))
    trace_type, unit, parameters = int(data[:2]), int(data[4:7]), int(data[7:10])
    assert unit in {1: (50,), 2: (1, 90)}[trace_type]
    values, data = fields(data[10:], parameters)
    assert int(data[:3]) == 1
    length = int(data[13:16])
    every_s = float(data[21 : 21 + length])
    assert int(data[18:21]) == 200
    data = data[21 + length :]
    count = int(data[:5])
    assert data[5:6] == b"\x00"
    samples = struct.unpack(f"{order}{count}h", data[6:])
    factor = float(values[2214]) if 2214 in values else 1 / float(values[2213])
    return trace_type, [sample * factor for sample in samples], every_s


@pytest.mark.parametrize(
    ("profile", "order", "scale"), [(GENERIC, ">", 1.0), (PF6000, "<", 1.0), (MTF6000, "<", 1000.0)]
)
def test_curves_follow_the_result(profile: ControllerProfile, order: str, scale: float) -> None:
    """It should send angle and torque of a rundown, no more samples than the family sends, up to what is reported."""
    client = Client(controller(profile)).start()
    assert [answer.mid for answer in client.ask(8, wanted(900, BOTH_CURVES))] == [5]
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    heard = []
    for _ in range(3):
        heard += client.wait(3.0)
        heard += client.ask(5, b"0900")
    curves = {}
    for message in heard:
        assert message.mid == 900
        trace_type, values, every_s = curve(message, order)
        curves[trace_type] = values
        assert 10 < len(values) <= profile.trace_samples
        assert every_s >= 0.002
    assert set(curves) == {1, 2}
    assert len(curves[1]) == len(curves[2])
    result = client.ask(64, b"0000000000") if 64 in profile.revisions else []
    if result:
        torque_nm = read(result[0])["torque_nm"]
        assert isinstance(torque_nm, float)
        assert max(curves[2]) / scale == pytest.approx(torque_nm, rel=0.1)
    assert 7.0 < max(curves[2]) / scale < 11.0


def test_curves_are_not_sent_to_who_did_not_ask() -> None:
    """It should send a result alone, and nothing after the subscription has ended."""
    client = Client(controller()).start()
    client.accepts(60, no_ack=True)
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    assert [message.mid for message in client.wait(3.0)] == [61]
    client.ask(8, wanted(900, BOTH_CURVES))
    assert [message.data for message in client.ask(9, wanted(900, b"01999"))] == [b"0900"]
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    assert [message.mid for message in client.wait(3.0)] == [61]


def test_a_curve_waits_for_its_acknowledgement() -> None:
    """It should repeat 0900 until 0005 names it."""
    client = Client(controller()).start()
    client.ask(8, wanted(900, b"0" + b" " * 29 + b"01002"))
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    [first] = client.wait(3.0)
    client.ask(9999)
    [again] = client.wait(4.0)
    assert again.data == first.data
    client.ask(5, b"0900")
    client.ask(9999)
    assert client.wait(10.0) == []


@pytest.mark.parametrize(
    ("mid", "data", "code"),
    [
        (8, wanted(61), 73),
        (8, wanted(900, BOTH_CURVES, revision=7), 74),
        (8, wanted(900, b"1" + BOTH_CURVES[1:]), 78),
        (8, wanted(900, b"0" + b" " * 29 + b"01003"), 78),
        (8, wanted(900, b"0" + b" " * 29 + b"02001"), 1),
        (8, wanted(900), 1),
        (8, b"09", 1),
        (8, wanted(1201, b"1" + NEW_RESULTS[1:]), 78),
        (8, wanted(901), 72),
        (9, wanted(900, b"01001"), 72),
        (9, wanted(1201), 72),
        (9, wanted(61), 72),
        (6, wanted(900), 75),
        (6, wanted(1201, NEW_RESULTS, revision=9), 76),
        (6, wanted(1201, b"2" + NEW_RESULTS[1:]), 77),
        (6, wanted(1201, NEW_RESULTS), 15),
        (6, by_index(7), 15),
    ],
)
def test_generic_refusals_carry_the_code_of_the_specification(mid: int, data: bytes, code: int) -> None:
    """It should say why."""
    [answer] = Client(controller()).start().ask(mid, data)
    assert (answer.mid, read(answer)["error"]) == (4, code)


def test_generic_messages_are_unknown_to_an_old_family() -> None:
    """It should answer 99 on a Power Focus 4000."""
    assert Client(controller(PF4000)).start().refusal(8, wanted(900, BOTH_CURVES)) == 99


@pytest.mark.parametrize(("profile", "named"), [(GENERIC, b"0900"), (MTF6000, b"0008")])
def test_the_acceptance_names_what_the_family_names(profile: ControllerProfile, named: bytes) -> None:
    """It should name the subscribed MID after release 2.8, and 0008 itself on the MT Focus."""
    assert Client(controller(profile)).start().ask(8, wanted(900, BOTH_CURVES))[0].data == named


def test_trace_types_are_subscribed_and_ended_one_by_one() -> None:
    """It should add types, refuse what is there already, and end the plot data with the last type."""
    client = Client(controller()).start()

    def code(mid: int, data: bytes) -> int:
        [answer] = client.ask(mid, data)
        return int(answer.data[4:6] or b"0")

    assert code(8, wanted(900, b"0" + b" " * 29 + b"01001")) == 0
    assert code(8, wanted(900, b"0" + b" " * 29 + b"01001")) == 71
    assert code(8, wanted(900, BOTH_CURVES)) == 0
    assert code(8, wanted(901)) == 0
    assert code(8, wanted(901)) == 71
    assert code(9, wanted(900, b"01003")) == 72
    assert code(9, wanted(900, b"01001")) == 0
    assert code(9, wanted(900, b"01999")) == 0
    assert code(9, wanted(901)) == 72


def test_plot_data_follow_the_curves() -> None:
    """It should send 0901 after the last 0900 of a rundown."""
    client = Client(controller(MTF6000)).start()
    client.ask(8, wanted(900, BOTH_CURVES))
    client.ask(8, wanted(901))
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    messages = client.wait(3.0)
    assert [message.mid for message in messages] == [900, 900, 901]
    assert {message.data[:10] for message in messages} == {b"0000000001"}


def test_an_mt_focus_tells_results_in_two_parts() -> None:
    """It should push 1201 and 1202 of a rundown without waiting for acknowledgements, torque in mN·m."""
    client = Client(controller(MTF6000)).start()
    client.ask(8, wanted(1201, NEW_RESULTS))
    client.ask(150, b"VIN7")
    overall, one = client.tighten(torque_nm=9.25, angle_deg=61)
    assert (overall.mid, overall.data[:16]) == (1201, b"002001" + b"0000000001")
    assert overall.data[16:35] == b"2026-01-01:00:00:00"
    assert overall.data[35:46] == b"1" + b"00" + b"001" + b"00011"
    assert (one.mid, one.data[:20]) == (1202, b"002002" + b"0000000001" + b"0001")
    values, rest = fields(one.data[23:], int(one.data[20:23]))
    assert rest == b""
    assert (values[30237], values[30238]) == ("00009.250e+3", "00006.100e+1")
    assert (values[30201], values[30202], values[30216], values[30245]) == ("1", "1", "004", "VIN7")
    assert (values[30241], values[30242]) == ("1", "1")
    low = client.tighten(torque_nm=5.0)
    assert low[0].data[35:36] == b"0"
    values, _ = fields(low[1].data[23:], int(low[1].data[20:23]))
    assert (values[30202], values[30205], values[30241]) == ("3", "03", "2")
    assert client.wait(14.0) == []


@pytest.mark.parametrize("profile", [MTF6000, GENERIC])
def test_results_in_parts_are_asked_back_by_index(profile: ControllerProfile) -> None:
    """It should answer 0006 with 1201 and 1202 of the latest, or of the index that is named."""
    client = Client(controller(profile)).start()
    client.tighten()
    client.tighten()
    for request, number in ((wanted(1201, NEW_RESULTS), 2), (by_index(1), 1), (by_index(2), 2)):
        messages = client.ask(6, request)
        assert [(message.mid, int(message.data[6:16])) for message in messages] == [(1201, number), (1202, number)]


def test_results_in_parts_wait_for_acknowledgement_where_the_family_wants_it() -> None:
    """It should send 1202 after the acknowledgement of 1201, by 1203 or 0005."""
    client = Client(controller()).start()
    client.ask(8, wanted(1201, NEW_RESULTS))
    assert [message.mid for message in client.tighten()] == [1201]
    assert [message.mid for message in client.ask(1203)] == [1202]
    assert client.ask(5, b"1202") == []
    client.ask(9999)
    assert client.wait(10.0) == []


def test_an_mt_focus_has_other_words_for_old_things() -> None:
    """It should enable and disable by input function 8, end alarms by 12, and know no 0042, 0050 or 0060."""
    client = Client(controller(MTF6000)).start()
    for mid in (42, 43, 50, 60, 64, 14, 127):
        assert client.refusal(mid) == 99
    client.accepts(224, b"008")
    assert not client.simulator.enabled
    client.accepts(225, b"008")
    assert client.simulator.enabled
    client.simulator.raise_alarm("140", "No tool", client.now_s, tool_ready=False)
    client.accepts(224, b"012")
    assert client.simulator.enabled
    assert client.refusal(224, b"001") == 79
    assert client.refusal(224, b"900") == 1
    assert client.refusal(225, b"022") == 1
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    client.accepts(224, b"005")
    assert not client.simulator.running
