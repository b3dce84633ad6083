"""`station vision`: the pipeline over recorded pictures or a video, one JSON line a frame."""

from __future__ import annotations

import json
from pathlib import Path

from station.config.bench import bench_of, watches_of
from station.runtime.setting import read_files
from vision.hand_model import default_model_path
from vision.hands import MediapipeHands
from vision.recorded import analyse_recording


def look(path: Path, *, config: Path | None, camera: str, fps: float, hands: bool) -> int:
    """Print what is seen in each frame. With a station file, poses, zones, joints and facts are added."""
    tracker = MediapipeHands(default_model_path()) if hands else None
    files = read_files(config) if config is not None else None
    try:
        for record in analyse_recording(
            path,
            bench_of(files.station, files.procedure) if files else None,
            tracker,
            camera=camera,
            watches=watches_of(files.station, files.procedure) if files else (),
            fps=fps,
        ):
            print(json.dumps(record), flush=True)
    finally:
        if tracker is not None:
            tracker.close()
    return 0
