"""The arm's run through its poses: only when started, one at a time, still twice over, nothing lost by a stop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from calibration.observations import BoardView, CalibrationError
from calibration.robot_poses import ChosenPose
from calibration.robot_run import Leave, Picture, RunEnd, Seen, TakenPose, still_joints, take_poses
from calibration.run_record import Head, RunRecord
from drivers.api import CobotPosture, CommandFailed, Outcome
from station.motion.plan import Leg, MotionPlan

HOME = (0.0, -10.0, -40.0, -40.0, 0.0, 0.0)
KEN = Leave(technician="Ken")
HEAD = Head(station_sha256="a", lenses={}, board="b", plan_sha256="c", begun_utc="2026-03-01T12:00:00+00:00")


@dataclass
class ScriptedStand:
    """An arm that goes where it is sent at once, and a camera whose picture is told by the arm's first joint."""

    joints: tuple[float, ...] = HOME
    time_s: float = 0.0
    legs: list[Leg] = field(default_factory=list)
    stops: int = 0
    fails_on: int = -1
    """Number of the leg, from 1, on which a protective stop strikes."""
    trembles_until_s: float = -1.0
    """Until then the arm reports that it turns."""
    waves_until_s: float = -1.0
    """Until then something moves in the picture though the arm reports to stand."""
    held_deg: float = 0.0
    """How far beside its target something holds the arm."""
    under_way: int = 0

    def now_s(self) -> float:
        return self.time_s

    def wait(self, seconds: float) -> None:
        self.time_s += seconds

    def posture(self) -> CobotPosture | None:
        trembling = self.time_s < self.trembles_until_s
        shake = 0.6 * np.sin(40.0 * self.time_s) if trembling else 0.0
        angles = (self.joints[0] + shake, *self.joints[1:])
        return CobotPosture(device="cobot", t_mono_s=self.time_s, angles_deg=angles, moving=trembling)

    def go(self, leg: Leg) -> CommandFailed | None:
        assert self.under_way == 0, "a second command while one is under way"
        self.under_way += 1
        self.legs.append(leg)
        self.time_s += 2.0
        self.under_way -= 1
        if len(self.legs) == self.fails_on:
            return CommandFailed(
                device="cobot",
                command_id="1",
                t_mono_s=self.time_s,
                outcome=Outcome.UNKNOWN,
                code="cobot.error",
                detail="the arm has run into something",
            )
        self.joints = (leg.points_deg[-1][0] + self.held_deg, *leg.points_deg[-1][1:])
        return None

    def stop(self) -> None:
        self.stops += 1

    def picture(self, camera: str) -> Picture:
        grey = np.full((72, 128), 100, np.uint8)
        grey[:, int(self.joints[0]) % 100 : int(self.joints[0]) % 100 + 8] = 220
        if self.time_s < self.waves_until_s:
            at = int(self.time_s * 300) % 100
            grey[20:50, at : at + 20] = 10
        return Picture(grey=grey, t_s=self.time_s)


def _ways(count: int) -> list[tuple[ChosenPose, MotionPlan]]:
    ways, here = [], HOME
    for number in range(1, count + 1):
        there = (5.0 * number, *HOME[1:])
        leg = Leg(points_deg=(here, there), speed_percent=20)
        plan = MotionPlan(
            gesture=f"pose {number}", legs=(leg,), clearance_mm=20.0, between=("board", "table"), duration_s=2.0
        )
        ways.append((ChosenPose(pose=number, joints_deg=there, seen_by=("top",)), plan))
        here = there
    return ways


def _look(tag_shift: Callable[[int], float] = lambda _: 0.0) -> Callable[[Picture, str, ChosenPose], Seen]:
    def look(picture: Picture, camera: str, pose: ChosenPose) -> Seen:
        corners = np.array([[10.0, 10], [20, 10], [20, 20], [10, 20]]) + tag_shift(pose.pose)
        view = BoardView(
            camera=camera, view=pose.pose, corner_ids=np.arange(8), corners_px=np.full((8, 2), float(pose.pose))
        )
        return Seen(view=view, tags_px={0: corners, 1: corners + 50.0, 2: corners + 90.0})

    return look


