"""The curve of a rundown: MID 0900 (samples) and 0901 (what to draw with them).

Source: Open Protocol release 2.8.0, section 5.27; byte order and sign of the samples from *Open Protocol, MT Focus
6000*, 9839 0732 01 (little-endian, two's complement), which no other document states. Data of 0900::

    result id 10   time 19   PID fields   trace type 2   transducer 2   unit 3   PID fields (02213 or 02214)
    number of resolutions 3, each: first 5   last 5   length 3   data type 2   unit 3   time value (length)
    number of samples 5   NUL   samples of 2 bytes; no NUL after them

A value is sample / PID 02213, or sample x PID 02214.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivers.torque_tool.open_protocol.protocol import MessageError
from drivers.torque_tool.open_protocol.variable import (
    DataField,
    decode_fields,
    digits,
    encode_fields,
    fields_by_pid,
)

ANGLE, TORQUE = 1, 2
DIVISOR, FACTOR = 2213, 2214
_SECONDS = {200: 1.0, 201: 60.0, 202: 1e-3, 203: 3600.0}
_TIME = 19
Order = Literal["little", "big"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Time between the samples from `first` to `last` (counted from 1)."""

    first: int
    last: int
    data_type: int
    unit: int
    value: bytes

    @property
    def every_s(self) -> float:
        """In seconds. Raises MessageError for another unit, or no time above 0."""
        number = DataField(pid=0, data_type=self.data_type, unit=self.unit, value=self.value).number
        if self.unit not in _SECONDS or number <= 0:
            raise MessageError(f"A trace's time step is {self.value!r} in unit {self.unit:03d}: it is not read.")
        return number * _SECONDS[self.unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One 0900."""

    result_id: int
    time: str
    fields: tuple[DataField, ...] = ()
    trace_type: int
    transducer: int = 1
    unit: int
    parameters: tuple[DataField, ...]
    resolutions: tuple[Resolution, ...]
    samples: tuple[int, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """Samples in `unit`. Raises MessageError without a coefficient above 0."""
        known = fields_by_pid(self.parameters)
        if DIVISOR in known and (divisor := known[DIVISOR].number) > 0:
            return tuple(sample / divisor for sample in self.samples)
        if FACTOR in known and (factor := known[FACTOR].number) > 0:
            return tuple(sample * factor for sample in self.samples)
        raise MessageError(f"The trace of result {self.result_id} says nothing of its scale: it is not read.")

    @property
    def every_s(self) -> float:
        """Time between two samples. Raises MessageError where it is not the same all along."""
        steps = {resolution.every_s for resolution in self.resolutions}
        if len(steps) != 1:
            raise MessageError(f"The trace of result {self.result_id} has {len(steps)} time steps: it is not read.")
        return steps.pop()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotParameters:
    """One 0901."""

    result_id: int
    time: str
    fields: tuple[DataField, ...]


def encode_trace(trace: Trace, order: Order) -> bytes:
    """The data of 0900. Raises MessageError for a sample beyond 16 bits."""
    head = _encode_head(trace.result_id, trace.time, trace.fields)
    kind = f"{trace.trace_type:02d}{trace.transducer:02d}{trace.unit:03d}".encode("ascii")
    steps = [f"{len(trace.resolutions):03d}".encode("ascii")]
    for one in trace.resolutions:
        text = f"{one.first:05d}{one.last:05d}{len(one.value):03d}{one.data_type:02d}{one.unit:03d}"
        steps += [text.encode("ascii"), one.value]
    count = f"{len(trace.samples):05d}".encode("ascii")
    try:
        samples = b"".join(sample.to_bytes(2, order, signed=True) for sample in trace.samples)
    except OverflowError as error:
        raise MessageError(f"A sample of result {trace.result_id} does not fit into 16 bits.") from error
    return head + kind + encode_fields(trace.parameters) + b"".join(steps) + count + b"\x00" + samples


def decode_trace(data: bytes, order: Order) -> Trace:
    """A 0900's data. Raises MessageError for anything that does not add up to its last byte."""
    result_id, time, fields, at = _decode_head(data)
    kind, transducer, unit = digits(data, at, 2), digits(data, at + 2, 2), digits(data, at + 4, 3)
    parameters, at = decode_fields(data, at + 7)
    count, at = digits(data, at, 3), at + 3
    resolutions = []
    for _ in range(count):
        length = digits(data, at + 10, 3)
        resolutions.append(
            Resolution(
                first=digits(data, at, 5),
                last=digits(data, at + 5, 5),
                data_type=digits(data, at + 13, 2),
                unit=digits(data, at + 15, 3),
                value=data[at + 18 : at + 18 + length],
            )
        )
        at += 18 + length
    samples, at = digits(data, at, 5), at + 5
    if data[at : at + 1] != b"\x00" or len(data) != at + 1 + 2 * samples:
        raise MessageError(f"The trace of result {result_id} does not have its {samples} samples: it is not read.")
    raw = data[at + 1 :]
    return Trace(
        result_id=result_id,
        time=time,
        fields=fields,
        trace_type=kind,
        transducer=transducer,
        unit=unit,
        parameters=parameters,
        resolutions=tuple(resolutions),
        samples=tuple(int.from_bytes(raw[i : i + 2], order, signed=True) for i in range(0, len(raw), 2)),
    )


def encode_plot(plot: PlotParameters) -> bytes:
    """The data of 0901."""
    return _encode_head(plot.result_id, plot.time, plot.fields)


def decode_plot(data: bytes) -> PlotParameters:
    """A 0901's data. Raises MessageError."""
    result_id, time, fields, _ = _decode_head(data)
    return PlotParameters(result_id=result_id, time=time, fields=fields)


def _encode_head(result_id: int, time: str, fields: tuple[DataField, ...]) -> bytes:
    return f"{result_id:010d}{time:<{_TIME}}".encode("ascii") + encode_fields(fields)


def _decode_head(data: bytes) -> tuple[int, str, tuple[DataField, ...], int]:
    fields, at = decode_fields(data, 10 + _TIME)
    return digits(data, 0, 10), data[10 : 10 + _TIME].decode("ascii", errors="replace").strip(), fields, at
