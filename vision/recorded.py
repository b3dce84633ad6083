"""The pipeline over a recording: one JSON-ready record a frame, for looking at and scoring recorded benches.

Pictures of a folder need not belong together: without a bench each is looked at by itself, and one that cannot be read
is told and passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vision.api import CameraState, Frame, FrameAnalysis, HandTracker
from vision.bench import Bench, Watch
from vision.cameras.recording import PictureFolder, VideoFile, open_recording
from vision.cameras.source import CameraError
from vision.facts import FactBoard
from vision.geometry import CameraModel, Transform
from vision.parts import locate
from vision.pipeline import Pipeline, Want
from vision.tags import TagTracker
from vision.view import view_state

ALL_TAGS = frozenset(range(587))
"""The whole family 36h11: without a bench every tag is of interest."""
SMALLEST_PX = 16
"""A picture with a shorter edge has no room for a tag, nor for a verdict on its light."""


def analyse_recording(
    path: Path,
    bench: Bench | None,
    hand_tracker: HandTracker | None,
    *,
    camera: str = "top",
    watches: tuple[Watch, ...] = (),
    fps: float = 10.0,
    unreadable: Callable[[CameraError], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """Analyse a video file, a folder of pictures at `fps`, or one picture; hands are looked for on every frame.

    With a bench, `camera` names the camera model that took the recording, and poses, zones, joints and facts are added.
    `hand_tracker` must look at unrelated pictures one by one where the recording holds such. A picture that cannot be
    read is told to `unreadable`, and the rest are looked at; without `unreadable` it ends the analysis.
    Raises `CameraError` (recording unreadable), KeyError (no such camera on the bench), ValueError (picture size).
    """
    source = open_recording(camera, path, rate_hz=fps)
    try:
        frames = _frames(source, unreadable)
        if bench is not None:
            yield from _with_bench(frames, bench, camera, hand_tracker, watches)
        elif isinstance(source, PictureFolder):
            for frame in frames:
                (record,) = _without_bench(iter([frame]), hand_tracker)
                yield {"picture": source.names[frame.seq - 1], **record}
        else:
            yield from _without_bench(frames, hand_tracker)
    finally:
        source.close()


def _frames(source: VideoFile | PictureFolder, unreadable: Callable[[CameraError], None] | None) -> Iterator[Frame]:
    while True:
        try:
            frame = source.read()
        except CameraError as error:
            if unreadable is None:
                raise
            unreadable(error)
            continue
        if frame is None:
            return
        yield frame


def _without_bench(frames: Iterator[Frame], hand_tracker: HandTracker | None) -> Iterator[dict[str, Any]]:
    """Records of frames that belong together."""
    import cv2

    tracker = TagTracker(ALL_TAGS)
    try:
        for frame in frames:
            grey = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
            large = min(grey.shape) >= SMALLEST_PX
            tags = tracker.find(grey) if large else ()
            hands = hand_tracker.track(frame) if hand_tracker is not None else ()
            analysis = FrameAnalysis(
                camera=frame.camera,
                seq=frame.seq,
                t_mono_s=frame.t_mono_s,
                state=view_state(grey, tags) if large else CameraState.COVERED,
                hands=hands,
                hands_known=hand_tracker is not None,
                tags=tags,
            )
            yield _record(frame, analysis)
    finally:
        tracker.close()


def _with_bench(
    frames: Iterator[Frame], bench: Bench, camera: str, hand_tracker: HandTracker | None, watches: tuple[Watch, ...]
) -> Iterator[dict[str, Any]]:
    model = bench.camera(camera)
    pipeline = Pipeline(bench, model, hand_tracker, hands_every=1)
    board = FactBoard(bench, watches)
    want = Want(hands=True, codes=True, joints=frozenset(joint.name for joint in bench.joints))
    try:
        for frame in frames:
            analysis = pipeline.analyse(frame, want)
            board.update(analysis)
            record = _record(frame, analysis)
            poses = _tag_poses(analysis, bench, model)
            for tag in record["tags"]:
                tag["pose"] = poses.get(tag["id"])
            record["bodies"] = [
                {
                    "body": body.body,
                    **_pose(body.bench_from_body),
                    "sigma_mm": round(body.sigma_mm, 3),
                    "sigma_deg": round(body.sigma_deg, 3),
                    "rms_px": round(body.rms_px, 3),
                }
                for body in analysis.bodies
            ]
            record["joints"] = {site.joint: site.value.value for site in analysis.sites}
            record["zones"] = dict(analysis.busy_zones)
            record["code"] = analysis.code_text
            record["facts"] = [
                {
                    "fact": reading.fact,
                    "value": reading.value.value,
                    "text": reading.text,
                    "measures": {key: round(value, 4) for key, value in reading.measures.items()},
                }
                for reading in board.readings()
            ]
            yield record
    finally:
        pipeline.close()


def _record(frame: Frame, analysis: FrameAnalysis) -> dict[str, Any]:
    return {
        "frame": frame.seq,
        "time_s": round(frame.t_mono_s, 6),
        "state": analysis.state.value,
        "hands": [
            {
                "handedness": hand.handedness,
                "score": round(hand.score, 4),
                "points_px": [_rounded(point, 2) for point in hand.landmarks_px],
            }
            for hand in analysis.hands
        ],
        "tags": [
            {"id": tag.tag_id, "corners_px": [_rounded(corner, 3) for corner in tag.corners_px]}
            for tag in analysis.tags
        ],
        "facts": [],
    }


def _tag_poses(analysis: FrameAnalysis, bench: Bench, camera: CameraModel) -> dict[int, dict[str, Any]]:
    """Each seen tag's pose in the bench frame, as its body has it: all tags of the body speak for it."""
    if analysis.state is not CameraState.GOOD:
        return {}
    poses: dict[int, dict[str, Any]] = {}
    for body in (bench.fixture, *bench.bodies):
        seen = locate(body, analysis.tags, camera)
        for mount in body.tags if seen is not None else ():
            if seen is not None and mount.tag_id in seen.tag_ids:
                poses[mount.tag_id] = _pose(seen.bench_from_body @ mount.body_from_tag)
    return poses


def _pose(bench_from_thing: Transform) -> dict[str, Any]:
    return {
        "position_mm": _rounded(bench_from_thing.translation_mm),
        "rotation": [_rounded(row, 5) for row in bench_from_thing.rotation],
    }


def _rounded(values: Any, digits: int = 3) -> list[float]:
    return [round(float(value), digits) for value in values]
