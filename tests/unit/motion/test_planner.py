"""The planner as a visitor's arm needs it: what it points at, how it comes there, and what it keeps clear of."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from support.motionbench import BENCHES, bench, clearances_mm, end_of, home_of, least_mm, motion_of, tip_of, with_box

from drivers.cobot.arm.forward import joint_frames
from station.core.procedure import Reach
from station.motion.bench_model import Box
from station.motion.gesture import Hold, PointAt, Present, StepBack, TaughtPosture, Wave
from station.motion.plan import PlanError
from station.motion.planner import plan

ROUNDING_MM = 1.0
"""What is overlooked between two samples of a way at most."""
ARM = {"shoulder", "upper arm", "elbow", "forearm", "wrist 1", "wrist 2", "flange"}


def refused(gesture, scene, here_deg=None) -> PlanError:
    """Why there is no plan."""
    with pytest.raises(PlanError) as caught:
        plan(gesture, here_deg=here_deg or home_of(scene), scene=scene)
    return caught.value


@pytest.mark.parametrize("name", BENCHES)
@pytest.mark.parametrize("joint", ["J1", "J2", "J3"])
def test_the_arm_points_at_each_joint_from_above(name, joint):
    """It should end with its tip 30 mm over the joint and its tool straight down, and have come straight down."""
    scene, procedure = bench(name)
    found = plan(f"point-{joint}", here_deg=home_of(scene), scene=scene)
    over = np.array(procedure.joint(joint).position_mm) + np.array([0, 0, 30])
    tip, axis = tip_of(scene, found.goal_deg)
    assert np.linalg.norm(tip - over) < 0.5
    assert np.degrees(np.arccos(np.clip(-axis[2], -1, 1))) < 0.5
    approach = [tip_of(scene, angles) for angles in found.legs[-1].points_deg]
    assert all(np.hypot(*(tip - over)[:2]) < 0.5 for tip, _ in approach)
    heights = [tip[2] for tip, _ in approach]
    assert heights == sorted(heights, reverse=True)
    gesture = scene.gestures[f"point-{joint}"]
    assert isinstance(gesture, PointAt)
    assert heights[0] - over[2] == pytest.approx(gesture.approach_mm, abs=0.5)


@pytest.mark.parametrize("name", BENCHES)
def test_the_arm_sets_its_tip_on_the_part_along_the_pins_and_gently(name):
    """It should come straight down, be slow over the last millimetres, and rest a millimetre beyond the surface."""
    scene, _ = bench(name)
    gesture = scene.gestures["hold"]
    assert isinstance(gesture, Hold)
    found = plan("hold", here_deg=home_of(scene), scene=scene)
    quick, gentle = found.legs[-2:]
    assert (quick.speed_percent, gentle.speed_percent) == (gesture.speed_percent, gesture.gentle_percent)
    for leg in (quick, gentle):
        for angles in leg.points_deg:
            tip, axis = tip_of(scene, angles)
            assert np.hypot(tip[0] - gesture.at_mm[0], tip[1] - gesture.at_mm[1]) < 0.5
            assert axis[2] < -0.99999
    first, last = tip_of(scene, gentle.points_deg[0])[0], tip_of(scene, gentle.points_deg[-1])[0]
    assert first[2] - gesture.at_mm[2] == pytest.approx(gesture.gentle_mm, abs=0.3)
    assert gesture.at_mm[2] - last[2] == pytest.approx(gesture.press_mm, abs=0.1)


@pytest.mark.parametrize("name", BENCHES)
@pytest.mark.parametrize("reach", Reach)
def test_the_nut_cup_comes_at_the_height_that_the_visitor_chose(name, reach):
    """It should bring the tip to the setting's height over the table, no part farther into the zone than allowed."""
    scene, _ = bench(name)
    scene = replace(scene, reach=reach)
    gesture = scene.gestures["present-nuts"]
    assert isinstance(gesture, Present)
    found = plan("present-nuts", here_deg=home_of(scene), scene=scene)
    tip, _ = tip_of(scene, found.goal_deg)
    assert tip == pytest.approx([*gesture.at_mm, gesture.height_mm(reach)], abs=0.5)
    zone = scene.bench.with_allowance(gesture.into_zone_mm).visitor
    assert least_mm(scene, motion_of(found, scene, 0.05), zone) > -ROUNDING_MM


