"""What the arm may do beside people: slow down, hold, ease again; and what nobody knows is a person everywhere."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.supervised import CONFIG, HOME, POINT_J1, fingers, measured, moving, people, posture, watch

from station.motion.encounter import STEPS_PERCENT
from station.motion.moving_arm import ArmNow
from station.motion.people import People
from station.motion.supervision import Level, Verdict
from station.motion.supervisor import Supervisor

NOBODY = people(t_s=0.0)
UNKNOWN = People(known=False, why="Camera top is covered; clean it or see to the light.", persons=(), t_mono_s=0.0)


def judged(arm: ArmNow | None, who: People, now_s: float = 0.0) -> Verdict:
    """The verdict of a supervisor that remembers nothing."""
    return Supervisor(CONFIG, measured("top", "back")).update(now_s, arm, who)


def jogging(percent: float, *, at_s: float = 0.0) -> ArmNow | None:
    arm = watch()
    arm.posture(posture(at_s, HOME))
    arm.asks((), percent)
    return arm.now()


def test_alone_the_arm_is_free():
    """It should allow everything where nobody is, and name no pair."""
    verdict = judged(moving(0.0).now(), NOBODY)
    assert (verdict.level, verdict.limit_percent, verdict.judged) == (Level.CLEAR, 100, True)
    assert (verdict.link, verdict.distance_mm, verdict.terms) == ("", None, None)


def test_every_figure_of_the_verdict_adds_up():
    """It should give the terms for the speed, the times and the distance that it names."""
    verdict = judged(moving(0.0, shown=0.02).now(), people(fingers(60, -170)))
    assert verdict.level is Level.SLOW
    terms = verdict.terms
    assert terms is not None
    assert verdict.distance_mm is not None
    assert terms.person_mm == pytest.approx(CONFIG.person_mm_s * (verdict.reaction_s + verdict.stopping_s))
    assert terms.robot_mm == pytest.approx(verdict.speed_mm_s * verdict.reaction_s)
    assert terms.stopping_mm == pytest.approx(verdict.speed_mm_s * verdict.stopping_s / 2)
    assert (terms.intrusion_mm, terms.person_doubt_mm, terms.robot_doubt_mm) == (40.0, 15.0, 10.0)
    assert verdict.protective_mm == pytest.approx(terms.total_mm)
    assert terms.total_mm + CONFIG.headroom_mm <= verdict.distance_mm + 1e-6
    # 0.1 s to the next picture, 0.04 s to the verdict, 0.003 s to the order, 0.04 s in line and arm.
    assert verdict.reaction_s == pytest.approx(0.183)
    assert verdict.stopping_s == pytest.approx(0.9 * 0.3 * verdict.limit_percent / 100)


def test_a_hand_that_comes_nearer_slows_the_arm_step_by_step_and_stops_it():
    """It should go through the limits in order, and never allow more for a nearer hand."""
    limits = [judged(moving(0.0, shown=0.02).now(), people(fingers(60, y))).limit_percent for y in range(-420, 40, 5)]
    assert limits == sorted(limits, reverse=True)
    assert set(limits) == {*STEPS_PERCENT, 0}


def test_an_arm_that_is_faster_than_its_gap_allows_holds_whatever_was_asked():
    """It should hold an arm that does not keep to a limit, where the limit itself would have fitted."""
    hand = people(fingers(60, -150))
    obeys = judged(moving(0.0, percent=30, shown=0.05).now(), hand)
    assert obeys.level is Level.SLOW
    runs_on = judged(moving(0.0, percent=30, shown=1.0).now(), hand)
    assert runs_on.level is Level.HOLD
    assert runs_on.speed_mm_s > obeys.speed_mm_s
    assert runs_on.protective_mm > runs_on.distance_mm


def test_what_is_known_from_long_ago_takes_the_measured_times_place():
    """It should reckon with the age of picture or posture where that is more than was measured."""
    old_picture = judged(moving(1.0).now(), people(fingers(60, -250, t_s=0.7), t_s=0.7), 1.0)
    old_posture = judged(moving(0.8).now(), people(fingers(60, -250, t_s=1.0), t_s=1.0), 1.0)
    assert old_picture.reaction_s == pytest.approx(0.3 + 0.043)
    assert (old_picture.people_age_s, old_picture.arm_age_s) == pytest.approx((0.3, 0.0))
    assert old_posture.reaction_s == pytest.approx(0.2 + 0.043)
    assert (old_posture.people_age_s, old_posture.arm_age_s) == pytest.approx((0.0, 0.2))


def test_a_hold_tells_what_even_the_slowest_step_would_need():
    """It should show the distance that is missing at the slowest step, for an arm that stands and would begin."""
    verdict = judged(moving(0.0, shown=0.02).now(), people(fingers(60, -60)))
    slow = judged(moving(0.0, shown=0.02).now(), people(fingers(60, -400)))
    assert verdict.level is Level.HOLD
    assert verdict.stopping_s == pytest.approx(0.9 * 0.3 * 0.1)
    assert slow.limit_percent == 100
    assert verdict.speed_mm_s < slow.speed_mm_s
    assert verdict.protective_mm + CONFIG.headroom_mm > verdict.distance_mm


def test_a_jog_is_judged_for_every_direction():
    """It should reckon with the speed that nobody knows the direction of, as if it were towards the hand."""
    hand = people(fingers(60, -400))
    arm = jogging(10)
    assert arm is not None
    verdict = judged(arm, hand)
    bound = dict(zip(arm.names, arm.asked.undirected_mm_s, strict=True))[verdict.link]
    assert verdict.speed_mm_s == pytest.approx(bound * verdict.limit_percent / 100)
    assert verdict.speed_mm_s > 50.0


def test_the_base_is_no_danger_to_a_hand_beside_it():
    """It should not count a link that cannot move: a hand may rest at the foot of the arm while its wrist turns."""
    arm = watch()
    arm.posture(posture(0.0, HOME))
    arm.asks((tuple(np.add(HOME, (0, 0, 0, 0, 0, 90))),), 20)
    verdict = judged(arm.now(), people(fingers(420, 40)))
    assert verdict.link != "base"


def test_a_second_persons_hand_counts():
    """It should judge by the nearest of all, whoever was seen first, and by any camera."""
    far, near = fingers(60, -400), fingers(150, -100, camera="back")
    alone = judged(moving(0.0).now(), people(far))
    both = [judged(moving(0.0).now(), people(*who)) for who in ((far, near), (near, far))]
    assert alone.level is Level.CLEAR
    assert [verdict.level for verdict in both] == [Level.HOLD] * 2
    assert [verdict.camera for verdict in both] == ["back"] * 2


def test_nobody_knows_is_somebody_everywhere():
    """It should hold while cameras do not tell, or the arm does not tell, with a sentence for the technician."""
    verdict = judged(moving(0.0).now(), UNKNOWN)
    assert (verdict.level, verdict.limit_percent, verdict.distance_mm) == (Level.UNKNOWN, 0, 0.0)
    assert verdict.reason == UNKNOWN.why
    silent = judged(moving(0.0).now(), people(t_s=0.6), now_s=0.6)
    assert (silent.level, silent.limit_percent) == (Level.UNKNOWN, 0)
    assert "half a second" in silent.reason
    assert judged(None, NOBODY).level is Level.UNKNOWN


def test_hands_that_work_while_the_arm_stands_are_no_complaint():
    """It should say what a motion would be allowed, mark it as not judged, and keep none of it for the next motion."""
    arm = watch()
    arm.posture(posture(0.0, HOME))
    supervisor = Supervisor(CONFIG, measured())
    for who, level in ((people(fingers(110, 100)), Level.HOLD), (UNKNOWN, Level.UNKNOWN)):
        verdict = supervisor.update(0.0, arm.now(), who)
        assert (verdict.judged, verdict.level, verdict.limit_percent) == (False, level, 0)
    arm.asks((POINT_J1,), 30)
    assert supervisor.update(0.01, arm.now(), NOBODY).limit_percent == 100


def test_a_border_hand_does_not_make_the_arm_stutter():
    """It should slow at once, and ease only after half a second with room to spare, to what fitted all that time."""
    supervisor = Supervisor(CONFIG, measured())

    def told(now_s: float, y: float) -> int:
        arm = moving(now_s, shown=0.02)
        return supervisor.update(now_s, arm.now(), people(fingers(60, y, t_s=now_s), t_s=now_s)).limit_percent

    assert told(0.0, -500) == 100
    assert told(0.1, 0) == 0
    # In and out at the border every tenth of a second: held all the time.
    assert [told(0.2 + 0.1 * i, -500 if i % 2 else 0) for i in range(11)] == [0] * 11
    assert [told(1.3 + 0.1 * i, -500) for i in range(5)] == [0] * 5
    assert told(1.81, -500) == 100
    # Away, but for a moment only half-way: the least of it counts.
    assert told(2.0, 0) == 0
    assert [told(2.1, -500), told(2.3, -240), told(2.5, -500)] == [0, 0, 0]
    eased = told(2.61, -500)
    assert 0 < eased < 100
    assert [told(2.7, -500), told(3.21, -500)] == [eased, 100]


def test_what_just_fits_again_is_not_room_to_spare():
    """It should stay with the stricter limit while the gap is only just large enough for the laxer one."""
    supervisor = Supervisor(CONFIG, measured())
    border = next(
        y for y in range(0, -600, -1) if judged(moving(0.0).now(), people(fingers(60, y))).limit_percent == 100
    )
    arm = moving(0.0)
    assert supervisor.update(0.0, arm.now(), people(fingers(60, border + 3))).limit_percent == 50
    for step in range(1, 20):
        now_s = step * 0.1
        who = people(fingers(60, border - 3, t_s=now_s), t_s=now_s)
        assert supervisor.update(now_s, moving(now_s).now(), who).limit_percent == 50


def test_a_camera_that_goes_stale_holds_and_comes_back_with_patience():
    """It should be free, unknown at once, and free again half a second after people are known again."""
    supervisor = Supervisor(CONFIG, measured())
    told = []
    for index in range(12):
        now_s = index * 0.1
        who = replace(UNKNOWN, t_mono_s=now_s) if index in (2, 3) else people(t_s=now_s)
        told.append(supervisor.update(now_s, moving(now_s, shown=0.02).now(), who).level.value)
    assert told == ["clear"] * 2 + ["unknown"] * 2 + ["hold"] * 5 + ["clear"] * 3


@given(st.floats(-300, 500), st.floats(-500, 200), st.floats(0, 300), st.sampled_from([5, 10, 20, 30, 60, 100]))
def test_more_distance_is_never_judged_more_strictly(x: float, y: float, more: float, percent: int):
    """It should allow at least as much when the same hand is farther away on the visitor's side of every link."""
    arm = jogging(percent)
    assert arm is not None
    lowest = float(min(arm.starts_mm[:, 1].min(), arm.ends_mm[:, 1].min()))
    near, far = min(y, lowest), min(y, lowest) - more
    assert judged(arm, people(fingers(x, far))).limit_percent >= judged(arm, people(fingers(x, near))).limit_percent


