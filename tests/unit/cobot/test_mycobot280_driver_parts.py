"""The driver's parts one by one: paths, works, belief, notes, polls, what the line says."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import ClearStop, CommandFailed, FreeDrive, MoveJoints, Outcome, SetToolFrame
from drivers.cobot.mycobot280.joint_path import JointPath, largest
from drivers.cobot.mycobot280.kinematics import coords, joint_frames
from drivers.cobot.mycobot280.listening import Listening
from drivers.cobot.mycobot280.motion import CORNER_DEG, Motion
from drivers.cobot.mycobot280.moving import Moving
from drivers.cobot.mycobot280.notes import Notes
from drivers.cobot.mycobot280.outgoing import Outgoing
from drivers.cobot.mycobot280.plans import plan_of
from drivers.cobot.mycobot280.polls import ANGLES, FLAGS, MOVING, Polls
from drivers.cobot.mycobot280.poses import flange_of, matrix_of, pose_of
from drivers.cobot.mycobot280.protocol import Cmd, request
from drivers.cobot.mycobot280.reads import IN_VAIN, TIMEOUT_S, Asking, Question
from drivers.cobot.mycobot280.status import ArmStatus, Believed
from drivers.cobot.mycobot280.stopping import Stopping
from drivers.cobot.mycobot280.telling import Telling
from drivers.cobot.mycobot280.works import HOLDING_S, Work

angle = st.floats(-150, 150)
posture = st.tuples(*[angle] * 6)
NONE_WRONG = (0.0,) * 6


@given(st.lists(posture, min_size=1, max_size=6), st.floats(0, 1))
def test_a_place_on_a_path_is_found_again(points: list[tuple[float, ...]], share: float) -> None:
    """It should measure by the joint that turns furthest, and find a posture of the path on the path."""
    path = JointPath(points)
    place = share * path.length_deg
    here = path.at(place)
    found = path.nearest(here, 0.0, path.length_deg)
    assert largest(path.at(found), here) == pytest.approx(0.0, abs=1e-6)
    assert path.at(path.length_deg) == points[-1]
    assert path.at(0.0) == pytest.approx(points[0])


@given(st.lists(posture, min_size=2, max_size=6), st.floats(0, 1), st.floats(0, 1))
def test_aiming_ahead_cuts_no_corner(points: list[tuple[float, ...]], share: float, ahead: float) -> None:
    """It should pass every posture on the way within the tolerance, and always come at least to the next one."""
    path = JointPath(points)
    begin = share * path.length_deg
    end = begin + ahead * (path.length_deg - begin)
    here = path.at(begin)
    aim = path.straight_on(here, begin, end, CORNER_DEG)
    assert begin <= aim <= end + 1e-9
    for corner in path.corners(begin, aim):
        line = [tuple(a + step / 400 * (b - a) for a, b in zip(here, path.at(aim), strict=True)) for step in range(401)]
        assert min(largest(path.at(corner), on_line) for on_line in line) <= CORNER_DEG + 1.0
    if not path.corners(begin, end):
        assert aim == end


@settings(max_examples=50)
@given(st.lists(posture, min_size=1, max_size=4), st.integers(1, 100), st.lists(st.integers(1, 100), max_size=20))
def test_no_target_of_a_motion_is_sent_twice(points: list[tuple[float, ...]], speed: int, limits: list[int]) -> None:
    """It should come to the goal by targets that are all different, whatever limits come in between."""
    command = MoveJoints(command_id="m", angles_deg=points[-1], through_deg=tuple(points[:-1]), speed_percent=speed)
    motion = Motion(command, NONE_WRONG, 100, 0.0)
    sent, now_s = [], 0.0
    changes = iter(limits)
    for _ in range(20000):
        target = motion.next_target(now_s)
        if target is not None:
            assert 1 <= target.speed_percent <= speed
            sent.append(target.angles_deg)
        if motion.wants_rest:
            break
        now_s += 0.05
        if (percent := next(changes, None)) is not None:
            motion.limit(percent)
        elif sent:
            motion.angles(sent[-1], now_s, now_s + 10.0)
    assert sent[-1] == pytest.approx(points[-1])
    assert all(one != other for one, other in pairwise(sent))


def test_only_a_posture_that_is_newer_than_the_last_target_brings_the_next() -> None:
    """It should not pass a target on the word of a report that may be older than it."""
    motion = Motion(MoveJoints(command_id="m", angles_deg=(150.0, *(0.0,) * 5), speed_percent=40), NONE_WRONG, 100, 0.0)
    first = motion.next_target(0.0)
    assert first is not None
    motion.angles(first.angles_deg, 0.7, 1.0)
    assert motion.next_target(1.0) is not None
    near = (first.angles_deg[0] + 20, *(0.0,) * 5)
    motion.angles(near, 0.9, 1.1)
    assert motion.next_target(1.1) is None
    motion.angles(near, 1.05, 1.2)
    assert motion.next_target(1.2) is not None


def test_a_value_is_believed_when_it_comes_twice_in_a_row() -> None:
    """It should not believe alternating reads, and know when it doubts."""
    value = Believed()
    assert [value.take((n,)) for n in (1, 0, 1, 0)] == [False] * 4
    assert value.value is None
    assert value.take((0,))
    assert value.value == (0,)
    assert not value.doubted
    value.take((1,))
    assert value.doubted
    value.take((0,))
    assert not value.doubted


def believed(status: ArmStatus, cmd: Cmd, *values: float) -> None:
    for _ in range(2):
        status.take(cmd, values)


def test_without_power_no_servo_is_called_faulty() -> None:
    """It should not take for a servo error what is a missing supply, nor decide while power is in doubt."""
    status = ArmStatus()
    believed(status, Cmd.IS_POWERED_ON, 1)
    believed(status, Cmd.READ_NEXT_ERROR, 0, 0, 1, 0, 0, 0)
    assert "joint 3" in status.servo_error
    status.take(Cmd.IS_POWERED_ON, (0,))
    assert status.servo_error == ""
    believed(status, Cmd.IS_POWERED_ON, 0)
    assert status.servo_error == ""
    assert status.powered is False


def test_what_is_doubted_is_asked_again_and_power_first() -> None:
    """It should ask what could explain it before it asks the same again."""
    status = ArmStatus()
    believed(status, Cmd.ARE_ALL_SERVOS_ENABLED, 1)
    again = status.take(Cmd.ARE_ALL_SERVOS_ENABLED, (0,))
    assert [question.cmd for question in again] == [
        Cmd.IS_POWERED_ON,
        Cmd.READ_NEXT_ERROR,
        Cmd.GET_SERVO_STATUS,
        Cmd.ARE_ALL_SERVOS_ENABLED,
    ]
    assert status.take(Cmd.ARE_ALL_SERVOS_ENABLED, (1,)) == ()
    assert status.take(Cmd.ARE_ALL_SERVOS_ENABLED, (7,)) == ()


def test_an_error_number_stops_or_does_not() -> None:
    """It should go on after a refused target, and stop for a collision and for what it does not know."""
    for number, stops in ((1, False), (32, False), (34, False), (16, True), (19, True), (99, True)):
        status = ArmStatus()
        believed(status, Cmd.IS_POWERED_ON, 1)
        believed(status, Cmd.ERROR_INFORMATION, number)
        assert bool(status.servo_error) is stops


def test_hot_means_hot_twice_and_cool_means_cool() -> None:
    """It should not flicker at the limit."""
    status = ArmStatus()
    for celsius, hot in ((70, ()), (70, (2,)), (62, (2,)), (62, (2,)), (55, (2,)), (55, ())):
        status.take(Cmd.GET_SERVO_TEMPERATURES, (30, celsius, 30, 30, 30, 30))
        assert status.hot_joints == hot


def test_coordinates_must_differ_several_times() -> None:
    """It should not believe one pair of coordinates, and know the tool frame that was set."""
    status = ArmStatus()
    here = (10.0, -20.0, 30.0, 0.0, 5.0, -45.0)
    tip = pose_of(matrix_of(coords(here)) @ matrix_of((0, 0, 80, 0, 0, 0)))
    for expected in (None, None, True):
        status.coordinates(tip, here, None)
        assert status.differs is expected
    for expected in (True, True, False):
        status.coordinates(tip, here, (0, 0, 80, 0, 0, 0))
        assert status.differs is expected
    assert status.flange == pytest.approx(coords(here), abs=1e-6)


@given(posture, st.tuples(*[st.floats(-80, 80)] * 6))
def test_poses_make_the_round_trip(joints: tuple[float, ...], tool: tuple[float, ...]) -> None:
    """It should come back to the flange from the tip, whatever the tool."""
    flange = joint_frames(joints)[-1]
    assert matrix_of(pose_of(flange)) == pytest.approx(flange, abs=1e-6)
    assert matrix_of(flange_of(pose_of(flange @ matrix_of(tool)), tool)) == pytest.approx(flange, abs=1e-6)


def test_a_work_is_done_by_two_answers_that_were_asked_after_it_was_sent() -> None:
    """It should not count an older answer, nor one that is contradicted in between."""
    work = Work("c", plan_of(FreeDrive(command_id="c", on=True), free=False, echoes=False), 1.0)
    assert [send.cmd for send in work.take_sends(1.0)] == [Cmd.SET_FREE_MODE]
    question = Question(cmd=Cmd.IS_FREE_MODE)
    for value, as_of_s in ((1, 0.9), (1, 0.95), (1, 1.1), (0, 1.2), (1, 1.3)):
        work.answered(question, (value,), as_of_s)
        assert work.end(1.4) is None
    work.answered(question, (1,), 1.4)
    end = work.end(1.5)
    assert end is not None
    assert end.code is None
    assert work.take_sends(1.6) == ()


def test_a_stage_waits_for_the_one_before() -> None:
    """It should give torque only after power is confirmed, and be unknown when it never is."""
    work = Work("c", plan_of(ClearStop(command_id="c"), free=True, echoes=True), 0.0)
    first = [send.cmd for send in work.take_sends(0.0)]
    assert first == [Cmd.STOP, Cmd.CLEAR_ERROR, Cmd.SET_FREE_MODE, Cmd.POWER_ON, Cmd.STOP]
    assert work.take_sends(0.5) == ()
    for as_of_s in (0.1, 0.2):
        work.answered(Question(cmd=Cmd.IS_POWERED_ON), (1,), as_of_s)
    assert [send.cmd for send in work.take_sends(0.6)] == [Cmd.POWER_ON_SERVO] * 6
    end = work.end(60.0)
    assert end is not None
    assert (end.code, end.outcome) == ("cobot.not_confirmed", Outcome.UNKNOWN)


def test_a_work_that_must_hold_watches_for_a_while() -> None:
    """It should not be done before the joints had time to move, and not at all when one does."""
    for moved in (False, True):
        work = Work("c", plan_of(FreeDrive(command_id="c", on=False), free=True, echoes=False), 0.0)
        assert [send.cmd for send in work.take_sends(0.0)] == [Cmd.STOP, Cmd.SET_FREE_MODE, Cmd.STOP]
        assert work.posture(NONE_WRONG)
        for as_of_s in (0.1, 0.15):
            work.answered(Question(cmd=Cmd.IS_FREE_MODE), (0,), as_of_s)
        assert work.end(0.2) is None
        assert work.posture((6.0 if moved else 1.0, 0, 0, 0, 0, 0)) is not moved
        end = work.end(HOLDING_S + 0.01)
        assert end is not None
        assert end.code == ("cobot.moved" if moved else None)


def test_a_refusal_is_unknown_once_something_was_accepted() -> None:
    """It should say that nothing happened only when nothing was accepted."""
    for accepted_first, outcome in ((False, Outcome.REFUSED), (True, Outcome.UNKNOWN)):
        command = SetToolFrame(command_id="c", at_mm=(0, 0, 50))
        work = Work("c", plan_of(command, free=False, echoes=True), 0.0)
        work.take_sends(0.0)
        assert work.echoed(Cmd.SET_TOOL_REFERENCE, accepted_first)
        work.echoed(Cmd.SET_END_TYPE, False)
        assert not work.echoed(Cmd.SET_END_TYPE, True)
        end = work.end(0.1)
        assert end is not None
        assert (end.code, end.outcome) == ("cobot.refused", outcome)


def test_rest_ends_a_stop_only_when_it_was_asked_for_after_it() -> None:
    """It should not take the rest before a motion for the rest after its stop."""
    stopping = Stopping(5.0, ["s"])
    assert not stopping.rests(False, 5.0)
    assert not stopping.rests(True, 5.1)
    assert stopping.rests(False, 5.1)


def test_a_refusal_of_a_motion_that_has_begun_is_not_believed() -> None:
    """It should say that nothing happened only of an arm that has not moved."""
    for moved, outcome in ((False, Outcome.REFUSED), (True, Outcome.UNKNOWN)):
        telling, out = Telling("cobot"), Outgoing()
        moving = Moving(out, telling)
        goal = (5.0, *(0.0,) * 5)
        moving.begin(MoveJoints(command_id="m", angles_deg=goal, speed_percent=40, lease_s=9.0), NONE_WRONG, 100, 0.0)
        out.take()
        if moved:
            moving.posture((2.0, *(0.0,) * 5), 0.1, 0.2)
        assert not moving.echoed(False, 0.3)
        moving.judge(0.4, None, "")
        assert telling.take() == ()
        moving.judge(1.1, None, "")
        (end,) = telling.take()
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (outcome, "cobot.refused")
        assert out.take() == (request(Cmd.STOP) if moved else b"")


def test_a_stop_takes_waiting_targets_out_and_goes_first() -> None:
    """It should leave everything else in its order."""
    out = Outgoing()
    out.put(request(Cmd.GET_ANGLES))
    out.put(request(Cmd.SEND_ANGLES, *NONE_WRONG, 20), "m")
    out.put(request(Cmd.SET_COLOUR, 1, 2, 3), "c")
    assert out.holds("m")
    out.stop()
    assert not out.holds("m")
    assert out.take() == request(Cmd.STOP) + request(Cmd.GET_ANGLES) + request(Cmd.SET_COLOUR, 1, 2, 3)
    assert out.take() == b""


def test_notes_stand_until_they_end() -> None:
    """It should tell a standing note once, its new words, and its end; and said ones at most once a second."""
    notes = Notes("cobot")
    for now_s, detail in ((0.0, ""), (1.0, "hot"), (2.0, "hot"), (3.0, "hotter"), (4.0, ""), (5.0, "")):
        notes.stand("cobot.hot", detail, now_s, stops=True)
    assert [(note.detail, note.standing, note.stops) for note in notes.take()] == [
        ("hot", True, True),
        ("hotter", True, True),
        ("no longer so: hotter", False, True),
    ]
    assert [notes.say("cobot.noise", "x", now_s) for now_s in (0.0, 0.5, 1.1)] == [True, False, True]


def test_every_flag_has_its_turn_and_the_posture_has_more() -> None:
    """It should ask the posture in two of five turns, and each flag about twice a second, works in flight or not."""
    wanted = (Question(cmd=Cmd.GET_GRIPPER_VALUE), Question(cmd=Cmd.IS_GRIPPER_MOVING))
    for works in ((), wanted):
        polls = Polls()
        asked = [polls.next(works) for _ in range(400)]
        assert asked.count(ANGLES) == 160
        assert asked.count(MOVING) == 80
        at_least = 20 if not works else 5
        assert all(asked.count(Question(cmd=flag)) >= at_least for flag in FLAGS)
        assert all(asked.count(question) >= 55 for question in works)
    polls.soon(Question(cmd=Cmd.IS_FREE_MODE))
    polls.first(MOVING)
    assert polls.next(()) == MOVING
    assert Question(cmd=Cmd.IS_FREE_MODE) in [polls.next(()) for _ in range(3)]


def test_a_question_that_is_not_essential_is_dropped() -> None:
    """It should ask it once, and not any more after it was never answered; one that was answered is asked twice."""
    asking, odd = Asking(), Question(cmd=Cmd.GET_SERVO_STATUS)
    for turn in range(IN_VAIN):
        assert asking.answerable(odd)
        asking.ask(odd, 10.0 * turn)
        assert asking.again(10.0 * turn + TIMEOUT_S + 0.01) == b""
        assert asking.open is None
    assert not asking.answerable(odd)
    known = Question(cmd=Cmd.GET_COORDS)
    asking.ask(known, 100.0)
    asking.answered(known, 100.02)
    asking.ask(known, 101.0)
    assert asking.again(101.2) != b""
    assert asking.again(101.4) == b""
    assert asking.answerable(known)


@given(st.lists(st.integers(1, 40), min_size=1), st.binary(max_size=50))
def test_a_start_is_heard_in_any_split(cuts: list[int], before: bytes) -> None:
    """It should know a start by its NUL bytes, however the line cuts them, and no frame for one."""
    listening, rest = Listening(), before + bytes(277)
    heard = []
    for cut in cuts * len(rest):
        heard.append(listening.heard(rest[:cut]))
        rest = rest[cut:]
        if not rest:
            break
    assert any(heard)
    assert Listening().heard(request(Cmd.SEND_ANGLES, *NONE_WRONG, 0) * 20) is None


def test_silence_and_garbage_have_different_reasons() -> None:
    """It should suspect the baud rate only when bytes come and no frame ever did."""
    listening = Listening()
    assert "baud" not in listening.why_silent(5)
    listening.heard(b"\x80\xe0")
    assert "baudrate" in listening.why_silent(5)
    listening.frames = 1
    assert "baud" not in listening.why_silent(5)
