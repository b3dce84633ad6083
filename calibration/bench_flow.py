"""A whole bench from nothing, in order: lenses, the arm's poses, the adjustment, touches of tip and joints.

The lens board is held by a person: an arm of this size does not bring a board to the corners of the pictures, and two
dozen more poses of it would take longer than the hands do. The arm then shows a smaller board to all cameras at once.
At last the technician leads the tip onto a fixture tag's middle, tilted each time, and onto each joint of the part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from calibration.arm_returns import Returns, return_ways, take_returns
from calibration.bench_cameras import solve_bench
from calibration.bench_set import BenchResult, BenchSet, Touch
from calibration.bench_start import bench_start, lens_results, start_from
from calibration.bench_work import BenchOutcome, BenchPlan, Progress, Say, Technician, carrying, touch_goals
from calibration.detection import BoardFinder, Found
from calibration.observations import BoardView, CalibrationError, CameraSize, RobotPose, RobotSpec
from calibration.robot_poses import ChosenPose, PoseChoice, choose_poses, planned, table_of
from calibration.robot_run import NO_LEAVE, Leave, Picture, RunEnd, Seen, Stand, TakenPose, still_joints, take_poses
from calibration.run_record import RunRecord, head_of
from calibration.tag_means import mean_tags
from calibration.tool_point import ToolPoint, pivot
from drivers.cobot.arm.forward import flange
from drivers.cobot.arm.model import Angles, ArmModel
from station.motion.gesture import TaughtPosture
from station.motion.plan import MotionPlan, PlanError
from station.motion.planner import plan
from station.motion.scene import MotionScene
from vision.geometry import Transform
from vision.tags import TagTracker

CHOICE_CLEARANCE_MM, WAY_CLEARANCE_MM = 20.0, 12.0
"""More than a station file's base may be wrong by; ways may come a little nearer than poses."""
OVER_CLEARANCE_MM = 6.0
"""Over a joint; slowly, with the technician at the arm."""
STILL_WITHIN_S = 4.0
LENS_VIEWS_NEEDED = 8
PIVOT_NEEDED = 6


