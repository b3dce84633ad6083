"""A camera in its processes: pictures flow, the newest wins, and whatever hangs or dies is seen and started again."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.camera_sources import SIZE_PX, BadDay, Repeats

from vision.api import FrameAnalysis
from vision.cameras.notices import Opener
from vision.frame_ring import SLOTS, FrameRing
from vision.pipeline import Want
from vision.worker import CameraTrouble, CameraWorker, Patience

SOON = Patience(opening_s=20.0, flowing_s=0.4, looking_s=0.4, reopen_s=0.05, restart_s=0.0)
WITHIN_S = 60.0


class Bench:
    """A worker with what it delivered and reported."""

    def __init__(self, opener: Opener, looker: Repeats, patience: Patience) -> None:
        self.seen: list[tuple[FrameAnalysis, bytes]] = []
        self.troubles: list[CameraTrouble] = []
        self.opened: list[str] = []
        self.worker = CameraWorker(
            "top",
            size_px=SIZE_PX,
            fps=50.0,
            opener=opener,
            make_pipeline=looker,  # type: ignore[arg-type] # as much of a pipeline as a worker needs
            want=lambda: Want(joints=frozenset({"J1"})),
            deliver=lambda analysis, jpeg: self.seen.append((analysis, jpeg)),
            opened=self.opened.append,
            trouble=self.troubles.append,
            now_s=time.monotonic,
            patience=patience,
        )

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for it."""
        deadline_s = time.monotonic() + WITHIN_S
        while not true():
            assert time.monotonic() < deadline_s, (len(self.seen), self.troubles, self.worker.counts())
            time.sleep(0.01)

    def codes(self) -> list[str]:
        """Without `camera.slow`: on a machine that is busy with other tests that may well be true."""
        return [trouble.code for trouble in self.troubles if trouble.code != "camera.slow"]


@contextmanager
def running(opener: Opener, looker: Repeats, patience: Patience = SOON) -> Iterator[Bench]:
    bench = Bench(opener, looker, patience)
    stop = threading.Event()
    thread = threading.Thread(target=bench.worker.run, args=(stop,))
    thread.start()
    try:
        yield bench
    finally:
        stop.set()
        thread.join(WITHIN_S)
        assert not thread.is_alive()


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "opened"


@pytest.fixture
def looks(tmp_path: Path) -> Repeats:
    return Repeats(diary=tmp_path / "bad-look")


def test_pictures_come_with_what_was_seen_in_them_and_what_was_asked(diary: Path, looks: Repeats) -> None:
    """It should deliver rising pictures, each with its own JPEG, and look for what the station wants."""
    with running(BadDay(diary=diary), looks) as bench:
        bench.until(lambda: len(bench.seen) >= 5)
        assert bench.opened == ["a camera with bad days"]
        looked_at, _ = bench.seen[-1]
        frame = bench.worker.frame_of(looked_at)
        assert frame is None or (frame.seq, frame.t_mono_s) == (looked_at.seq, looked_at.t_mono_s)
        assert frame is None or f"{int(frame.image[0, 0, 0])} ['J1']" == looked_at.code_text
        assert bench.worker.frame_of(replace(looked_at, seq=looked_at.seq + 1000)) is None
    stamps = [analysis.t_mono_s for analysis, _ in bench.seen]
    assert stamps == sorted(stamps)
    for analysis, jpeg in bench.seen:
        level = int(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[0, 0, 0])
        assert analysis.code_text == f"{level} ['J1']"
    assert bench.codes() == []
    assert bench.worker.frame_of(bench.seen[-1][0]) is None


def test_while_one_picture_is_looked_at_the_next_are_passed_over(diary: Path, tmp_path: Path) -> None:
    """It should look at the newest picture each time, however slow the looking is, and count the others."""
    with running(BadDay(diary=diary), Repeats(diary=tmp_path / "x", takes_s=0.25)) as bench:
        bench.until(lambda: len(bench.seen) >= 4)
        ages_s = [time.monotonic() - bench.seen[-1][0].t_mono_s]
        counts = bench.worker.counts()
    steps = np.diff([analysis.seq for analysis, _ in bench.seen])
    assert steps.min() > 2
    assert counts.dropped >= int((steps - 1).sum()) - SLOTS
    assert counts.captured > counts.analysed
    assert ages_s[0] < 5.0  # A queue of pictures would be behind by more with each one.


@pytest.mark.parametrize("bad", ["hangs", "dies"])
def test_a_capture_that_hangs_or_dies_is_told_and_started_again(diary: Path, looks: Repeats, bad: str) -> None:
    """It should call the camera lost, open it anew, and number the pictures on."""
    with running(BadDay(diary=diary, then=bad), looks) as bench:
        bench.until(lambda: diary.exists() and diary.read_text().count("opened") >= 2 and bench.seen[-1][0].seq > 8)
        assert bench.codes() == ["camera.lost"]
        assert bench.worker.counts().restarts == 1
    numbers = [analysis.seq for analysis, _ in bench.seen]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("bad", ["hangs_at", "dies_at"])
def test_a_look_that_hangs_or_dies_is_told_and_started_again(diary: Path, tmp_path: Path, bad: str) -> None:
    """It should say so, and look again through a new process; the picture it hung at is never answered."""
    looks = Repeats(diary=tmp_path / "bad-look", **{bad: 3})  # type: ignore[arg-type] # a level
    with running(BadDay(diary=diary, every_s=0.1), looks) as bench:
        bench.until(lambda: looks.diary.exists() and bool(bench.troubles))
        told = len(bench.seen)
        bench.until(lambda: len(bench.seen) > told + 2)
    assert bench.codes() == ["camera.lost"]
    assert "looks through camera top" in bench.troubles[0].detail
    assert all((analysis.code_text or "").partition(" ")[0] != "3" for analysis, _ in bench.seen)


