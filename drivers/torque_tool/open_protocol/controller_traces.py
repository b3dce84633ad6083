"""Curves as the simulated controller tells them: one 0900 a trace type, and 0901 for what was marked in them.

Sources: Open Protocol release 2.8.0, section 5.27; MT Focus 6000 document, page 18: torque in mN·m there, N·m
elsewhere. A curve with more samples than the family sends is thinned out evenly.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.torque_tool.open_protocol.controller_mtf import MT_FOCUS_MILLINEWTON_METRE, count, scientific, words
from drivers.torque_tool.open_protocol.controller_state import ControllerState
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import number, text, whole
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.rundown_curve import Curve
from drivers.torque_tool.open_protocol.trace import (
    ANGLE,
    DIVISOR,
    FACTOR,
    TORQUE,
    PlotParameters,
    Resolution,
    Trace,
    encode_plot,
    encode_trace,
)
from drivers.torque_tool.open_protocol.variable import (
    DEGREE,
    FLOAT,
    NEWTON_METRE,
    SCIENTIFIC,
    TIME,
    DataField,
)

TRACE, PLOT = 900, 901
TYPES = (ANGLE, TORQUE)
_POWER_FOCUS_6000 = 3
_VIN, _RESULT_ID, _RESULT_TIME, _PSET, _TOOL_SERIAL = 10, 51, 53, 1000, 1202
_SECOND = 200
_LARGEST = 32767
_FINAL_TORQUE, _FINAL_ANGLE = 30237, 30238


def trace_messages(
    values: dict[str, Value], curve: Curve, types: Sequence[int], state: ControllerState, *, plotted: bool
) -> list[Message]:
    """0900 for each of these trace types, and 0901 where it is `plotted`, for the fields of an 0061."""
    step = -(-len(curve.torque_nm) // state.profile.trace_samples)
    torque, torque_unit = curve.torque_nm[::step], NEWTON_METRE
    if state.profile.results_by == 1201:
        torque, torque_unit = tuple(value * 1000 for value in torque), MT_FOCUS_MILLINEWTON_METRE
    shown = {ANGLE: (curve.angle_deg[::step], DEGREE), TORQUE: (torque, torque_unit)}
    messages = []
    for trace_type in types:
        samples, unit = shown[trace_type]
        trace = _trace(values, trace_type, unit, samples, curve.every_s * step, state)
        messages.append(Message(mid=TRACE, data=encode_trace(trace, state.profile.trace_order)))
    if plotted:
        messages.append(Message(mid=PLOT, data=encode_plot(_plot(values))))
    return messages


def _trace(
    values: dict[str, Value],
    trace_type: int,
    unit: int,
    samples: Sequence[float],
    every_s: float,
    state: ControllerState,
) -> Trace:
    coefficient = _coefficient(samples)
    scale = _number(DIVISOR, coefficient, unit, state)
    if state.profile.system_type == _POWER_FOCUS_6000:
        scale = _number(FACTOR, 1 / coefficient, unit, state)
    return Trace(
        result_id=whole(values, "tightening_id"),
        time=text(values, "time"),
        fields=_about(values),
        trace_type=trace_type,
        transducer=1,
        unit=unit,
        parameters=(scale,),
        resolutions=(_resolution(len(samples), every_s, state),),
        samples=tuple(round(sample * coefficient) for sample in samples),
    )


def _about(values: dict[str, Value]) -> tuple[DataField, ...]:
    return (
        words(_VIN, text(values, "vin")),
        count(_RESULT_ID, whole(values, "tightening_id"), 10),
        words(_RESULT_TIME, text(values, "time"), TIME),
        count(_PSET, whole(values, "pset"), 3),
        words(_TOOL_SERIAL, text(values, "tool_serial")),
    )


def _coefficient(samples: Sequence[float]) -> float:
    """What the samples are multiplied by to use the 16 bits well: a power of ten, so that its text is exact."""
    largest = max((abs(sample) for sample in samples), default=0.0)
    coefficient = 100.0
    while largest * coefficient > _LARGEST:
        coefficient /= 10
    return coefficient


def _plot(values: dict[str, Value]) -> PlotParameters:
    torque_mnm = scientific(number(values, "torque_nm") * 1000)
    return PlotParameters(
        result_id=whole(values, "tightening_id"),
        time=text(values, "time"),
        fields=(
            DataField(
                pid=_FINAL_TORQUE, data_type=SCIENTIFIC, unit=MT_FOCUS_MILLINEWTON_METRE, step=0, value=torque_mnm
            ),
            DataField(
                pid=_FINAL_ANGLE,
                data_type=SCIENTIFIC,
                unit=DEGREE,
                step=0,
                value=scientific(number(values, "angle_deg")),
            ),
        ),
    )


def _text(value: float, state: ControllerState) -> tuple[int, bytes]:
    """Data type and characters of a number, as the family writes it."""
    if state.profile.results_by == 1201:
        return SCIENTIFIC, scientific(value)
    return FLOAT, f"{value:.6g}".encode("ascii")


def _number(pid: int, value: float, unit: int, state: ControllerState) -> DataField:
    data_type, characters = _text(value, state)
    return DataField(pid=pid, data_type=data_type, unit=unit, step=0, value=characters)


def _resolution(count: int, every_s: float, state: ControllerState) -> Resolution:
    data_type, characters = _text(every_s, state)
    return Resolution(first=1, last=count, data_type=data_type, unit=_SECOND, value=characters)
