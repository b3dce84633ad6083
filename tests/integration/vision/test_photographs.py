"""Photographs and videos of anything: the pipeline finds the very hands that the tracker alone finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from support.doorbench import door_bench, static_looks
from support.handview import SKINS
from typer.testing import CliRunner

from station.cli import app
from vision.api import Picture
from vision.cameras.source import CameraError
from vision.hand_model import default_model_path
from vision.hands import MOST_HANDS, MediapipeHands
from vision.recorded import analyse_recording
from vision.scene import DrawnHand, Scene
from vision.sim import SceneRenderer

TOP = door_bench().camera("top")


def picture(renderer: SceneRenderer, index: int, *, hands: int) -> Picture:
    """One or more hands over the bench, of every skin."""
    rng = np.random.default_rng(100 + index)
    drawn = tuple(
        DrawnHand(
            bench_mm=np.array([-260.0 + 170 * k + rng.uniform(-30, 30), rng.uniform(-100, 60), 110.0]),
            side="left" if k % 2 else "right",
            grip=float(rng.random()) / 2,
            skin=SKINS[index % len(SKINS)],
        )
        for k in range(hands)
    )
    return renderer.render(Scene(hands=drawn), index)


def alone(pictures: list[Picture], stamps_ms: list[int] | None = None) -> list[list[np.ndarray]]:
    """What mediapipe says by itself of each picture: landmarks in pixels. With stamps: of a video."""
    import mediapipe
    from mediapipe.tasks.python import vision
    from mediapipe.tasks.python.core.base_options import BaseOptions

    mode = vision.RunningMode.IMAGE if stamps_ms is None else vision.RunningMode.VIDEO
    options = vision.HandLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=default_model_path().read_bytes()),
        running_mode=mode,
        num_hands=MOST_HANDS,
    )
    found = []
    with vision.HandLandmarker.create_from_options(options) as landmarker:
        for index, image in enumerate(pictures):
            rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            shown = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
            said = (
                landmarker.detect(shown) if stamps_ms is None else landmarker.detect_for_video(shown, stamps_ms[index])
            )
            size = np.array(image.shape[1::-1])
            found.append([np.array([[p.x, p.y] for p in hand]) * size - 0.5 for hand in said.hand_landmarks])
    return found


def same_hands(records: list[dict[str, Any]], expected: list[list[np.ndarray]]) -> int:
    """How many hands there are; fails where one is lost, added or moved."""
    assert len(records) == len(expected)
    for record, hands in zip(records, expected, strict=True):
        told = [np.array(hand["points_px"]) for hand in record["hands"]]
        assert len(told) == len(hands)
        assert all(np.allclose(one, other, atol=0.02) for one, other in zip(told, hands, strict=True))
    return sum(len(hands) for hands in expected)


@pytest.fixture(scope="module")
def photographs() -> list[Picture]:
    renderer = SceneRenderer(TOP, static_looks(), seed=8)
    return [picture(renderer, index, hands=1 + index % 4) for index in range(6)]


@pytest.fixture
def tracker() -> Iterator[MediapipeHands]:
    made = MediapipeHands(default_model_path(), video=False)
    yield made
    made.close()


def test_a_folder_of_photographs_of_any_size_gives_the_trackers_own_hands(
    tmp_path: Path, photographs: list[Picture], tracker: MediapipeHands
):
    """It should look at each by itself: what was in the last one is neither lost nor found in the next."""
    sizes = ((1280, 720), (640, 360), (3840, 2160), (400, 300), (720, 1280), (1000, 1000))
    shown = [cv2.resize(image, size) for image, size in zip(photographs, sizes, strict=True)]
    # An empty picture after every other one: a tracker with a memory looks for the last one's hands in it.
    shown = [one for image in shown for one in (np.asarray(image, dtype=np.uint8), np.zeros(image.shape, np.uint8))]
    for index, image in enumerate(shown):
        cv2.imwrite(str(tmp_path / f"{index:02}.png"), image)
    records = list(analyse_recording(tmp_path, None, tracker))
    assert same_hands(records, alone(shown)) >= 8
    assert [record["picture"] for record in records] == [f"{index:02}.png" for index in range(len(shown))]


def test_a_video_gives_the_trackers_own_hands(tmp_path: Path):
    """It should follow hands through a video as the tracker alone does, at the video's own times."""
    path = tmp_path / "hands.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (1280, 720))
    renderer = SceneRenderer(TOP, static_looks(), seed=9)
    for index in range(12):
        hand = DrawnHand(bench_mm=np.array([-200.0 + 25 * index, -40.0, 110.0]), side="right", grip=0.2)
        writer.write(renderer.render(Scene(hands=(hand,) if index != 6 else ()), index))
    writer.release()
    capture, frames = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        frames.append(np.asarray(read[1], dtype=np.uint8))
    capture.release()
    tracker = MediapipeHands(default_model_path())
    try:
        records = list(analyse_recording(path, None, tracker))
    finally:
        tracker.close()
    stamps = [round(record["time_s"] * 1000) for record in records]
    assert stamps == sorted(set(stamps))
    assert same_hands(records, alone(frames, stamps)) >= 9


