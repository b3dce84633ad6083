"""Fields that describe themselves: values of every type, units, traces, generic requests, results with variables."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_vectors import OP_14, OP_22

from drivers.torque_tool.open_protocol.generic import (
    ALL_TRACES,
    GenericRequest,
    decode_generic,
    encode_generic,
    overall_extra,
    trace_end_extra,
    trace_extra,
)
from drivers.torque_tool.open_protocol.overall import (
    ObjectResult,
    Overall,
    decode_object_result,
    decode_overall,
    encode_object_result,
    encode_overall,
)
from drivers.torque_tool.open_protocol.protocol import MessageError, decode
from drivers.torque_tool.open_protocol.trace import (
    DIVISOR,
    FACTOR,
    TORQUE,
    Order,
    PlotParameters,
    Resolution,
    Trace,
    decode_plot,
    decode_trace,
    encode_plot,
    encode_trace,
)
from drivers.torque_tool.open_protocol.variable import (
    FLOAT,
    DataField,
    decode_fields,
    encode_fields,
    fields_by_pid,
    torque_in_nm,
)

FIELDS = st.lists(
    st.builds(
        DataField,
        pid=st.integers(0, 99_999),
        data_type=st.integers(0, 99),
        unit=st.integers(0, 999),
        step=st.integers(0, 9999),
        value=st.binary(max_size=40),
    ),
    max_size=5,
).map(tuple)
TIME = "2026-01-31:23:59:58"


@pytest.mark.parametrize(
    ("data_type", "value", "number"),
    [
        (1, b"00042", 42),
        (2, b"-0042", -42),
        (3, b"12.12", 12.12),
        (3, b"  -57.5", -57.5),
        (6, b"1", 1),
        (7, b"00FF", 255),
        (90, b"00001.234e+2", 123.4),
        (90, b"-0001.234e-2", -0.01234),
    ],
)
def test_numbers_of_every_type_are_read(data_type: int, value: bytes, number: float) -> None:
    """It should read each type as the table of data types writes it."""
    assert DataField(pid=1, data_type=data_type, unit=0, value=value).number == number


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        *((1, value) for value in (b"", b"   ", b"-1", b"1.5", b"1_0", "١".encode(), b"\xff", b"nan")),
        *((3, value) for value in (b"inf", b"nan", b"1e999", b"1,5", b"--1", b".")),
        *((data_type, b"1") for data_type in (0, 4, 5, 50, 8, 77)),
        (6, b"2"),
        (7, b"0x1F"),
        (90, b"00001.234e"),
    ],
)
def test_what_is_no_number_of_its_type_is_reported(data_type: int, value: bytes) -> None:
    """It should never take text, arrays, blanks or other notations for a number."""
    with pytest.raises(MessageError, match="PID 00007"):
        DataField(pid=7, data_type=data_type, unit=0, value=value).number  # noqa: B018 - reading it is what raises


def test_whole_numbers_are_whole() -> None:
    """It should read a code that is sent as a float, and refuse half a code."""
    assert DataField(pid=1, data_type=90, unit=0, value=b"00001.000e+0").whole == 1
    with pytest.raises(MessageError, match="whole"):
        DataField(pid=1, data_type=3, unit=0, value=b"1.5").whole  # noqa: B018 - reading it is what raises


@pytest.mark.parametrize(
    ("data_type", "value", "numbers"),
    [
        (50, b"   12.50  -57.50", (12.5, -57.5)),
        (51, b"0000000100000002", (1, 2)),
        (52, b"-0000001", (-1,)),
        (8, b"12.571.00", None),
        (8, b"12.5071.0", None),
        (8, b"12.5 71.0 ", (12.5, 71)),
        (9, b"1.52.53.54.5", (1.5, 2.5, 3.5, 4.5)),
        (10, b"12345678", (1, 2, 3, 4, 5, 6, 7, 8)),
        (51, b"-0000001", None),
        (50, b"", ()),
        (50, b"12345678123", None),
        (4, b"12345678", None),
    ],
)
def test_lists_of_numbers_are_read(data_type: int, value: bytes, numbers: tuple[float, ...] | None) -> None:
    """It should read arrays of 8 characters each and plot points, and report what is cut or of another type."""
    field = DataField(pid=1, data_type=data_type, unit=0, value=value)
    if numbers is None:
        with pytest.raises(MessageError):
            field.numbers  # noqa: B018 - reading it is what raises
    else:
        assert field.numbers == numbers


@pytest.mark.parametrize(
    ("unit", "value", "torque_nm"),
    [
        (1, 12.0, 12.0),
        (2, 10.0, 13.558179483314),
        (3, 1200, 12.0),
        (4, 0.012, 12.0),
        (5, 0.000012, 12.0),
        (6, 100.0, 11.298482902762),
        (7, 1.0, 9.80665),
        (10, 1000.0, 7.061551814226),
        (11, 120, 12.0),
        (12, 12_000, 12.0),
        (13, 100, 9.80665),
        (14, 100_000, 9.80665),
        (15, 160.0, 13.558179483314),
        (90, 12_000, 12.0),
    ],
)
def test_torque_of_every_unit_becomes_newton_metres(unit: int, value: float, torque_nm: float) -> None:
    """It should convert by the legal definitions of pound, foot and kilopond."""
    assert torque_in_nm(value, unit) == pytest.approx(torque_nm, rel=1e-12)


@pytest.mark.parametrize("unit", [0, 8, 9, 50, 300, 800])
def test_what_is_no_torque_is_reported(unit: int) -> None:
    """It should not take per cent, angles or forces for a torque."""
    with pytest.raises(MessageError, match="no unit of torque"):
        torque_in_nm(1.0, unit)


@given(fields=FIELDS, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_fields_are_read_as_they_are_written(fields: tuple[DataField, ...], before: bytes, after: bytes) -> None:
    """It should find each field between other data, whatever bytes a value holds, and say where they end."""
    data = before + encode_fields(fields) + after
    assert decode_fields(data, len(before)) == (fields, len(data) - len(after))


@given(fields=FIELDS, data=st.data())
def test_fields_that_are_cut_are_reported(fields: tuple[DataField, ...], data: st.DataObject) -> None:
    """It should not read less than the count and the lengths promise."""
    written = encode_fields(fields)
    with pytest.raises(MessageError):
        decode_fields(written[: data.draw(st.integers(0, len(written) - 1))], 0)


def test_fields_that_do_not_fit_are_reported() -> None:
    """It should refuse values and counts beyond three digits."""
    field = DataField(pid=1, data_type=4, unit=0, value=b"x" * 1000)
    with pytest.raises(MessageError, match="999"):
        encode_fields([field])
    with pytest.raises(MessageError, match="999"):
        encode_fields([replace(field, value=b"")] * 1000)


def test_fields_are_found_by_their_id() -> None:
    """It should leave values of single steps out, and keep the first of two."""
    one = DataField(pid=1, data_type=1, unit=0, value=b"1")
    fields = (replace(one, step=2, value=b"9"), one, replace(one, value=b"3"), replace(one, pid=2))
    assert fields_by_pid(fields) == {1: one, 2: replace(one, pid=2)}


def test_the_published_trace_is_read_and_written() -> None:
    """It should read OP-22 as five samples of torque, a millisecond apart, and write the same bytes."""
    message = decode(OP_22)
    trace = decode_trace(message.data, "little")
    assert (trace.result_id, trace.time, trace.trace_type, trace.unit) == (12346, TIME, TORQUE, 1)
    assert trace.samples == (0, 3, -2, 770, 512)
    assert trace.values == (0.0, 0.03, -0.02, 7.7, 5.12)
    assert trace.every_s == 0.001
    assert encode_trace(trace, "little") == message.data
    assert decode_trace(message.data, "big").samples == (0, 768, -257, 515, 2)


@given(
    fields=FIELDS,
    parameters=FIELDS,
    samples=st.lists(st.integers(-32768, 32767), max_size=50).map(tuple),
    order=st.sampled_from(["little", "big"]),
    resolutions=st.integers(0, 3),
)
def test_traces_are_read_as_they_are_written(
    fields: tuple[DataField, ...],
    parameters: tuple[DataField, ...],
    samples: tuple[int, ...],
    order: Order,
    resolutions: int,
) -> None:
    """It should carry any trace in both byte orders, and report one that is cut or too long by a byte."""
    step = Resolution(first=1, last=5, data_type=FLOAT, unit=200, value=b"0.001")
    trace = Trace(
        result_id=4_294_967_295,
        time=TIME,
        fields=fields,
        trace_type=1,
        transducer=2,
        unit=50,
        parameters=parameters,
        resolutions=(step,) * resolutions,
        samples=samples,
    )
    data = encode_trace(trace, order)
    assert decode_trace(data, order) == trace
    for broken in (data[:-1], data + b"\x00"):
        with pytest.raises(MessageError):
            decode_trace(broken, order)


def trace_with(**changes: object) -> Trace:
    base = Trace(
        result_id=1,
        time=TIME,
        trace_type=TORQUE,
        unit=1,
        parameters=(DataField(pid=FACTOR, data_type=FLOAT, unit=0, value=b"0.5"),),
        resolutions=(Resolution(first=1, last=9, data_type=FLOAT, unit=202, value=b"2"),),
        samples=(2, -4),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_samples_are_scaled_by_a_factor_or_a_divisor() -> None:
    """It should multiply by 02214, divide by 02213, and read milliseconds."""
    assert trace_with().values == (1.0, -2.0)
    assert trace_with().every_s == 0.002
    divisor = DataField(pid=DIVISOR, data_type=90, unit=0, value=b"00001.000e+1")
    assert trace_with(parameters=(divisor,)).values == (0.2, -0.4)


def test_traces_without_scale_or_time_are_reported() -> None:
    """It should not draw what it cannot scale: no coefficient, zero, no time, several times, an angle as time."""
    zero = DataField(pid=DIVISOR, data_type=FLOAT, unit=0, value=b"0")
    for parameters in ((), (zero,)):
        with pytest.raises(MessageError, match="scale"):
            trace_with(parameters=parameters).values  # noqa: B018 - reading it is what raises
    good = trace_with().resolutions[0]
    for resolutions in ((), (good, replace(good, value=b"3")), (replace(good, unit=50),), (replace(good, value=b"0"),)):
        with pytest.raises(MessageError, match="time step"):
            trace_with(resolutions=resolutions).every_s  # noqa: B018 - reading it is what raises
    with pytest.raises(MessageError, match="16 bits"):
        encode_trace(trace_with(samples=(32768,)), "big")


@given(fields=FIELDS)
def test_plot_parameters_are_read_as_they_are_written(fields: tuple[DataField, ...]) -> None:
    """It should carry 0901."""
    plot = PlotParameters(result_id=12346, time=TIME, fields=fields)
    assert decode_plot(encode_plot(plot)) == plot


def test_a_trace_is_subscribed_to_as_printed() -> None:
    """It should read and write OP-14: 0900 revision 1, new data only, angle."""
    request = decode_generic(OP_14[20:])
    assert request == GenericRequest(mid=900, revision=1, extra=trace_extra((1,)))
    assert encode_generic(request) == OP_14[20:]
    assert trace_end_extra((ALL_TRACES,)) == b"01999"
    assert len(overall_extra()) == 31


def test_printed_examples_of_extra_data_contradict_themselves() -> None:
    """It should take what is there: the 0009 example promises 6 characters and has 5, the 0008 one has a stray one."""
    assert decode_generic(b"090000106" + b"01001").extra == b"01001"
    stray = trace_extra((1, 2)) + b"x"
    assert decode_generic(b"090000139" + stray).extra == stray
    assert decode_generic(b"090000138" + stray).extra == trace_extra((1, 2))
    with pytest.raises(MessageError, match="99"):
        encode_generic(GenericRequest(mid=900, revision=1, extra=b"x" * 100))


@given(
    fields=FIELDS,
    objects=st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 1)), max_size=5).map(tuple),
    ok=st.booleans(),
)
def test_results_with_variables_are_read_as_they_are_written(
    fields: tuple[DataField, ...], objects: tuple[tuple[int, int], ...], ok: bool
) -> None:
    """It should carry 1201 and 1202."""
    overall = Overall(total=2, number=1, result_id=12346, time=TIME, ok=ok, operation=0, objects=objects, fields=fields)
    assert decode_overall(encode_overall(overall)) == overall
    one = ObjectResult(total=2, number=2, result_id=12346, object_id=1, fields=fields)
    assert decode_object_result(encode_object_result(one)) == one


@given(data=st.binary(max_size=200) | st.text(st.characters(codec="ascii"), max_size=200).map(str.encode))
def test_any_data_is_read_or_reported(data: bytes) -> None:
    """It should raise nothing but MessageError."""
    for reader in (decode_generic, decode_overall, decode_object_result, decode_plot):
        with contextlib.suppress(MessageError):
            reader(data)
    with contextlib.suppress(MessageError):
        trace = decode_trace(data, "big")
        assert len(trace.values) == len(trace.samples)
