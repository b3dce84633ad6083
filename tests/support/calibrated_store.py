"""A station's folder of calibrations with something of each: good, expired, without a held-out error, checked daily."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from support.daily_bench import FIXTURE, SIDE, TOP, bumped, tag_burst

from calibration.daily.against_model import against_model
from calibration.daily.camera_shift import camera_shift
from calibration.daily.check import Checker, check_artefact, keep_check
from calibration.daily.reference import Reference, camera_reference, reference_artefact
from calibration.daily.verdicts import camera_verdict
from calibration.store import Store
from station.config.artefact import Artefact, Kind, Verdict
from vision.geometry import CameraModel

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
CREEP_MM = 0.02
"""A day, of the side camera."""


def calibrated_store(folder: Path, *, days: int = 12, last_bump_deg: float = 0.0) -> Store:
    """The store at `NOW`; the last daily check finds the top camera turned by `last_bump_deg`."""
    store = Store(folder)
    for camera, held_out in ((TOP, 0.21), (SIDE, 0.34)):
        force(store, camera_artefact(camera, held_out), days_ago=20)
        force(store, camera_artefact(camera, held_out * 0.9), days_ago=13)
    force(store, lens_artefact(), days_ago=13)
    zeros: dict[str, object] = {"joint_offset_deg": [0.3, -0.2, 0.1, 0.4, -0.3, 0.0]}
    zeros["covariance"] = (np.eye(24) * 0.02**2).tolist()
    order: dict[str, object] = {"covariance_order": "base turn rad, base mm, zeros deg, d mm, a mm"}
    force(store, made(Kind.ARM, "cobot", 13, zeros, order, "0.4 mm at the part."))
    force(store, torque_artefact(), days_ago=9)
    rng = np.random.default_rng(1)
    then = {camera.name: tag_burst(camera, rng, pictures=40) for camera in (TOP, SIDE)}
    reference = reference_artefact(
        "b-1",
        Reference(cameras=tuple(camera_reference(burst, name) for name, burst in then.items())),
        made_utc=(NOW - timedelta(days=13)).isoformat(),
        by="Ken",
        software="1",
    )
    force(store, reference, days_ago=13)
    for day in range(days):
        verdicts = []
        for camera in (TOP, SIDE):
            turn = last_bump_deg if day == days - 1 and camera is TOP else 0.0
            creep = CREEP_MM * day if camera is SIDE else 0.0
            now = tag_burst(bumped(camera, np.random.default_rng(7), turn_deg=turn, shift_mm=creep), rng, pictures=20)
            shift = camera_shift(now, then[camera.name], camera, FIXTURE)
            verdicts.append(camera_verdict(shift, against_model(now, camera, FIXTURE, np.zeros((6, 6)))))
        stamp = (NOW - timedelta(days=days - 1 - day, hours=1)).isoformat()
        checker = Checker(station="b-1", by="Mika", made_utc=stamp, software="1", reference=reference.id)
        keep_check(store, check_artefact(verdicts, checker), verdicts)
    return store


def force(store: Store, artefact: Artefact, days_ago: float = 13) -> Artefact:
    """Put in force so long before `NOW`."""
    store.put_in_force(artefact, utc=(NOW - timedelta(days=days_ago)).isoformat(), by="Ken", why="calibrated")
    return artefact


def made(
    kind: Kind,
    subject: str,
    days_ago: float,
    result: dict[str, object],
    figures: dict[str, object],
    text: str,
    *,
    good_for_days: float = 0.0,
) -> Artefact:
    """An artefact with these figures."""
    at = NOW - timedelta(days=days_ago)
    return Artefact.model_validate_json(
        Artefact.model_construct(
            kind=kind, subject=subject, serial="A-17", made_utc=at.isoformat(), by="Ken", method="by the book",
            software="1.2", inputs={"set.npz": "ab" * 32}, result=result, figures=figures,
            verdict=Verdict(good=True, text=text),
            expires_utc=(at + timedelta(days=good_for_days)).isoformat() if good_for_days else "",
        ).text()
    )  # fmt: skip


def camera_artefact(camera: CameraModel, held_out_mm: float, days_ago: float = 13) -> Artefact:
    """As a station loads it."""
    pose = camera.camera_from_bench
    spread = np.diag([4e-4**2] * 3 + [0.25**2] * 3)
    spread[0, 4] = spread[4, 0] = -0.7 * 4e-4 * 0.25
    result = {
        "width_px": camera.width_px,
        "height_px": camera.height_px,
        "matrix": camera.matrix.tolist(),
        "distortion": [-0.11, 0.06, 0.0006, -0.0004, 0.0],
        "rotation": pose.rotation.tolist(),
        "position_mm": pose.inverse().translation_mm.tolist(),
        "position_sigma_mm": 0.25,
        "rotation_sigma_deg": 0.02,
        "covariance": spread.tolist(),
    }
    text = f"Places a part to 0.3 mm; hold-out {held_out_mm:.2f} mm on 14 views. That is enough."
    figures = {"held_out_mm": held_out_mm, "rms_px": 0.19, "views": 24, "error_at_part_95_mm": 0.31, "needed_mm": 0.5}
    return made(Kind.CAMERA, camera.name, days_ago, result, figures, text)


def lens_artefact() -> Artefact:
    """With coverage, and a map of its doubt."""
    heat = np.random.default_rng(3).poisson(12, (10, 16))
    heat[0, :2] = heat[9, 15] = 0
    across, down = np.meshgrid(np.linspace(-1, 1, 16), np.linspace(-1, 1, 10))
    doubt: list[list[float | None]] = (0.03 + 0.08 * (across**2 + down**2)).round(4).tolist()
    doubt[0][0] = None
    result = {"lens": [1150, 1150, 639.5, 359.5, -0.11, 0.06, 6e-4, -4e-4, 0], "width_px": 1280, "height_px": 720}
    known = {"doubt_mm": 0.05, "needed_mm": 0.1, "short": ""}
    figures = {**known, "held_out_mm": 0.08, "rms_px": 0.17, "coverage": {"across": 0.9, "heat": heat.tolist()}}
    return made(Kind.LENS, "top", 13, result, {**figures, "doubt_map_px": doubt}, "Known to 0.05 mm.", good_for_days=10)


def torque_artefact() -> Artefact:
    """With a series of readings."""
    readings = np.random.default_rng(4).normal(20.1, 0.25, 50).round(3).tolist()
    series = {
        "reference_nm": readings,
        "min_nm": 18.0,
        "max_nm": 22.0,
        "capability": {"cm": 2.6, "cm_lower": 2.2, "cmk": 2.5, "cmk_lower": 2.1},
        "asked": {"readings": 50, "cm": 1.67, "cmk": 1.67},
    }
    return made(Kind.TORQUE, "tool", 9, {"joints": ["1", "2"]}, {"series": {"hard": series}}, "Fit for joints 1 and 2.")
