"""From a controller's result (MID 0061, 0065, or 1201 with 1202) to the station's `TighteningResult`.

What a judgement rests on is never completed by guessing: a result that lacks it, has a code that is in no table, or
contradicts itself raises MessageError. Torque becomes newton metres and angles become degrees here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from drivers.api import TighteningResult
from drivers.torque_tool.open_protocol.codes import BATCH_STATUSES, RESULT_TYPES, names_of_error_bits
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.lists import decode_stages
from drivers.torque_tool.open_protocol.messages import layout_for, number, text, whole
from drivers.torque_tool.open_protocol.overall import ObjectResult, Overall
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.result_checks import judged, must_agree, must_be_in_tables, time_of
from drivers.torque_tool.open_protocol.result_tables import STAGES_REVISION
from drivers.torque_tool.open_protocol.variable import (
    DEGREE,
    NM_PER_UNIT,
    NO_UNIT,
    DataField,
    fields_by_pid,
    torque_in_nm,
)

_Word = TypeVar("_Word")

UNKNOWN_SERIAL = "unknown"
_STATUS = MappingProxyType({0: "low", 1: "ok", 2: "high"})
_NM_PER_RESULT_UNIT = MappingProxyType(
    {
        1: 1.0,
        2: NM_PER_UNIT[2],
        3: NM_PER_UNIT[6],
        4: NM_PER_UNIT[7],
        5: NM_PER_UNIT[13],
        6: NM_PER_UNIT[10],
        8: NM_PER_UNIT[3],
    }
)
"""Torque unit of revision 3 and above -> newton metres; 7 is per cent and no torque."""
_TRUNCATED = 0.011
"""Torque is truncated to hundredths of its unit: a limit that differs by less says nothing."""

_WHOLE_DEGREES = 1.0
"""Limits from the parameter set are whole degrees also where the result's angle is finer."""

_ROUNDED = 0.001
"""Scientific floats have three decimals."""
_OVERALL_STATUS = MappingProxyType({1: "ok", 2: "low", 3: "high"})
_OVERALL_ERRORS = MappingProxyType(
    {
        2: "value high",
        3: "value low",
        4: "trigger lost",
        5: "bit slip",
        6: "rehit",
        7: "no seating",
        8: "damaged thread",
        9: "rescinding torque low",
    }
)
_TYPE, _CODE, _ERROR = 30201, 30202, 30205
_CONTROLLER, _TOOL, _PSET, _BATCH_SIZE, _BATCH_COUNT = 30207, 30214, 30216, 30228, 30229
_TORQUE, _ANGLE, _TORQUE_STATUS, _ANGLE_STATUS = 30237, 30238, 30241, 30242
_TORQUE_MAX, _TORQUE_MIN, _ANGLE_MAX, _ANGLE_MIN = 30255, 30256, 30257, 30258
_IDENTIFIERS = ((30244, 30245), (30246, 30247), (30248, 30249), (30250, 30251))
"""Key and value of the custom identifiers 1 to 4."""


