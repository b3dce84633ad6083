"""Results as the MT Focus 6000 tells them: 1201 for the whole, 1202 for its one object.

Source: *Open Protocol, MT Focus 6000*, 9839 0732 01, pages 18 to 24. Values are 12-character scientific floats, torque
in mN·m; statuses are 0 undefined, 1 OK, 2 low, 3 high.
"""

from __future__ import annotations

from drivers.torque_tool.open_protocol.controller_state import ControllerState
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import number, text, whole
from drivers.torque_tool.open_protocol.overall import ObjectResult, Overall, encode_object_result, encode_overall
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.variable import (
    DEGREE,
    NO_UNIT,
    SCIENTIFIC,
    TEXT,
    TIME,
    UNSIGNED,
    DataField,
)

OVERALL, OBJECT = 1201, 1202
_SINGLE = 0
_ONLY_OBJECT = 1
MT_FOCUS_MILLINEWTON_METRE = 90
"""Its own unit code, which it sends unless it is set otherwise."""
_STATUS = {0: 2, 1: 1, 2: 3}
"""From 0061 (0 low, 1 OK, 2 high) to these documents' order."""
_CODE_OK, _CODE_ERROR = 1, 3
_ERROR_OK, _ERROR_HIGH, _ERROR_LOW = 1, 2, 3


def overall_messages(values: dict[str, Value], state: ControllerState) -> list[Message]:
    """1201 and then 1202 for the fields of an 0061."""
    result_id, ok = whole(values, "tightening_id"), whole(values, "tightening_status") == 1
    overall = Overall(
        total=2,
        number=1,
        result_id=result_id,
        time=text(values, "time"),
        ok=ok,
        operation=_SINGLE,
        objects=((_ONLY_OBJECT, int(ok)),),
        fields=(),
    )
    one = ObjectResult(
        total=2, number=2, result_id=result_id, object_id=_ONLY_OBJECT, fields=_object_fields(values, state)
    )
    return [Message(mid=OVERALL, data=encode_overall(overall)), Message(mid=OBJECT, data=encode_object_result(one))]


def scientific(value: float) -> bytes:
    """Twelve characters with three decimals: 123.4 is `00001.234e+2`."""
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa}e{int(exponent):+d}".zfill(12).encode("ascii")


def _object_fields(values: dict[str, Value], state: ControllerState) -> tuple[DataField, ...]:
    torque_status, angle_status = whole(values, "torque_status"), whole(values, "angle_status")
    ok = whole(values, "tightening_status") == 1
    error = _ERROR_OK if ok else _ERROR_HIGH if 2 in (torque_status, angle_status) else _ERROR_LOW
    return (
        count(30200, whole(values, "tightening_id"), 11),
        count(30201, whole(values, "result_type"), 1),
        count(30202, _CODE_OK if ok else _CODE_ERROR, 1),
        words(30203, text(values, "time"), TIME),
        count(30205, error, 2),
        words(30207, state.controller_serial),
        words(30211, str(whole(values, "station_id"))),
        words(30214, state.tool_serial),
        count(30216, whole(values, "pset"), 3),
        words(30217, text(values, "pset_name")),
        count(30228, whole(values, "batch_size"), 3),
        count(30229, whole(values, "batch_counter"), 3),
        _torque(30230, number(values, "torque_nm")),
        _angle(30231, number(values, "angle_deg")),
        _torque(30237, number(values, "torque_nm")),
        _angle(30238, number(values, "angle_deg")),
        count(30241, _STATUS[torque_status], 1),
        count(30242, _STATUS[angle_status], 1),
        words(30244, "VIN"),
        words(30245, text(values, "vin")),
        _torque(30255, number(values, "torque_max_nm")),
        _torque(30256, number(values, "torque_min_nm")),
        _angle(30257, number(values, "angle_max_deg")),
        _angle(30258, number(values, "angle_min_deg")),
    )


def count(pid: int, value: int, width: int) -> DataField:
    """A whole number with leading zeros."""
    return DataField(pid=pid, data_type=UNSIGNED, unit=NO_UNIT, step=0, value=f"{value:0{width}d}".encode("ascii"))


def words(pid: int, value: str, data_type: int = TEXT) -> DataField:
    """Text, or another type that is written as such."""
    return DataField(pid=pid, data_type=data_type, unit=NO_UNIT, step=0, value=value.encode("utf-8"))


def _torque(pid: int, torque_nm: float) -> DataField:
    value = scientific(torque_nm * 1000)
    return DataField(pid=pid, data_type=SCIENTIFIC, unit=MT_FOCUS_MILLINEWTON_METRE, step=0, value=value)


def _angle(pid: int, angle_deg: float) -> DataField:
    return DataField(pid=pid, data_type=SCIENTIFIC, unit=DEGREE, step=0, value=scientific(angle_deg))