def _run(stand: ScriptedStand, count: int = 4, **more: object) -> RunEnd:
    kept: list[TakenPose] = []
    arguments: dict[str, object] = {"cameras": ["top"], "leave": KEN, "keep": kept.append, **more}
    look = arguments.pop("look", _look())
    return take_poses(stand, _ways(count), look, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("leave", [None, Leave(technician=" ")])
def test_nothing_moves_unless_a_technician_has_started_it(leave: Leave | None) -> None:
    stand = ScriptedStand()
    with pytest.raises(CalibrationError, match="by name") as caught:
        _run(stand, leave=leave)
    assert caught.value.code == "calibration.no_leave"
    assert stand.legs == []


def test_each_pose_is_paired_with_the_pictures_of_its_own_rest() -> None:
    end = _run(ScriptedStand())
    assert [pose.pose for pose in end.taken] == [1, 2, 3, 4]
    for pose in end.taken:
        view = pose.seen["top"].view
        assert view is not None and view.view == pose.pose
        assert pose.joints_deg[0] == pytest.approx(5.0 * pose.pose)
    assert end.stopped == "" and end.skipped == ()


def test_an_arm_that_reports_motion_is_waited_for() -> None:
    stand = ScriptedStand(trembles_until_s=3.5)
    end = _run(stand, 1)
    assert len(end.taken) == 1
    assert end.taken[0].t_s > 3.5


def test_an_arm_that_never_rests_gives_nothing_and_says_why() -> None:
    end = _run(ScriptedStand(trembles_until_s=1e9), 2)
    assert end.taken == ()
    assert [number for number, _ in end.skipped] == [1, 2]
    assert "did not stand still" in end.skipped[0][1]


def test_motion_in_the_picture_is_waited_for_though_the_arm_reports_to_stand() -> None:
    stand = ScriptedStand(waves_until_s=4.0)
    end = _run(stand, 1)
    assert len(end.taken) == 1 and end.taken[0].t_s > 4.0
    never = _run(ScriptedStand(waves_until_s=1e9), 1)
    assert never.taken == () and "still moved" in never.skipped[0][1]


def test_a_protective_stop_in_the_middle_loses_nothing_and_the_run_goes_on_later(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "poses.jsonl")
    record.begin(HEAD)
    stand = ScriptedStand(fails_on=3)
    end = _run(stand, keep=record.keep)
    assert "On the way to pose 3 the arm stopped" in end.stopped and "run into something" in end.stopped
    assert stand.stops == 1 and len(stand.legs) == 3
    before = record.read()
    assert [pose.pose for pose in before] == [1, 2]
    again = _run(ScriptedStand(), keep=record.keep, before=before)
    assert sorted(pose.pose for pose in again.taken) == [1, 2, 3, 4]
    assert [pose.pose for pose in record.read()] == [1, 2, 3, 4]
    assert again.taken[0].t_s == before[0].t_s, "what was kept is used, not taken again"


def test_a_record_that_a_power_cut_broke_off_keeps_its_whole_lines(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "poses.jsonl")
    record.begin(HEAD)
    end = _run(ScriptedStand(), keep=record.keep)
    path = tmp_path / "poses.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    assert [pose.pose for pose in record.read()] == [1, 2, 3]
    record.keep(end.taken[3])
    assert [pose.pose for pose in record.read()] == [1, 2, 3, 4]
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[1][:50], *lines[2:]]) + "\n", encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"line 2 of .* begin anew"):
        record.read()


def test_what_was_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "poses.jsonl")
    record.begin(HEAD)
    end = _run(ScriptedStand(), keep=record.keep)
    for kept, taken in zip(record.read(), end.taken, strict=True):
        assert kept.joints_deg == taken.joints_deg and kept.t_s == taken.t_s
        one, other = kept.seen["top"], taken.seen["top"]
        assert one.view is not None and other.view is not None
        assert np.array_equal(one.view.corners_px, other.view.corners_px)
        assert all(np.array_equal(one.tags_px[tag], other.tags_px[tag]) for tag in other.tags_px)
    record.clear()
    assert record.read() == ()


def test_an_arm_that_rests_elsewhere_stops_the_run() -> None:
    stand = ScriptedStand(held_deg=2.5)
    end = _run(stand)
    assert "2.5 degrees beside pose 1" in end.stopped
    assert end.taken == () and stand.stops == 1


def test_a_camera_that_is_bumped_in_the_middle_is_named_with_the_place_in_the_run() -> None:
    stand = ScriptedStand()
    end = _run(stand, look=_look(lambda pose: 1.2 if pose >= 3 else 0.0))
    assert "Camera top moved between pose 2 and pose 3" in end.stopped
    assert [pose.pose for pose in end.taken] == [1, 2]
    assert stand.stops == 1


def test_a_shadow_on_one_tag_is_no_bump() -> None:
    def look(picture: Picture, camera: str, pose: ChosenPose) -> Seen:
        seen = _look()(picture, camera, pose)
        tags = dict(seen.tags_px)
        if pose.pose == 3:
            tags[0] = tags[0] + 3.0
        return Seen(view=seen.view, tags_px=tags)

    end = _run(ScriptedStand(), look=look)
    assert end.stopped == "" and len(end.taken) == 4


def test_a_feed_that_falls_silent_is_no_rest() -> None:
    """The last word of an arm that no longer tells anything says "not moving" for ever."""

    class Silent(ScriptedStand):
        def posture(self) -> CobotPosture | None:
            return CobotPosture(device="cobot", t_mono_s=0.0, angles_deg=self.joints, moving=False)

    stand = Silent()
    assert still_joints(stand, stand.now_s() + 2.0) is None
    talking = ScriptedStand()
    assert still_joints(talking, talking.now_s() + 2.0) == pytest.approx(HOME)