@given(st.floats(-300, 500), st.floats(-500, 200), st.floats(1, 100), st.floats(1, 100))
def test_a_faster_arm_is_never_judged_more_laxly(x: float, y: float, one: float, other: float):
    """It should not allow more speed to a motion that was asked to be faster, jogged or on its way."""
    slow, fast = sorted((one, other))
    hand = people(fingers(x, y))
    for arm in (jogging, lambda percent: moving(0.0, percent=percent, shown=0.02).now()):
        slower, faster = judged(arm(slow), hand).limit_percent, judged(arm(fast), hand).limit_percent
        # The step below the largest share that fits, so up to the ratio of two neighbouring steps.
        assert (faster * fast <= slower * slow * 2.5 + 1e-6) or slower == 100
        assert faster <= slower


@given(st.floats(-300, 500), st.floats(-500, 200), st.floats(0, 0.7), st.floats(0, 0.7))
def test_an_older_picture_is_never_judged_more_laxly(x: float, y: float, one: float, other: float):
    """It should allow no more for what is known from longer ago."""
    young, old = sorted((one, other))
    arm = moving(0.0).now()
    younger, older = (
        judged(arm, people(fingers(x, y, t_s=-age_s), t_s=-age_s)).limit_percent for age_s in (young, old)
    )
    assert older <= younger


