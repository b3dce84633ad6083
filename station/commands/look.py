"""`station vision`: the pipeline over recorded pictures or a video, one JSON line a frame."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from station.config.bench import bench_of, watches_of
from station.runtime.setting import read_files
from vision.cameras.recording import holds_pictures
from vision.cameras.source import CameraError
from vision.hand_model import default_model_path
from vision.hands import MediapipeHands
from vision.recorded import analyse_recording


def look(path: Path, *, config: Path | None, camera: str, fps: float, hands: bool) -> int:
    """Print what is seen in each frame. With a station file, poses, zones, joints and facts are added.

    Pictures that cannot be read are named on the error output, a sentence each; then the exit code is 1.
    """
    tracker = MediapipeHands(default_model_path(), video=not holds_pictures(path)) if hands else None
    files = read_files(config) if config is not None else None
    broken: list[CameraError] = []

    def tell(error: CameraError) -> None:
        broken.append(error)
        print(f"{error.code}: {error}", file=sys.stderr, flush=True)

    try:
        for record in analyse_recording(
            path,
            bench_of(files.station, files.procedure) if files else None,
            tracker,
            camera=camera,
            watches=watches_of(files.station, files.procedure) if files else (),
            fps=fps,
            unreadable=tell,
        ):
            print(json.dumps(record), flush=True)
    finally:
        if tracker is not None:
            tracker.close()
    return 1 if broken else 0
