"""Data tables of Open Protocol: lengths of the specification, round trips, blanks, and what may not be guessed."""

from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_vectors import OP_03, OP_04, OP_05, OP_08, OP_11, OP_12, OP_13, OP_15, OP_16, wire

from drivers.torque_tool.open_protocol.codes import ERROR_BITS, error_status_of, names_of_error_bits, refusal_text
from drivers.torque_tool.open_protocol.fields import Field, Kind, Layout, Value
from drivers.torque_tool.open_protocol.messages import (
    LAYOUTS,
    answered_mid,
    decode_identifier,
    decode_ids,
    encode_identifier,
    encode_ids,
    layout_for,
    number,
    read,
    text,
    whole,
)
from drivers.torque_tool.open_protocol.protocol import Message, MessageError, decode
from drivers.torque_tool.open_protocol.results import UNKNOWN_SERIAL, tightening_result


@pytest.mark.parametrize(
    ("mid", "lengths"),
    [
        (1, {1: 20, 7: 23}),
        (2, {1: 57, 2: 62, 3: 125, 4: 163, 5: 173, 6: 221, 7: 224}),
        (4, {1: 26, 2: 27}),
        (5, {1: 24}),
        (12, {1: 23}),
        (13, {1: 104, 2: 120, 5: 141}),
        (15, {1: 42, 2: 141}),
        (18, {1: 23}),
        (19, {1: 25, 2: 27}),
        (20, {1: 23}),
        (35, {1: 63, 2: 65, 3: 79, 4: 83, 5: 198}),
        (38, {1: 22, 2: 24}),
        (39, {1: 22, 2: 24}),
        (22, {1: 21}),
        (32, {1: 22, 2: 24}),
        (41, {1: 81, 2: 156, 3: 180, 4: 184, 5: 198, 6: 236, 7: 260}),
        (42, {1: 20, 2: 30}),
        (43, {1: 20, 2: 26}),
        (52, {1: 45, 2: 128}),
        (
            61,
            {1: 231, 2: 385, 3: 419, 4: 500, 5: 506, 6: 526, 7: 544, 8: 571, 9: 592, 10: 662, 998: 534, 999: 121},
        ),
        (64, {1: 30, 10: 31}),
        (65, {1: 118, 2: 226, 3: 233, 4: 314, 5: 320, 6: 340, 7: 379, 8: 406, 9: 427, 10: 497}),
        (71, {1: 53, 2: 106, 3: 109}),
        (74, {1: 24, 2: 25}),
        (76, {1: 56, 2: 57, 3: 60}),
        (81, {1: 39}),
        (82, {1: 39}),
        (100, {1: 20, 2: 30, 3: 31}),
        (129, {1: 20, 2: 29}),
        (130, {1: 21}),
        (152, {1: 148}),
        (211, {1: 28}),
        (224, {1: 23}),
        (225, {1: 23}),
        (9997, {1: 24}),
        (9998, {1: 28}),
    ],
)
def test_every_table_has_the_length_of_the_specification(mid: int, lengths: dict[int, int]) -> None:
    """It should sum its widths to the published Length, errata included (0015 r2, 0052 r2, 0071 r2, 0035 r2)."""
    assert {revision: 20 + layout.size for (m, revision), layout in LAYOUTS.items() if m == mid} == lengths


def values_for(layout: Layout) -> st.SearchStrategy[dict[str, Value]]:
    return st.fixed_dictionaries({field.name: st.none() | value_for(field) for field in layout.fields})


def value_for(field: Field) -> st.SearchStrategy[Value]:
    if field.kind is Kind.INT:
        return st.integers(0, 10**field.width - 1)
    if field.kind is Kind.HUNDREDTHS:
        return st.integers(0, 10**field.width - 1).map(lambda hundredths: hundredths / 100)
    printable = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
    return st.text(printable, min_size=1, max_size=field.width)


@given(data=st.data(), layout=st.sampled_from(list(LAYOUTS.values())))
def test_every_table_reads_what_it_writes(data: st.DataObject, layout: Layout) -> None:
    """It should give back every value, blanks as None, and leave trailing parameters of newer revisions alone."""
    values = data.draw(values_for(layout))
    written = layout.encode(values)
    assert len(written) == layout.size
    assert layout.decode(written) == values
    assert layout.decode(written + b"99later") == values


@given(layout=st.sampled_from([layout for layout in LAYOUTS.values() if layout.fields]), data=st.data())
def test_a_short_message_is_reported(layout: Layout, data: st.DataObject) -> None:
    """It should not guess what is missing."""
    written = layout.encode({})
    with pytest.raises(MessageError, match="bytes"):
        layout.decode(written[: data.draw(st.integers(0, layout.size - 1))])


