"""Recorded pictures and videos through the same pipeline, and hands by the real model."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.doorbench import DOOR, door_bench, mirror_look, static_looks

from vision.api import Frame
from vision.bench import WatchPart
from vision.hand_model import default_model_path
from vision.hands import HandModelMissingError, MediapipeHands
from vision.recorded import analyse_recording
from vision.scene import DrawnHand, Placed, Scene
from vision.sim import SceneRenderer

BENCH = door_bench()
RED = mirror_look("mirror-right-red")


def pictures(count: int, *, hand: bool = False) -> Iterator[np.ndarray]:
    """The mirror on the door, seen from above; a hand that moves over the tray."""
    renderer = SceneRenderer(BENCH.camera("top"), static_looks(), seed=5)
    for index in range(count):
        palm = np.array([-300.0 + 12 * index, -60.0, 100.0])
        hands = (DrawnHand(bench_mm=palm, side="right", grip=index / count),) if hand else ()
        yield renderer.render(Scene(placed=(Placed(look=RED, bench_from_body=DOOR),), hands=hands), index)


@pytest.fixture
def hand_tracker() -> Iterator[MediapipeHands]:
    tracker = MediapipeHands(default_model_path())
    yield tracker
    tracker.close()


def test_a_folder_gives_one_json_record_a_picture(tmp_path: Path):
    """It should give tags with poses, and facts, where the bench is known; and nothing that JSON cannot hold."""
    for index, image in enumerate(pictures(6)):
        cv2.imwrite(str(tmp_path / f"{index:03}.png"), image)
    watch = WatchPart(fact="mirror", body=RED.name, bench_from_body=DOOR, within_mm=2.0, within_deg=2.0, still_s=0.3)
    records = list(analyse_recording(tmp_path, BENCH, None, watches=(watch,), fps=10.0))
    assert json.loads(json.dumps(records)) == records
    last = records[-1]
    assert (last["frame"], last["time_s"]) == (6, pytest.approx(0.5))
    tag = {t["id"]: t for t in last["tags"]}[10]
    assert tag["pose"]["position_mm"] == pytest.approx(DOOR.apply([-58.0, 32.0, 8.0]), abs=1.5)
    (fact,) = last["facts"]
    assert (fact["fact"], fact["value"]) == ("mirror", "present")
    assert fact["measures"]["offset_mm"] < 1.5


def test_a_video_without_a_bench_gives_corners_and_no_poses(tmp_path: Path):
    """It should look at a recording of an unknown camera: every tag's corners in pixels, no pose, no fact."""
    path = tmp_path / "bench.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (1280, 720))
    for image in pictures(3):
        writer.write(image)
    writer.release()
    records = list(analyse_recording(path, None, None))
    assert [r["frame"] for r in records] == [1, 2, 3]
    assert {10, 11, 12} <= {t["id"] for t in records[0]["tags"]}
    assert all("pose" not in t and np.shape(t["corners_px"]) == (4, 2) for t in records[0]["tags"])
    assert all(r["facts"] == [] for r in records)


def test_the_real_model_finds_the_drawn_hand(tmp_path: Path, hand_tracker: MediapipeHands):
    """It should give 21 points of a hand on nearly every picture that shows one, near where the hand is."""
    for index, image in enumerate(pictures(10, hand=True)):
        cv2.imwrite(str(tmp_path / f"{index:03}.png"), image)
    records = list(analyse_recording(tmp_path, None, hand_tracker))
    found = [(index, hand) for index, record in enumerate(records) for hand in record["hands"]]
    assert len({index for index, _ in found}) >= 9
    for index, hand in found:
        assert np.shape(hand["points_px"]) == (21, 2)
        palm = BENCH.camera("top").project([[-300.0 + 12 * index, -60.0, 100.0]])[0]
        assert np.linalg.norm(np.mean(hand["points_px"], axis=0) - palm) < 120
        assert 0.5 <= hand["score"] <= 1.0


def test_frames_with_the_same_stamp_do_not_upset_the_model(hand_tracker: MediapipeHands):
    """It should keep the model's clock rising by itself."""
    image = np.zeros((720, 1280, 3), np.uint8)
    for seq in range(3):
        assert hand_tracker.track(Frame(camera="top", seq=seq, t_mono_s=5.0, image=image)) == ()


def test_a_missing_model_names_the_command_that_makes_it(tmp_path: Path):
    """It should say `make setup`, for a missing file and for one that is no model."""
    with pytest.raises(HandModelMissingError, match="make setup"):
        MediapipeHands(tmp_path / "hand_landmarker.task")
    broken = tmp_path / "broken.task"
    broken.write_bytes(b"no model")
    with pytest.raises(HandModelMissingError, match="make setup"):
        MediapipeHands(broken)


def test_a_closed_tracker_says_so(hand_tracker: MediapipeHands):
    """It should refuse to work after it was closed."""
    hand_tracker.close()
    with pytest.raises(RuntimeError, match="closed"):
        hand_tracker.track(Frame(camera="top", seq=1, t_mono_s=0.0, image=np.zeros((8, 8, 3), np.uint8)))