@pytest.mark.parametrize("name", BENCHES)
def test_no_motion_comes_nearer_than_it_may(name):
    """It should keep its clearance all along the timed motion, from each gesture's end to the next one's."""
    scene, _ = bench(name)
    order = ["home", "point-J1", "hold", "point-J2", "hold", "point-J3", "home", "present-nuts", "hold", "step-back"]
    boxes = [box for box in scene.bench.obstacles if "camera" not in box.id]
    for before, after in itertools.pairwise(order):
        start = end_of(scene, before)
        gesture = scene.gestures[after]
        motion = motion_of(plan(after, here_deg=start, scene=scene), scene, 0.08)
        assert motion[0] == pytest.approx(start)
        # At the start it may be nearer, because the gesture before has brought it there.
        begun = clearances_mm(scene, start, boxes)
        wanted = np.minimum(gesture.clearance_mm, begun) - ROUNDING_MM
        least = np.min([clearances_mm(scene, angles, boxes) for angles in motion], axis=0)
        touched = {g.touches for g in (scene.gestures[before], gesture) if isinstance(g, Hold)}
        for index, box in enumerate(boxes):
            if box.id in touched:
                # Only the tool may touch the part.
                arm = min(float(clearances_mm(scene, angles, [box], ARM)[0]) for angles in motion)
                assert arm > gesture.clearance_mm - ROUNDING_MM, (before, after, box.id)
            else:
                assert least[index] > wanted[index], (before, after, box.id)


@pytest.mark.parametrize("name", BENCHES)
def test_a_thing_in_the_way_is_gone_round(name):
    """It should find a longer way when a post stands across the straight one, and none nearer than it may."""
    scene, _ = bench(name)
    start = end_of(scene, "point-J3")
    straight = plan("home", here_deg=start, scene=scene)
    middle = np.mean([straight.legs[-1].points_deg[0], straight.legs[-1].points_deg[-1]], axis=0)
    tip, _ = tip_of(scene, tuple(middle))
    post = Box(id="post", at_mm=tuple(tip), size_mm=(12, 12, 12))
    blocked = with_box(scene, post)
    assert least_mm(scene, motion_of(straight, scene, 0.05), post) < 0
    round_it = plan("home", here_deg=start, scene=blocked)
    assert least_mm(scene, motion_of(round_it, blocked, 0.05), post) > 10 - ROUNDING_MM
    assert round_it.duration_s > straight.duration_s


def test_a_thing_on_the_joint_is_refused_by_its_name():
    """It should name the gesture, the part of the arm, the thing, how near, and what to do."""
    scene, procedure = bench()
    x, y, z = procedure.joint("J2").position_mm
    error = refused("point-J2", with_box(scene, Box(id="forgotten socket", at_mm=(x, y, z + 20), size_mm=(20, 20, 60))))
    assert error.code == "motion.too_close"
    assert "point-J2: at its end the arm's pointer would be" in str(error)
    assert "deep in forgotten socket (8 mm clearance is wanted); move forgotten socket or the gesture" in str(error)


def test_a_thing_over_the_arm_is_refused_where_the_approach_meets_it():
    """It should say that it is the straight line that is not free, when the arm must come from higher than it ends."""
    scene, _ = bench()
    end = end_of(scene, "point-J2")
    elbow = scene.bench_from_base.apply(joint_frames(scene.model, end)[2, :3, 3])
    over = next(
        box
        for box in (Box(id="lamp", at_mm=(elbow[0], elbow[1], z), size_mm=(60, 60, 10)) for z in range(200, 400))
        if clearances_mm(scene, end, [box])[0] > 9
    )
    error = refused("point-J2", with_box(scene, over))
    assert error.code == "motion.too_close"
    assert "straight line to its end" in str(error) and "lamp" in str(error)


def test_the_visitors_zone_is_entered_by_nothing_but_presenting():
    """It should refuse to point there, and to present without an allowance."""
    scene, _ = bench()
    into = PointAt(name="point-there", at_mm=(200, -112, 30))
    error = refused(into, scene)
    assert error.code == "motion.visitor_zone"
    assert "into the visitor's zone" in str(error)
    gesture = scene.gestures["present-nuts"]
    assert refused(replace(gesture, into_zone_mm=0), scene).code == "motion.visitor_zone"


def test_out_of_reach_and_beyond_a_limit_are_told_apart():
    """It should say whether no posture reaches the point, or only one beyond a joint's limits."""
    scene, _ = bench()
    assert refused(PointAt(name="far", at_mm=(-400, 0, 0)), scene).code == "motion.unreachable"
    narrow = replace(scene, limits_deg=((-168, 20), *scene.limits_deg[1:]))
    error = refused(replace(scene.gestures["point-J2"], near_deg=None), narrow, (0,) * 6)
    assert error.code == "motion.limit"
    taught = refused(TaughtPosture(name="wide", angles_deg=(0, 0, 0, 0, 0, 181)), scene)
    assert taught.code == "motion.limit"
    assert "wide: its posture has joint 6 at 181.0 deg (range -180 to 180)" in str(taught)


