"""From a station's files to what a running station is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from station.config.bench import bench_of, watches_of
from station.config.motion_scene import motion_scene
from station.config.orders_file import load_orders
from station.config.procedure_file import load_procedure
from station.config.station_file import STORE, known_of, load_station
from station.config.station_values import StationConfig
from station.core.procedure import Order, Procedure
from station.runtime.station import ArmSetting, Setting
from vision.bench import WatchUnit

COBOT = "cobot"
"""Name of the arm in the start document."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Files:
    """A station's files, read and checked."""

    station: StationConfig
    procedure: Procedure
    orders: Mapping[str, Order]
    measured: Mapping[str, str] = field(default_factory=dict)
    """What else than cameras and arm is taken from the store -> id of its artefact."""


def read_files(station_path: Path, procedure_path: Path | None = None) -> Files:
    """Read a station, its procedure (or another one) and its orders. Raises ConfigError."""
    station = load_station(station_path)
    procedure = load_procedure(procedure_path or station.procedure, known_of(station))
    return Files(station=station, procedure=procedure, orders=load_orders(station.orders))


def setting_of(files: Files, software: str) -> Setting:
    """What a station is made of, from its files."""
    station = files.station
    watches = watches_of(station, files.procedure)
    return Setting(
        station=station.id,
        station_sha256=station.sha256,
        language=station.language,
        software=software,
        procedure=files.procedure,
        bench=bench_of(station, files.procedure),
        watches=watches,
        arm=_arm(files),
        orders=files.orders,
        calibration=_calibration(files),
        sockets=station.torque_tool.sockets if station.torque_tool else {},
        identify=station.torque_tool.identify if station.torque_tool else False,
        stale_s=station.limits.camera_stale_s,
        zone_book=station.zone_book,
        checks=station.checks,
        verifications=_verifications(station),
        by_unit=tuple(dict.fromkeys(name for w in watches if isinstance(w, WatchUnit) for name in w.joints)),
    )


def _calibration(files: Files) -> dict[str, str]:
    """Device -> id of its calibration, for the journal."""
    cobot = files.station.cobot
    ids = {camera.name: camera.calibration for camera in files.station.cameras}
    return ids | ({COBOT: cobot.calibration} if cobot else {}) | dict(files.measured)


def _verifications(station: StationConfig) -> Path | None:
    tool = station.torque_tool
    return station.calibrations if tool is not None and tool.calibration == STORE else None


def _arm(files: Files) -> ArmSetting | None:
    if files.station.cobot is None:
        return None
    return ArmSetting(
        scene=motion_scene(files.station, files.procedure),
        book=files.station.gestures,
        supervisor=files.station.supervisor,
    )