def tightening_result(
    message: Message,
    *,
    device: str,
    t_mono_s: float,
    controller_serial: str,
    tool_serial: str,
    limits: Mapping[str, Value] | None = None,
) -> TighteningResult:
    """Read 0061 in any revision, or 0065 with the limits of its parameter set (`limits`: the fields of 0013).

    `tool_serial` is used where the revision carries none; revision 999 of 0061 needs `limits` too. Raises MessageError.
    """
    values = _read_whole_length(message)
    must_be_in_tables(values)
    window = dict(values if limits is None else limits)
    pset = whole(values, "pset")
    if limits is not None and window.get("pset") not in (None, pset):
        raise MessageError(f"The result has the parameter set {pset}, its limits are of {window['pset']}: not read.")
    factor, scale = _torque_factor(values), _angle_scale(values)
    limit_factor, limit_scale = (factor, scale) if limits is None else (1.0, 1.0)
    torque_nm, angle_deg = number(values, "torque_nm") * factor, number(values, "angle_deg") * scale
    torque_min_nm, torque_max_nm, torque_target_nm = (
        number(window, f"torque_{name}_nm") * limit_factor for name in ("min", "max", "target")
    )
    angle_min_deg, angle_max_deg = (number(window, f"angle_{name}_deg") * limit_scale for name in ("min", "max"))
    result = TighteningResult(
        device=device,
        t_mono_s=t_mono_s,
        tightening_id=whole(values, "tightening_id"),
        controller_serial=controller_serial or UNKNOWN_SERIAL,
        tool_serial=text(values, "tool_serial").strip() or tool_serial or UNKNOWN_SERIAL,
        pset=pset,
        ok=_coded(values, "tightening_status", MappingProxyType({0: False, 1: True})),
        torque_nm=torque_nm,
        angle_deg=angle_deg,
        torque_status=_coded(values, "torque_status", _STATUS, judged(torque_nm, torque_min_nm, torque_max_nm)),
        angle_status=_coded(values, "angle_status", _STATUS, judged(angle_deg, angle_min_deg, angle_max_deg)),
        torque_min_nm=torque_min_nm,
        torque_max_nm=torque_max_nm,
        torque_target_nm=torque_target_nm,
        angle_min_deg=angle_min_deg,
        angle_max_deg=angle_max_deg,
        error_bits=names_of_error_bits(_or_0(values, "error_status"), _or_0(values, "error_status_2")),
        result_type=_coded(values, "result_type", RESULT_TYPES, "tightening"),
        job=_or_0(values, "job"),
        batch_size=_or_0(values, "batch_size"),
        batch_counter=_or_0(values, "batch_counter"),
        batch_status=_coded(values, "batch_status", BATCH_STATUSES, "unused"),
        vin=text(values, "vin"),
        asked_back=message.mid == 65,
        controller_time=time_of(text(values, "time")),
        raw=message.raw,
    )
    finer = limits is not None and scale != 1.0
    must_agree(
        result,
        torque_slack_nm=_TRUNCATED * max(factor, limit_factor),
        angle_slack_deg=_WHOLE_DEGREES if finer else 0.0,
    )
    return result


def overall_result(
    overall: Overall,
    objects: Sequence[ObjectResult],
    *,
    device: str,
    t_mono_s: float,
    controller_serial: str,
    tool_serial: str,
    raw: bytes,
    asked_back: bool,
) -> TighteningResult:
    """Read a whole 1201 with its one 1202. Neither target torque (0) nor job (None) is told. Raises MessageError.

    A status that is undefined is taken from the limits of the same message; without limits nothing was monitored: ok.
    """
    if len(objects) != 1:
        raise MessageError(f"Result {overall.result_id} has {len(objects)} objects; one tool has one.")
    known = {**fields_by_pid(overall.fields), **fields_by_pid(objects[0].fields)}
    if (objects[0].result_id, len(overall.objects)) != (overall.result_id, 1):
        raise MessageError(f"Result {overall.result_id} and its object {objects[0].result_id} do not belong together.")
    if overall.objects[0] != (objects[0].object_id, int(overall.ok)):
        raise MessageError(f"Result {overall.result_id} contradicts itself: its object is {overall.objects[0]}.")
    code = _must(known, _CODE).whole
    if overall.ok is not (code == 1):
        raise MessageError(f"Result {overall.result_id} contradicts itself: status {overall.ok}, result code {code}.")
    kind = known[_TYPE].whole if _TYPE in known else 1
    if kind not in (1, 2):
        raise MessageError(f"Result {overall.result_id} is of type {kind}; only 1 and 2 exist.")
    torque_nm, torque_min_nm, torque_max_nm = (_torque(known, pid) for pid in (_TORQUE, _TORQUE_MIN, _TORQUE_MAX))
    angle_deg, angle_min_deg, angle_max_deg = (_degrees(known, pid) for pid in (_ANGLE, _ANGLE_MIN, _ANGLE_MAX))
    if torque_nm is None or angle_deg is None:
        raise MessageError(f"Result {overall.result_id} tells no final torque or no final angle: it is not read.")
    error = known[_ERROR].whole if _ERROR in known else 0
    if overall.ok and error in _OVERALL_ERRORS:
        raise MessageError(f"Result {overall.result_id} contradicts itself: good with {_OVERALL_ERRORS[error]}.")
    result = TighteningResult(
        device=device,
        t_mono_s=t_mono_s,
        tightening_id=overall.result_id,
        controller_serial=controller_serial or _text(known, _CONTROLLER) or UNKNOWN_SERIAL,
        tool_serial=_text(known, _TOOL) or tool_serial or UNKNOWN_SERIAL,
        pset=_must(known, _PSET).whole,
        ok=overall.ok,
        torque_nm=torque_nm,
        angle_deg=angle_deg,
        torque_status=_judged(known, _TORQUE_STATUS, torque_nm, torque_min_nm, torque_max_nm),
        angle_status=_judged(known, _ANGLE_STATUS, angle_deg, angle_min_deg, angle_max_deg),
        torque_min_nm=torque_min_nm or 0.0,
        torque_max_nm=torque_max_nm or 0.0,
        torque_target_nm=0.0,
        angle_min_deg=angle_min_deg or 0.0,
        angle_max_deg=angle_max_deg or 0.0,
        error_bits=(_OVERALL_ERRORS[error],) if error in _OVERALL_ERRORS else (),
        result_type="tightening" if kind == 1 else "loosening",
        job=None,
        batch_size=known[_BATCH_SIZE].whole if _BATCH_SIZE in known else 0,
        batch_counter=known[_BATCH_COUNT].whole if _BATCH_COUNT in known else 0,
        vin=next((_text(known, value) for key, value in _IDENTIFIERS if _text(known, key).upper() == "VIN"), ""),
        asked_back=asked_back,
        controller_time=time_of(overall.time),
        raw=raw,
    )
    must_agree(result, torque_slack_nm=_ROUNDED * abs(torque_nm), angle_slack_deg=_ROUNDED * abs(angle_deg))
    return result


