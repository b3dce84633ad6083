"""A message in one line for people: its number, its revision, what it is, and what it says.

Source of the names: Open Protocol release 2.8.0, chapter 5 and appendix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from drivers.torque_tool.open_protocol.codes import names_of_error_bits, refusal_text
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.generic import decode_generic
from drivers.torque_tool.open_protocol.lists import (
    Spindle,
    SpindleStatus,
    decode_job,
    decode_multi_result,
    decode_multi_status,
)
from drivers.torque_tool.open_protocol.messages import LAYOUTS, decode_identifier, decode_ids, read, whole
from drivers.torque_tool.open_protocol.overall import decode_overall
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.trace import decode_trace

NAMES: Mapping[int, str] = MappingProxyType(
    {
        1: "communication start", 2: "communication start acknowledged", 3: "communication stop", 4: "refused",
        5: "accepted", 6: "request", 8: "subscribe", 9: "unsubscribe", 10: "ask for parameter sets",
        11: "parameter sets", 12: "ask for a parameter set", 13: "parameter set", 14: "subscribe to the selected set",
        15: "parameter set selected", 16: "0015 received", 17: "unsubscribe from the selected set",
        18: "select parameter set", 19: "set batch size", 20: "reset batch", 21: "subscribe to lock at batch done",
        22: "lock at batch done", 23: "0022 received", 24: "unsubscribe from lock at batch done", 30: "ask for jobs",
        31: "jobs", 32: "ask for a job", 33: "job", 34: "subscribe to job info", 35: "job info", 36: "0035 received",
        37: "unsubscribe from job info", 38: "select job", 39: "restart job", 40: "ask for tool data", 41: "tool data",
        42: "disable tool", 43: "enable tool", 50: "download VIN", 51: "subscribe to the VIN", 52: "VIN",
        53: "0052 received", 54: "unsubscribe from the VIN", 60: "subscribe to results", 61: "result",
        62: "0061 received", 63: "unsubscribe from results", 64: "ask for an old result", 65: "old result",
        70: "subscribe to alarms", 71: "alarm", 72: "0071 received", 73: "unsubscribe from alarms",
        74: "alarm acknowledged at the controller", 75: "0074 received", 76: "alarm status", 77: "0076 received",
        78: "acknowledge alarm", 80: "ask for the time", 81: "time", 82: "set the time",
        90: "subscribe to multi-spindle status", 91: "multi-spindle status", 92: "0091 received",
        93: "unsubscribe from multi-spindle status", 100: "subscribe to multi-spindle results",
        101: "multi-spindle result", 102: "0101 received", 103: "unsubscribe from multi-spindle results",
        127: "abort job", 130: "job off", 128: "count batch on", 129: "count batch back", 150: "download identifier",
        151: "subscribe to identifiers", 152: "identifiers", 153: "0152 received", 154: "unsubscribe from identifiers",
        155: "bypass identifier", 156: "reset the latest identifier", 157: "reset all identifiers",
        210: "subscribe to inputs", 211: "inputs", 212: "0211 received",
        213: "unsubscribe from inputs", 224: "set input function", 225: "reset input function", 900: "curve",
        901: "plot parameters", 1201: "overall result", 1202: "object result", 1203: "result received",
        9997: "link level: received", 9998: "link level: refused", 9999: "keep-alive",
    }
)  # fmt: skip
_LONGEST = 60


def in_words(message: Message) -> str:
    """Such as `0004 refused: 0060, MID revision unsupported (97)`. Never raises."""
    revision = f" r{message.revision}" if message.revision > 1 else ""
    numbered = f" #{message.sequence:02d}" if message.sequence else ""
    flag = " without acknowledgement" if message.no_ack else ""
    name = NAMES.get(message.mid, "unknown MID")
    try:
        says = _says(message)
    except MessageError as error:
        says = f"cannot be read: {error}"
    line = f"{message.mid:04d}{revision}{numbered} {name}{flag}" + (f": {says}" if says else "")
    return "".join(character if character.isprintable() else "?" for character in line)


def _says(message: Message) -> str:
    mid, data = message.mid, message.data
    if mid in (6, 8, 9):
        asked = decode_generic(data)
        return f"{asked.mid:04d} r{asked.revision} {NAMES.get(asked.mid, '')}".strip()
    if mid == 11:
        return ", ".join(str(number) for number in decode_ids(data, count_width=3, id_width=3)) or "none"
    if mid == 31:
        width = 2 if message.revision == 1 else 4
        return ", ".join(str(number) for number in decode_ids(data, count_width=width, id_width=width)) or "none"
    if mid == 33:
        job = decode_job(data, message.revision)
        return f"{job.job} {job.name}, " + ", ".join(f"{step.batch_size} x pset {step.pset}" for step in job.steps)
    if mid == 91:
        return _spindles(decode_multi_status(data)[1])
    if mid == 101:
        return _spindles(decode_multi_result(data)[1])
    if mid in (50, 150):
        return repr(decode_identifier(data))
    if mid == 900:
        curve = decode_trace(data, "big")
        return f"of result {curve.result_id}, type {curve.trace_type}, {len(curve.samples)} samples"
    if mid == 1201:
        overall = decode_overall(data)
        return f"{'OK' if overall.ok else 'NOK'}, id {overall.result_id}"
    if not data:
        return ""
    return _fields(message, mid) if any(mid == known for known, _ in LAYOUTS) else f"{len(data)} bytes"


def _spindles(spindles: Sequence[Spindle | SpindleStatus]) -> str:
    return f"{sum(spindle.ok for spindle in spindles)} of {len(spindles)} spindles OK"


def _fields(message: Message, mid: int) -> str:
    values = read(message)
    if mid == 4:
        error = whole(values, "error")
        return f"{whole(values, 'mid'):04d}, {refusal_text(error)} ({error:02d})"
    if mid in (5, 9997):
        return f"{whole(values, 'mid'):04d}"
    if mid == 2:
        shown = ("controller_name", "controller_serial", "protocol_version")
        return ", ".join(str(values[name]).strip() for name in shown if values.get(name))
    if mid in (61, 65):
        return _result(values)
    if mid == 211:
        high = [name.removeprefix("input_") for name, value in values.items() if value == 1]
        return f"high: {', '.join(high)}" if high else "all low"
    said = ", ".join(f"{name} {value}" for name, value in values.items() if value not in (None, ""))
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"


def _result(values: Mapping[str, Value]) -> str:
    angle, scale = values.get("angle_deg"), values.get("angle_denominator")
    if isinstance(angle, int) and isinstance(scale, int) and scale:
        angle = angle / scale
    parts = [
        "OK" if values.get("tightening_status") == 1 else "NOK",
        f"{values.get('torque_nm')} N·m",
        f"{angle}°",
        f"pset {values.get('pset')}",
        f"id {values.get('tightening_id')}",
    ]
    status = values.get("error_status")
    if isinstance(status, int) and status:
        parts += names_of_error_bits(status)
    return ", ".join(parts)
