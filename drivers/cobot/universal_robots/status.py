"""A report as the technician's `CobotStatus`. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from drivers.api import CobotStatus
from drivers.cobot.arm.model import Array
from drivers.cobot.universal_robots.report import Report


def status_of(
    device: str, now_s: float, report: Report, standing: Mapping[str, str], *, ready: bool, limit: int
) -> CobotStatus:
    """What the arm says of itself. `standing` is what stops it, code -> sentence."""
    return CobotStatus(
        device=device,
        t_mono_s=now_s,
        powered=report.powered,
        ready=ready,
        free_drive="cobot.free_drive" in standing,
        error=next((words for code, words in standing.items() if code != "cobot.free_drive"), ""),
        flange=() if report.tcp_offset is None else flange_of(report.tip, report.tcp_offset),
        temperatures_c=report.temperatures_c,
        voltages_v=report.voltages_v,
        currents_a=report.currents_a,
        speed_limit_percent=limit,
    )


def flange_of(tip: tuple[float, ...], tcp_offset: tuple[float, ...]) -> tuple[float, ...]:
    """The flange from the tip and the tool, poses as the controller has them; mm and degrees, R = Rz Ry Rx."""
    base_from_flange = pose_matrix(tip) @ np.linalg.inv(pose_matrix(tcp_offset))
    r = base_from_flange[:3, :3]
    pitch = math.atan2(-r[2, 0], math.hypot(r[0, 0], r[1, 0]))
    roll, yaw = math.atan2(r[2, 1], r[2, 2]), math.atan2(r[1, 0], r[0, 0])
    x, y, z = (1000 * float(part) for part in base_from_flange[:3, 3])
    return (x, y, z, math.degrees(roll), math.degrees(pitch), math.degrees(yaw))


def pose_matrix(pose: tuple[float, ...]) -> Array:
    """(4, 4) from metres and a rotation vector in radians."""
    matrix: Array = np.eye(4)
    vector = np.array(pose[3:6])
    angle = float(np.linalg.norm(vector))
    if angle > 1e-12:
        x, y, z = vector / angle
        k = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        matrix[:3, :3] += math.sin(angle) * k + (1 - math.cos(angle)) * (k @ k)
    matrix[:3, 3] = pose[:3]
    return matrix
