"""The hand model's file: built once, at set-up, from what an older mediapipe wheel ships; checked by hash ever after.

Newer wheels ship no model. The two networks inside the 0.10.21 wheel are those that Google lists for its own bundle; a
`.task` file is a zip of the two, stored without compression, under fixed names.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "mediapipe==0.10.21"
MEMBERS = (
    (
        "mediapipe/modules/palm_detection/palm_detection_full.tflite",
        "hand_detector.tflite",
        "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
    ),
    (
        "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
        "hand_landmarks_detector.tflite",
        "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
    ),
)
"""Name in the wheel, name in the bundle, sha256."""

NOTICE = """hand_landmarker.task holds two networks from the mediapipe 0.10.21 wheel, unchanged:
palm_detection_full.tflite and hand_landmark_full.tflite.
Copyright The MediaPipe Authors. Licensed under the Apache License, Version 2.0.
"""


class HandModelError(Exception):
    """The model cannot be built, or is not what it should be."""

    code = "vision.hand_model"


def default_model_path() -> Path:
    """Where set-up puts the model: inside the program's own environment."""
    return Path(sys.prefix) / "share" / "assembled-by-me" / "hand_landmarker.task"


def check(path: Path) -> None:
    """Raises HandModelError unless the file holds exactly the two networks."""
    try:
        with zipfile.ZipFile(path) as bundle:
            for _, name, sha256 in MEMBERS:
                if hashlib.sha256(bundle.read(name)).hexdigest() != sha256:
                    raise HandModelError(f"{path}: {name} is not the network it should be; delete it, run `make setup`")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise HandModelError(f"{path}: no hand model there ({error}); run `make setup`") from error


def build(out: Path) -> None:
    """Fetch the wheel (not installed), take the two networks, check them, write the bundle. Raises HandModelError."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        wheel = _fetch(Path(scratch))
        part = Path(scratch) / out.name
        try:
            _bundle(wheel, part)
        except (KeyError, zipfile.BadZipFile) as error:
            raise HandModelError(
                f"{wheel.name} is not the wheel it should be ({error}); run `make setup` again"
            ) from error
        check(part)
        out.with_suffix(".NOTICE.txt").write_text(NOTICE, encoding="utf-8")
        part.replace(out)


def _bundle(wheel: Path, out: Path) -> None:
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        for member, name, sha256 in MEMBERS:
            data = source.read(member)
            if hashlib.sha256(data).hexdigest() != sha256:
                raise HandModelError(f"{wheel.name}: {member} is not the network it should be; nothing was written")
            bundle.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), data)


def _fetch(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"]
    command += ["--platform", "manylinux_2_28_x86_64", "--dest", str(folder), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise HandModelError(f"pip could not fetch {WHEEL} ({last}); check the network, then run `make setup` again")
    return wheels[0]


def main() -> int:
    """`python -m vision.hand_model [--out FILE]`: build the model unless it is there already."""
    parser = argparse.ArgumentParser(description="Build the hand model's file.")
    parser.add_argument("--out", type=Path, default=default_model_path())
    out: Path = parser.parse_args().out
    try:
        if not out.exists():
            build(out)
        check(out)
    except HandModelError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