@given(st.floats(0, 0.49), st.floats(0, 0.49))
def test_an_older_posture_is_never_judged_more_laxly(one: float, other: float):
    """It should allow no more when the arm told where it is longer ago."""
    young, old = sorted((one, other))
    hand = people(fingers(60, -250, t_s=1.0), t_s=1.0)
    younger, older = (judged(moving(1.0 - age_s).now(), hand, 1.0).limit_percent for age_s in (young, old))
    assert older <= younger


@given(st.floats(-300, 500), st.floats(-600, 200), st.booleans())
def test_unknown_is_always_a_hold(x: float, y: float, known: bool):
    """It should never allow motion when people are not known, whatever outlines there still are."""
    who = People(known=known, why="" if known else "x", persons=(fingers(x, y),), t_mono_s=0.0)
    verdict = judged(moving(0.0).now(), who)
    assert (verdict.level is Level.UNKNOWN) is not known
    assert (verdict.limit_percent == 0) is (verdict.level in (Level.HOLD, Level.UNKNOWN))


def test_the_way_back_from_a_hand_is_judged_by_its_own_direction():
    """It should reckon with little speed towards the hand where the motion leads away from it."""
    hand = people(fingers(60, -260))
    there, back = watch(), watch()
    there.posture(posture(0.0, POINT_J1))
    there.asks((tuple(np.add(POINT_J1, (30, 0, 0, 0, 0, 0))),), 40)
    back.posture(posture(0.0, POINT_J1))
    back.asks((tuple(np.add(POINT_J1, (-30, 0, 0, 0, 0, 0))),), 40)
    nearer, away = (judged(arm.now(), hand) for arm in (there, back))
    assert nearer.limit_percent <= away.limit_percent
    assert nearer.speed_mm_s / nearer.limit_percent > 3 * away.speed_mm_s / away.limit_percent
