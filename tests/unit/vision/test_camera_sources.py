"""Where pictures come from: cameras that are opened, locked and stamped; streams; recordings."""

import itertools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from support.doorbench import door_bench

from vision.api import Frame
from vision.cameras.capture import LiveCamera, open_stream, open_v4l
from vision.cameras.capture_process import Capture
from vision.cameras.notices import Captured, CaptureSetting, Failed, Opened
from vision.cameras.opening import NamedSource
from vision.cameras.rate import RateWatch
from vision.cameras.recording import PictureFolder, VideoFile, open_recording
from vision.cameras.repeats import Repeat, RepeatGate
from vision.cameras.settings import CameraSettings
from vision.cameras.source import CameraError
from vision.frame_ring import FrameRing
from vision.pipeline import Pipeline, Want

BENCH = door_bench()


def frame(seq: int, level: int = 100, size: tuple[int, int] = (720, 1280)) -> Frame:
    return Frame(camera="top", seq=seq, t_mono_s=seq * 0.1, image=np.full((*size, 3), level, np.uint8))


def test_the_same_picture_for_two_seconds_is_a_frozen_camera():
    """It should notice a picture that does not change by a single bit, and forgive at the first change."""
    gate = RepeatGate()

    def picture(seq: int, level: int = 100) -> Frame:
        image = np.full((8, 8, 3), level, np.uint8)
        image[4:] = 200
        return Frame(camera="top", seq=seq, t_mono_s=seq * 0.1, image=image)

    said = [gate.judge(picture(seq)) for seq in range(25)]
    assert said == [Repeat.NEW] + [Repeat.REPEATED] * 19 + [Repeat.FROZEN] * 5
    assert gate.judge(picture(25, level=101)) is Repeat.NEW
    # A driver that goes round four pictures is as frozen as one that repeats one.
    said = [gate.judge(picture(seq, level=110 + seq % 4)) for seq in range(26, 56)]
    assert said[:4] == [Repeat.NEW] * 4
    assert said[4:23] == [Repeat.REPEATED] * 19
    assert said[24:] == [Repeat.FROZEN] * 6
    # A black picture, again and again, is for the view to judge.
    assert {gate.judge(frame(seq, level=0, size=(8, 8))) for seq in range(56, 90)} == {Repeat.NEW}


def test_a_camera_that_has_become_slow_is_told_once():
    """It should tell the rate of a window that is too slow, and again only after one that was not."""
    watch = RateWatch(15.0)
    stamps = itertools.accumulate([1 / 15] * 150 + [0.2] * 100 + [1 / 15] * 150 + [1 / 8] * 90)
    told = [rate_hz for t_s in stamps if (rate_hz := watch.judge(t_s)) is not None]
    assert told == pytest.approx([5.0, 8.0], rel=0.3)


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


class Device:
    """A V4L2 camera at OpenCV's interface: it has one size and no gain, and fills frames before they are read."""

    def __init__(self, size: tuple[int, int] = (1280, 720), filled_s: tuple[float, ...] = ()) -> None:
        self.values: dict[int, float] = {cv2.CAP_PROP_FPS: 15.0}
        self.size = size
        self.filled_s = list(filled_s)
        self.order: list[int] = []
        self.released = False

    def isOpened(self) -> bool:
        return True

    def set(self, key: int, value: float) -> bool:
        self.order.append(key)
        self.values[key] = value
        return True

    def get(self, key: int) -> float:
        if key == cv2.CAP_PROP_POS_MSEC:
            return self.filled_s.pop(0) * 1000.0
        if key == cv2.CAP_PROP_GAIN:
            return 0.0
        sizes = {cv2.CAP_PROP_FRAME_WIDTH: self.size[0], cv2.CAP_PROP_FRAME_HEIGHT: self.size[1]}
        return float(sizes.get(key, self.values.get(key, 0.0)))

    def grab(self) -> bool:
        return bool(self.filled_s)

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.zeros((4, 6, 3), np.uint8)

    def release(self) -> None:
        self.released = True


def opened(monkeypatch: pytest.MonkeyPatch, device: Device, **changes: Any) -> LiveCamera:
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: device)
    clock = itertools.count(100)
    wanted = {"width_px": 1280, "height_px": 720, "rate_hz": 15.0} | changes
    return open_v4l("top", 0, lambda: float(next(clock)), **wanted)


def test_a_camera_is_asked_for_mjpg_first_locked_and_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should ask for the format before the size, lock what is given, and name what the camera does not take."""
    device = Device()
    locked = CameraSettings(exposure=157.0, gain=8.0, focus=30.0)
    camera = opened(monkeypatch, device, settings=locked)
    assert device.order.index(cv2.CAP_PROP_FOURCC) < device.order.index(cv2.CAP_PROP_FRAME_WIDTH)
    assert device.order.index(cv2.CAP_PROP_AUTO_EXPOSURE) < device.order.index(cv2.CAP_PROP_EXPOSURE)
    assert device.values[cv2.CAP_PROP_AUTOFOCUS] == 0.0
    assert cv2.CAP_PROP_WB_TEMPERATURE not in device.values
    assert camera.described == (
        "1280x720 MJPG at 15 Hz, exposure 157, gain 0 (asked 8: the camera does not take it), focus 30, "
        "automatic white balance"
    )


def test_a_camera_that_gives_another_size_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should refuse the camera, with both sizes, and release it."""
    device = Device(size=(640, 480))
    with pytest.raises(CameraError, match="gives 640x480 where 1280x720 is asked for") as caught:
        opened(monkeypatch, device)
    assert caught.value.code == "camera.wrong_size"
    assert device.released


