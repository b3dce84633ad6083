"""Messages that carry a list behind their fixed fields: jobs (0033), multi-spindle status and result (0091, 0101), and
the stages of revision 998 of 0061.

Source: Open Protocol release 2.8.0, sections 5.5 and 5.11, with the corrections of release 2.16.0 (the list of 0033 r3
begins at byte 92 and has 44 bytes an entry; spindles of 0091 begin at byte 58; those of 0101 end at 174 + 18 N).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from drivers.torque_tool.open_protocol.fields import Layout, Value, fixed, hundredths
from drivers.torque_tool.open_protocol.messages import fields_of, layout_for, text, whole
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.variable import digits

T = TypeVar("T")

_JOB = (
    "name:25t forced_order:1i max_first_s:4i max_total_s:5i batch_mode:1i lock_at_done:1i line_control:1i repeat:1i"
    " loosening:1i repair:1i count:2i"
)
_JOB_HEADS: Mapping[int, Layout] = MappingProxyType(
    {
        revision: Layout(mid=33, revision=revision, fields=fields_of(f"job:{2 if revision == 1 else 4}i {_JOB}"))
        for revision in range(1, 6)
    }
)
_STEP_WIDTHS: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {
        1: (2, 3, 1, 2),
        2: (2, 3, 1, 2),
        3: (2, 3, 1, 2, 2, 25, 2),
        4: (2, 3, 1, 2, 4, 25, 2, 2),
        5: (2, 3, 1, 4, 4, 25, 2, 2),
    }
)
_STEP_LIST, _SPINDLE_LIST, _SPINDLE_RESULTS, _STAGE_LIST = b"13", b"05", b"18", b"58"
_MULTI_STATUS = Layout(mid=91, revision=1, fields=fields_of("count:2i sync_id:5i time:19t ok:1i"))
_MULTI_RESULT = Layout(
    mid=101,
    revision=1,
    fields=fields_of(
        "count:2i vin:25t job:2i pset:3i batch_size:4i batch_counter:4i batch_status:1i torque_min_nm:6c"
        " torque_max_nm:6c torque_target_nm:6c angle_min_deg:5i angle_max_deg:5i angle_target_deg:5i last_change:19t"
        " time:19t sync_id:5i sync_ok:1i"
    ),
)
_SPINDLE = 18
_STAGE = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStep:
    """One entry of a job's list: this parameter set, so many times."""

    channel: int = 1
    pset: int
    auto_next: int = 1
    """1 = the next entry follows by itself; more values from revision 4 on (2 I/O, 6 field bus, 8 socket tray)."""
    batch_size: int
    socket: int = 0
    """Revision 3: socket; from revision 4 on the identifier number."""
    step_name: str = ""
    step_type: int = 1
    """1 = batch."""
    max_nok: int = 0
    """From revision 4 on: so many coherent bad results are allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """0033: what a job is."""

    job: int
    name: str = ""
    forced_order: int = 0
    """0 free, 1 forced, 2 free and forced."""
    max_first_s: int = 0
    max_total_s: int = 0
    batch_mode: int = 0
    """0 only good ones are counted, 1 bad ones too."""
    lock_at_done: int = 0
    line_control: int = 0
    repeat: int = 0
    loosening: int = 0
    """0 enabled, 1 disabled, 2 enabled only after a bad result."""
    repair: int = 0
    """Reserved by the specification."""
    steps: tuple[JobStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpindleStatus:
    """One spindle of 0091."""

    number: int
    channel: int
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spindle:
    """One spindle of 0101. Torque status is 0 low, 1 OK, 2 high (from revision 4 on 0 or 1), angle status 0 or 1."""

    number: int
    channel: int
    ok: bool
    torque_status: int
    torque_nm: float
    angle_status: int
    angle_deg: int


def encode_job(job: Job, revision: int) -> bytes:
    """The data of 0033 in revision 1 to 5. Raises MessageError for what does not fit."""
    head = _of(_JOB_HEADS, revision, 33)
    values: dict[str, Value] = {field.name: getattr(job, field.name) for field in head.fields if field.name != "count"}
    return b"".join(
        (
            head.encode({**values, "count": len(job.steps)}),
            _STEP_LIST,
            *(_encode_step(step, revision) for step in job.steps),
        )
    )


def decode_job(data: bytes, revision: int) -> Job:
    """A 0033's data. Raises MessageError."""
    head, widths = _of(_JOB_HEADS, revision, 33), _of(_STEP_WIDTHS, revision, 33)
    values = head.decode(data)
    rows = _rows(data, head.size, _STEP_LIST, sum(widths) + len(widths), whole(values, "count"), 33)
    numbers = {
        field.name: int(values.get(field.name) or 0)
        for field in head.fields
        if field.name not in ("job", "name", "count")
    }
    steps = tuple(_decode_step(row, widths) for row in rows)
    return Job(job=whole(values, "job"), name=text(values, "name"), steps=steps, **numbers)


