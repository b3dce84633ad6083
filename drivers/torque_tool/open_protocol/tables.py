"""The data tables of all MIDs but results: which fields each has in which revision, as `name:width+kind` words.

Sources: Open Protocol release 2.8.0, chapter 5, with the corrections of release 2.16.0; for 0211 chapter 5.17. Where
printed byte positions contradict the printed widths, the widths hold: positions are never written down, they follow
from the widths. Kinds: i whole number, c hundredths, t text.
"""

from __future__ import annotations

from collections.abc import Iterator

Row = tuple[int, int, str, bool]
"""MID, revision, words, whether each value has its parameter id before it."""

HEADER_ONLY = (
    *(1, 3, 10, 14, 16, 17, 21, 23, 24, 30, 34, 36, 37, 40, 42, 43, 51, 53, 54, 60, 62, 63, 70, 72, 73, 75, 77, 78, 80),
    *(90, 92, 93, 100, 102, 103, 127, 128, 129, 151, 153, 154, 155, 156, 157, 210, 212, 213, 1203, 9999),
)
"""MIDs that are a header only in revision 1."""

_START = (
    "cell_id:4i channel_id:2i controller_name:25t",
    "supplier_code:3t",
    "protocol_version:19t controller_software:19t tool_software:19t",
    "rbu_type:24t controller_serial:10t",
    "system_type:3i system_subtype:3i",
    "sequence_numbers:1i linking:1i station_cell_id:10i station_cell_name:25t client_id:1t",
    "optional_keep_alive:1i",
)
_TOOL = (
    "tool_serial:14t tightenings:10i last_calibration:19t controller_serial:10t",
    "calibration_value_nm:6c last_service:19t tightenings_since_service:10i tool_type:2i motor_size:2i open_end:3t"
    " controller_software:19t",
    "tool_max_torque_nm:6c gear_ratio:6c full_speed_rpm:6c",
    "primary_tool:2i",
    "tool_model:12t",
    "tool_number:4i article_number:30t",
    "rundown_min_speed_rpm:6c downshift_max_speed_rpm:6c downshift_min_speed_rpm:6c",
)
_PSET = (
    "pset:3i name:25t rotation:1i batch_size:2i torque_min_nm:6c torque_max_nm:6c torque_target_nm:6c"
    " angle_min_deg:5i angle_max_deg:5i angle_target_deg:5i"
)
_PSET_2 = _PSET + " first_target_nm:6c start_final_angle_nm:6c"
_SELECTED_2 = (
    "pset:3i name:25t last_change:19t rotation:1i batch_size:2i torque_min_nm:6c torque_max_nm:6c torque_target_nm:6c"
    " angle_min_deg:5i angle_max_deg:5i angle_target_deg:5i first_target_nm:6c start_final_angle_nm:6c"
)
_JOB_INFO = "job_status:1i job_batch_mode:1i job_batch_size:4i job_batch_counter:4i time:19t"
_JOB_INFO_MORE = (
    "current_step:3i steps:3i step_type:2i",
    "job_tightening_status:2i",
    "job_sequence_number:5i vin:25t identifier_2:25t identifier_3:25t identifier_4:25t",
)
_ALARM = "controller_ready:1i tool_ready:1i time:19t"
_INPUTS = " ".join(f"input_{number}:1i" for number in range(1, 9))


def growing(mid: int, parts: tuple[str, ...], *, first: int = 1) -> Iterator[Row]:
    """Revisions of which each adds a part to the one before."""
    for index in range(len(parts)):
        yield mid, first + index, " ".join(parts[: index + 1]), True


ROWS: tuple[Row, ...] = (
    *((mid, 1, "", True) for mid in HEADER_ONLY),
    (1, 7, "optional_keep_alive:1i", True),
    *growing(2, _START),
    (4, 1, "mid:4i error:2i", False),
    (4, 2, "mid:4i error:3i", False),
    (5, 1, "mid:4i", False),
    (12, 1, "pset:3i", False),
    (13, 1, _PSET, True),
    (13, 2, _PSET_2, True),
    (13, 5, _PSET_2 + " last_change:19t", True),
    (15, 1, "pset:3i last_change:19t", False),
    (15, 2, _SELECTED_2, True),
    (18, 1, "pset:3i", False),
    (19, 1, "pset:3i batch_size:2i", False),
    (19, 2, "pset:3i batch_size:4i", False),
    (20, 1, "pset:3i", False),
    (22, 1, "relay:1i", False),
    *((mid, revision, f"job:{width}i", False) for mid in (32, 38, 39) for revision, width in ((1, 2), (2, 4))),
    (35, 1, f"job:2i {_JOB_INFO}", True),
    *growing(35, (f"job:4i {_JOB_INFO}", *_JOB_INFO_MORE), first=2),
    *growing(41, _TOOL),
    (42, 2, "tool_number:4i disable_type:2i", True),
    (43, 2, "tool_number:4i", True),
    (52, 1, "vin:25t", False),
    (52, 2, "vin:25t identifier_2:25t identifier_3:25t identifier_4:25t", True),
    (64, 1, "tightening_id:10i", False),
    (64, 10, "tightening_id:10i offline:1i", False),
    (71, 1, f"code:4t {_ALARM}", True),
    (71, 2, f"code:5t {_ALARM} text:50t", True),
    (71, 3, f"code:5t {_ALARM} tool_health:1i text:50t", True),
    (74, 1, "code:4t", False),
    (74, 2, "code:5t", False),
    (76, 1, f"active:1i code:4t {_ALARM}", True),
    (76, 2, f"active:1i code:5t {_ALARM}", True),
    (76, 3, f"active:1i code:5t {_ALARM} tool_health:1i", True),
    (81, 1, "time:19t", False),
    (82, 1, "time:19t", False),
    (100, 2, "data_number:10i", False),
    (100, 3, "data_number:10i send_only_new:1i", False),
    (129, 2, "channel:2i pset:3i", True),
    (130, 1, "off:1i", False),
    (211, 1, _INPUTS, False),
    (224, 1, "function:3i", False),
    (225, 1, "function:3i", False),
    (9997, 1, "mid:4i", False),
    (9998, 1, "mid:4i error:4i", False),
)
