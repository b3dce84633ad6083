"""From a result message (MID 0061) or an old result (MID 0065) to the station's `TighteningResult`."""

from __future__ import annotations

from drivers.api import TighteningResult
from drivers.torque_tool.open_protocol.codes import names_of_error_bits
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import number, read, text, whole
from drivers.torque_tool.open_protocol.protocol import Message, MessageError

UNKNOWN_SERIAL = "unknown"
_STATUS = {0: "low", 1: "ok", 2: "high"}
_LIMITS = (
    "torque_min_nm",
    "torque_max_nm",
    "torque_target_nm",
    "angle_min_deg",
    "angle_max_deg",
)


def tightening_result(
    message: Message,
    *,
    device: str,
    t_mono_s: float,
    controller_serial: str,
    tool_serial: str,
    limits: dict[str, Value] | None = None,
) -> TighteningResult:
    """Read 0061 (any revision), or 0065 with the limits of its parameter set (`limits`: the fields of 0013).

    `tool_serial` is used where the revision carries none. Raises MessageError when anything that a judgement rests on
    is blank, missing or not in its code table: such a result is never completed by guessing.
    """
    values = read(message)
    window = values if limits is None else limits
    torque_min_nm, torque_max_nm, torque_target_nm, angle_min_deg, angle_max_deg = (
        number(window, name) for name in _LIMITS
    )
    tightening_status = whole(values, "tightening_status")
    if tightening_status not in (0, 1):
        raise MessageError(f"MID {message.mid:04d}: tightening status {tightening_status} is neither 0 nor 1.")
    error_status = values.get("error_status")
    return TighteningResult(
        device=device,
        t_mono_s=t_mono_s,
        tightening_id=whole(values, "tightening_id"),
        controller_serial=controller_serial or UNKNOWN_SERIAL,
        tool_serial=text(values, "tool_serial") or tool_serial or UNKNOWN_SERIAL,
        pset=whole(values, "pset"),
        ok=tightening_status == 1,
        torque_nm=number(values, "torque_nm"),
        angle_deg=number(values, "angle_deg"),
        torque_status=_status(values, "torque_status"),
        angle_status=_status(values, "angle_status"),
        torque_min_nm=torque_min_nm,
        torque_max_nm=torque_max_nm,
        torque_target_nm=torque_target_nm,
        angle_min_deg=angle_min_deg,
        angle_max_deg=angle_max_deg,
        error_bits=names_of_error_bits(error_status) if isinstance(error_status, int) else (),
        controller_time=text(values, "time"),
        raw=message.raw,
    )


def _status(values: dict[str, Value], name: str) -> str:
    code = whole(values, name)
    if code not in _STATUS:
        raise MessageError(f"The field {name} has the code {code}; only 0, 1 and 2 exist.")
    return _STATUS[code]
