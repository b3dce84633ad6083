"""What looking costs: each stage against the hand model alone and the tag detector alone, the age of what is seen when
the machine is too slow, two cameras beside a whole station, and memory over many pictures. Printed, never asserted.

Processor time is that of all threads. The pictures are rendered before anything is measured.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import anyio
import cv2
import numpy as np
import pytest
from support.camera_sources import BadDay, Repeats

from station.app import alive, build, simulated_bench
from station.config.bench import bench_of
from station.runtime.clock import SteppedClock, SystemClock
from station.runtime.setting import read_files
from station.simulation.live import turn_bench
from station.simulation.rig import build_rig
from vision.api import Frame, FrameAnalysis
from vision.apriltag_detector import AprilTagDetector
from vision.bench import Bench
from vision.codes import CodeReader
from vision.geometry import CameraModel
from vision.hand_model import default_model_path
from vision.hands import MediapipeHands
from vision.nuts import look_at_joint
from vision.parts import locate_bodies
from vision.pipeline import Pipeline, Want
from vision.sim import SceneRenderer
from vision.tags import TagTracker
from vision.view import view_state
from vision.worker import CameraWorker, Patience
from vision.zones import ZoneWatcher

pytestmark = pytest.mark.benchmark

CONFIG = Path(__file__).parents[2] / "config" / "station.sim.toml"
PICTURES = 60
FPS = 15.0
STATION_S = 30.0
SOAK = 9_000
HOUR = 54_000
"""Pictures that a camera takes in an hour at 15 a second."""


def bench_and_pictures(pictures: int = PICTURES) -> tuple[Bench, dict[str, list[np.ndarray]]]:
    """The simulated bench, and for each camera pictures of a right hand that goes over it and back, 15 a second."""
    files = read_files(CONFIG)
    rig = build_rig(files, seed=5, clock=SteppedClock(), in_memory=True)
    bench = bench_of(files.station, files.procedure)
    renderers = {camera.name: SceneRenderer(camera, rig.world.static, seed=5) for camera in bench.cameras}
    taken: dict[str, list[np.ndarray]] = {camera.name: [] for camera in bench.cameras}
    for number in range(pictures):
        reach = np.sin(np.pi * number / pictures)
        rig.world.carry("right", (40.0 + 60.0 * reach, -420.0 + 430.0 * reach, 120.0))
        scene = rig.world.scene()
        for name, renderer in renderers.items():
            taken[name].append(renderer.render(scene, number + 1))
    rig.close()
    return bench, taken


def cost_ms(work: Callable[[np.ndarray, float], object], images: list[np.ndarray]) -> float:
    """Median processor time of one picture."""
    spent = []
    for number, image in enumerate(images):
        before = time.process_time()
        work(image, number / FPS)
        spent.append(time.process_time() - before)
    return float(np.median(spent)) * 1000.0


def stages(bench: Bench, camera: CameraModel, images: list[np.ndarray]) -> Iterator[tuple[str, float]]:
    """Name and cost of each stage, on the same pictures."""
    hands = MediapipeHands(default_model_path())
    ids = frozenset(bench.tags)

    def frame(image: np.ndarray, t_s: float) -> Frame:
        return Frame(camera=camera.name, seq=1, t_mono_s=t_s, image=image)

    def grey(image: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)

    yield "the hand model alone", cost_ms(lambda image, t_s: hands.track(frame(image, t_s)), images)
    hands.close()
    for decimate in (1.0, 2.0):
        detector = AprilTagDetector(decimate)
        yield (
            f"the tag detector alone, whole picture, decimate {decimate:g}",
            cost_ms(lambda image, _, detector=detector: detector.detect(grey(image)), images),
        )
    jpegs = [cv2.imencode(".jpg", image)[1] for image in images]
    numbers = itertools.count()
    yield "decoding MJPG", cost_ms(lambda *_: cv2.imdecode(jpegs[next(numbers)], cv2.IMREAD_COLOR), images)
    tags = TagTracker(ids)
    yield "tags", cost_ms(lambda image, _: tags.find(grey(image)), images)
    seen = [tags.find(grey(image)) for image in images]
    tags.close()
    numbers = itertools.count()
    yield "view", cost_ms(lambda image, _: view_state(grey(image), seen[next(numbers)], bench.fixture, camera), images)
    numbers = itertools.count()
    yield "bodies", cost_ms(lambda *_: locate_bodies(bench.bodies, seen[next(numbers)], camera), images)
    zones = ZoneWatcher(bench, camera)
    yield "zones and people", cost_ms(lambda image, t_s: zones.look(image, t_s, ()), images)
    yield (
        "nuts at three joints",
        cost_ms(lambda image, _: [look_at_joint(joint, image, camera, ()) for joint in bench.joints], images),
    )
    codes = CodeReader()
    yield "codes, when asked for", cost_ms(lambda image, _: codes.read(grey(image)), images)
    joints = frozenset(joint.name for joint in bench.joints)
    for name, every in (("hands on every picture", 1), ("hands on every second", 2)):
        tracker = MediapipeHands(default_model_path())
        pipeline = Pipeline(bench, camera, tracker, hands_every=every)
        want = Want(hands=True, joints=joints)
        costs = []
        for number, image in enumerate(images):
            before = time.process_time()
            pipeline.analyse(frame(image, number / FPS), want)
            costs.append(time.process_time() - before)
        pipeline.close()
        tracker.close()
        yield f"everything, {name} (mean)", float(np.mean(costs)) * 1000.0


def test_what_each_stage_costs() -> None:
    """It should print processor time a picture, and the ratio to the hand model alone on the same pictures."""
    cv2.setNumThreads(1)
    bench, pictures = bench_and_pictures()
    for camera in bench.cameras:
        alone = 0.0
        for name, spent_ms in stages(bench, camera, pictures[camera.name]):
            alone = alone or spent_ms
            print(f"{camera.name:5} {name:55} {spent_ms:7.2f} ms  {spent_ms / alone:5.2f} of the hand model")


def test_age_of_what_is_seen_when_looking_is_too_slow(tmp_path: Path) -> None:
    """It should print how old the newest analysis is with a queue, and with the newest picture only."""
    every_s, takes_s, run_s = 1.0 / 30.0, 0.1, 8.0
    ages: list[float] = []
    worker = CameraWorker(
        "top",
        size_px=(1280, 720),
        fps=30.0,
        opener=BadDay(diary=tmp_path / "a", size_px=(1280, 720), every_s=every_s),
        make_pipeline=Repeats(diary=tmp_path / "b", takes_s=takes_s),  # type: ignore[arg-type] # as much as it needs
        want=Want,
        deliver=lambda analysis, _: ages.append(time.monotonic() - analysis.t_mono_s),
        opened=lambda described: None,
        trouble=lambda trouble: None,
        now_s=time.monotonic,
        patience=Patience(),
    )
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    while not ages:
        time.sleep(0.05)
    ages.clear()
    time.sleep(run_s)
    stop.set()
    thread.join()
    print(f"newest wins: age median {np.median(ages) * 1e3:.0f} ms, p95 {np.percentile(ages, 95) * 1e3:.0f} ms")
    waiting: queue.Queue[float] = queue.Queue()
    queued: list[float] = []

    def look() -> None:
        while (stamp := waiting.get()) > 0.0:
            time.sleep(takes_s)
            queued.append(time.monotonic() - stamp)

    looking = threading.Thread(target=look)
    looking.start()
    until_s = time.monotonic() + run_s
    while time.monotonic() < until_s:
        waiting.put(time.monotonic())
        time.sleep(every_s)
    median, last = float(np.median(queued)), queued[-1]
    with waiting.mutex:
        waiting.queue.clear()
    waiting.put(0.0)
    looking.join()
    print(f"a queue, same figures: age median {median * 1e3:.0f} ms, last {last * 1e3:.0f} ms and growing")


def test_two_cameras_at_fifteen_a_second_beside_a_whole_station(tmp_path: Path) -> None:
    """It should print pictures a second, their age, and where processor time goes; recordings stand for cameras."""
    _, pictures = bench_and_pictures(120)
    files = read_files(CONFIG)
    cameras = []
    for camera in files.station.cameras:
        path = tmp_path / f"{camera.name}.avi"
        size = camera.model.width_px, camera.model.height_px
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, size)
        for image in itertools.islice(itertools.cycle(pictures[camera.name]), round((STATION_S + 15.0) * FPS)):
            writer.write(image)
        writer.release()
        cameras.append(replace(camera, source=str(path), fps=FPS))
    files = replace(files, station=replace(files.station, cameras=tuple(cameras), data_dir=tmp_path))
    ages: list[float] = []
    clock = SystemClock()
    rig = simulated_bench(files, seed=1, clock=clock)
    assert rig is not None
    with ExitStack() as stack:
        stack.callback(rig.close)
        bench = build(
            files, stack, rig=rig, clock=clock, seed=1, journal_path=tmp_path / "j.sqlite", software="benchmark",
            resume=False, speaks=False,
        )  # fmt: skip
        analysed = bench.station.analysed

        def noted(analysis: FrameAnalysis) -> None:
            analysed(analysis)
            ages.append(clock.now_s() - analysis.t_mono_s)

        bench.station.analysed = noted  # type: ignore[method-assign] # the way in is timed
        screen = bench.station
        bench.work.append(lambda stop: turn_bench(rig, iter(()), None, lambda: screen.screen, clock.now_s, stop=stop))
        told: list[str] = []

        async def body() -> None:
            while not all(worker.counts().analysed for worker in bench.workers):
                await anyio.sleep(0.1)
            bench.station.open_visit("v-1")
            await anyio.sleep(2.0)
            ages.clear()
            before = _spent_s(bench.workers), [worker.counts() for worker in bench.workers]
            begun_s = clock.now_s()
            await anyio.sleep(STATION_S)
            took_s = clock.now_s() - begun_s
            after = _spent_s(bench.workers), [worker.counts() for worker in bench.workers]
            for name, spent_s in after[0].items():
                told.append(f"{name:24} {(spent_s - before[0][name]) / took_s * 100.0:5.1f} % of one processor")
            for worker, first, last in zip(bench.workers, before[1], after[1], strict=True):
                told.append(
                    f"{worker.name:5} captured {(last.captured - first.captured) / took_s:4.1f}/s, "
                    f"looked at {(last.analysed - first.analysed) / took_s:4.1f}/s, restarts {last.restarts}"
                )

        anyio.run(alive, bench, body)
    print("\n".join(told))
    print(f"age when it counts: median {np.median(ages) * 1e3:.0f} ms, p95 {np.percentile(ages, 95) * 1e3:.0f} ms")


def _spent_s(workers: list[CameraWorker]) -> dict[str, float]:
    """Processor seconds so far of the station's own process, and of each camera's two."""
    spent = {"station": time.process_time()}
    for worker in workers:
        for what in ("capture", "look"):
            child = getattr(worker, f"_{what}")
            fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
            spent[f"{worker.name} {what}"] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


@pytest.mark.parametrize("count", [SOAK, pytest.param(HOUR, marks=pytest.mark.campaign)])
@pytest.mark.timeout(7200)
def test_memory_over_many_pictures(count: int) -> None:
    """It should print the resident memory of the process along the way."""
    bench, pictures = bench_and_pictures()
    camera = bench.cameras[0]
    tracker = MediapipeHands(default_model_path())
    pipeline = Pipeline(bench, camera, tracker, hands_every=2)
    want = Want(hands=True, codes=False, joints=frozenset(joint.name for joint in bench.joints))
    resident = []
    for number, image in enumerate(itertools.islice(itertools.cycle(pictures[camera.name]), count)):
        pipeline.analyse(Frame(camera="top", seq=number, t_mono_s=number / FPS, image=image), want)
        if number % (count // 10) == count // 10 - 1:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            resident.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
    pipeline.close()
    tracker.close()
    print(f"{count} pictures, resident MB at each tenth: {', '.join(f'{mb:.1f}' for mb in resident)}")