def encode_multi_status(sync_id: int, time: str, ok: bool, spindles: Sequence[SpindleStatus]) -> bytes:
    """The data of 0091."""
    head = _MULTI_STATUS.encode({"count": len(spindles), "sync_id": sync_id, "time": time, "ok": int(ok)})
    widths = (2, 2, 1)
    rows = (_row((one.number, one.channel, int(one.ok)), widths, 91) for one in spindles)
    return head + _SPINDLE_LIST + b"".join(rows)


def decode_multi_status(data: bytes) -> tuple[dict[str, Value], tuple[SpindleStatus, ...]]:
    """A 0091's fields (`count sync_id time ok`) and spindles. Raises MessageError."""
    values = _MULTI_STATUS.decode(data)
    rows = _rows(data, _MULTI_STATUS.size, _SPINDLE_LIST, 5, whole(values, "count"), 91)
    return values, tuple(
        SpindleStatus(number=digits(row, 0, 2), channel=digits(row, 2, 2), ok=_flag(row, 4)) for row in rows
    )


def encode_multi_result(
    values: Mapping[str, Value], spindles: Sequence[Spindle], revision: int, *, subtype: int = 1, job_sequence: int = 0
) -> bytes:
    """The data of 0101 in revision 1 to 6; `values` are the fields before the list, its count is taken from it."""
    rows = (
        (
            *(one.number, one.channel, int(one.ok), one.torque_status),
            *(hundredths(one.torque_nm), one.angle_status, one.angle_deg),
        )
        for one in spindles
    )
    tail = b"19" + fixed(subtype, 3, "MID 0101, subtype") if revision >= 4 else b""
    tail += b"20" + fixed(job_sequence, 5, "MID 0101, job sequence") if revision >= 5 else b""
    head = _MULTI_RESULT.encode({**values, "count": len(spindles)})
    return head + _SPINDLE_RESULTS + b"".join(_row(row, (2, 2, 1, 1, 6, 1, 5), 101) for row in rows) + tail


def decode_multi_result(data: bytes) -> tuple[dict[str, Value], tuple[Spindle, ...]]:
    """A 0101's fields and spindles in any revision; what follows the spindles is left alone. Raises MessageError."""
    values = _MULTI_RESULT.decode(data)
    rows = _rows(data, _MULTI_RESULT.size, _SPINDLE_RESULTS, _SPINDLE, whole(values, "count"), 101)
    return values, tuple(
        Spindle(
            number=digits(row, 0, 2),
            channel=digits(row, 2, 2),
            ok=_flag(row, 4),
            torque_status=digits(row, 5, 1),
            torque_nm=_signed(row, 6, 6) / 100,
            angle_status=digits(row, 12, 1),
            angle_deg=_signed(row, 13, 5),
        )
        for row in rows
    )