def _read_whole_length(message: Message) -> dict[str, Value]:
    """The fields of a message that is exactly as long as its revision: a result that lost its revision is longer."""
    layout = layout_for(message.mid, message.revision)
    values = layout.decode(message.data)
    if message.revision == STAGES_REVISION:
        decode_stages(message)
    elif message.revision == layout.revision and len(message.data) != layout.size:
        raise MessageError(
            f"MID {message.mid:04d} revision {message.revision} has {len(message.data)} bytes of data instead of"
            f" {layout.size}: the result is not read."
        )
    return values


def _coded(values: Mapping[str, Value], name: str, table: Mapping[int, _Word], blank: _Word | None = None) -> _Word:
    """The word of a code; `blank` where the field is blank or not of this revision. Raises MessageError."""
    code = values.get(name)
    if code is None and blank is not None:
        return blank
    if not isinstance(code, int) or code not in table:
        raise MessageError(f"The field {name} has the code {code}; only {', '.join(map(str, table))} exist.")
    return table[code]


def _torque_factor(values: Mapping[str, Value]) -> float:
    unit = values.get("torque_unit")
    if unit is None:
        return 1.0
    if unit not in _NM_PER_RESULT_UNIT:
        raise MessageError(f"The result's torque unit {unit} is no unit of torque: the result is not read.")
    return _NM_PER_RESULT_UNIT[int(unit)]


def _angle_scale(values: Mapping[str, Value]) -> float:
    """Revision 10: every angle x numerator / denominator."""
    above, below = values.get("angle_numerator"), values.get("angle_denominator")
    if above is None and below is None:
        return 1.0
    if not isinstance(above, int) or not isinstance(below, int) or above <= 0 or below <= 0:
        raise MessageError(f"The result's angles are scaled by {above} / {below}, which is no scale: it is not read.")
    return above / below


def _or_0(values: Mapping[str, Value], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0


def _must(known: Mapping[int, DataField], pid: int) -> DataField:
    if pid not in known:
        raise MessageError(f"The result does not tell PID {pid:05d}: it is not read.")
    return known[pid]


def _text(known: Mapping[int, DataField], pid: int) -> str:
    return known[pid].text if pid in known else ""


def _torque(known: Mapping[int, DataField], pid: int) -> float | None:
    """Rounded to a tenth of a millinewton metre: what the characters carry, without the noise of the conversion."""
    return round(torque_in_nm(known[pid].number, known[pid].unit), 7) if pid in known else None


def _degrees(known: Mapping[int, DataField], pid: int) -> float | None:
    if pid not in known:
        return None
    if known[pid].unit not in (DEGREE, NO_UNIT):
        raise MessageError(
            f"PID {pid:05d} is in unit {known[pid].unit:03d} and not in degrees: the result is not read."
        )
    return known[pid].number


def _judged(known: Mapping[int, DataField], pid: int, value: float, low: float | None, high: float | None) -> str:
    code = known[pid].whole if pid in known else 0
    if code in _OVERALL_STATUS:
        return _OVERALL_STATUS[code]
    if code != 0:
        raise MessageError(f"PID {pid:05d} has the code {code}; only 0 to 3 exist.")
    return judged(value, low or 0.0, high or 0.0)
