"""The data tables of a tightening result: pushed (MID 0061) and from the archive (MID 0065), revision by revision.

Source: Open Protocol release 2.8.0, chapter 5, and release 2.16.0 for revisions 8 to 10. Revision 11, which no public
document describes, is read as revision 10. Revision 998 is revision 6 and the stages of a multistage tightening
(`lists.decode_stages`); revision 999 is short and has no parameter ids.
"""

from __future__ import annotations

from drivers.torque_tool.open_protocol.tables import Row, growing

STAGES_REVISION = 998
LIGHT_REVISION = 999

_NEW_1 = (
    "cell_id:4i channel_id:2i controller_name:25t vin:25t job:2i pset:3i batch_size:4i batch_counter:4i"
    " tightening_status:1i torque_status:1i angle_status:1i torque_min_nm:6c torque_max_nm:6c torque_target_nm:6c"
    " torque_nm:6c angle_min_deg:5i angle_max_deg:5i angle_target_deg:5i angle_deg:5i time:19t last_change:19t"
    " batch_status:1i tightening_id:10i"
)
_STATUSES = (
    "tightening_status:1i batch_status:1i torque_status:1i angle_status:1i rundown_angle_status:1i current_status:1i"
    " self_tap_status:1i prevail_status:1i prevail_compensate_status:1i error_status:10i"
)
_NEW_2 = (
    "cell_id:4i channel_id:2i controller_name:25t vin:25t job:4i pset:3i strategy:2i strategy_options:5i batch_size:4i"
    f" batch_counter:4i {_STATUSES}"
    " torque_min_nm:6c torque_max_nm:6c torque_target_nm:6c torque_nm:6c angle_min_deg:5i angle_max_deg:5i"
    " angle_target_deg:5i angle_deg:5i rundown_angle_min_deg:5i rundown_angle_max_deg:5i rundown_angle_deg:5i"
    " current_min_percent:3i current_max_percent:3i current_percent:3i self_tap_min_nm:6c self_tap_max_nm:6c"
    " self_tap_nm:6c prevail_min_nm:6c prevail_max_nm:6c prevail_nm:6c tightening_id:10i job_sequence_number:5i"
    " sync_tightening_id:5i tool_serial:14t time:19t last_change:19t"
)
_KIND = "torque_unit:1i result_type:2i"
_IDENTIFIERS = "identifier_2:25t identifier_3:25t identifier_4:25t"
_CUSTOMER = "customer_error:4t"
_SECOND_STATUS = "prevail_compensate_nm:6c error_status_2:10i"
_POST_VIEW = "start_final_angle_nm:6c post_view_active:1i post_view_high_nm:6c post_view_low_nm:6c"
_CURRENT = "current_a:5c current_min_a:5c current_max_a:5c"
_OVERALL = (
    "angle_numerator:5i angle_denominator:5i overall_angle_status:1i overall_angle_min:5i overall_angle_max:5i"
    " overall_angle:5i peak_torque_nm:6c residual_torque_nm:6c start_rundown_nm:6c rundown_complete_nm:6c"
)
_NEW = (
    _NEW_2,
    f"pset_name:25t {_KIND}",
    _IDENTIFIERS,
    _CUSTOMER,
    _SECOND_STATUS,
    "compensated_angle_deg:7c final_angle_deg:7c",
    _POST_VIEW,
    _CURRENT,
    _OVERALL,
)
_OLD_1 = (
    "tightening_id:10i vin:25t pset:3i batch_counter:4i tightening_status:1i torque_status:1i angle_status:1i"
    " torque_nm:6c angle_deg:5i time:19t batch_status:1i"
)
_OLD_2 = (
    "tightening_id:10i vin:25t job:4i pset:3i strategy:2i strategy_options:5i batch_size:4i batch_counter:4i"
    f" {_STATUSES}"
    " torque_nm:6c angle_deg:5i rundown_angle_deg:5i current_percent:3i self_tap_nm:6c prevail_nm:6c"
    " job_sequence_number:5i sync_tightening_id:5i tool_serial:14t time:19t"
)
_OLD = (
    _OLD_2,
    _KIND,
    _IDENTIFIERS,
    _CUSTOMER,
    _SECOND_STATUS,
    "station_id:10i station_name:25t",
    _POST_VIEW,
    _CURRENT,
    _OVERALL,
)
_LIGHT = (
    "vin:25t job:2i pset:3i batch_size:4i batch_counter:4i batch_status:1i tightening_status:1i torque_status:1i"
    " angle_status:1i torque_nm:6c angle_deg:5i time:19t last_change:19t tightening_id:10i"
)

ROWS: tuple[Row, ...] = (
    (61, 1, _NEW_1, True),
    *growing(61, _NEW, first=2),
    (61, STAGES_REVISION, " ".join((*_NEW[:5], "stages:2i stage_results:2i")), True),
    (61, LIGHT_REVISION, _LIGHT, False),
    (65, 1, _OLD_1, True),
    *growing(65, _OLD, first=2),
)
