"""The data tables: which fields a MID has in which revision. `LAYOUTS` is all that there is to extend for a new one.

Sources: Open Protocol release 2.8.0, chapter 5, with the corrections of release 2.16.0. Where printed byte positions
contradict the printed widths, the widths hold: positions are never written down here, they follow from the widths.

Codes used in the fields: tightening status 0 not OK, 1 OK; torque and angle status 0 low, 1 OK, 2 high; batch status
0 not completed, 1 OK, 2 not used; rotation 1 clockwise, 2 counter-clockwise; times are `YYYY-MM-DD:HH:MM:SS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from drivers.torque_tool.open_protocol.fields import Field, Kind, Layout, Value
from drivers.torque_tool.open_protocol.protocol import Message, MessageError

_KINDS = {"i": Kind.INT, "c": Kind.HUNDREDTHS, "t": Kind.TEXT}

REFUSED = 4
ACCEPTED = 5
LIGHT_RESULT_REVISION = 999


def _fields(table: str, *, ids: bool = True) -> tuple[Field, ...]:
    """Fields from `name:width+kind` words; the ids count up from 01."""
    fields = []
    for number, word in enumerate(table.split(), start=1):
        name, _, spec = word.partition(":")
        fields.append(
            Field(name=name, width=int(spec[:-1]), kind=_KINDS[spec[-1]], parameter_id=number if ids else None)
        )
    return tuple(fields)


_START_1 = "cell_id:4i channel_id:2i controller_name:25t"
_START_2 = _START_1 + " supplier_code:3t"
_START_3 = _START_2 + " protocol_version:19t controller_software:19t tool_software:19t"
_START_4 = _START_3 + " rbu_type:24t controller_serial:10t"
_START_5 = _START_4 + " system_type:3i system_subtype:3i"
_START_6 = _START_5 + " sequence_numbers:1i linking:1i station_cell_id:10i station_cell_name:25t client_id:1t"
_START_7 = _START_6 + " optional_keep_alive:1i"

_PSET_1 = (
    "pset:3i name:25t rotation:1i batch_size:2i torque_min_nm:6c torque_max_nm:6c torque_target_nm:6c"
    " angle_min_deg:5i angle_max_deg:5i angle_target_deg:5i"
)
_PSET_2 = _PSET_1 + " first_target_nm:6c start_final_angle_nm:6c"
_PSET_5 = _PSET_2 + " last_change:19t"

_SELECTED_2 = (
    "pset:3i name:25t last_change:19t rotation:1i batch_size:2i torque_min_nm:6c torque_max_nm:6c torque_target_nm:6c"
    " angle_min_deg:5i angle_max_deg:5i angle_target_deg:5i first_target_nm:6c start_final_angle_nm:6c"
)

_JOB_INFO_1 = "job:2i job_status:1i job_batch_mode:1i job_batch_size:4i job_batch_counter:4i time:19t"
_JOB_INFO_2 = _JOB_INFO_1.replace("job:2i", "job:4i")
_JOB_INFO_3 = _JOB_INFO_2 + " current_step:3i steps:3i step_type:2i"
_JOB_INFO_4 = _JOB_INFO_3 + " job_tightening_status:2i"
_JOB_INFO_5 = _JOB_INFO_4 + " job_sequence_number:5i vin:25t identifier_2:25t identifier_3:25t identifier_4:25t"

_TOOL_1 = "tool_serial:14t tightenings:10i last_calibration:19t controller_serial:10t"
_TOOL_2 = (
    _TOOL_1 + " calibration_value_nm:6c last_service:19t tightenings_since_service:10i tool_type:2i motor_size:2i"
    " open_end:3t controller_software:19t"
)

_RESULT_1 = (
    "cell_id:4i channel_id:2i controller_name:25t vin:25t job:2i pset:3i batch_size:4i batch_counter:4i"
    " tightening_status:1i torque_status:1i angle_status:1i torque_min_nm:6c torque_max_nm:6c torque_target_nm:6c"
    " torque_nm:6c angle_min_deg:5i angle_max_deg:5i angle_target_deg:5i angle_deg:5i time:19t last_change:19t"
    " batch_status:1i tightening_id:10i"
)
_RESULT_2 = (
    "cell_id:4i channel_id:2i controller_name:25t vin:25t job:4i pset:3i strategy:2i strategy_options:5i batch_size:4i"
    " batch_counter:4i tightening_status:1i batch_status:1i torque_status:1i angle_status:1i rundown_angle_status:1i"
    " current_status:1i self_tap_status:1i prevail_status:1i prevail_compensate_status:1i error_status:10i"
    " torque_min_nm:6c torque_max_nm:6c torque_target_nm:6c torque_nm:6c angle_min_deg:5i angle_max_deg:5i"
    " angle_target_deg:5i angle_deg:5i rundown_angle_min_deg:5i rundown_angle_max_deg:5i rundown_angle_deg:5i"
    " current_min_percent:3i current_max_percent:3i current_percent:3i self_tap_min_nm:6c self_tap_max_nm:6c"
    " self_tap_nm:6c prevail_min_nm:6c prevail_max_nm:6c prevail_nm:6c tightening_id:10i job_sequence_number:5i"
    " sync_tightening_id:5i tool_serial:14t time:19t last_change:19t"
)
_RESULT_LIGHT = (
    "vin:25t job:2i pset:3i batch_size:4i batch_counter:4i batch_status:1i tightening_status:1i torque_status:1i"
    " angle_status:1i torque_nm:6c angle_deg:5i time:19t last_change:19t tightening_id:10i"
)

_OLD_RESULT_1 = (
    "tightening_id:10i vin:25t pset:3i batch_counter:4i tightening_status:1i torque_status:1i angle_status:1i"
    " torque_nm:6c angle_deg:5i time:19t batch_status:1i"
)
_OLD_RESULT_2 = (
    "tightening_id:10i vin:25t job:4i pset:3i strategy:2i strategy_options:5i batch_size:4i batch_counter:4i"
    " tightening_status:1i batch_status:1i torque_status:1i angle_status:1i rundown_angle_status:1i current_status:1i"
    " self_tap_status:1i prevail_status:1i prevail_compensate_status:1i error_status:10i torque_nm:6c angle_deg:5i"
    " rundown_angle_deg:5i current_percent:3i self_tap_nm:6c prevail_nm:6c job_sequence_number:5i"
    " sync_tightening_id:5i tool_serial:14t time:19t"
)

_ALARM_1 = "code:4t controller_ready:1i tool_ready:1i time:19t"
_ALARM_STATUS_1 = "active:1i " + _ALARM_1

_TABLES: tuple[tuple[int, int, tuple[Field, ...]], ...] = (
    # Empty: these MIDs are a header only.
    *((mid, 1, ()) for mid in (1, 3, 10, 14, 16, 17, 30, 34, 36, 37, 40, 42, 43, 51, 53, 54, 60, 62, 63)),
    *((mid, 1, ()) for mid in (70, 72, 73, 75, 77, 78, 80, 127, 9999)),
    (1, 7, _fields("optional_keep_alive:1i")),
    (2, 1, _fields(_START_1)),
    (2, 2, _fields(_START_2)),
    (2, 3, _fields(_START_3)),
    (2, 4, _fields(_START_4)),
    (2, 5, _fields(_START_5)),
    (2, 6, _fields(_START_6)),
    (2, 7, _fields(_START_7)),
    (4, 1, _fields("mid:4i error:2i", ids=False)),
    (4, 2, _fields("mid:4i error:3i", ids=False)),
    (5, 1, _fields("mid:4i", ids=False)),
    (12, 1, _fields("pset:3i", ids=False)),
    (13, 1, _fields(_PSET_1)),
    (13, 2, _fields(_PSET_2)),
    (13, 5, _fields(_PSET_5)),
    (15, 1, _fields("pset:3i last_change:19t", ids=False)),
    (15, 2, _fields(_SELECTED_2)),
    (18, 1, _fields("pset:3i", ids=False)),
    (19, 1, _fields("pset:3i batch_size:2i", ids=False)),
    (19, 2, _fields("pset:3i batch_size:4i", ids=False)),
    (20, 1, _fields("pset:3i", ids=False)),
    (35, 1, _fields(_JOB_INFO_1)),
    (35, 2, _fields(_JOB_INFO_2)),
    (35, 3, _fields(_JOB_INFO_3)),
    (35, 4, _fields(_JOB_INFO_4)),
    (35, 5, _fields(_JOB_INFO_5)),
    (38, 1, _fields("job:2i", ids=False)),
    (38, 2, _fields("job:4i", ids=False)),
    (39, 1, _fields("job:2i", ids=False)),
    (39, 2, _fields("job:4i", ids=False)),
    (41, 1, _fields(_TOOL_1)),
    (41, 2, _fields(_TOOL_2)),
    (52, 1, _fields("vin:25t", ids=False)),
    (52, 2, _fields("vin:25t identifier_2:25t identifier_3:25t identifier_4:25t")),
    (61, 1, _fields(_RESULT_1)),
    (61, 2, _fields(_RESULT_2)),
    (61, LIGHT_RESULT_REVISION, _fields(_RESULT_LIGHT, ids=False)),
    (64, 1, _fields("tightening_id:10i", ids=False)),
    (65, 1, _fields(_OLD_RESULT_1)),
    (65, 2, _fields(_OLD_RESULT_2)),
    (71, 1, _fields(_ALARM_1)),
    (71, 2, _fields(_ALARM_1.replace("code:4t", "code:5t") + " text:50t")),
    (71, 3, _fields(_ALARM_1.replace("code:4t", "code:5t") + " tool_health:1i text:50t")),
    (74, 1, _fields("code:4t", ids=False)),
    (74, 2, _fields("code:5t", ids=False)),
    (76, 1, _fields(_ALARM_STATUS_1)),
    (76, 2, _fields(_ALARM_STATUS_1.replace("code:4t", "code:5t"))),
    (76, 3, _fields(_ALARM_STATUS_1.replace("code:4t", "code:5t") + " tool_health:1i")),
    (81, 1, _fields("time:19t", ids=False)),
    (82, 1, _fields("time:19t", ids=False)),
    (9997, 1, _fields("mid:4i", ids=False)),
    (9998, 1, _fields("mid:4i error:4i", ids=False)),
)

LAYOUTS: MappingProxyType[tuple[int, int], Layout] = MappingProxyType(
    {(mid, revision): Layout(mid=mid, revision=revision, fields=fields) for mid, revision, fields in _TABLES}
)
"""(MID, revision) to layout. 0011, 0031, 0050 and 0150 have a length of their own: see the functions below."""


def layout_for(mid: int, revision: int) -> Layout:
    """The layout to read this message with: its own, else that of the next lower revision that is known.

    Within one MID a higher revision only adds parameters at the end, so the lower layout reads the part that it
    knows. The exceptions are revision 1 of 0061, 0065, 0035, 0071 and 0076, and revision 999 of 0061; all have tables
    of their own. Raises MessageError for a MID without a table.
    """
    known = [r for m, r in LAYOUTS if m == mid and r <= revision and (r != LIGHT_RESULT_REVISION or r == revision)]
    if not known:
        raise MessageError(f"MID {mid:04d} revision {revision} has no table here: the message is not read.")
    return LAYOUTS[mid, max(known)]


def read(message: Message) -> dict[str, Value]:
    """Field name to value. Raises MessageError for a MID without a table and for data that breaks its table."""
    return layout_for(message.mid, message.revision).decode(message.data)


def answered_mid(message: Message) -> int:
    """The MID that a 0004, 0005, 9997 or 9998 is about. Raises MessageError."""
    return whole(read(message), "mid")


def whole(values: dict[str, Value], name: str) -> int:
    """A whole number that must be there. Raises MessageError when the field is blank or not of this revision."""
    value = values.get(name)
    if not isinstance(value, int):
        raise MessageError(f"The field {name} is blank or missing: the message is not read.")
    return value


def number(values: dict[str, Value], name: str) -> float:
    """A number that must be there. Raises MessageError when the field is blank or not of this revision."""
    value = values.get(name)
    if value is None or isinstance(value, str):
        raise MessageError(f"The field {name} is blank or missing: the message is not read.")
    return float(value)


def text(values: dict[str, Value], name: str) -> str:
    """Text; empty when the field is blank or not of this revision."""
    value = values.get(name)
    return "" if value is None else str(value)


def encode_ids(ids: Sequence[int], *, count_width: int, id_width: int) -> bytes:
    """Data of 0011 revision 1 (count 3, ids 3) and 0031 (revision 1: 2 and 2, revision 2: 4 and 4)."""
    return (f"{len(ids):0{count_width}d}" + "".join(f"{i:0{id_width}d}" for i in ids)).encode("ascii")


def decode_ids(data: bytes, *, count_width: int, id_width: int) -> tuple[int, ...]:
    """Ids from the data of 0011 or 0031; what follows them in higher revisions is ignored. Raises MessageError."""
    digits = data.decode("ascii", errors="replace")
    count_text = digits[:count_width].strip()
    end = count_width + (int(count_text) if count_text.isdecimal() else 0) * id_width
    words = [digits[at : at + id_width].strip() for at in range(count_width, end, id_width)]
    if not count_text.isdecimal() or len(data) < end or not all(word.isdecimal() for word in words):
        raise MessageError(f"A list of ids cannot be read from {data!r}: the message is not read.")
    return tuple(int(word) for word in words)


def encode_identifier(identifier: str, *, longest: int) -> bytes:
    """Data of 0050 (`longest` 25) and 0150 (100): as long as the identifier. Raises MessageError when too long."""
    data = identifier.encode("utf-8")
    if len(data) > longest:
        raise MessageError(f"The identifier {identifier!r} has {len(data)} bytes; the message takes {longest}.")
    return data


def decode_identifier(data: bytes) -> str:
    """The identifier of 0050 and 0150; some clients pad it with spaces to its longest."""
    return data.decode("utf-8", errors="replace").rstrip(" ")