def decode_stages(message: Message) -> tuple[tuple[float, int], ...]:
    """(torque in N·m, angle in degrees) of each stage of a 0061 in revision 998. Raises MessageError."""
    layout = layout_for(61, message.revision)
    values = layout.decode(message.data)
    rows = _rows(message.data, layout.size, _STAGE_LIST, _STAGE, whole(values, "stage_results"), 61)
    if len(message.data) != layout.size + len(_STAGE_LIST) + _STAGE * len(rows):
        raise MessageError(f"MID 0061 revision 998 is longer than its {len(rows)} stages: the message is not read.")
    return tuple((_signed(row, 0, 6) / 100, _signed(row, 6, 5)) for row in rows)


def encode_stages(stages: Sequence[tuple[float, int]]) -> bytes:
    """What follows the fixed fields of a 0061 in revision 998."""
    rows = (_row((hundredths(torque_nm), angle_deg), (6, 5), 61) for torque_nm, angle_deg in stages)
    return _STAGE_LIST + b"".join(rows)


def _encode_step(step: JobStep, revision: int) -> bytes:
    widths = _of(_STEP_WIDTHS, revision, 33)
    name = step.step_name.encode("utf-8")[:25].ljust(25)
    values = (step.channel, step.pset, step.auto_next, step.batch_size, step.socket, name, step.step_type, step.max_nok)
    parts = []
    for value, width in zip(values, widths, strict=False):
        part = value if isinstance(value, bytes) else f"{value:0{width}d}".encode("ascii")
        if len(part) > width:
            raise MessageError(f"MID 0033: {value!r} of parameter set {step.pset} does not fit in {width} characters.")
        parts.append(part)
    return b":".join(parts) + b";"


def _decode_step(row: bytes, widths: tuple[int, ...]) -> JobStep:
    at, parts = 0, []
    for index, width in enumerate(widths):
        parts.append(row[at : at + width])
        at += width + 1
        if row[at - 1 : at] != (b";" if index == len(widths) - 1 else b":"):
            raise MessageError(f"MID 0033: the entry {row!r} is not separated as it must be: the message is not read.")
    figures = [digits(part, 0, len(part)) if len(part) < 25 else 0 for part in parts]
    figures += [0] * (8 - len(figures))
    return JobStep(
        channel=figures[0],
        pset=figures[1],
        auto_next=figures[2],
        batch_size=figures[3],
        socket=figures[4],
        step_name=parts[5].decode("utf-8", errors="replace").rstrip() if len(parts) > 5 else "",
        step_type=figures[6] if len(parts) > 6 else 1,
        max_nok=figures[7],
    )


def _of(table: Mapping[int, T], revision: int, mid: int) -> T:
    found = table.get(revision)
    if found is None:
        raise MessageError(f"MID {mid:04d} revision {revision} has no table here: the message is not read.")
    return found


def _row(numbers: Sequence[int], widths: Sequence[int], mid: int) -> bytes:
    pairs = zip(numbers, widths, strict=True)
    return b"".join(fixed(number, width, f"MID {mid:04d}, its list") for number, width in pairs)


def _rows(data: bytes, at: int, list_id: bytes, size: int, count: int, mid: int) -> list[bytes]:
    if data[at : at + 2] != list_id or len(data) < at + 2 + size * count:
        raise MessageError(f"MID {mid:04d}: its list of {count} entries is not at byte {21 + at}: it is not read.")
    return [data[at + 2 + size * i : at + 2 + size * (i + 1)] for i in range(count)]


def _flag(row: bytes, at: int) -> bool:
    if row[at : at + 1] not in (b"0", b"1"):
        raise MessageError(f"A spindle's status {row[at : at + 1]!r} is neither 0 nor 1: the message is not read.")
    return row[at : at + 1] == b"1"


def _signed(row: bytes, at: int, width: int) -> int:
    """A whole number that may be negative. Raises MessageError."""
    raw = row[at : at + width].strip(b" ")
    return -digits(raw, 1, len(raw) - 1) if raw[:1] == b"-" and len(raw) > 1 else digits(row, at, width)