def test_an_arm_in_its_own_way_is_refused():
    """It should name both of its parts."""
    scene, _ = bench()
    folded = TaughtPosture(name="folded", angles_deg=(40, -30, 150, 140, 60, 50))
    error = refused(folded, scene)
    assert error.code == "motion.self_collision"
    assert "its own" in str(error)


def test_a_gesture_or_joint_that_nobody_knows_is_refused():
    """It should say what there is instead."""
    scene, _ = bench()
    assert refused("point-J9", scene).code == "motion.unknown_gesture"
    error = refused(PointAt(name="point-J9", joint="J9"), scene)
    assert error.code == "motion.unknown_joint"
    assert "it has J1, J2, J3" in str(error)
    error = refused(StepBack(name="back", posture="bed"), scene)
    assert error.code == "motion.unknown_gesture"
    assert "there is no gesture bed that back names" in str(error)


def test_an_arm_that_stands_in_something_is_not_moved():
    """It should ask a person to lead it clear, because bench and model do not agree."""
    scene, _ = bench()
    tip, _ = tip_of(scene, home_of(scene))
    error = refused("hold", with_box(scene, Box(id="crate", at_mm=tuple(tip), size_mm=(60, 60, 60))))
    assert error.code == "motion.start_blocked"
    assert "deep in crate; lead the arm clear by hand" in str(error)


def test_an_arm_that_stands_a_little_beside_its_contact_still_gets_away():
    """It should plan from what encoders say, which may have the tip some millimetres in the part."""
    scene, _ = bench()
    held = np.array(end_of(scene, "hold"))
    chance = np.random.default_rng(2)
    for _ in range(20):
        start = tuple(held + chance.uniform(-0.4, 0.4, 6))
        found = plan("step-back", here_deg=start, scene=scene)
        lifted = [tip_of(scene, angles)[0][2] for angles in found.legs[0].points_deg]
        assert lifted == sorted(lifted)
        assert lifted[-1] - lifted[0] > 30


def test_an_arm_that_is_there_already_is_not_moved():
    """It should answer with a plan without legs."""
    scene, _ = bench()
    found = plan("home", here_deg=home_of(scene), scene=scene)
    assert (found.legs, found.goal_deg, found.duration_s) == ((), None, 0)
    assert plan("hold", here_deg=end_of(scene, "hold"), scene=scene).legs == ()


def test_stepping_back_goes_straight_off_the_part_first():
    """It should draw back along the pins before anything turns, then go to its posture."""
    scene, _ = bench()
    held = end_of(scene, "hold")
    found = plan("step-back", here_deg=held, scene=scene)
    at, _ = tip_of(scene, held)
    back = [tip_of(scene, angles)[0] for angles in found.legs[0].points_deg]
    assert all(np.hypot(*(tip - at)[:2]) < 0.5 for tip in back)
    assert back[-1][2] - at[2] == pytest.approx(60, abs=0.5)
    assert found.goal_deg == pytest.approx(home_of(scene))


def test_waving_goes_through_its_postures_in_turn():
    """It should rest in each of them, in order."""
    scene, _ = bench()
    wave = scene.gestures["wave"]
    assert isinstance(wave, Wave)
    found = plan("wave", here_deg=home_of(scene), scene=scene)
    ends = [leg.points_deg[-1] for leg in found.legs]
    assert [end for end in ends if end in wave.postures_deg] == list(wave.postures_deg)


def test_the_same_question_has_the_same_answer():
    """It should not depend on chance, also where it has to search."""
    scene, _ = bench()
    start = end_of(scene, "point-J3")
    box = Box(id="post", at_mm=(230, 150, 150), size_mm=(20, 20, 300))
    answers = []
    for _ in range(2):
        try:
            answers.append(repr(plan("home", here_deg=start, scene=with_box(scene, box))))
        except PlanError as error:
            answers.append(str(error))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", BENCHES)
def test_each_leg_begins_where_the_one_before_ended(name):
    """It should be one way without gaps, within the joints' limits."""
    scene, _ = bench(name)
    for gesture in scene.gestures:
        found = plan(gesture, here_deg=home_of(scene), scene=scene)
        for one, other in itertools.pairwise(found.legs):
            assert one.points_deg[-1] == other.points_deg[0]
        for leg in found.legs:
            for angles in leg.points_deg:
                assert all(low <= a <= high for a, (low, high) in zip(angles, scene.limits_deg, strict=True))