def test_grey_transparent_turned_tiny_and_single_pictures_are_looked_at(
    tmp_path: Path, photographs: list[Picture], tracker: MediapipeHands
):
    """It should take what cameras and programs write: grey, alpha, 16 bits, EXIF turns, a pixel, one file by itself."""
    image = photographs[0]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(tmp_path / "a-grey.png"), grey)
    cv2.imwrite(str(tmp_path / "b-alpha.png"), cv2.cvtColor(image, cv2.COLOR_BGR2BGRA))
    cv2.imwrite(str(tmp_path / "c-deep.png"), image.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "d-tiny.png"), image[:1, :1])
    turned = cv2.imencode(".jpg", cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE))[1].tobytes()
    (tmp_path / "e-turned.jpg").write_bytes(turned[:2] + _exif_turned_right() + turned[2:])
    cv2.imwrite(str(tmp_path / "f-bitmap.bmp"), image)
    records = list(analyse_recording(tmp_path, None, tracker))
    as_read = [cv2.imread(str(tmp_path / record["picture"]), cv2.IMREAD_COLOR) for record in records]
    assert as_read[4].shape == image.shape
    expected = alone([np.asarray(one, dtype=np.uint8) for one in as_read])
    assert same_hands(records, expected) >= 4
    assert [len(hands) for hands in expected][1:4] == [len(expected[5]), len(expected[5]), 0]
    (single,) = analyse_recording(tmp_path / "f-bitmap.bmp", None, tracker)
    assert single["hands"] == records[5]["hands"]


def _exif_turned_right() -> bytes:
    """An APP1 segment with the one tag Orientation = 6: the picture is to be turned clockwise (Exif 2.3, 4.6.4)."""
    tiff = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\0\0\0\0"
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body


def test_a_broken_file_is_named_in_a_sentence_and_the_rest_is_looked_at(tmp_path: Path, photographs: list[Picture]):
    """It should print a record for each good picture, a sentence for each broken one, and fail at the end."""
    cv2.imwrite(str(tmp_path / "a.jpg"), photographs[0])
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(b"no picture at all")
    (tmp_path / "c.png").write_bytes(b"")
    (tmp_path / "d.jpg").write_bytes(whole)
    (tmp_path / "notes.txt").write_text("not looked at")
    done = CliRunner().invoke(app, ["vision", str(tmp_path)])
    assert done.exit_code == 1
    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [record["picture"] for record in records] == ["a.jpg", "d.jpg"]
    assert len(records[0]["hands"]) == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("camera.bad_picture")]
    assert [next(name for name in ("b.jpg", "c.png") if name in line) for line in told] == ["b.jpg", "c.png"]
    with pytest.raises(CameraError, match=r"b\.jpg"):
        list(analyse_recording(tmp_path, None, None))