class BenchFlow:
    """One calibration from the first picture to the result; its parts may be called one after another."""

    def __init__(
        self,
        work: BenchPlan,
        stand: Stand,
        technician: Technician,
        *,
        leave: Leave | None,
        say: Say,
        record: Path,
        station_sha256: str,
        utc: str,
        progress: Progress = lambda taken, of: None,
    ) -> None:
        """`record` is the file in which poses are kept while they are taken; a broken-off run goes on from it.

        `station_sha256` and `utc` (now) say which run it is: only the same one goes on, and only for some hours.
        """
        self._work, self._stand, self._technician = work, stand, technician
        self._leave, self._say = leave, say
        self._record = RunRecord(record)
        self._station_sha256, self._utc = station_sha256, utc
        self._progress = progress
        self._on_flange = ""
        """`board` or `pointer`; what is planned without knowing it is planned wrongly."""
        self._names = tuple(camera.name for camera in work.cameras)
        self._trackers = {name: TagTracker(frozenset(m.tag_id for m in work.fixture)) for name in self._names}
        self._finders = {"lens": BoardFinder(work.lens_board), "arm": BoardFinder(work.arm_board)}
        self._phases: dict[str, float] = {}
        self._since_s = stand.now_s()

    def run(self) -> BenchOutcome:
        """Everything, in order. Raises CalibrationError; then nothing was written but the record of poses."""
        if self._leave is None:
            raise CalibrationError("calibration.no_leave", NO_LEAVE)
        lens_views = self._lens_views()
        self._say("Lenses: done. The arm takes its poses now; keep hands and people out of its reach.")
        self._on_flange = self._technician.on_flange()
        end, choice = self._arm_poses()
        if end.stopped:
            if end.spoilt:
                self._record.clear()
            raise CalibrationError("calibration.run_stopped", end.stopped)
        bench = self.observations(lens_views, end)
        try:
            lenses = lens_results(bench)
            first = solve_bench(bench, start=bench_start(bench, lenses))
        except CalibrationError:
            # Poses that give no result would give none the next time either.
            self._record.clear()
            raise
        self._say(f"Cameras and arm fit each other to {first.rms_px:.2f} px. Now the tip and the joints.")
        returns = self._returns(choice, first) if self._work.returns else None
        touches, tip = self._touches(first)
        whole = replace(bench, touches=touches, first_tip_mm=self._work.scene.tip_mm)
        result = solve_bench(whole, start=start_from(first))
        self._record.clear()
        return BenchOutcome(
            bench=whole,
            lenses=lenses,
            result=result,
            pivot=tip,
            run=end,
            returns=returns,
            expected_mm=choice.expected_mm,
            phases_s=dict(self._phases),
        )

    def observations(self, lens_views: Sequence[BoardView], end: RunEnd) -> BenchSet:
        """What was seen so far as one set."""
        work = self._work
        table = table_of(work.scene.model)
        return BenchSet(
            cameras=tuple(
                CameraSize(camera=camera.name, width_px=camera.width_px, height_px=camera.height_px)
                for camera in work.cameras
            ),
            lens_board=work.lens_board,
            lens_views=tuple(lens_views),
            tags=work.fixture,
            tag_views={name: mean_tags(end.taken, name) for name in self._names},
            arm_board=work.arm_board,
            arm_views=tuple(seen.view for pose in end.taken for seen in pose.seen.values() if seen.view is not None),
            poses=tuple(
                RobotPose(
                    pose=pose.pose,
                    joints_deg=pose.joints_deg,
                    base_from_flange=_flange(work.scene.model, pose.joints_deg),
                    t_s=pose.t_s,
                )
                for pose in end.taken
            ),
            robot=RobotSpec(table=table, suspect=True),
            known_lenses=work.known_lenses,
        )

    def _lens_views(self) -> list[BoardView]:
        views: list[BoardView] = []
        count = self._work.lens_views
        for index, name in enumerate(self._names):
            if name in self._work.known_lenses:
                continue
            taken = 0
            for number in range(count):
                self._technician.hold_board(name, number, count)
                picture = self._stand.picture(name)
                found = self._finders["lens"].find(
                    picture.grey, camera=name, view=1000 * (index + 1) + number, t_s=picture.t_s
                )
                if isinstance(found, Found):
                    views.append(found.view)
                    taken += 1
                else:
                    self._say(f"{name}, picture {number + 1}: {found.text}")
            if taken < LENS_VIEWS_NEEDED:
                raise CalibrationError(
                    "calibration.too_few_views",
                    f"camera {name} gave {taken} good pictures of the lens board, {LENS_VIEWS_NEEDED} are needed; "
                    "light the board well, hold it still, and begin anew",
                )
        if views:
            self._technician.put_on("board away")
        self._phase("lens")
        return views

    def _arm_poses(self) -> tuple[RunEnd, PoseChoice]:
        work = self._work
        with_board = carrying(work.scene, work.arm_board, work.flange_from_board)
        choice = choose_poses(
            with_board,
            work.cameras,
            work.arm_board,
            work.flange_from_board,
            start_deg=work.home_deg,
            places_deg=tuple(work.over_joints_deg.values()) or (work.home_deg,),
            count=work.poses,
            clearance_mm=CHOICE_CLEARANCE_MM,
            seed=work.seed,
        )
        before = self._kept(choice)
        missing = replace(choice, poses=() if self._record.finished() else _not_in(choice.poses, before))
        ways: tuple[tuple[ChosenPose, MotionPlan], ...] = ()
        if before:
            self._say(f"{len(before)} poses were kept from before; {len(missing.poses)} are left to be taken.")
        if missing.poses:
            begin = missing.poses[0].joints_deg
            self._with_board_at(begin, "where the board is put on")
            ways, left_out = planned(
                missing, begin, with_board, clearance_mm=WAY_CLEARANCE_MM, speed_percent=work.speed_percent
            )
            for pose, why in left_out:
                self._say(f"Pose {pose.pose} is left out: {why}")
            self._technician.stand_clear("one pose after another")
        taken = list(before)
        self._progress(before, len(choice.poses))

        def keep(pose: TakenPose) -> None:
            self._record.keep(pose)
            taken.append(pose)
            self._progress(tuple(taken), len(choice.poses))

        end = take_poses(
            self._stand,
            ways,
            self._look,
            cameras=self._names,
            leave=self._leave,
            keep=keep,
            before=before,
        )
        if ways and not end.stopped:
            self._record.finish()
        for number, why in end.skipped:
            self._say(f"Pose {number} gave nothing: {why}")
        self._phase("poses")
        return end, choice

    def _kept(self, choice: PoseChoice) -> tuple[TakenPose, ...]:
        """Poses from before that belong to this run: the same one, and the board still as it was on the flange."""
        work = self._work
        lenses = {name: work.known_lenses[name].artefact if name in work.known_lenses else "" for name in self._names}
        head = head_of(
            station_sha256=self._station_sha256,
            lenses=lenses,
            board=work.arm_board,
            poses=choice.poses,
            utc=self._utc,
        )
        aside = self._record.begin(head)
        before = self._record.read()
        if before and self._on_flange != "board" and not self._record.finished():
            # Where the board sits on the flange is one unknown of all poses: put on anew, it is another one.
            name = self._record.put_aside().name
            aside = (
                f"{len(before)} poses were kept, but the board has been off the flange since. They are kept as {name}; "
                "all poses are taken anew."
            )
            self._record.begin(head)
            before = ()
        if aside:
            self._say(aside)
        return before

    def _with_board_at(self, joints_deg: Angles, where: str) -> None:
        """Go there with what is on the flange; there it is the board afterwards."""
        self._go_to(joints_deg, where)
        self._put_on("board")

    def _put_on(self, what: str) -> None:
        if self._on_flange != what:
            self._technician.put_on(what)
            self._on_flange = what

    def _scene(self) -> MotionScene:
        """The bench with what is on the flange now."""
        work = self._work
        if self._on_flange == "board":
            return carrying(work.scene, work.arm_board, work.flange_from_board)
        return work.scene

    def _returns(self, choice: PoseChoice, first: BenchResult) -> Returns:
        """With the board on the flange, put on again where it was taken off meanwhile."""
        work = self._work
        scene = carrying(work.scene, work.arm_board, work.flange_from_board)
        goal, ways = return_ways(choice, scene, clearance_mm=WAY_CLEARANCE_MM, speed_percent=work.speed_percent)
        if self._on_flange != "board":
            self._say("The board is put on anew: how far it is from where it should be has that in it, too.")
        self._with_board_at(goal.joints_deg, f"pose {goal.pose}")
        self._technician.stand_clear(f"pose {goal.pose}, {work.returns} times from other poses")
        found = take_returns(
            self._stand, goal, ways, self._look, first, work.arm_board, count=work.returns, leave=self._leave
        )
        self._say(found.text)
        self._phase("returns")
        return found

    def _look(self, picture: Picture, camera: str, pose: ChosenPose) -> Seen:
        tags = {seen.tag_id: seen.corners_px for seen in self._trackers[camera].find(picture.grey)}
        if camera not in pose.seen_by:
            return Seen(view=None, refused="it does not look that way", tags_px=tags)
        found = self._finders["arm"].find(picture.grey, camera=camera, view=pose.pose, t_s=picture.t_s)
        if isinstance(found, Found):
            return Seen(view=found.view, tags_px=tags)
        return Seen(view=None, refused=found.text, tags_px=tags)

    def _touches(self, first: BenchResult) -> tuple[tuple[Touch, ...], ToolPoint]:
        work = self._work
        # From here on the arm is planned for where its base was found, not where the station file has it.
        scene = replace(work.scene, bench_from_base=first.bench_from_base or work.scene.bench_from_base)
        self._put_on("pointer")
        self._go_to(work.home_deg, "home", scene)
        tag = next(mount for mount in work.fixture if mount.tag_id == work.pivot_tag)
        middle = tag.body_from_tag.translation_mm
        goals = touch_goals(work, middle)
        touches: list[Touch] = []
        before, by_hand = "", False
        for number, goal in enumerate(goals, start=1):
            if goal.as_it_stands and goal.place != before:
                by_hand = self._not_over(goal.place, scene)
            before = goal.place
            try:
                self._technician.lead_to(replace(goal, as_it_stands=False) if by_hand else goal)
            except CalibrationError as error:  # one touch less; whether enough are left is seen at the end
                if error.code != "calibration.cannot_touch":
                    raise
                self._say(f"Touch {number} of {goal.place} is left out: {error}")
                continue
            joints = still_joints(self._stand, self._stand.now_s() + STILL_WITHIN_S)
            if joints is None:
                raise CalibrationError(
                    "calibration.not_still",
                    f"touch {number} of {goal.place}: the arm does not stand still; hold the point and try again",
                )
            touches.append(
                Touch(
                    touch=number,
                    place=goal.place,
                    joints_deg=joints,
                    known_mm=middle if goal.place.startswith("tag ") else None,
                    sigma_mm=work.touch_sigma_mm,
                )
            )
            self._technician.lead_off()
        self._phase("touches")
        self._check_touched(touches)
        of_tag = [_flange(work.scene.model, touch.joints_deg) for touch in touches if touch.known_mm is not None]
        return tuple(touches), pivot(of_tag)

    def _not_over(self, joint: str, scene: MotionScene) -> bool:
        """Go over a joint; True, and said, where the way there is not free: then it is led there by hand."""
        try:
            self._go_to(self._work.over_joints_deg[joint], f"over {joint}", scene, OVER_CLEARANCE_MM)
        except CalibrationError as error:
            if error.code != "calibration.no_way":
                raise
            self._say(f"The arm does not go over {joint} by itself, lead it there from where it is: {error}")
            return True
        return False

    def _check_touched(self, touches: Sequence[Touch]) -> None:
        counts = Counter(touch.place for touch in touches)
        wanted = {f"tag {self._work.pivot_tag}": PIVOT_NEEDED, **dict.fromkeys(self._work.joints_mm, 1)}
        for place, needed in wanted.items():
            if counts[place] < needed:
                raise CalibrationError(
                    "calibration.too_few_touches",
                    f"{place} was touched {counts[place]} times, {needed} are needed; clear the way of the arm "
                    "there, or lean the tool another way",
                )

    def _go_to(
        self, joints_deg: Angles, where: str, scene: MotionScene | None = None, clearance_mm: float = WAY_CLEARANCE_MM
    ) -> None:
        """Plan with what is on the flange, have the hands taken away, go. Raises CalibrationError."""
        here = self._stand.posture()
        if here is None:
            raise CalibrationError(
                "calibration.arm_silent", "the arm does not tell where it is; look at its line and its power"
            )
        gesture = TaughtPosture(
            name=where,
            angles_deg=joints_deg,
            speed_percent=self._work.speed_percent,
            clearance_mm=clearance_mm,
        )
        try:
            way = plan(gesture, here_deg=here.angles_deg, scene=scene or self._scene())
        except PlanError as error:
            raise CalibrationError("calibration.no_way", str(error)) from error
        if way.legs:
            self._technician.stand_clear(where)
        for leg in way.legs:
            failed = self._stand.go(leg)
            if failed is not None:
                self._stand.stop()
                raise CalibrationError(
                    "calibration.run_stopped",
                    f"On the way to {where} the arm stopped: {failed.detail} ({failed.code}).",
                )

    def _phase(self, name: str) -> None:
        now_s = self._stand.now_s()
        self._phases[name] = now_s - self._since_s
        self._since_s = now_s


def _not_in(poses: Sequence[ChosenPose], taken: Sequence[TakenPose]) -> tuple[ChosenPose, ...]:
    known = {pose.pose for pose in taken}
    return tuple(pose for pose in poses if pose.pose not in known)


def _flange(model: ArmModel, joints_deg: Angles) -> Transform:
    pose = flange(model, joints_deg)
    return Transform(pose[:3, :3], pose[:3, 3])
