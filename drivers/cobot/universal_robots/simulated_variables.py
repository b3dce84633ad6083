"""The RTDE variables of the simulated controller: names, types and where each value comes from. Pure.

Names and types by the RTDE guide. What the simulation has nothing to say about is zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from drivers.cobot.arm.forward import flange
from drivers.cobot.arm.model import Array
from drivers.cobot.universal_robots.report import RobotMode, SafetyMode
from drivers.cobot.universal_robots.rtde import TYPES, Value
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.status import pose_matrix

_ZERO_OUTPUTS = {
    "VECTOR6D": (
        "target_qd target_qdd target_current target_moment joint_control_output actual_TCP_force actual_TCP_speed "
        "target_TCP_speed joint_position_deviation_ratio ft_raw_wrench actual_current_as_torque payload_inertia"
    ),
    "VECTOR3D": "actual_tool_accelerometer payload_cog elbow_position elbow_velocity tool_analog_output",
    "VECTOR6INT32": "tool_mode_of_joints",
    "DOUBLE": (
        "actual_execution_time actual_momentum tcp_force_scalar tool_analog_input0 tool_analog_input1 "
        "standard_analog_input0 standard_analog_input1 standard_analog_output0 standard_analog_output1 io_current "
        "euromap67_24V_voltage euromap67_24V_current tool_output_current tool_temperature payload "
        "collision_detection_ratio"
    ),
    "INT32": "tool_output_voltage script_control_line",
    "UINT32": (
        "analog_io_types tool_mode tool_analog_input_types euromap67_input_bits euromap67_output_bits "
        "input_bit_registers0_to_31 input_bit_registers32_to_63 output_bit_registers0_to_31 "
        "output_bit_registers32_to_63 time_scale_source"
    ),
    "UINT64": "actual_digital_input_bits actual_digital_output_bits",
    "UINT8": "tool_output_mode tool_digital_output0_mode tool_digital_output1_mode",
}
_INPUTS = {
    "UINT32": "speed_slider_mask input_bit_registers0_to_31 input_bit_registers32_to_63",
    "UINT8": (
        "standard_digital_output_mask standard_digital_output configurable_digital_output_mask "
        "configurable_digital_output tool_digital_output_mask tool_digital_output standard_analog_output_mask "
        "standard_analog_output_type"
    ),
    "DOUBLE": "speed_slider_fraction standard_analog_output_0 standard_analog_output_1",
    "VECTOR6D": "external_force_torque",
}
REGISTERS = 48
BIT_REGISTERS = range(64, 128)


def input_types() -> dict[str, str]:
    """Every variable that a client may set, name -> type."""
    types = {name: kind for kind, names in _INPUTS.items() for name in names.split()}
    types |= {f"input_int_register_{n}": "INT32" for n in range(REGISTERS)}
    types |= {f"input_double_register_{n}": "DOUBLE" for n in range(REGISTERS)}
    return types | {f"input_bit_register_{n}": "BOOL" for n in BIT_REGISTERS}


def outputs_of(controller: SimulatedController) -> Mapping[str, tuple[str, Callable[[], Value]]]:
    """Every variable that a client may ask for: name -> type and how to read it now."""
    table: dict[str, tuple[str, Callable[[], Value]]] = {}
    for kind, names in _ZERO_OUTPUTS.items():
        table |= {name: (kind, _constant(zero_of(kind))) for name in names.split()}
    for side, store in (("input", controller.inputs), ("output", controller.outputs)):
        for word, kind, numbers in (
            ("int", "INT32", range(REGISTERS)),
            ("double", "DOUBLE", range(REGISTERS)),
            ("bit", "BOOL", BIT_REGISTERS),
        ):
            for number in numbers:
                name = f"{side}_{word}_register_{number}"
                table[name] = (kind, _stored(store, name, zero_of(kind)))
    return table | _living(controller)


def _living(c: SimulatedController) -> dict[str, tuple[str, Callable[[], Value]]]:
    powered = (RobotMode.IDLE, RobotMode.RUNNING)
    return {
        "timestamp": ("DOUBLE", lambda: c.now_s),
        "actual_q": ("VECTOR6D", lambda: c.reported_rad),
        "target_q": ("VECTOR6D", lambda: tuple(c.joints.targets_rad)),
        "actual_qd": ("VECTOR6D", lambda: tuple(c.joints.speeds_rad_s)),
        "actual_current": ("VECTOR6D", lambda: tuple(0.3 + abs(speed) for speed in c.joints.speeds_rad_s)),
        "actual_TCP_pose": ("VECTOR6D", lambda: _tip(c)),
        "target_TCP_pose": ("VECTOR6D", lambda: _tip(c)),
        "tcp_offset": ("VECTOR6D", lambda: c.tcp_offset),
        "joint_temperatures": ("VECTOR6D", lambda: (29.0,) * 6),
        "actual_joint_voltage": ("VECTOR6D", lambda: (48.0 if c.robot_mode in powered else 0.0,) * 6),
        "joint_mode": ("VECTOR6INT32", lambda: (253 if c.robot_mode is RobotMode.RUNNING else 239,) * 6),
        "actual_main_voltage": ("DOUBLE", lambda: 48.0),
        "actual_robot_voltage": ("DOUBLE", lambda: 48.0 if c.robot_mode in powered else 0.0),
        "actual_robot_current": ("DOUBLE", lambda: 0.5),
        "robot_mode": ("INT32", lambda: int(c.robot_mode)),
        "safety_mode": ("INT32", lambda: int(c.safety_mode)),
        "safety_status": ("INT32", lambda: int(c.safety_mode)),
        "runtime_state": ("UINT32", lambda: int(c.runtime)),
        "robot_status_bits": ("UINT32", lambda: (c.robot_mode in powered) | (int(c.runtime) == 2) << 1),
        "safety_status_bits": ("UINT32", lambda: _safety_bits(c)),
        "speed_scaling": ("DOUBLE", lambda: c.slider),
        "target_speed_fraction": ("DOUBLE", lambda: c.slider),
        "speed_slider_fraction": ("DOUBLE", lambda: c.slider),
    }


def _safety_bits(c: SimulatedController) -> int:
    """Bits by the RTDE guide: 0 normal, 2 protective stop, 6 robot emergency stop, 7 any emergency stop, 10 stopped."""
    return {
        SafetyMode.NORMAL: 1,
        SafetyMode.PROTECTIVE_STOP: 1 << 2 | 1 << 10,
        SafetyMode.ROBOT_EMERGENCY_STOP: 1 << 6 | 1 << 7 | 1 << 10,
    }.get(c.safety_mode, 0)


def _tip(c: SimulatedController) -> tuple[float, ...]:
    base_from_flange = np.array(flange(c.model, [math.degrees(angle) for angle in c.reported_rad]))
    base_from_flange[:3, 3] /= 1000
    return _pose(base_from_flange @ pose_matrix(c.tcp_offset))


def _pose(matrix: Array) -> tuple[float, ...]:
    """Metres and a rotation vector in radians, from (4, 4)."""
    r = matrix[:3, :3]
    axis = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    angle = math.atan2(float(np.linalg.norm(axis)) / 2, (float(np.trace(r)) - 1) / 2)
    if math.pi - angle < 1e-4:
        # Half a turn: the axis is in the symmetric part, up to its sign.
        column = (r + np.eye(3))[:, int(np.argmax(np.diag(r)))]
        vector = column / np.linalg.norm(column) * angle
    else:
        vector = axis / 2 * (angle / math.sin(angle) if angle > 1e-9 else 1.0)
    return (*(float(part) for part in matrix[:3, 3]), *(float(part) for part in vector))


def zero_of(kind: str) -> Value:
    """Nothing, as a value of this type."""
    letter, count = TYPES[kind]
    zero: float | int | bool = {"?": False, "d": 0.0}.get(letter, 0)
    return zero if count == 1 else (zero,) * count


def _constant(value: Value) -> Callable[[], Value]:
    return lambda: value


def _stored(store: Mapping[str, Value], name: str, zero: Value) -> Callable[[], Value]:
    return lambda: store.get(name, zero)
