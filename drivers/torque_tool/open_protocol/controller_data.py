"""What the simulated controller says of itself, its parameter sets and its results: field values by name, no bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from drivers.torque_tool.open_protocol.codes import error_status_of
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.joint_physics import ParameterSet
from drivers.torque_tool.open_protocol.messages import whole
from drivers.torque_tool.open_protocol.simulated_tool import Measured

NAME = "Simulated controller"
STATION_ID = 1
STATION_NAME = "Simulated station"
_SET_UP = "2026-01-01:00:00:00"
_TORQUE_CONTROL_ANGLE_MONITORING = 2
_TORQUE_AND_ANGLE = 0b11
_NEWTON_METRE = 1
_SOFTWARE = "simulation"
_TOOL_TYPE_S, _BY_CABLE = 1, 1
_TIGHTENING, _LOOSENING = 1, 2
_SCALED_ANGLES_REVISION = 10
_SHORT_JOBS, _LARGEST_SHORT_JOB = (1, 999), 99
_SCALED = (
    "angle_min_deg", "angle_max_deg", "angle_target_deg", "angle_deg", "overall_angle_min", "overall_angle_max",
    "overall_angle",
)  # fmt: skip

CONTROLLER_VALUES: MappingProxyType[str, Value] = MappingProxyType(
    {
        "cell_id": 1,
        "channel_id": 1,
        "controller_name": NAME,
        "supplier_code": "SIM",
        "protocol_version": "2.8.0",
        "controller_software": _SOFTWARE,
        "tool_software": _SOFTWARE,
        "rbu_type": _SOFTWARE,
        "system_subtype": 0,
        "station_cell_name": STATION_NAME,
        "client_id": "1",
        "optional_keep_alive": 0,
    }
)
"""Fields of 0002 that are the same in every session."""


def pset_values(pset: ParameterSet) -> dict[str, Value]:
    """Fields of 0013 and 0015; the window is also that of 0061."""
    return {
        "pset": pset.pset,
        "name": pset.name,
        "rotation": 1,
        "batch_size": pset.batch_size,
        "torque_min_nm": pset.torque_min_nm,
        "torque_max_nm": pset.torque_max_nm,
        "torque_target_nm": pset.torque_target_nm,
        "angle_min_deg": pset.angle_min_deg,
        "angle_max_deg": pset.angle_max_deg,
        "angle_target_deg": pset.angle_target_deg,
        "first_target_nm": pset.snug_nm,
        "start_final_angle_nm": pset.snug_nm,
        "last_change": _SET_UP,
    }


_LOWEST_ANGLE = -9999


def result_values(
    measured: Measured,
    *,
    time: str,
    identifiers: Sequence[str],
    job: int,
    job_sequence: int,
    batch_size: int,
    batch_counter: int,
    batch_status: int,
    tool_serial: str,
    station_id: int,
) -> dict[str, Value]:
    """Fields of 0061 and 0065 in all revisions, without the tightening id.

    Current, self-tap, prevailing torque and post view are not monitored: their fields stay blank or say "off".
    """
    torque_nm, angle_deg = measured.torque_nm, measured.angle_deg
    return pset_values(measured.pset) | {
        "cell_id": 1,
        "channel_id": 1,
        "controller_name": NAME,
        "vin": identifiers[0],
        "identifier_2": identifiers[1],
        "identifier_3": identifiers[2],
        "identifier_4": identifiers[3],
        "job": job,
        "job_sequence_number": job_sequence,
        "sync_tightening_id": 0,
        "strategy": _TORQUE_CONTROL_ANGLE_MONITORING,
        "strategy_options": _TORQUE_AND_ANGLE,
        "batch_size": batch_size,
        "batch_counter": batch_counter,
        "batch_status": batch_status,
        "tightening_status": int(measured.ok),
        "torque_status": measured.torque_status,
        "angle_status": measured.angle_status,
        "error_status": error_status_of(measured.error_bits),
        "error_status_2": 0,
        "torque_nm": torque_nm,
        "angle_deg": int(angle_deg),
        "time": time,
        "tool_serial": tool_serial,
        "pset_name": measured.pset.name,
        "torque_unit": _NEWTON_METRE,
        "result_type": _LOOSENING if measured.result_type == "loosening" else _TIGHTENING,
        "compensated_angle_deg": angle_deg,
        "final_angle_deg": angle_deg,
        "station_id": station_id,
        "station_name": STATION_NAME,
        "post_view_active": 0,
        "overall_angle_status": measured.angle_status,
        "overall_angle_min": measured.pset.angle_min_deg,
        "overall_angle_max": measured.pset.angle_max_deg,
        "overall_angle": int(angle_deg),
        "peak_torque_nm": torque_nm,
    }


def in_revision(values: Mapping[str, Value], revision: int) -> dict[str, Value]:
    """The values as this revision of 0061 or 0065 writes them: from 10 on angles are sent in tenths of a degree.

    A job that does not fit into the two digits of some revisions stays blank there.
    """
    shown = dict(values)
    if revision in _SHORT_JOBS and whole(shown, "job") > _LARGEST_SHORT_JOB:
        shown["job"] = None
    if revision == _SCALED_ANGLES_REVISION:
        shown |= {name: value * 10 for name in _SCALED if isinstance(value := values.get(name), int)}
        shown |= {"angle_numerator": 1, "angle_denominator": 10}
    # A joint that is loosened for turns comes to more than the five characters carry.
    return shown | {name: max(_LOWEST_ANGLE, value) for name in _SCALED if isinstance(value := shown.get(name), int)}


def tool_values(*, tool_serial: str, controller_serial: str, tightenings: int) -> dict[str, Value]:
    """Fields of 0041 in all revisions; what only a real tool has stays blank."""
    return {
        "tool_serial": tool_serial,
        "tightenings": tightenings,
        "last_calibration": _SET_UP,
        "controller_serial": controller_serial,
        "last_service": _SET_UP,
        "tightenings_since_service": tightenings,
        "tool_type": _TOOL_TYPE_S,
        "motor_size": 0,
        "controller_software": _SOFTWARE,
        "primary_tool": _BY_CABLE,
        "tool_model": "simulated",
        "tool_number": 1,
    }


def controller_values(*, system_type: int, controller_serial: str, numbered: bool) -> dict[str, Value]:
    """Fields of 0002; `numbered`: whether sequence numbers and message linking are offered."""
    return {
        **CONTROLLER_VALUES,
        "system_type": system_type,
        "controller_serial": controller_serial,
        "sequence_numbers": int(numbered),
        "linking": int(numbered),
        "station_cell_id": STATION_ID,
    }