def test_either_process_killed_from_outside_comes_back(diary: Path, looks: Repeats) -> None:
    """It should survive a SIGKILL of each of its processes."""
    with running(BadDay(diary=diary), looks) as bench:
        bench.until(lambda: len(bench.seen) >= 2)
        for which in ("_capture", "_look"):
            child = getattr(bench.worker, which)
            before = bench.worker.counts().restarts
            os.kill(child.pid, signal.SIGKILL)
            bench.until(lambda before=before: bench.worker.counts().restarts == before + 1)
            told = len(bench.seen)
            bench.until(lambda told=told: len(bench.seen) > told + 2)
    assert bench.codes() == ["camera.lost", "camera.lost"]


def test_a_camera_that_fails_is_closed_and_opened_again(diary: Path, looks: Repeats) -> None:
    """It should hand the camera's own sentence on, give the device back, and try again in the same process."""
    with running(BadDay(diary=diary, then="fails"), looks) as bench:
        bench.until(lambda: len(bench.seen) > 8)
        assert bench.worker.counts().restarts == 0
    assert bench.troubles[0].detail == "Camera top gives no picture; check its cable."
    assert diary.read_text().splitlines()[:3] == ["opened", "closed", "opened"]


def test_a_camera_that_repeats_its_picture_is_frozen_and_not_looked_at(diary: Path, looks: Repeats) -> None:
    """It should tell it once, and give nobody the repeated picture any more."""
    with running(BadDay(diary=diary, then="freezes", pictures=3), looks) as bench:
        bench.until(lambda: bool(bench.troubles))
        told = len(bench.seen)
        captured = bench.worker.counts().captured
        bench.until(lambda: bench.worker.counts().captured > captured + 20)
        assert len(bench.seen) <= told + 1
    assert bench.codes() == ["camera.frozen"]


def test_a_picture_of_another_size_is_refused(diary: Path, looks: Repeats) -> None:
    """It should name both sizes, and look at nothing."""
    with running(BadDay(diary=diary, size_px=(32, 24)), looks) as bench:
        bench.until(lambda: bool(bench.troubles))
    assert bench.troubles[0].code == "camera.wrong_size"
    assert "gives 32x24 where 64x48 is asked for" in bench.troubles[0].detail
    assert bench.seen == []


def test_a_recording_ends_without_an_alarm(diary: Path, looks: Repeats) -> None:
    """It should look at the last picture, and start nothing again."""
    with running(BadDay(diary=diary, then="ends"), looks) as bench:
        bench.until(lambda: bool(bench.seen) and bench.seen[-1][0].seq == 5)
        time.sleep(0.5)
        assert bench.worker.counts().restarts == 0
    assert bench.codes() == []
    assert diary.read_text().splitlines() == ["opened", "closed"]


def test_a_camera_that_is_slower_than_asked_is_told_and_used(diary: Path, looks: Repeats) -> None:
    """It should say both rates once, and go on looking."""
    with running(BadDay(diary=diary, stamped_every_s=0.2), looks) as bench:
        bench.until(lambda: bool(bench.troubles))
        told = len(bench.seen)
        bench.until(lambda: len(bench.seen) > told + 2 and bench.worker.counts().captured > 60)
    assert [(trouble.code, trouble.detail.partition(";")[0]) for trouble in bench.troubles] == [
        ("camera.slow", "Camera top sends 5.0 pictures a second where 50 are asked for")
    ]


def test_a_late_camera_sends_old_pictures(diary: Path, looks: Repeats) -> None:
    """It should carry the time at which a picture was taken, two seconds ago, to whoever decides."""
    with running(BadDay(diary=diary, late_s=2.0), looks) as bench:
        bench.until(lambda: len(bench.seen) >= 3)
        now_s = time.monotonic()
    assert all(now_s - analysis.t_mono_s >= 2.0 for analysis, _ in bench.seen)


WRITER = """
import os, sys
import numpy as np
from multiprocessing.connection import Connection
from vision.frame_ring import FrameRing
ring = FrameRing((640, 480), int(sys.argv[1]))
line = Connection(int(sys.argv[2]), readable=False)
pictures = [np.full((480, 640, 3), level, np.uint8) for level in range(251)]
for seq in range(1, 4001):
    ring.put(seq, pictures[seq % 251])
    line.send(seq)
"""


def test_a_ring_never_hands_out_half_a_picture() -> None:
    """It should give a whole picture or none, while another process writes over it as fast as it can."""
    ring = FrameRing((640, 480))
    mine, theirs = Pipe(duplex=False)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(ring.fd), str(theirs.fileno())],
        pass_fds=(ring.fd, theirs.fileno()),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    theirs.close()
    whole = gone = torn = 0
    try:
        while True:
            newest = mine.recv()
            while mine.poll():
                newest = mine.recv()
            # The oldest one: that is the slot which is written next.
            wanted = newest - SLOTS + 1
            image = ring.get(wanted) if wanted > 0 else None
            if image is None:
                gone += 1
            else:
                whole += 1
                torn += not bool((image == wanted % 251).all())
    except EOFError:
        assert writer.wait(WITHIN_S) == 0
    finally:
        writer.kill()
        mine.close()
        ring.close()
    assert torn == 0
    assert whole > 0
    assert gone > 0
