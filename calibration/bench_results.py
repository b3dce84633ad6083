"""Results of `calib-bench/1` data sets as its `result.json`.

`cameras`: K (3, 3) px, dist [k1 k2 p1 p2 k3], `T_base_cam` or `T_flange_cam` (4, 4) mm, cov (6, 6) of that pose with
`true = [exp(r), t] @ estimated`, order turn (rad), move (mm). Beside them the
board's mount, the joint offsets, the time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calibration.hand_eye import HandEyeResult
from calibration.intrinsics import LensResult
from calibration.lens_model import camera_matrix
from calibration.nominal_links import with_nominal_links
from calibration.observations import CalibrationError
from calibration.rotations import as_array
from station.config.written_file import draft_of, write_through
from vision.geometry import Array


def hand_eye_keys(result: HandEyeResult, time_s: float) -> dict[str, Any]:
    """The result file's content for a hand-eye set."""
    fixed = result.mode == "eye_to_hand"
    nominal = with_nominal_links(result)  # the file has no place for link corrections
    keys: dict[str, Any] = {
        "cameras": [
            {
                **_lens_keys(camera.lens),
                ("T_base_cam" if fixed else "T_flange_cam"): as_array(pose).tolist(),
                "cov": covariance.tolist(),
            }
            for camera, pose, covariance in zip(
                result.cameras, nominal.mounts_from_cameras, nominal.covariances, strict=True
            )
        ],
        ("T_flange_board" if fixed else "T_base_board"): as_array(nominal.mount).tolist(),
        "time_s": time_s,
    }
    if result.kinematics is not None:
        keys["joint_offset_deg"] = nominal.joint_offsets_deg.tolist()
    return keys


def lens_keys(results: Sequence[LensResult], time_s: float) -> dict[str, Any]:
    """The result file's content for a lens set."""
    return {"cameras": [_lens_keys(result.lens) for result in results], "time_s": time_s}


def write_result(keys: dict[str, Any], path: Path) -> None:
    """The whole file or nothing. Raises CalibrationError `calibration.not_written`."""
    draft = draft_of(path)
    try:
        write_through(draft, json.dumps(keys, indent=1) + "\n")
        draft.replace(path)
    except OSError as error:
        raise CalibrationError(
            "calibration.not_written", f"{path} cannot be written ({error.strerror}); name a file in a writable folder"
        ) from None


def _lens_keys(lens: Array) -> dict[str, Any]:
    return {"K": camera_matrix(lens).tolist(), "dist": lens[4:].tolist()}
