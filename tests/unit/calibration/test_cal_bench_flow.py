"""A bench's calibration at the arm: hands away before it sets off, planned with what it carries, gone on or anew."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.hidden_benches import sim_choice, sim_plan

import calibration.bench_flow as bench_flow
from calibration.bench_flow import BenchFlow
from calibration.bench_set import KnownLens
from calibration.bench_work import BenchPlan, TouchGoal
from calibration.observations import CalibrationError
from calibration.robot_poses import ChosenPose
from calibration.robot_run import Leave, Picture, RunEnd, Seen, TakenPose
from drivers.api import CobotPosture, CommandFailed
from drivers.cobot.arm.model import Angles
from station.motion.gesture import TaughtPosture
from station.motion.plan import Leg, MotionPlan, PlanError
from station.motion.scene import MotionScene

Event = tuple[str, object]
HANDS_ON = {"puts on", "leads to"}


@dataclass
class ScriptedBench:
    """Arm, technician and solver in one, and what happened in order."""

    at: Angles
    on: str = "pointer"
    ends_at: Event | str = ""
    """Ctrl-C is pressed at this event, or at this and what it is of."""
    gives_nothing: tuple[int, ...] = ()
    """Poses in which no board is seen."""
    no_way_to: str = ""
    time_s: float = 0.0
    log: list[Event] = field(default_factory=list)

    def happens(self, what: str, of: object) -> None:
        self.log.append((what, of))
        if self.ends_at in (what, (what, of)):
            raise KeyboardInterrupt

    def named(self, what: str) -> list[object]:
        return [of for event, of in self.log if event == what]

    # the arm
    def now_s(self) -> float:
        return self.time_s

    def wait(self, seconds: float) -> None:
        self.time_s += seconds

    def posture(self) -> CobotPosture | None:
        return CobotPosture(device="cobot", t_mono_s=self.time_s, angles_deg=self.at, moving=False)

    def go(self, leg: Leg) -> CommandFailed | None:
        self.happens("goes", leg.points_deg[-1])
        self.at = tuple(leg.points_deg[-1])
        return None

    def stop(self) -> None:
        self.happens("stops", None)

    def picture(self, camera: str) -> Picture:
        raise AssertionError(f"no picture of {camera} is needed here")

    # the technician
    def hold_board(self, camera: str, number: int, of: int) -> None:
        raise AssertionError("lenses are known")

    def on_flange(self) -> str:
        return self.on

    def stand_clear(self, where: str) -> None:
        self.happens("hands away", where)

    def put_on(self, what: str) -> None:
        self.on = what
        self.happens("puts on", what)

    def lead_to(self, goal: TouchGoal) -> None:
        self.happens("leads to", goal.place)
        if not goal.as_it_stands and not goal.place.startswith("tag "):
            self.happens("by hand", goal.place)

    def lead_off(self) -> None:
        self.happens("lets go", None)


@pytest.fixture
def work() -> BenchPlan:
    plan = sim_plan()
    lens = KnownLens(lens=np.zeros(9), covariance=np.zeros((9, 9)), artefact="lens-1")
    return replace(plan, known_lenses={camera.name: lens for camera in plan.cameras}, returns=12)


@pytest.fixture
def bench(work: BenchPlan, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBench]:
    """Three poses; what is looked at and reckoned is scripted, what moves and what is asked is not."""
    choice = replace(sim_choice(), poses=sim_choice().poses[:3])
    made = ScriptedBench(at=work.home_deg)
    found = SimpleNamespace(rms_px=0.2, bench_from_base=work.scene.bench_from_base)
    way_of = bench_flow.plan

    def planned_way(gesture: TaughtPosture, *, here_deg: Sequence[float], scene: MotionScene) -> MotionPlan:
        carried = "pointer" if scene.tool == work.scene.tool else "board"
        made.log.append(("plans with", (carried, made.on)))
        if gesture.name == made.no_way_to:
            raise PlanError("motion.too_close", "a stud is in the way")
        return way_of(gesture, here_deg=here_deg, scene=scene)

    def taken(
        stand: ScriptedBench,
        ways: Sequence[tuple[ChosenPose, MotionPlan]],
        look: object,
        *,
        keep: Callable[[TakenPose], None],
        before: Sequence[TakenPose],
        **_: object,
    ) -> RunEnd:
        new = []
        for pose, _way in ways:
            stand.happens("takes", pose.pose)
            if pose.pose in stand.gives_nothing:
                continue
            seen = {camera.name: Seen(view=None) for camera in work.cameras}
            new.append(TakenPose(pose=pose.pose, joints_deg=pose.joints_deg, t_s=1.0, seen=seen))
            keep(new[-1])
        return RunEnd(taken=(*before, *new), skipped=())

    def returned(stand: ScriptedBench, *_: object, **__: object) -> object:
        stand.happens("returns with", stand.on)
        return SimpleNamespace(text="")

    for name, instead in {
        "choose_poses": lambda *_, **__: choice,
        "plan": planned_way,
        "take_poses": taken,
        "take_returns": returned,
        "return_ways": lambda *_, **__: (choice.poses[0], ()),
        "lens_results": lambda _: (),
        "bench_start": lambda *_: None,
        "solve_bench": lambda *_, **__: found,
    }.items():
        monkeypatch.setattr(bench_flow, name, instead)
    monkeypatch.setattr(BenchFlow, "observations", lambda *_: None)
    yield made
    for carried, on in made.named("plans with"):  # type: ignore[misc]
        assert carried == on, "a way was planned for another tool than the one on the flange"


def _run(bench: ScriptedBench, work: BenchPlan, folder: Path, utc: str = "2026-03-01T12:00:00+00:00") -> list[str]:
    """Until somebody presses Ctrl-C, or the touches (all alike here) tell no tip. What was said.

    In every run the arm goes only when nobody has touched it since the hands were asked away.
    """
    said: list[str] = []
    flow = BenchFlow(
        work,
        bench,
        bench,
        leave=Leave(technician="Ken"),
        say=said.append,
        record=folder / "poses.jsonl",
        station_sha256="s1",
        utc=utc,
    )
    with pytest.raises((KeyboardInterrupt, CalibrationError)) as caught:
        flow.run()
    if isinstance(caught.value, CalibrationError):
        assert caught.value.code == "calibration.no_tip", caught.value
    hands_on = True
    for event, of in bench.log:
        if event in HANDS_ON:
            hands_on = True
        elif event == "hands away":
            hands_on = False
        elif event in ("goes", "takes", "returns with"):
            assert not hands_on, (event, of)
    return said


def test_the_arm_never_sets_off_with_a_hand_on_it(bench: ScriptedBench, work: BenchPlan, tmp_path: Path) -> None:
    """Whoever put something on or held the tip is asked away before the arm goes, poses or returns begin."""
    _run(bench, work, tmp_path)
    asked = bench.named("hands away")
    assert [f"over {joint}" for joint in work.over_joints_deg] == [of for of in asked if str(of).startswith("over ")]
    assert bench.named("puts on") == ["board", "pointer"]


def test_a_run_that_ended_at_the_touches_goes_on_with_the_pointer_on(
    bench: ScriptedBench, work: BenchPlan, tmp_path: Path
) -> None:
    """Ctrl-C with the pointer on. The next run takes no pose anew, and has the board put on for the returns."""
    bench.ends_at = "leads to"
    bench.gives_nothing = (sim_choice().poses[1].pose,)
    _run(bench, work, tmp_path)
    assert bench.on == "pointer" and len(bench.named("takes")) == 3
    bench.log.clear()
    said = _run(bench, work, tmp_path)
    assert bench.named("takes") == [] and any("2 poses were kept" in words for words in said)
    assert bench.named("puts on") == ["board", "pointer"] and bench.named("returns with") == ["board"]
    assert any("put on anew" in words for words in said)


def test_a_run_that_ended_in_the_poses_goes_on_with_the_board_on(
    bench: ScriptedBench, work: BenchPlan, tmp_path: Path
) -> None:
    poses = [pose.pose for pose in sim_choice().poses[:3]]
    bench.ends_at = ("takes", poses[1])
    _run(bench, work, tmp_path)
    assert bench.on == "board"
    bench.ends_at = "returns with"
    bench.log.clear()
    _run(bench, work, tmp_path)
    assert bench.named("puts on") == [] and bench.named("takes") == poses[1:]
    assert ("plans with", ("board", "board")) in bench.log


def test_a_board_that_was_taken_off_in_the_middle_begins_anew(
    bench: ScriptedBench, work: BenchPlan, tmp_path: Path
) -> None:
    """Where it sits on the flange is one unknown of all poses."""
    poses = [pose.pose for pose in sim_choice().poses[:3]]
    bench.ends_at = ("takes", poses[1])
    _run(bench, work, tmp_path)
    kept = (tmp_path / "poses.jsonl").read_bytes()
    bench.on, bench.ends_at = "pointer", "returns with"
    bench.log.clear()
    said = _run(bench, work, tmp_path)
    assert bench.named("takes") == poses and any("has been off the flange" in words for words in said)
    assert kept in [path.read_bytes() for path in tmp_path.iterdir() if path.name != "poses.jsonl"]


def test_poses_of_yesterday_are_taken_anew(bench: ScriptedBench, work: BenchPlan, tmp_path: Path) -> None:
    bench.ends_at = "leads to"
    _run(bench, work, tmp_path)
    bench.log.clear()
    said = _run(bench, work, tmp_path, utc="2026-03-02T09:00:00+00:00")
    assert len(bench.named("takes")) == 3 and any("too far from now" in words for words in said)


def test_a_joint_that_the_arm_cannot_come_over_is_touched_by_hand(
    bench: ScriptedBench, work: BenchPlan, tmp_path: Path
) -> None:
    """The arm's true base may leave too little room over a stud; the calibration does not end for that."""
    joint, other = list(work.over_joints_deg)[:2]
    bench.no_way_to = f"over {joint}"
    said = _run(bench, work, tmp_path)
    assert any(f"does not go over {joint} by itself" in words for words in said)
    assert f"over {joint}" not in bench.named("hands away") and f"over {other}" in bench.named("hands away")
    assert bench.named("leads to").count(joint) == work.joint_touches
    assert bench.named("by hand") == [joint] * work.joint_touches


def test_nothing_moves_before_it_is_known_what_the_arm_carries(
    bench: ScriptedBench, work: BenchPlan, tmp_path: Path
) -> None:
    def unknown() -> str:
        raise CalibrationError("calibration.no_tip", "nobody says")

    bench.on_flange = unknown  # type: ignore[method-assign]
    _run(bench, work, tmp_path)
    assert bench.log == []
