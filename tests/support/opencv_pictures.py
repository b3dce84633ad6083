"""OpenCV's own chessboard pictures, from Debian's package of its documentation: fetched when asked, kept nowhere."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

PACKAGE = "opencv-doc"
INSIDE = Path("usr/share/doc/opencv-doc/examples/data")
NUMBERS = (*range(1, 10), *range(11, 15))
"""There is no tenth."""


def fetched(folder: Path) -> Path:
    """The folder of the pictures. Skips, loudly, where there is no apt or it cannot fetch the package."""
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg")
    if apt is None or dpkg is None:
        pytest.skip(f"NOT SHOWN on real pictures: no apt-get and dpkg here to fetch Debian's {PACKAGE}")
    got = subprocess.run([apt, "download", PACKAGE], cwd=folder, capture_output=True, text=True, check=False)
    packages = list(folder.glob(f"{PACKAGE}_*.deb"))
    if got.returncode or not packages:
        pytest.skip(f"NOT SHOWN on real pictures: apt-get cannot fetch {PACKAGE}: {got.stderr.strip()[-200:]}")
    subprocess.run([dpkg, "-x", str(packages[0]), str(folder)], check=True, capture_output=True)
    packages[0].unlink()
    return folder / INSIDE


def pictures(folder: Path, side: str) -> dict[str, np.ndarray]:
    """Name -> grey picture of the `left` or the `right` camera."""
    names = [f"{side}{number:02d}.jpg" for number in NUMBERS]
    return {name: np.asarray(cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE)) for name in names}