def test_published_data_is_read() -> None:
    """It should read the values that the vectors say they carry."""
    assert read(decode(OP_03)) == {"cell_id": 1, "channel_id": 1, "controller_name": "Airbag1"}
    assert read(decode(OP_04)) == {"mid": 18, "error": 2}
    assert answered_mid(decode(OP_05)) == 18
    assert read(decode(OP_11)) == {"tightening_id": 0}
    assert read(decode(OP_13)) == {
        "code": "E404",
        "controller_ready": 1,
        "tool_ready": 0,
        "time": "2008-06-02:10:14:26",
    }
    assert answered_mid(decode(OP_15)) == 60
    assert read(decode(OP_16)) == {"mid": 60, "error": 3}
    result = read(decode(OP_08))
    expected = {"torque_nm": 12.07, "angle_deg": 97, "pset": 7, "job": 3, "batch_counter": 5, "tightening_id": 12346}
    assert expected.items() <= result.items()
    old = read(decode(OP_12))
    assert {"torque_nm": 12.07, "angle_deg": 97, "pset": 7, "tightening_id": 12346}.items() <= old.items()


def test_published_data_is_written() -> None:
    """It should write OP-08 and OP-12 again from their values."""
    for raw in (OP_03, OP_08, OP_12, OP_13):
        message = decode(raw)
        layout = layout_for(message.mid, message.revision)
        assert layout.encode(layout.decode(message.data)) == message.data


def test_numbers_may_stand_on_the_left() -> None:
    """It should read the specification's own examples, which pad counters with spaces on the right."""
    data = OP_08[20:-10] + b"23345675  "
    assert layout_for(61, 1).decode(data)["tightening_id"] == 23345675


def test_a_parameter_in_the_wrong_place_is_reported() -> None:
    """It should notice a shifted message by its parameter ids."""
    with pytest.raises(MessageError, match=r"parameter 2 \(channel_id\)"):
        layout_for(61, 1).decode(OP_08[20:26] + b"0" + OP_08[26:])


@pytest.mark.parametrize("torque", [b"0012x7", b"+01207", b"12.070", "00120\u00b2".encode()[:6]])
def test_a_number_that_is_none_is_reported(torque: bytes) -> None:
    """It should not let anything but digits pass as torque."""
    data = OP_08[20:]
    at = data.index(b"15001207") + 2
    with pytest.raises(MessageError, match="torque_nm"):
        layout_for(61, 1).decode(data[:at] + torque + data[at + 6 :])


def test_torque_is_truncated_not_rounded_and_never_slips_a_digit() -> None:
    """It should send 12.07 as 1207, although binary 12.07 times 100 is a little less, and 9.999 as 999."""
    layout = layout_for(61, 999)
    for torque_nm, sent in ((12.07, b"001207"), (9.999, b"000999"), (0.29, b"000029")):
        assert layout.encode({"torque_nm": torque_nm})[42:48] == sent


def test_text_is_cut_at_whole_characters_and_counted_in_bytes() -> None:
    """It should fill the width exactly when a name has letters of several bytes."""
    layout = layout_for(2, 1)
    data = layout.encode({"controller_name": "締付コントローラ一号機"})
    assert len(data) == layout.size
    assert layout.decode(data)["controller_name"] == "締付コントローラ"


@pytest.mark.parametrize("value", [1000, "seven"])
def test_a_value_that_does_not_fit_is_reported(value: Value) -> None:
    """It should refuse to write it."""
    with pytest.raises(MessageError, match="pset"):
        layout_for(18, 1).encode({"pset": value})


def test_a_higher_revision_is_read_by_the_table_below_it() -> None:
    """It should read the part of 0061 revision 11 that revision 10 has, and never take 998 or 999 for one of them."""
    assert layout_for(61, 11).revision == 10
    assert layout_for(61, 998).revision == 998
    assert layout_for(61, 1000).revision == 10
    assert layout_for(61, 999).revision == 999
    with pytest.raises(MessageError, match="no table"):
        layout_for(1234, 1)


def test_lists_of_ids() -> None:
    """It should write and read 0011 and both revisions of 0031 (the printed Length 29 of r2 is an erratum for 32)."""
    assert encode_ids((1, 2, 7), count_width=3, id_width=3) == b"003001002007"
    assert decode_ids(b"003001002007", count_width=3, id_width=3) == (1, 2, 7)
    assert 20 + len(encode_ids((1, 2), count_width=4, id_width=4)) == 32
    assert decode_ids(b"00", count_width=2, id_width=2) == ()
    assert decode_ids(b"002001002x1", count_width=3, id_width=3) == (1, 2)
    for broken in (b"", b"00", b"003001002", b"0010x1"):
        with pytest.raises(MessageError, match="list of ids"):
            decode_ids(broken, count_width=3, id_width=3)


