"""Devices whose calibration is `store`: a station starts with the artefacts in force, or says why it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from station.config.artefact import Artefact, ArtefactError, Kind, folder_of, in_force, read_artefact
from station.config.calibration_results import arm_result, camera_result
from station.config.station_file import STORE
from station.config.station_values import CameraConfig, CobotConfig, StationConfig
from station.runtime.setting import COBOT, Files


def with_stored(files: Files, now: datetime, kept: Mapping[str, str] | None = None) -> Files:
    """The files with what is in force for each device that asks for it, and its id for the journal.

    `now` is timezone-aware. `kept` is device -> id of a visit that was left open: it goes on with its own, whatever is
    in force by now. Raises ArtefactError where one is missing, damaged, not good, expired, or does not fit.
    """
    station, cobot = files.station, files.station.cobot
    return replace(
        files,
        station=replace(
            station,
            cameras=tuple(
                _camera(camera, _kept(station, Kind.CAMERA, camera.name, now, kept)) if _asks(camera) else camera
                for camera in station.cameras
            ),
            cobot=_cobot(cobot, _kept(station, Kind.ARM, COBOT, now, kept)) if cobot and _asks(cobot) else cobot,
        ),
    )


def stored_ids(files: Files, now: datetime) -> dict[str, str]:
    """Device -> id of the artefact in force, of the devices that ask for one. Raises ArtefactError."""
    return {name: stored(files.station, kind, name, now).id for kind, name in stored_devices(files.station)}


def stored_devices(station: StationConfig) -> tuple[tuple[Kind, str], ...]:
    """What takes its calibration from the store: kind of artefact, and the device's name."""
    cameras = tuple((Kind.CAMERA, camera.name) for camera in station.cameras if camera.calibration == STORE)
    arm = station.cobot is not None and station.cobot.calibration == STORE
    return (*cameras, (Kind.ARM, COBOT)) if arm else cameras


def stored(station: StationConfig, kind: Kind, subject: str, now: datetime) -> Artefact:
    """What is in force for a device. Raises ArtefactError where it is missing, damaged, not good or expired."""
    if station.calibrations is None:
        raise ArtefactError("calibration.missing", f"station {station.id} names no folder of calibrations")
    return in_force(station.calibrations, kind, subject, now=now)


def _kept(station: StationConfig, kind: Kind, device: str, now: datetime, kept: Mapping[str, str] | None) -> Artefact:
    if kept is None:
        return stored(station, kind, device, now)
    if station.calibrations is None or device not in kept:
        what = f"the open visit does not say which {kind} calibration it ran on; close it with `station journal`"
        raise ArtefactError("calibration.missing", what)
    return read_artefact(folder_of(station.calibrations, kind, device) / f"{kept[device]}.json")


def _asks(device: CameraConfig | CobotConfig) -> bool:
    return device.calibration == STORE


def _camera(camera: CameraConfig, artefact: Artefact) -> CameraConfig:
    model = camera_result(artefact).model_of(camera.name)
    if (model.width_px, model.height_px) != (camera.model.width_px, camera.model.height_px):
        raise ArtefactError(
            "calibration.other_size",
            f"{artefact.id} is for {model.width_px}x{model.height_px} px, but camera {camera.name} is set to "
            f"{camera.model.width_px}x{camera.model.height_px}; set the size back, or calibrate it again",
        )
    return replace(camera, model=model, calibration=artefact.id)


def _cobot(cobot: CobotConfig, artefact: Artefact) -> CobotConfig:
    found = arm_result(artefact)
    return replace(
        cobot,
        calibration=artefact.id,
        bench_from_base=found.bench_from_base(),
        joint_offset_deg=found.joint_offset_deg,
        link_correction_mm=found.link_correction_mm,
    )
