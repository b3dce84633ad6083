"""A camera's two threads: newest frame wins, frozen and lost cameras are reported, recordings end."""

import itertools
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.doorbench import door_bench

from vision.api import Frame, FrameAnalysis
from vision.cameras.capture import LiveCamera, open_stream, open_v4l
from vision.cameras.recording import PictureFolder, VideoFile, open_recording
from vision.cameras.source import CameraError
from vision.pipeline import Pipeline, Want
from vision.worker import CameraTrouble, CameraWorker, FrozenGate, LatestSlot

BENCH = door_bench()


def frame(seq: int, level: int = 100, size: tuple[int, int] = (720, 1280)) -> Frame:
    return Frame(camera="top", seq=seq, t_mono_s=seq * 0.1, image=np.full((*size, 3), level, np.uint8))


class Frames:
    """A source of given frames; an error among them is raised; the end is the end of a recording."""

    def __init__(self, items: list[Frame | CameraError]) -> None:
        self.items = list(items)
        self.closed = False

    def read(self) -> Frame | None:
        item = self.items.pop(0) if self.items else None
        if isinstance(item, CameraError):
            raise item
        return item

    def close(self) -> None:
        self.closed = True


def worker(open_source, delivered: list[FrameAnalysis], troubles: list[CameraTrouble], want=Want) -> CameraWorker:
    clock = itertools.count()
    return CameraWorker(
        "top",
        open_source=open_source,
        pipeline=Pipeline(BENCH, BENCH.cameras[0]),
        want=want,
        deliver=lambda _frame, analysis: delivered.append(analysis),
        trouble=troubles.append,
        now_s=lambda: float(next(clock)),
        reopen_s=0.0,
    )


def test_the_newest_frame_wins():
    """It should hand out the newest frame once, and count those that nobody took."""
    slot = LatestSlot()
    for seq in (1, 2, 3):
        slot.put(frame(seq, size=(2, 2)))
    taken = slot.take(0.0)
    assert taken is not None
    assert taken.seq == 3
    assert slot.take(0.0) is None
    assert slot.dropped() == 2
    assert slot.newest() is taken


def test_the_same_picture_for_two_seconds_is_a_frozen_camera():
    """It should notice a picture that does not change by a single bit, and forgive at the first change."""
    gate = FrozenGate()
    said = [gate.frozen(frame(seq, size=(8, 8))) for seq in range(25)]
    assert said == [False] * 20 + [True] * 5
    assert not gate.frozen(frame(25, level=101, size=(8, 8)))


def test_a_frozen_camera_is_reported_once_and_its_frames_go_nowhere():
    """It should stop handing frames to the analysis when the picture is frozen."""
    source, troubles = Frames([frame(seq) for seq in range(25)]), []
    camera = worker(lambda: source, [], troubles)
    camera.capture(threading.Event())
    assert [trouble.code for trouble in troubles] == ["camera.frozen"]
    assert camera.counts().captured == 25
    newest = camera.newest_frame()
    assert newest is not None
    assert newest.seq == 19
    assert source.closed


def test_a_lost_camera_is_reported_closed_and_opened_again():
    """It should report the loss, give the device back, wait, and open it again until it is told to stop."""
    stop = threading.Event()
    sources: list[Frames] = []

    def open_source() -> Frames:
        if len(sources) == 2:
            stop.set()
            raise CameraError("camera.cannot_open", "Camera top cannot be opened.")
        sources.append(Frames([frame(1), CameraError("camera.lost", "Camera top gives no picture.")]))
        return sources[-1]

    troubles: list[CameraTrouble] = []
    camera = worker(open_source, [], troubles)
    camera.capture(stop)
    assert [trouble.code for trouble in troubles] == ["camera.lost", "camera.lost", "camera.cannot_open"]
    assert all(source.closed for source in sources)