def test_identifiers_have_their_own_length() -> None:
    """It should send an identifier as long as it is, and read one that a client padded."""
    assert encode_identifier("VIN42", longest=25) == b"VIN42"
    assert decode_identifier(b"VIN42" + b" " * 20) == "VIN42"
    with pytest.raises(MessageError, match="26 bytes"):
        encode_identifier("x" * 26, longest=25)


def test_fields_that_must_be_there_are_asked_for_by_type() -> None:
    """It should raise where a judgement would rest on a blank, and give empty text where nothing does."""
    values: dict[str, Value] = {"torque_nm": 9.0, "pset": None, "name": "seven"}
    assert number(values, "torque_nm") == 9.0
    assert text(values, "missing") == ""
    for read_field, name in ((whole, "pset"), (whole, "torque_nm"), (number, "name"), (number, "missing")):
        with pytest.raises(MessageError, match=name):
            read_field(values, name)


def test_error_bits_are_a_decimal_number() -> None:
    """It should read 0000000002 as rundown angle min, as a real controller sent it."""
    assert names_of_error_bits(2) == ("rundown angle min shut off",)
    assert names_of_error_bits(0) == ()
    assert names_of_error_bits(2**32 - 1) == ERROR_BITS
    assert error_status_of(("trigger lost", "torque less than target")) == (1 << 13) + (1 << 14)
    with pytest.raises(ValueError, match="tuple"):
        error_status_of(("no such bit",))


def test_refusals_have_words() -> None:
    """It should say the specification's words, and that a code is not among them."""
    assert refusal_text(3) == "parameter set cannot be set"
    assert "does not have" in refusal_text(5)


def test_a_result_becomes_a_value() -> None:
    """It should carry everything of OP-08, serial numbers from elsewhere, and the message as it came."""
    result = tightening_result(decode(OP_08), device="tool", t_mono_s=1.5, controller_serial="C1", tool_serial="")
    assert (result.tightening_id, result.pset, result.ok) == (12346, 7, True)
    assert (result.torque_nm, result.angle_deg) == (12.07, 97)
    assert (result.torque_min_nm, result.torque_max_nm, result.torque_target_nm) == (11.4, 12.6, 12.0)
    assert (result.angle_min_deg, result.angle_max_deg) == (80, 120)
    assert (result.torque_status, result.angle_status) == ("ok", "ok")
    assert (result.controller_serial, result.tool_serial) == ("C1", UNKNOWN_SERIAL)
    assert result.controller_time == "2026-01-31:23:59:58"
    assert result.raw == OP_08


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"15001207", b"15      "),
        (b"12001140", b"12      "),
        (b"1900097", b"19     "),
        (b"0911011", b"0921011"),
        (b"1011111", b"1031111"),
        (b"230000012346", b"23          "),
    ],
)
def test_a_result_without_what_a_judgement_rests_on_is_none(old: bytes, new: bytes) -> None:
    """It should refuse blank torque, angle, limits and ids, and codes outside their tables."""
    assert OP_08.count(old) == 1
    with pytest.raises(MessageError):
        tightening_result(
            decode(OP_08.replace(old, new)), device="tool", t_mono_s=0.0, controller_serial="", tool_serial=""
        )


def test_an_old_result_needs_its_limits() -> None:
    """It should not make up the window that 0065 does not carry."""
    judge = partial(tightening_result, device="tool", t_mono_s=0.0, controller_serial="", tool_serial="T")
    with pytest.raises(MessageError, match="torque_min_nm"):
        judge(decode(OP_12))
    limits: dict[str, Value] = {"torque_min_nm": 11.0, "torque_max_nm": 13.0, "torque_target_nm": 12.0}
    limits |= {"angle_min_deg": 80, "angle_max_deg": 120}
    result = judge(decode(OP_12), limits=limits)
    assert (result.torque_nm, result.torque_min_nm, result.tool_serial) == (12.07, 11.0, "T")
    assert math.isclose(result.angle_max_deg, 120)


def test_messages_without_a_table_are_reported() -> None:
    """It should say which MID it is."""
    with pytest.raises(MessageError, match="MID 1201"):
        read(Message(mid=1201, data=wire("anything")))
