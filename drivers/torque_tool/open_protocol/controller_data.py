"""What the simulated controller says of itself, its parameter sets and its results: field values by name, no bytes."""

from __future__ import annotations

from types import MappingProxyType

from drivers.torque_tool.open_protocol.codes import error_status_of
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.joint_physics import ParameterSet
from drivers.torque_tool.open_protocol.simulated_tool import Measured

_NAME = "Simulated controller"
_PSET_CHANGED = "2026-01-01:00:00:00"
_TORQUE_CONTROL_ANGLE_MONITORING = 2
_TORQUE_AND_ANGLE = 0b11
_BATCH_NOT_USED = 2

CONTROLLER_VALUES: MappingProxyType[str, Value] = MappingProxyType(
    {
        "cell_id": 1,
        "channel_id": 1,
        "controller_name": _NAME,
        "supplier_code": "SIM",
        "protocol_version": "2.8.0",
        "controller_software": "simulation",
        "tool_software": "simulation",
        "rbu_type": "simulation",
        "system_type": 0,
        "system_subtype": 0,
        "sequence_numbers": 0,
        "linking": 0,
        "station_cell_id": 1,
        "station_cell_name": "Simulated station",
        "client_id": "1",
    }
)
"""Fields of 0002 up to revision 6, without the serial number. No sequence numbers, no message linking."""


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
        "last_change": _PSET_CHANGED,
    }


def result_values(measured: Measured, *, tightening_id: int, vin: str, time: str) -> dict[str, Value]:
    """Fields of 0061 and 0065 in all revisions that are spoken, without the tool's serial number.

    Current, self-tap and prevailing torque are not monitored: their fields stay blank.
    """
    return pset_values(measured.pset) | {
        "cell_id": 1,
        "channel_id": 1,
        "controller_name": _NAME,
        "vin": vin,
        "job": 0,
        "strategy": _TORQUE_CONTROL_ANGLE_MONITORING,
        "strategy_options": _TORQUE_AND_ANGLE,
        "batch_counter": 1,
        "tightening_status": int(measured.ok),
        "torque_status": measured.torque_status,
        "angle_status": measured.angle_status,
        "batch_status": _BATCH_NOT_USED,
        "error_status": error_status_of(measured.error_bits),
        "torque_nm": measured.torque_nm,
        "angle_deg": int(measured.angle_deg),
        "time": time,
        "tightening_id": tightening_id,
    }
