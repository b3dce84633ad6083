"""Everything that can be wrong with a camera, on pixels: seen at once, named, and no fact outlives it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from station.config.bench import bench_of
from station.runtime.clock import SteppedClock
from station.runtime.setting import read_files
from station.simulation.bad_views import SEEN_AS, BadView
from station.simulation.eyes import PixelEyes
from station.simulation.rig import Rig, build_rig
from vision.api import CameraHealth, CameraState, FactValue, Frame, FrameAnalysis
from vision.bench import Bench, WatchPart
from vision.facts import FactBoard
from vision.pipeline import Pipeline, Want
from vision.sim import SceneRenderer
from vision.worker import CameraTrouble

STATION = Path(__file__).parents[3] / "config/station.sim.toml"
EVERY_S = 0.1
BAD_FROM_S = 1.0
NAMED_WITHIN_S = {BadView.SILENT: 0.7, BadView.LATE: 0.7, BadView.FROZEN: 2.2}
"""From the first bad picture; all others are named by the first one."""
CODES = {BadView.SILENT: "camera.lost", BadView.LATE: "camera.lost", BadView.FROZEN: "camera.frozen"}


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    made = build_rig(read_files(STATION), seed=3, clock=SteppedClock(), in_memory=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bench(rig: Rig) -> Bench:
    return bench_of(rig.files.station, rig.files.procedure)


@pytest.mark.parametrize("view", list(BadView), ids=lambda view: view.value)
@pytest.mark.parametrize("camera", ["top", "side"])
def test_a_bad_view_is_named_in_time_and_what_it_saw_is_unknown(
    rig: Rig, bench: Bench, camera: str, view: BadView
) -> None:
    """It should say what is wrong, know the part's place no more, and know it again when the view is good again."""
    part = rig.files.procedure.parts[0]
    watch = WatchPart(
        fact="part", body=part.id, bench_from_body=rig.world.poses[part.id], within_mm=8.0, within_deg=8.0
    )
    alone = Bench(
        cameras=(bench.camera(camera),), fixture=bench.fixture, bodies=bench.bodies, joints=(), zones=(), checks=()
    )
    board = FactBoard(alone, (watch,))
    eyes = PixelEyes(rig.world, alone, bench.camera(camera), None, seed=3, hands_every=1)
    events: list[object] = []
    known_s: list[float] = []

    def turn(now_s: float) -> None:
        seen = eyes.see(now_s, Want())
        if isinstance(seen, FrameAnalysis):
            events.extend(board.update(seen))
        elif isinstance(seen, CameraTrouble):
            events.extend(board.camera_failed(seen.camera, seen.code, seen.detail, seen.t_mono_s))
        events.extend(board.expire(now_s))
        if board.readings()[0].value is not FactValue.UNKNOWN:
            known_s.append(now_s)

    try:
        for tick in range(10):
            turn(tick * EVERY_S)
        assert board.readings()[0].value is FactValue.PRESENT
        rig.world.bad_views[camera] = view
        events.clear()
        known_s.clear()
        code = CODES.get(view, f"camera.{view.value}")
        limit_s = BAD_FROM_S + NAMED_WITHIN_S.get(view, 0.0)
        now_s = BAD_FROM_S
        while now_s <= limit_s + 1e-6 and not _named(events, code):
            turn(now_s)
            now_s += EVERY_S
        assert _named(events, code), events
        # A camera that goes silent is believed for as long as any camera is: until its last picture is stale.
        assert all(at_s <= BAD_FROM_S - EVERY_S + 0.5 + 1e-6 for at_s in known_s)
        if view in SEEN_AS:
            assert known_s == []
        del rig.world.bad_views[camera]
        for _ in range(20):
            turn(now_s)
            now_s += EVERY_S
        assert _named(events, "camera.good")
        assert board.readings()[0].value is FactValue.PRESENT
    finally:
        rig.world.bad_views.clear()
        eyes.close()


def test_two_cameras_whose_cables_were_swapped_are_both_called_moved(rig: Rig, bench: Bench) -> None:
    """It should not measure through the other camera's calibration."""
    images = {
        model.name: SceneRenderer(model, rig.world.static, seed=1).render(rig.world.scene(), 1)
        for model in bench.cameras
    }
    for model, other in zip(bench.cameras, reversed(bench.cameras), strict=True):
        pipeline = Pipeline(bench, model)
        image = np.array(images[other.name])
        analysis = pipeline.analyse(Frame(camera=model.name, seq=1, t_mono_s=0.0, image=image), Want())
        pipeline.close()
        assert analysis.state is CameraState.MOVED
        assert analysis.bodies == ()


def _named(events: list[object], code: str) -> bool:
    return any(isinstance(event, CameraHealth) and event.code == code for event in events)
