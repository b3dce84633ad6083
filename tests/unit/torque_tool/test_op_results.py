"""From messages to tightening results: every revision, every unit, and results that contradict themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from op_result_vectors import OLD_1, RESULT_1, RESULT_10
from op_vectors import OP_08, OP_12

from drivers.api import TighteningResult
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.lists import encode_stages
from drivers.torque_tool.open_protocol.messages import LAYOUTS, read
from drivers.torque_tool.open_protocol.overall import ObjectResult, Overall
from drivers.torque_tool.open_protocol.protocol import Message, MessageError, decode
from drivers.torque_tool.open_protocol.results import overall_result, tightening_result
from drivers.torque_tool.open_protocol.variable import DataField

LIMITS: dict[str, Value] = {
    "pset": 7,
    "torque_min_nm": 11.4,
    "torque_max_nm": 12.6,
    "torque_target_nm": 12.0,
    "angle_min_deg": 80,
    "angle_max_deg": 120,
}
GOOD: dict[str, Value] = LIMITS | {
    "vin": "VIN42",
    "job": 3,
    "batch_size": 12,
    "batch_counter": 5,
    "batch_status": 3,
    "tightening_status": 1,
    "torque_status": 1,
    "angle_status": 1,
    "error_status": 0,
    "error_status_2": 0,
    "torque_nm": 12.07,
    "angle_deg": 97,
    "time": "2026-01-31:23:59:58",
    "last_change": "2025-12-01:07:08:09",
    "tightening_id": 12346,
    "tool_serial": "C0761275",
    "torque_unit": 1,
    "result_type": 1,
}


def result_of(
    revision: int = 2, mid: int = 61, limits: dict[str, Value] | None = None, **changes: Value
) -> TighteningResult:
    """The result of a good message of this revision in which these fields are different."""
    data = LAYOUTS[mid, revision].encode(GOOD | changes)
    return from_message(Message(mid=mid, revision=revision, data=data), limits)


def from_message(message: Message, limits: dict[str, Value] | None = None) -> TighteningResult:
    return tightening_result(
        message, device="tool", t_mono_s=1.5, controller_serial="C1", tool_serial="T1", limits=limits
    )


@pytest.mark.parametrize("revision", [*range(1, 10), 999])
def test_every_revision_tells_the_same_result(revision: int) -> None:
    """It should read the judgement, values, batch and job from each; where a revision has no window, from 0013."""
    result = result_of(revision, limits=LIMITS if revision == 999 else None)
    assert (result.ok, result.torque_nm, result.angle_deg, result.pset) == (True, 12.07, 97, 7)
    assert (result.torque_status, result.angle_status) == ("ok", "ok")
    assert (result.torque_min_nm, result.torque_max_nm, result.torque_target_nm) == (11.4, 12.6, 12.0)
    assert (result.angle_min_deg, result.angle_max_deg) == (80, 120)
    assert (result.tightening_id, result.job, result.vin) == (12346, 3, "VIN42")
    assert (result.batch_size, result.batch_counter, result.batch_status) == (12, 5, "running")
    assert (result.result_type, result.asked_back, result.error_bits) == ("tightening", False, ())
    assert result.tool_serial == ("T1" if revision in (1, 999) else "C0761275")
    assert result.controller_time == "2026-01-31:23:59:58"


@pytest.mark.parametrize("revision", range(1, 10))
def test_every_revision_of_an_old_result_tells_it_too(revision: int) -> None:
    """It should read 0065 with the window of its parameter set, and say that it was asked back."""
    result = result_of(revision, 65, LIMITS)
    assert (result.ok, result.torque_nm, result.angle_deg, result.pset) == (True, 12.07, 97, 7)
    assert (result.torque_min_nm, result.angle_max_deg, result.asked_back) == (11.4, 120, True)
    assert result.batch_status == "running"


@pytest.mark.parametrize("mid", [61, 65])
def test_angles_of_revision_10_are_scaled(mid: int) -> None:
    """It should read 9712 with a scale of 1/100 as 97.12 degrees, windows too where they are in the message."""
    own: dict[str, Value] = {"angle_min_deg": 8000, "angle_max_deg": 12000} if mid == 61 else {}
    scaled: dict[str, Value] = own | {"angle_deg": 9712, "angle_numerator": 1, "angle_denominator": 100}
    result = result_of(10, mid, None if mid == 61 else LIMITS, **scaled)
    assert result.angle_deg == pytest.approx(97.12)
    assert (result.angle_min_deg, result.angle_max_deg) == pytest.approx((80, 120))
    for numerator, denominator in ((0, 100), (1, 0), (None, 100), (1, None), (-1, 100)):
        with pytest.raises(MessageError, match="no scale"):
            result_of(10, mid, LIMITS, **scaled | {"angle_numerator": numerator, "angle_denominator": denominator})


@pytest.mark.parametrize(
    ("unit", "newton_metres"),
    [(1, 1.0), (2, 1.3558179), (3, 0.1129848), (4, 9.80665), (5, 0.0980665), (6, 0.00706155), (8, 0.01), (None, 1.0)],
)
def test_torque_of_every_unit_becomes_newton_metres(unit: int | None, newton_metres: float) -> None:
    """It should convert value, window and target; a blank unit is the newton metre of the general rule."""
    result = result_of(3, torque_unit=unit)
    assert result.torque_nm == pytest.approx(12.07 * newton_metres, rel=1e-6)
    assert result.torque_max_nm == pytest.approx(12.6 * newton_metres, rel=1e-6)
    assert result.torque_target_nm == pytest.approx(12.0 * newton_metres, rel=1e-6)


@pytest.mark.parametrize("unit", [0, 7, 9])
def test_what_is_no_torque_is_not_read(unit: int) -> None:
    """It should refuse per cent, and units that are in no table."""
    with pytest.raises(MessageError, match="unit"):
        result_of(3, torque_unit=unit)


def test_the_window_of_an_old_result_is_in_newton_metres() -> None:
    """It should convert the torque of 0065 alone: 0013 has no unit."""
    result = result_of(3, 65, LIMITS, torque_unit=8, torque_nm=1207.0)
    assert (result.torque_nm, result.torque_max_nm) == pytest.approx((12.07, 12.6))


def test_errors_of_both_words_are_named() -> None:
    """It should name the bits of a real message, and those of the second word from revision 6 on."""
    result = from_message(decode(RESULT_10))
    assert result.error_bits[:3] == ("rundown angle min shut off", "trigger lost", "tool stall")
    assert (result.result_type, result.tool_serial, result.vin) == ("bypass parameter set", "C0761275", "")
    assert result_of(5, error_status_2=2).error_bits == ()


@pytest.mark.parametrize(
    ("code", "word"), [(1, "tightening"), (2, "loosening"), (6, "abort job"), (7, "tightening"), (None, "tightening")]
)
def test_result_types_have_words(code: int | None, word: str) -> None:
    """It should tell a loosening from a tightening; blank is a tightening."""
    assert result_of(3, result_type=code).result_type == word


def test_published_results_are_read() -> None:
    """It should take what real controllers sent: low torque with an angle of 0 in a window from 0."""
    result = from_message(decode(RESULT_1))
    assert (result.ok, result.torque_status, result.torque_nm) == (False, "low", 7.39)
    old = from_message(decode(OLD_1), LIMITS | {"pset": 1, "torque_min_nm": 15.0, "torque_max_nm": 20.0})
    assert (old.torque_status, old.angle_status, old.angle_deg) == ("low", "low", 46)


@pytest.mark.parametrize(
    "changes",
    [
        {"tightening_status": 0},
        {"tightening_status": 0, "error_status": 1 << 13},
        {"error_status": 1 << 15},
        {"tightening_status": 0, "torque_status": 0, "torque_nm": 11.39, "error_status": 1 << 14},
        {"tightening_status": 0, "torque_status": 2, "torque_nm": 12.61},
        {"tightening_status": 0, "angle_status": 0, "angle_deg": 79},
        {"tightening_status": 0, "angle_status": 0, "angle_deg": 80},
        {"tightening_status": 0, "angle_status": 2, "angle_deg": 120},
        {"torque_nm": 11.39},
        {"torque_nm": 12.61},
        {"angle_min_deg": 0, "angle_max_deg": 0, "angle_deg": 500},
        {"angle_min_deg": 0, "angle_max_deg": 0, "angle_status": 0},
        {"torque_min_nm": 0.0, "torque_max_nm": 0.0, "torque_nm": 500.0},
        {"torque_max_nm": 0.0, "torque_nm": 500.0},
        {"angle_min_deg": -500, "angle_max_deg": -90},
        {"last_change": None},
        {"last_change": "0000-00-00:00:00:00"},
        {"time": None},
        {"vin": None, "job": None, "batch_size": None, "batch_counter": None, "batch_status": None},
        {"error_status": None, "strategy": None},
        {"result_type": 3, "torque_nm": 0.0, "angle_deg": 0, "torque_status": 0},
        {"result_type": 2, "angle_deg": -300, "tightening_status": 0},
    ],
)
def test_what_a_controller_may_say_is_read(changes: dict[str, Value]) -> None:
    """It should take results that are bad for other reasons, at the edge, unmonitored, blank, or no tightenings."""
    if "angle_max_deg" in changes and changes["angle_max_deg"] == -90:
        changes = changes | {"angle_deg": -97}
    result = result_of(3, **changes)
    assert result.ok is (changes.get("tightening_status", 1) == 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"torque_status": 0},
        {"torque_status": 2},
        {"angle_status": 0},
        {"angle_status": 2},
        {"torque_nm": 11.38},
        {"torque_nm": 12.62},
        {"torque_nm": 120.7},
        {"angle_deg": 79},
        {"angle_deg": 121},
        {"torque_min_nm": 12.09},
        {"torque_max_nm": 12.05},
        {"angle_min_deg": 98},
        {"angle_max_deg": 96},
        {"torque_max_nm": 2.6},
        {"angle_min_deg": 180},
        {"torque_status": 0, "torque_nm": 11.0},
        {"angle_status": 2, "angle_deg": 300},
        {"error_status": 1},
        {"error_status": 1 << 2},
        {"error_status": 1 << 20},
        {"tightening_status": 0, "torque_status": 0},
        {"tightening_status": 0, "torque_status": 2},
        {"tightening_status": 0, "torque_nm": 13.0},
        {"tightening_status": 0, "angle_status": 0, "angle_deg": 81},
        {"tightening_status": 0, "angle_status": 2, "angle_deg": 119},
        {"tightening_status": 0, "angle_deg": 121},
        {"tightening_status": 0, "torque_status": 0, "torque_nm": 9.0, "torque_min_nm": 15.0},
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_a_result_that_contradicts_itself_is_not_read(changes: dict[str, Value], old: bool) -> None:
    """It should refuse a status against its window, and good against any bad status or shut-off."""
    if old:
        limits = LIMITS | {name: value for name, value in changes.items() if name in LIMITS}
        with pytest.raises(MessageError, match="contradicts itself"):
            result_of(2, 65, limits, **changes)
        return
    with pytest.raises(MessageError, match="contradicts itself"):
        result_of(2, **changes)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("tightening_status", 2),
        ("tightening_status", None),
        ("torque_status", 3),
        ("angle_status", 9),
        ("batch_status", 4),
        ("result_type", 0),
        ("result_type", 9),
        ("rundown_angle_status", 3),
        ("prevail_compensate_status", 4),
        ("post_view_active", 4),
        ("overall_angle_status", 3),
        ("error_status", 4_294_967_296),
        ("error_status_2", 9_999_999_999),
        ("tightening_id", 4_294_967_296),
        ("tightening_id", None),
        ("pset", None),
        ("torque_nm", None),
        ("angle_deg", None),
        ("torque_min_nm", None),
        ("angle_max_deg", None),
        ("time", "2026-13-31:23:59:58"),
        ("time", "2026-01-32:23:59:58"),
        ("time", "2026-01-31:24:59:58"),
        ("time", "2026-01-31 23:59:58"),
        ("time", "0000-00-00:00:00:00"),
        ("time", "soon"),
        ("last_change", "2025-12-01:07:08:69"),
        ("vin", "VIN\x0342"),
        ("tool_serial", "C\x7f1"),
    ],
)
def test_what_is_in_no_table_is_not_read(name: str, code: Value) -> None:
    """It should refuse codes out of their tables, blanks that a judgement rests on, and times that are none."""
    scale: dict[str, Value] = {"angle_numerator": 1, "angle_denominator": 1}
    with pytest.raises(MessageError):
        result_of(10, **scale | {name: code})


@pytest.mark.parametrize(("torque_nm", "status"), [(11.0, "low"), (12.0, "ok"), (13.0, "high")])
def test_a_blank_status_follows_from_the_window(torque_nm: float, status: str) -> None:
    """It should judge by the window of the message itself where the controller leaves the status blank."""
    result = result_of(2, tightening_status=0, torque_status=None, angle_status=None, torque_nm=torque_nm)
    assert (result.torque_status, result.angle_status) == (status, "ok")
    unmonitored: dict[str, Value] = {"angle_status": None, "angle_min_deg": 0, "angle_max_deg": 0, "angle_deg": 500}
    assert result_of(2, **unmonitored).angle_status == "ok"


def test_a_good_result_with_blank_statuses_outside_its_window_is_not_read() -> None:
    """It should not take a blank for an excuse."""
    with pytest.raises(MessageError, match="contradicts itself"):
        result_of(2, torque_status=None, torque_nm=11.0)


def test_a_result_that_lost_its_revision_is_not_read() -> None:
    """It should not read revision 3 as revision 2, which lacks the torque unit and the kind of result."""
    data = LAYOUTS[61, 3].encode(GOOD | {"torque_unit": 2, "result_type": 2})
    with pytest.raises(MessageError, match="bytes of data"):
        from_message(Message(mid=61, revision=2, data=data))
    with pytest.raises(MessageError, match="bytes of data"):
        from_message(Message(mid=65, revision=1, data=OP_12[20:] + b"12"), LIMITS)


def test_stages_are_part_of_the_length_of_revision_998() -> None:
    """It should read revision 998 with all its stages, and not without."""
    head = LAYOUTS[61, 998].encode(GOOD | {"stages": 2, "stage_results": 2})
    stages = encode_stages(((5.0, 30), (12.07, 97)))
    assert from_message(Message(mid=61, revision=998, data=head + stages)).torque_nm == 12.07
    for broken in (head, head + stages[:-1], head + stages + b"0"):
        with pytest.raises(MessageError):
            from_message(Message(mid=61, revision=998, data=broken))


def test_limits_of_another_parameter_set_are_not_taken() -> None:
    """It should refuse to judge by a window that belongs to another set."""
    with pytest.raises(MessageError, match="its limits are of 8"):
        result_of(2, 65, LIMITS | {"pset": 8})
    assert result_of(2, 65, {name: value for name, value in LIMITS.items() if name != "pset"}).ok


def test_torque_at_the_edge_in_another_unit_is_no_contradiction() -> None:
    """It should allow for the hundredth of its own unit that truncation takes away."""
    edge: dict[str, Value] = {"torque_unit": 4, "torque_nm": 11.39}
    assert result_of(3, **edge).ok
    with pytest.raises(MessageError, match="contradicts itself"):
        result_of(3, **edge | {"torque_nm": 11.37})


def field(pid: int, value: str, *, data_type: int = 90, unit: int = 0) -> DataField:
    return DataField(pid=pid, data_type=data_type, unit=unit, value=value.encode())


OBJECT = ObjectResult(
    total=2,
    number=2,
    result_id=12346,
    object_id=1,
    fields=(
        field(30201, "1", data_type=1),
        field(30202, "1", data_type=1),
        field(30205, "01", data_type=1),
        field(30207, "A1234", data_type=4),
        field(30214, "T99", data_type=4),
        field(30216, "007", data_type=1),
        field(30228, "012", data_type=1),
        field(30229, "005", data_type=1),
        field(30237, "00012.070e+3", unit=90),
        field(30238, "00097.000e+0", unit=50),
        field(30241, "1", data_type=1),
        field(30242, "1", data_type=1),
        field(30244, "VIN", data_type=4),
        field(30245, "VIN42", data_type=4),
        field(30255, "00012.600e+3", unit=90),
        field(30256, "00011.400e+3", unit=90),
        field(30257, "00001.200e+2", unit=50),
        field(30258, "00080.000e+0", unit=50),
    ),
)
OVERALL = Overall(
    total=2,
    number=1,
    result_id=12346,
    time="2026-01-31:23:59:58",
    ok=True,
    operation=0,
    objects=((1, 1),),
    fields=(),
)


def object_with(**changes: str | None) -> ObjectResult:
    """The object with other values, or without them; `_30241="2"` changes PID 30241."""
    named = {int(name[1:]): value for name, value in changes.items()}
    fields = tuple(
        one if one.pid not in named else replace(one, value=(named[one.pid] or "").encode())
        for one in OBJECT.fields
        if named.get(one.pid, "") is not None
    )
    return replace(OBJECT, fields=fields)


def whole_result(overall: Overall = OVERALL, objects: tuple[ObjectResult, ...] = (OBJECT,)) -> TighteningResult:
    return overall_result(
        overall,
        objects,
        device="tool",
        t_mono_s=1.5,
        controller_serial="",
        tool_serial="",
        raw=b"both",
        asked_back=False,
    )


def bad(status: str = "3") -> Overall:
    return replace(OVERALL, ok=False, objects=((1, 0),))


def test_a_result_with_variables_becomes_a_value() -> None:
    """It should carry everything of 1201 and 1202, in newton metres."""
    result = whole_result()
    assert (result.tightening_id, result.pset, result.ok, result.result_type) == (12346, 7, True, "tightening")
    assert (result.torque_nm, result.torque_min_nm, result.torque_max_nm) == (12.07, 11.4, 12.6)
    assert (result.angle_deg, result.angle_min_deg, result.angle_max_deg) == (97, 80, 120)
    assert (result.torque_status, result.angle_status, result.error_bits) == ("ok", "ok", ())
    assert (result.controller_serial, result.tool_serial, result.vin) == ("A1234", "T99", "VIN42")
    assert (result.batch_size, result.batch_counter, result.raw) == (12, 5, b"both")
    assert result.controller_time == "2026-01-31:23:59:58"


def test_bad_and_loosened_results_with_variables_are_read() -> None:
    """It should name the error, read a loosening, and judge by the window where a status is undefined."""
    low = object_with(_30202="3", _30205="03", _30237="00010.000e+3", _30241="2")
    result = whole_result(bad(), (low,))
    assert (result.ok, result.torque_status, result.error_bits) == (False, "low", ("value low",))
    undefined = object_with(_30202="2", _30205="04", _30237="00010.000e+3", _30241="0", _30242=None)
    assert whole_result(bad(), (undefined,)).torque_status == "low"
    assert whole_result(bad(), (undefined,)).error_bits == ("trigger lost",)
    loosened = object_with(_30201="2", _30238="-0360.000e+0")
    assert whole_result(objects=(loosened,)).result_type == "loosening"


@pytest.mark.parametrize(
    "changes",
    [
        {"_30202": "3"},
        {"_30202": "0"},
        {"_30205": "03"},
        {"_30241": "2"},
        {"_30242": "3"},
        {"_30237": "00010.000e+3"},
        {"_30238": "00130.000e+0"},
        {"_30256": "00012.700e+3"},
        {"_30241": "0", "_30237": "00010.000e+3"},
    ],
)
def test_a_result_with_variables_that_contradicts_itself_is_not_read(changes: dict[str, str | None]) -> None:
    """It should refuse good against code, error, status and window."""
    with pytest.raises(MessageError, match="contradicts itself"):
        whole_result(objects=(object_with(**changes),))


@pytest.mark.parametrize(
    "changes",
    [
        {"_30201": "0"},
        {"_30201": "3"},
        {"_30202": None},
        {"_30216": None},
        {"_30216": "7.5"},
        {"_30237": None},
        {"_30238": None},
        {"_30241": "4"},
        {"_30237": "much"},
    ],
)
def test_a_result_with_variables_that_lacks_something_is_not_read(changes: dict[str, str | None]) -> None:
    """It should refuse what a judgement rests on when it is missing, in no table, or no number."""
    with pytest.raises(MessageError):
        whole_result(objects=(object_with(**changes),))


def test_parts_that_do_not_belong_together_are_not_read() -> None:
    """It should refuse several objects, none, one of another result, and an object that says otherwise."""
    other = replace(OBJECT, result_id=12347)
    for objects in ((), (OBJECT, OBJECT), (other,), (replace(OBJECT, object_id=2),)):
        with pytest.raises(MessageError):
            whole_result(objects=objects)
    with pytest.raises(MessageError, match="contradicts itself"):
        whole_result(replace(OVERALL, objects=((1, 0),)))
    wrong_unit = tuple(replace(one, unit=51) if one.pid == 30238 else one for one in OBJECT.fields)
    with pytest.raises(MessageError, match="degrees"):
        whole_result(objects=(replace(OBJECT, fields=wrong_unit),))


def test_the_vector_of_a_good_result_is_good() -> None:
    """It should read OP-08 as what its values say."""
    assert read(decode(OP_08))["tightening_status"] == 1
    assert from_message(decode(OP_08)).ok