def test_a_picture_is_as_old_as_its_driver_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should take the driver's time where it can be one: not from the future, not of another clock, rising."""
    camera = opened(monkeypatch, Device(filled_s=(98.0, 5000.0, 1.0, 97.0, 101.9)))
    stamps = [frame.t_mono_s for frame in (camera.read() for _ in range(5)) if frame is not None]
    assert stamps == [98.0, 101.0, 102.0, 103.0, 104.0]
    camera = opened(monkeypatch, Device(filled_s=(98.0, 98.9, 99.8)))
    assert [camera.read().t_mono_s for _ in range(3)] == [98.0, 98.9, 99.8]  # type: ignore[union-attr] # not at its end


def test_a_recording_plays_at_its_own_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It should wait for each picture's time, and stamp it with the moment that it plays at."""
    for name in ("a.png", "b.png", "c.png"):
        cv2.imwrite(str(tmp_path / name), np.full((48, 64, 3), 9, np.uint8))
    now = [500.0]
    monkeypatch.setattr("vision.cameras.opening.time.sleep", lambda s: now.__setitem__(0, now[0] + s))
    named = NamedSource(source=str(tmp_path), model=BENCH.cameras[0], fps=4.0)
    source = named.open(lambda: now[0], lambda question: None)
    stamps = [frame.t_mono_s for frame in iter(source.read, None)]
    source.close()
    assert stamps == pytest.approx([500.0, 500.25, 500.5])
    assert now[0] == pytest.approx(500.5)


class Line:
    """The line to the owner, who goes away after so many notices."""

    def __init__(self, notices: int) -> None:
        self.left = notices
        self.said: list[Any] = []

    def send(self, notice: object) -> None:
        if self.left == 0:
            raise EOFError
        self.left -= 1
        self.said.append(notice)


def test_a_camera_that_is_plugged_in_again_is_found_by_its_lasting_name_and_locked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It should follow the by-id link to the new number at each opening, and lock and read back everything anew."""
    by_id = tmp_path / "usb-Maker_Camera_0001-video-index0"
    by_id.symlink_to("/dev/video4")
    devices = [Device(filled_s=(90.0, 91.0)), Device(filled_s=(92.0, 93.0))]
    asked: list[Any] = []

    def plug(number: Any, *_: Any) -> Device:
        asked.append(number)
        by_id.unlink()
        by_id.symlink_to("/dev/video6")
        return devices[len(asked) - 1]

    monkeypatch.setattr(cv2, "VideoCapture", plug)
    monkeypatch.setattr("vision.cameras.opening.is_live", lambda source: True)  # The link stands in a test's folder.
    monkeypatch.setattr(Device, "retrieve", lambda self: (True, np.full((720, 1280, 3), 7, np.uint8)))
    locked = CameraSettings(exposure=157.0, white_balance_k=4600.0, focus=30.0)
    named = NamedSource(source=str(by_id), model=BENCH.cameras[0], fps=15.0, settings=locked)
    ring = FrameRing((1280, 720))
    setting = CaptureSetting(name="top", opener=named, ring_fd=-1, size_px=ring.size_px, first_seq=1, reopen_s=0.0)
    line = Line(notices=7)
    with pytest.raises(EOFError):
        Capture(setting, line, ring).run()  # type: ignore[arg-type] # as much of a line as it needs
    ring.close()
    assert asked[:2] == [4, 6]
    assert [type(notice) for notice in line.said] == [Opened, Captured, Captured, Failed, Opened, Captured, Captured]
    assert line.said[0] == line.said[4]
    assert "exposure 157" in line.said[4].described
    assert [notice.seq for notice in line.said if isinstance(notice, Captured)] == [1, 2, 3, 4]
    for device in devices:
        assert device.values[cv2.CAP_PROP_EXPOSURE] == 157.0
        assert device.values[cv2.CAP_PROP_WB_TEMPERATURE] == 4600.0
        assert device.released


class Stream(BaseHTTPRequestHandler):
    """A network camera as they are: multipart JPEG without end; this one is cut after five pictures."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in range(5):
            image = np.full((48, 64, 3), 40 * number, np.uint8)
            jpeg = cv2.imencode(".jpg", image)[1].tobytes()
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
            self.wfile.write(jpeg + b"\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_a_network_camera_gives_its_pictures_and_is_lost_when_the_stream_is_cut() -> None:
    """It should read what a real server sends over HTTP, and say that nothing comes any more."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    levels = []
    try:
        camera = open_stream("side", f"http://127.0.0.1:{server.server_port}/video.mjpg", lambda: 5.0)
        with pytest.raises(CameraError) as caught:
            while (frame := camera.read()) is not None:
                levels.append(int(frame.image[0, 0, 0]))
        camera.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert caught.value.code == "camera.lost"
    assert levels[:3] == pytest.approx([0, 40, 80], abs=3)
