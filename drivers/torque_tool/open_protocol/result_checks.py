"""Whether a tightening result agrees with itself. The line may have no checksum, so a damaged digit shows only here.

Source: Open Protocol release 2.8.0, section 2.3 (torque is truncated to hundredths of its unit, angles are whole
degrees), and the tables of MID 0061.

A controller may call a rundown bad although torque and angle are good: it judges more than it tells. The other way
round it may not. A window of 0 to 0 is not monitored, and a largest value of 0 above a smallest one is no limit.
Loosenings and whatever else is no tightening (batch steps, aborts) are not judged by the window of a tightening.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from math import inf
from types import MappingProxyType

from drivers.api import TighteningResult
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.protocol import MessageError

_TIME = re.compile(r"\d{4}-\d\d-\d\d:\d\d:\d\d:\d\d", re.ASCII)
_NO_TIME = "0000-00-00:00:00:00"
_LARGEST = 4_294_967_295
"""Ids and bit fields have 32 bits in ten digits."""
_HIGHEST: Mapping[str, int] = MappingProxyType(
    {
        "rundown_angle_status": 2,
        "current_status": 2,
        "self_tap_status": 2,
        "prevail_status": 2,
        "prevail_compensate_status": 2,
        "overall_angle_status": 2,
        "post_view_active": 3,
        "error_status": _LARGEST,
        "error_status_2": _LARGEST,
        "tightening_id": _LARGEST,
    }
)
"""Fields that nothing here is decided by, and the highest value that the tables know."""
_TEXTS = ("vin", "tool_serial")


def must_be_in_tables(values: Mapping[str, Value]) -> None:
    """Hold the fields that no judgement rests on against their tables. Raises MessageError."""
    for name, highest in _HIGHEST.items():
        value = values.get(name)
        if isinstance(value, int) and not 0 <= value <= highest:
            raise MessageError(f"The field {name} has the value {value}; only 0 to {highest} exist: it is not read.")
    for name in _TEXTS:
        value = values.get(name)
        if isinstance(value, str) and any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in value):
            raise MessageError(f"The field {name} is {value!r}, which is no text: the result is not read.")
    changed = values.get("last_change")
    if isinstance(changed, str) and changed != _NO_TIME:
        time_of(changed)


def time_of(words: str) -> str:
    """The controller's time as it wrote it; empty where it wrote none. Raises MessageError for what is no time."""
    if words:
        try:
            if not _TIME.fullmatch(words):
                raise ValueError(words)
            datetime.strptime(words, "%Y-%m-%d:%H:%M:%S")
        except ValueError as error:
            raise MessageError(f"The result's time {words!r} is no time: the result is not read.") from error
    return words


def judged(value: float, low: float, high: float) -> str:
    """`low`, `ok` or `high` for a value whose status the controller leaves blank; unmonitored is `ok`."""
    low, high = _limits(low, high)
    return "low" if value < low else "high" if value > high else "ok"


def must_agree(result: TighteningResult, *, torque_slack_nm: float, angle_slack_deg: float) -> None:
    """Raises MessageError when the result contradicts itself; within the slack a limit says nothing."""
    if result.result_type != "tightening":
        return
    torque = (result.torque_nm, result.torque_min_nm, result.torque_max_nm)
    angle = (result.angle_deg, result.angle_min_deg, result.angle_max_deg)
    for what, status, (value, low, high), slack in (
        ("torque", result.torque_status, torque, torque_slack_nm),
        ("angle", result.angle_status, angle, angle_slack_deg),
    ):
        if not _monitored(low, high):
            continue
        lowest, highest = _limits(low, high)
        if lowest > highest:
            raise _contradiction(result, f"its {what} window from {low:g} to {high:g} is empty")
        fits = {
            "low": value <= lowest + slack,
            "ok": lowest - slack <= value <= highest + slack,
            "high": value >= highest - slack,
        }
        if not fits[status]:
            raise _contradiction(result, f"its {what} {value:g} is called {status} in {low:g} to {high:g}")
        if result.ok and status != "ok":
            raise _contradiction(result, f"it is called good with its {what} {status}")
    shut_off = [name for name in result.error_bits if name.endswith("shut off")]
    if result.ok and shut_off:
        raise _contradiction(result, f"it is called good and has the error {shut_off[0]!r}")


def _monitored(low: float, high: float) -> bool:
    return low != 0 or high != 0


def _limits(low: float, high: float) -> tuple[float, float]:
    if not _monitored(low, high):
        return -inf, inf
    return low, inf if high == 0 < low else high


def _contradiction(result: TighteningResult, why: str) -> MessageError:
    return MessageError(f"Result {result.tightening_id} contradicts itself: {why}; it is not read.")