def test_the_analysis_thread_delivers_the_capture_threads_frames():
    """It should analyse in one thread what the other captured, and carry the stamp of the capture."""
    stop, delivered = threading.Event(), []
    camera = worker(lambda: Frames([frame(7)]), delivered, [])

    def deliver_and_stop() -> Want:
        stop.set()
        return Want()

    camera = worker(lambda: Frames([frame(7)]), delivered, [], want=deliver_and_stop)
    capture = threading.Thread(target=camera.capture, args=(stop,))
    analyse = threading.Thread(target=camera.analyse, args=(stop,))
    capture.start()
    analyse.start()
    capture.join()
    analyse.join()
    assert [(a.seq, a.t_mono_s) for a in delivered] == [(7, pytest.approx(0.7))]
    assert camera.counts().analysed == 1


def test_a_picture_of_the_wrong_size_is_refused_with_what_to_do():
    """It should not put tags on the bench through a lens that is not this one."""
    pipeline = Pipeline(BENCH, BENCH.cameras[0])
    with pytest.raises(ValueError, match="calibrated for 1280x720"):
        pipeline.analyse(frame(1, size=(480, 640)), Want())
    pipeline.close()


def test_a_folder_gives_its_pictures_by_name_with_times(tmp_path: Path):
    """It should stamp pictures by the rate that is asked for."""
    for name, level in (("b.png", 20), ("a.png", 10), ("c.jpg", 30)):
        cv2.imwrite(str(tmp_path / name), np.full((4, 6, 3), level, np.uint8))
    (tmp_path / "notes.txt").write_text("not a picture")
    folder = PictureFolder("top", tmp_path, rate_hz=5.0)
    frames = list(iter(folder.read, None))
    assert [(f.seq, f.t_mono_s, int(f.image[0, 0, 0])) for f in frames] == [(1, 0.0, 10), (2, 0.2, 20), (3, 0.4, 30)]


def test_a_video_gives_its_own_frame_times(tmp_path: Path):
    """It should stamp frames with the file's times, rising."""
    path = tmp_path / "bench.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (64, 48))
    for level in (10, 60, 110):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    video = VideoFile("top", path)
    frames = list(iter(video.read, None))
    video.close()
    assert np.diff([f.t_mono_s for f in frames]) == pytest.approx([0.05, 0.05])


@pytest.mark.parametrize("make", [lambda p: p / "missing.mp4", lambda p: p])
def test_a_recording_that_cannot_be_read_says_so(tmp_path: Path, make):
    """It should name the path and what to check: a missing file, a folder without pictures."""
    with pytest.raises(CameraError, match="check the path") as caught:
        open_recording("top", make(tmp_path), rate_hz=10.0)
    assert caught.value.code == "camera.cannot_open"


def test_a_camera_that_is_not_there_says_what_to_check(tmp_path: Path):
    """It should name the camera and the device, for a local camera and for a stream."""
    with pytest.raises(CameraError, match="plugged in") as caught:
        open_v4l("top", str(tmp_path / "video9"), lambda: 0.0, width_px=1280, height_px=720, rate_hz=30.0)
    assert caught.value.code == "camera.cannot_open"
    with pytest.raises(CameraError, match="check the address"):
        open_stream("side", "http://127.0.0.1:9/stream", lambda: 0.0)


def test_a_live_camera_stamps_its_frames_and_reports_its_loss():
    """It should stamp each frame as it is grabbed, and call the camera lost when nothing comes any more."""

    class Capture:
        left = 2

        def grab(self) -> bool:
            self.left -= 1
            return self.left >= 0

        def retrieve(self) -> tuple[bool, np.ndarray]:
            return True, np.zeros((4, 6, 3), np.uint8)

        def release(self) -> None:
            self.left = 0

    clock = itertools.count(10)
    camera = LiveCamera("top", Capture(), lambda: float(next(clock)), described="6x4")
    frames = [camera.read(), camera.read()]
    assert [(f.seq, f.t_mono_s) for f in frames if f is not None] == [(1, 10.0), (2, 11.0)]
    with pytest.raises(CameraError) as caught:
        camera.read()
    assert caught.value.code == "camera.lost"
    camera.close()


def test_a_broken_picture_is_named(tmp_path: Path):
    """It should say which picture cannot be read."""
    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(CameraError, match=r"a\.png"):
        PictureFolder("top", tmp_path, rate_hz=10.0).read()
