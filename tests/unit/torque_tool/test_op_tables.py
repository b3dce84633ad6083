"""Where each value stands, errata of the printed specification included, and messages that others published."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_positions import POSITIONS
from op_result_vectors import (
    JOB_1,
    JOB_2,
    JOB_3,
    JOB_4,
    JOB_5,
    OLD_1,
    OLD_9,
    RESULT_1,
    RESULT_10,
    SPINDLES_1,
    SPINDLES_4,
    SPINDLES_6,
    STATUS,
)

from drivers.torque_tool.open_protocol.codes import BATCH_STATUSES, RESULT_TYPES, STRATEGIES, names_of_error_bits
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.lists import (
    Job,
    JobStep,
    Spindle,
    SpindleStatus,
    decode_job,
    decode_multi_result,
    decode_multi_status,
    decode_stages,
    encode_job,
    encode_multi_result,
    encode_multi_status,
    encode_stages,
)
from drivers.torque_tool.open_protocol.messages import LAYOUTS, decode_ids, encode_ids, layout_for, read
from drivers.torque_tool.open_protocol.protocol import Message, MessageError, decode


def written(mid: int, revision: int) -> bytes:
    """An empty message with its fixed fields."""
    if mid == 33:
        return bytes(20) + encode_job(Job(job=1), revision)
    if mid == 91:
        return bytes(20) + encode_multi_status(0, "", True, ())
    if mid == 101:
        return bytes(20) + encode_multi_result({}, (), revision)
    return bytes(20) + LAYOUTS[mid, revision].encode({})


@pytest.mark.parametrize(("mid", "revision"), POSITIONS)
def test_every_value_is_where_the_documents_say(mid: int, revision: int) -> None:
    """It should have each id two bytes before the printed position of its value, and the next one right behind it."""
    message = written(mid, revision)
    ends_at = 20
    for word in POSITIONS[mid, revision].split():
        parameter_id, _, place = word.partition(":")
        first, last = (int(byte) for byte in place.split("-"))
        assert message[first - 3 : first - 1] == parameter_id.encode(), word
        assert ends_at == first - 3, word
        ends_at = last
    if (mid, revision) in LAYOUTS:
        assert len(message) == ends_at


@pytest.mark.parametrize("revision", range(2, 11))
def test_a_published_result_is_read_and_written_in_every_revision(revision: int) -> None:
    """It should read the beginning of revision 10 as each lower revision and write the same bytes."""
    layout = LAYOUTS[61, revision]
    data = RESULT_10[20 : 20 + layout.size]
    values = layout.decode(data)
    assert layout.encode(values) == data
    first: dict[str, Value] = {"torque_nm": 5.05, "torque_min_nm": 34.0, "error_status": 8194, "tightening_id": 184887}
    assert first.items() <= values.items()
    added: dict[int, dict[str, Value]] = {
        3: {"pset_name": "Test Parameter Set", "torque_unit": 2, "result_type": 5},
        4: {"identifier_4": "Identifier result part 4"},
        5: {"customer_error": "E124"},
        6: {"prevail_compensate_nm": 15.0, "error_status_2": 42},
        7: {"compensated_angle_deg": 100.0, "final_angle_deg": 9999.0},
        8: {"post_view_active": 2, "post_view_high_nm": 6521.43, "post_view_low_nm": 52.32},
        9: {"current_a": 1.0, "current_min_a": 0.5, "current_max_a": 1.5},
        10: {"overall_angle_min": -20, "overall_angle": 120, "peak_torque_nm": 32.91, "rundown_complete_nm": 90.0},
    }
    assert added.get(revision, {}).items() <= values.items()


@pytest.mark.parametrize("revision", range(2, 10))
def test_a_published_old_result_is_read_and_written_in_every_revision(revision: int) -> None:
    """It should do the same with 0065, whose revision 7 is another one than that of 0061."""
    layout = LAYOUTS[65, revision]
    data = OLD_9[20 : 20 + layout.size]
    values = layout.decode(data)
    assert layout.encode(values) == data
    assert values["tightening_id"] == 123456789
    assert values.get("station_id") == (4294967295 if revision >= 7 else None)
    assert values.get("final_angle_deg") is None


def test_published_first_revisions_are_read_and_written() -> None:
    """It should give back their bytes."""
    for raw, torque_nm in ((RESULT_1, 7.39), (OLD_1, 14.67)):
        message = decode(raw)
        values = read(message)
        assert values["torque_nm"] == torque_nm
        assert LAYOUTS[message.mid, 1].encode(values) == message.data


def test_a_later_revision_than_any_known_is_read_by_the_highest() -> None:
    """It should read revision 11 of 0061 (677 bytes) as revision 10 and leave its tail alone."""
    tail = b"75123456" + b"7612345"
    assert len(RESULT_10 + tail) == 677
    values = read(Message(mid=61, revision=11, data=RESULT_10[20:] + tail))
    assert values == read(decode(RESULT_10))


def test_revisions_of_single_customers_are_not_guessed() -> None:
    """It should not read 0013 revision 3 and 4 by the table below them: they have a file version first."""
    for revision in (3, 4):
        with pytest.raises(MessageError, match="no table"):
            layout_for(13, revision)
    assert layout_for(13, 6).revision == 5


@pytest.mark.parametrize(
    ("raw", "batch_in", "extra"),
    [
        (JOB_1, 12, {}),
        (JOB_2, 12, {}),
        (JOB_3, 44, {"socket": 2, "step_name": "Job Step 1 Name", "step_type": 3}),
        (JOB_4, 49, {"socket": 2, "step_name": "Job Step 1 Name", "step_type": 3, "max_nok": 5}),
        (JOB_5, 51, {"socket": 2, "step_name": "Job Step 1 Name", "step_type": 3, "max_nok": 5}),
    ],
)
def test_published_jobs_are_read_and_written(raw: bytes, batch_in: int, extra: dict[str, object]) -> None:
    """It should read 0033 in all revisions, and write the same bytes; an entry of r3 has 44 bytes (an erratum)."""
    message = decode(raw)
    job = decode_job(message.data, message.revision)
    assert (job.job, job.name, job.forced_order, job.max_first_s, job.max_total_s) == (4, "My Job 4", 1, 5000, 70004)
    assert (job.batch_mode, job.lock_at_done, job.line_control, job.repeat, job.loosening) == (1, 1, 1, 1, 2)
    first, second = job.steps
    assert (first.channel, first.pset, first.auto_next, first.batch_size) == (15, 11, 1, 2)
    assert (second.channel, second.pset) == (11, 15)
    assert {name: getattr(first, name) for name in extra} == extra
    assert encode_job(job, message.revision) == message.data
    assert len(raw) == (91 if message.revision == 1 else 93) + 2 * batch_in


def test_a_job_that_is_broken_or_does_not_fit_is_reported() -> None:
    """It should notice a cut list, a wrong separator, letters for numbers, and numbers that are too large."""
    data = JOB_3[20:]
    for broken in (data[:-1], data.replace(b"15:011", b"15;011"), data.replace(b"15:011", b"15:0x1"), b"", data[:80]):
        with pytest.raises(MessageError):
            decode_job(broken, 3)
    for step in (JobStep(pset=1000, batch_size=1), JobStep(pset=1, batch_size=100)):
        with pytest.raises(MessageError, match="does not fit"):
            encode_job(Job(job=1, steps=(step,)), 4)
    with pytest.raises(MessageError, match="no table"):
        encode_job(Job(job=1), 6)


def test_published_spindles_are_read_and_written() -> None:
    """It should read 0091 and 0101 in all revisions and write the same bytes."""
    values, states = decode_multi_status(STATUS[20:])
    assert values == {"count": 2, "sync_id": 65535, "time": "2017-01-25:10:20:20", "ok": 1}
    assert states == (SpindleStatus(number=1, channel=1, ok=True), SpindleStatus(number=2, channel=3, ok=True))
    assert encode_multi_status(65535, "2017-01-25:10:20:20", True, states) == STATUS[20:]
    for raw, length in ((SPINDLES_1, 174), (SPINDLES_4, 179), (SPINDLES_6, 186)):
        message = decode(raw)
        values, spindles = decode_multi_result(message.data)
        assert [spindle.torque_nm for spindle in spindles] == [8.09, 8.09]
        assert len(raw) == length + 18 * 2
        again = encode_multi_result(values, spindles, message.revision, subtype=2, job_sequence=21)
        assert again == message.data
    assert decode_multi_result(SPINDLES_6[20:])[0]["angle_max_deg"] == -15


def test_spindles_may_turn_backwards() -> None:
    """It should carry negative angles and torques, as release 2.16 has them."""
    spindle = Spindle(number=3, channel=1, ok=False, torque_status=0, torque_nm=-12.07, angle_status=1, angle_deg=-9999)
    data = encode_multi_result({}, (spindle,), 5)
    assert decode_multi_result(data)[1] == (spindle,)


def test_spindles_that_are_broken_or_do_not_fit_are_reported() -> None:
    """It should refuse cut lists, statuses out of their table, and what does not fit its digits."""
    data = SPINDLES_1[20:]
    for broken in (data[:-1], data[:-18].replace(b"18010111", b"18010121"), data.replace(b"1801011", b"1701011")):
        with pytest.raises(MessageError):
            decode_multi_result(broken)
    one = decode_multi_result(data)[1][0]
    for wrong in (replace(one, torque_nm=10_000.0), replace(one, number=100), replace(one, angle_deg=-10_000)):
        with pytest.raises(MessageError, match="does not fit"):
            encode_multi_result({}, (wrong,), 1)


def test_stages_follow_the_fields_of_revision_998() -> None:
    """It should read torque and angle of each stage; Length is 536 + 11 a stage."""
    head = LAYOUTS[61, 998].encode({"stages": 3, "stage_results": 2})
    data = head + encode_stages(((12.07, 97), (20.5, -30)))
    assert 20 + len(data) == 536 + 11 * 2
    assert decode_stages(Message(mid=61, revision=998, data=data)) == ((12.07, 97), (20.5, -30))
    for broken in (data[:-1], data + b"0", head + b"59" + data[len(head) + 2 :]):
        with pytest.raises(MessageError):
            decode_stages(Message(mid=61, revision=998, data=broken))


def test_ids_of_higher_revisions_follow_all_ids() -> None:
    """It should leave the stages (r2) and kinds (r3) of 0011 alone; its printed range "24-(N*3)" is an erratum."""
    ids = encode_ids((1, 2), count_width=3, id_width=3)
    assert 20 + len(ids) == 23 + 3 * 2
    assert decode_ids(ids + b"0100", count_width=3, id_width=3) == (1, 2)
    assert decode_ids(ids + b"MsetPset", count_width=3, id_width=3) == (1, 2)


def test_torque_below_zero_is_truncated_towards_zero() -> None:
    """It should write -0.5 as -50 and -9.999 as -999."""
    layout = LAYOUTS[61, 999]
    for torque_nm, sent in ((-0.5, b"-00050"), (-9.999, b"-00999"), (-12.07, b"-01207")):
        assert layout.encode({"torque_nm": torque_nm})[42:48] == sent


def test_text_may_be_filled_up_with_nul() -> None:
    """It should read a name that a controller did not pad with spaces."""
    data = LAYOUTS[2, 1].encode({"controller_name": "PF"}).replace(b"PF" + b" " * 23, b"PF" + bytes(23))
    assert LAYOUTS[2, 1].decode(data)["controller_name"] == "PF"


def test_codes_have_words() -> None:
    """It should name result types, batch states, strategies, and the bits of both error words."""
    assert [RESULT_TYPES[code] for code in (1, 2, 8)] == ["tightening", "loosening", "reference setup"]
    assert BATCH_STATUSES[3] == "running"
    assert (STRATEGIES[15], len(STRATEGIES)) == ("yield", 27)
    assert names_of_error_bits(8194, 42) == (
        "rundown angle min shut off",
        "trigger lost",
        "tool stall",
        "gradient monitoring high",
        "reaction bar failed",
    )


@given(data=st.binary(max_size=300), revision=st.integers(0, 999), mid=st.sampled_from([m for m, _ in LAYOUTS]))
def test_any_data_is_read_or_reported(data: bytes, revision: int, mid: int) -> None:
    """It should raise nothing but MessageError, whatever a message holds."""
    readers = (
        lambda: read(Message(mid=mid, revision=revision, data=data)),
        lambda: decode_job(data, revision),
        lambda: decode_multi_status(data),
        lambda: decode_multi_result(data),
        lambda: decode_stages(Message(mid=61, revision=998, data=data)),
        lambda: decode_ids(data, count_width=3, id_width=3),
    )
    for reader in readers:
        with contextlib.suppress(MessageError):
            reader()
