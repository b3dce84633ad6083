"""Facts: when they change, when they are unknown, and what a look may answer."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.doorbench import DOOR, door_bench

from vision.api import (
    BodyObservation,
    CameraHealth,
    CameraState,
    FactChanged,
    FactReading,
    FactValue,
    FrameAnalysis,
    LookReport,
    SiteObservation,
    VisionEvent,
)
from vision.bench import WatchCode, WatchFastener, WatchHands, WatchPart, WatchTool
from vision.facts import FactBoard
from vision.geometry import Transform

BENCH = door_bench()
PART = WatchPart(
    fact="mirror on door", body="mirror-right-red", bench_from_body=DOOR, within_mm=2.0, within_deg=2.0, still_s=0.3
)
HANDS = WatchHands(fact="hands at door", zone="door", clear_s=0.5)
NUT = WatchFastener(fact="nut at J1", joint="J1")
TOOL = WatchTool(fact="tool at J1", tool="tool", joint="J1")
CODE = WatchCode(fact="pass")
EVERY = (PART, HANDS, NUT, TOOL, CODE)
J1 = Transform.of(*next(joint for joint in BENCH.joints if joint.name == "J1").bench_mm)
P, A, U = FactValue.PRESENT, FactValue.ABSENT, FactValue.UNKNOWN


def body(name: str, pose: Transform, sigma_mm: float = 0.2) -> BodyObservation:
    covariance = np.diag([sigma_mm**2] * 3 + [math.radians(0.1) ** 2] * 3)
    return BodyObservation(body=name, bench_from_body=pose, tag_ids=(10,), rms_px=0.1, covariance=covariance)


def seen(
    t_s: float,
    camera: str = "top",
    *,
    bodies: Sequence[BodyObservation] = (),
    busy: bool | None = None,
    nut: FactValue | None = None,
    code: str | None = None,
    state: CameraState = CameraState.GOOD,
) -> FrameAnalysis:
    sites = (
        () if nut is None else (SiteObservation(joint="J1", value=nut, score=0.9, reason="" if nut != U else "hidden"),)
    )
    return FrameAnalysis(
        camera=camera,
        seq=round(t_s * 1000),
        t_mono_s=t_s,
        state=state,
        bodies=tuple(bodies),
        busy_zones={} if busy is None else {"door": busy},
        sites=sites,
        code_text=code,
    )


def edges(events: Sequence[VisionEvent]) -> list[tuple[str, FactValue]]:
    return [(e.reading.fact, e.reading.value) for e in events if isinstance(e, FactChanged)]


def reading(board: FactBoard, fact: str) -> FactReading:
    return {r.fact: r for r in board.readings()}[fact]


def test_a_part_is_present_only_after_it_has_been_still():
    """It should wait for `still_s` of frame time at the place, then say PRESENT once."""
    board = FactBoard(BENCH, (PART,))
    said = []
    for i in range(8):
        said += [(i, v) for _, v in edges(board.update(seen(i * 0.1, bodies=[body("mirror-right-red", DOOR)])))]
    assert said == [(3, P)]
    measures = reading(board, "mirror on door").measures
    assert measures["offset_mm"] == pytest.approx(0.0)
    assert measures["cameras"] == 1.0


def test_a_part_that_creeps_is_not_still():
    """It should stay UNKNOWN while the part moves, though every single pose is within tolerance."""
    board = FactBoard(BENCH, (PART,))
    for i in range(12):
        pose = Transform.of(1.4 * (-1) ** i, 0, 0) @ DOOR
        board.update(seen(i * 0.1, bodies=[body("mirror-right-red", pose)]))
        assert reading(board, "mirror on door").value is U


def test_a_part_elsewhere_is_absent_and_one_on_the_edge_is_undecided():
    """It should tell a wrong place from a place too close to the limit to be told."""
    board = FactBoard(BENCH, (PART,))
    board.update(seen(0.0, bodies=[body("mirror-right-red", Transform.of(50, 0, 0) @ DOOR)]))
    assert reading(board, "mirror on door").value is A
    board.update(seen(0.1, bodies=[body("mirror-right-red", Transform.of(2.2, 0, 0) @ DOOR)]))
    assert reading(board, "mirror on door").value is U


def test_a_pose_that_is_too_uncertain_proves_nothing():
    """It should not pass a part whose spread is as large as its tolerance, however well it seems to lie."""
    board = FactBoard(BENCH, (PART,))
    for i in range(8):
        board.update(seen(i * 0.1, bodies=[body("mirror-right-red", DOOR, sigma_mm=1.5)]))
    assert reading(board, "mirror on door").text == "pose too uncertain"


def test_cameras_that_disagree_leave_it_open():
    """It should say UNKNOWN, with the reason, when one camera puts the part on the door and the other does not."""
    board = FactBoard(BENCH, (PART,))
    for i in range(8):
        board.update(seen(i * 0.1, bodies=[body("mirror-right-red", DOOR)]))
        board.update(seen(i * 0.1 + 0.01, "side", bodies=[body("mirror-right-red", Transform.of(9, 0, 0) @ DOOR)]))
    assert reading(board, "mirror on door").value is U
    assert reading(board, "mirror on door").text == "cameras disagree"


def test_two_cameras_give_one_pose():
    """It should weigh the poses by their variance."""
    board = FactBoard(BENCH, (PART,))
    for i in range(8):
        board.update(seen(i * 0.1, bodies=[body("mirror-right-red", Transform.of(1.0, 0, 0) @ DOOR, sigma_mm=0.2)]))
        board.update(seen(i * 0.1 + 0.01, "side", bodies=[body("mirror-right-red", DOOR, sigma_mm=0.4)]))
    found = reading(board, "mirror on door")
    assert found.value is P
    assert found.measures["cameras"] == 2.0
    assert found.measures["offset_mm"] == pytest.approx(0.8, abs=1e-3)


def test_hands_are_there_at_once_and_gone_after_a_while():
    """It should say PRESENT on the first busy frame of any camera, ABSENT after every camera was clear long enough."""
    board = FactBoard(BENCH, (HANDS,))
    said = []
    for i in range(20):
        for camera in ("top", "side"):
            busy = camera == "side" and i == 8
            said += [(i, v) for _, v in edges(board.update(seen(i * 0.1, camera, busy=busy)))]
    assert said == [(5, A), (8, P), (13, A)]


def test_a_zone_nobody_sees_is_unknown():
    """It should not call a zone clear when no camera can judge it."""
    board = FactBoard(BENCH, (HANDS,))
    for i in range(10):
        board.update(seen(i * 0.1))
    assert reading(board, "hands at door").value is U


def test_a_nut_needs_two_frames_and_no_contradiction():
    """It should take two equal votes, none against, and drop the nut as soon as it is hidden."""
    board = FactBoard(BENCH, (NUT,))
    votes = [P, A, P, P, P, U, P]
    said = []
    for i, vote in enumerate(votes):
        board.update(seen(i * 0.1, nut=vote))
        said.append(reading(board, "nut at J1").value)
    assert said == [U, U, U, U, P, U, P]


def test_cameras_that_disagree_on_a_nut_leave_it_open():
    """It should not let one camera outvote the other."""
    board = FactBoard(BENCH, (NUT,))
    for i in range(4):
        board.update(seen(i * 0.1, nut=P))
        board.update(seen(i * 0.1, "side", nut=A))
    assert reading(board, "nut at J1").text == "cameras disagree"


def test_the_tool_stays_at_its_joint_a_little_longer_than_it_comes():
    """It should come within 10 mm and leave beyond 16 mm."""
    board = FactBoard(BENCH, (TOOL,))
    said = []
    for i, away_mm in enumerate((30, 12, 9, 12, 15, 17, 12)):
        board.update(seen(i * 0.1, bodies=[body("tool", Transform.of(away_mm, 0, 0) @ J1)]))
        said.append(reading(board, "tool at J1").value)
    assert said == [A, A, P, P, P, A, A]


@pytest.mark.parametrize("pose", [Transform.of(0, 0, 60) @ J1, J1 @ Transform.of(0, 0, 0, 35)])
def test_a_tool_held_above_or_lying_over_the_joint_is_not_at_it(pose):
    """It should ask for the height and for an upright tool."""
    board = FactBoard(BENCH, (TOOL,))
    board.update(seen(0.0, bodies=[body("tool", pose)]))
    assert reading(board, "tool at J1").value is A


def test_a_code_is_an_edge_with_its_text_and_another_code_is_another_edge():
    """It should report each text once."""
    board = FactBoard(BENCH, (CODE,))
    texts = []
    for i, text in enumerate((None, "A", "A", None, "B", "B")):
        events = board.update(seen(i * 0.1, code=text))
        texts += [e.reading.text for e in events if isinstance(e, FactChanged)]
    assert texts == ["", "A", "B"]


@pytest.mark.parametrize("state", [CameraState.COVERED, CameraState.MOVED, CameraState.DARK, CameraState.BRIGHT])
def test_a_bad_camera_takes_its_facts_with_it(state):
    """It should turn everything the camera alone saw UNKNOWN on the very frame, and say what is wrong with it."""
    board = FactBoard(BENCH, EVERY)
    for i in range(8):
        board.update(
            seen(i * 0.1, bodies=[body("mirror-right-red", DOOR), body("tool", J1)], busy=False, nut=P, code="A")
        )
    assert [r.value for r in board.readings()].count(U) == 0
    events = board.update(seen(0.8, state=state))
    assert set(edges(events)) == {(watch.fact, U) for watch in EVERY}
    (health,) = [e for e in events if isinstance(e, CameraHealth)]
    assert (health.camera, health.good, health.code) == ("top", False, f"camera.{state.value}")


def test_another_camera_keeps_the_fact_alive():
    """It should go on with the camera that still sees the part."""
    board = FactBoard(BENCH, (PART,))
    for i in range(6):
        for camera in ("top", "side"):
            board.update(seen(i * 0.1, camera, bodies=[body("mirror-right-red", DOOR)]))
    assert edges(board.update(seen(0.6, "top", state=CameraState.COVERED))) == []
    assert reading(board, "mirror on door").value is P


def test_silence_is_noticed():
    """It should call a camera lost, and its facts UNKNOWN, when no frame comes; and good when it is back."""
    board = FactBoard(BENCH, (NUT,))
    for i in range(4):
        board.update(seen(i * 0.1, nut=P))
    assert edges(board.expire(0.7)) == []
    events = board.expire(0.9)
    assert edges(events) == [("nut at J1", U)]
    assert {e.code for e in events if isinstance(e, CameraHealth)} == {"camera.lost"}
    assert [e for e in board.expire(1.0) if isinstance(e, CameraHealth)] == []
    back = board.update(seen(1.1, nut=P))
    assert [e for e in back if isinstance(e, CameraHealth)] == []
    assert reading(board, "nut at J1").value is U
    later = [event for i in range(1, 7) for event in board.update(seen(1.1 + i * 0.1, nut=P))]
    assert [e.code for e in later if isinstance(e, CameraHealth)] == ["camera.good"]


def test_a_camera_that_comes_and_goes_stays_bad():
    """It should not call a camera good between two losses, so that a slow one does not flood the journal."""
    board = FactBoard(BENCH, (NUT,))
    for i in range(6):
        board.update(seen(i * 0.1, nut=P))
    told = []
    for i in range(2, 6):
        told += [*board.expire(i * 0.9 - 0.1), *board.update(seen(i * 0.9, nut=P))]
    healths = [e.code for e in told if isinstance(e, CameraHealth) and e.camera == "top"]
    assert healths == ["camera.lost"]


def test_a_frozen_camera_is_forgotten_at_once():
    """It should drop what a camera said when it is reported frozen, and keep that name for its trouble."""
    board = FactBoard(BENCH, (NUT,))
    for i in range(4):
        board.update(seen(i * 0.1, nut=P))
    events = board.camera_failed("top", "camera.frozen", "has sent the same picture for 2 s", 0.35)
    assert edges(events) == [("nut at J1", U)]
    assert "camera.lost" not in {e.code for e in board.expire(5.0) if isinstance(e, CameraHealth) and e.camera == "top"}


def test_what_is_wrong_with_a_camera_is_said_once_and_again_after_it_was_good():
    """It should tell a technician more than "no picture" as soon as more is known, and not again and again."""
    board = FactBoard(BENCH, (NUT,))

    def healths(events: tuple[object, ...]) -> list[tuple[str, str]]:
        return [(e.code, e.detail) for e in events if isinstance(e, CameraHealth) and e.camera == "top"]

    board.update(seen(0.0, nut=P))
    assert [code for code, _ in healths(board.expire(1.0))] == ["camera.lost"]
    wrong = "Camera top gives 640x480 where 1280x720 is asked for; set a size it has."
    assert healths(board.camera_failed("top", "camera.wrong_size", wrong, 1.1)) == [("camera.lost", wrong)]
    assert healths(board.camera_failed("top", "camera.wrong_size", wrong, 4.1)) == []
    board.camera_gives("top", "1280x720 MJPG at 15 Hz, exposure 157")
    assert board.camera_slow("top", "Camera top sends 5 pictures a second.", 4.2) == ()
    good = [event for i in range(8) for event in board.update(seen(5.0 + i * 0.1, nut=P))]
    told = "Camera top sends pictures that can be trusted: 1280x720 MJPG at 15 Hz, exposure 157."
    assert healths(tuple(good)) == [("camera.good", told)]
    (slow,) = board.camera_slow("top", "Camera top sends 5 pictures a second.", 5.8)
    assert isinstance(slow, CameraHealth)
    assert (slow.code, slow.good) == ("camera.slow", True)
    assert reading(board, "nut at J1").value is P
    assert healths(board.camera_failed("top", "camera.wrong_size", wrong, 5.9)) == [("camera.lost", wrong)]


def test_frames_out_of_order_are_left_out():
    """It should not let an older frame overrule a newer one."""
    board = FactBoard(BENCH, (CODE,))
    board.update(seen(1.0))
    assert board.update(seen(0.9, code="old")) == ()


def test_other_watches_start_from_nothing():
    """It should forget a fact that is watched in another way, and keep one that is watched as before."""
    board = FactBoard(BENCH, (CODE, NUT))
    for i in range(4):
        board.update(seen(i * 0.1, nut=P, code="A"))
    board.set_watches((CODE, WatchFastener(fact="nut at J1", joint="J2")))
    assert [r.fact for r in board.readings()] == ["pass"]


def test_a_look_is_answered_by_two_fresh_frames_that_agree():
    """It should wait for two frames after the time it asks for, whatever was known before."""
    board = FactBoard(BENCH, (NUT,))
    for i in range(6):
        board.update(seen(i * 0.1, nut=P))
    board.look("L1", ("nut at J1",), 0.55)
    answers = []
    for i in range(6, 12):
        answers += [e for e in board.update(seen(i * 0.1, nut=A)) if isinstance(e, LookReport)]
    (report,) = answers
    assert report.look_id == "L1"
    assert report.readings[0].value is A
    assert report.readings[0].t_mono_s >= 0.7


def test_a_look_into_the_dark_is_answered_after_two_seconds():
    """It should answer with UNKNOWN, and the reason, when nobody can see."""
    board = FactBoard(BENCH, (NUT,))
    board.update(seen(0.0, nut=P))
    board.look("L1", ("nut at J1", "no such fact"), 0.1)
    assert [e for e in board.expire(1.9) if isinstance(e, LookReport)] == []
    (report,) = [e for e in board.expire(2.2) if isinstance(e, LookReport)]
    assert [(r.value, r.text) for r in report.readings] == [(U, "no camera sees it"), (U, "not watched")]


ANALYSES = st.lists(
    st.tuples(
        st.floats(0.01, 0.9),
        st.sampled_from(["top", "side", "nobody"]),
        st.sampled_from([CameraState.GOOD] * 6 + [CameraState.COVERED, CameraState.MOVED]),
        st.booleans(),
        st.sampled_from([P, P, A, U]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps=ANALYSES, look_at=st.integers(0, 30))
def test_nothing_old_is_ever_present_and_no_look_uses_old_frames(steps, look_at):
    """It should never say PRESENT without a good frame younger than `stale_s`, nor answer a look with old ones."""
    board = FactBoard(BENCH, EVERY, stale_s=0.5)
    now_s, last_good_s, asked_s = 0.0, float("-inf"), None
    for index, (wait_s, camera, state, on_door, nut, busy, coded) in enumerate(steps):
        now_s += wait_s
        if index == look_at:
            asked_s = now_s
            board.look("L", tuple(watch.fact for watch in EVERY), asked_s)
        if camera == "nobody":
            events = board.expire(now_s)
        else:
            pose = DOOR if on_door else Transform.of(40, 0, 0) @ DOOR
            bodies = [body("mirror-right-red", pose), body("tool", J1 if on_door else DOOR)]
            events = board.update(
                seen(now_s, camera, bodies=bodies, busy=busy, nut=nut, code="A" if coded else None, state=state)
            )
            last_good_s = now_s if state is CameraState.GOOD else last_good_s
        for r in board.readings():
            assert r.value is not P or now_s - r.t_mono_s <= 0.5 + 1e-9
            assert r.value is not P or now_s - last_good_s <= 0.5 + 1e-9
        for event in events:
            if isinstance(event, LookReport):
                assert all(r.t_mono_s >= asked_s for r in event.readings)
    for r in (board.expire(now_s + 0.51), board.readings())[1]:
        assert r.value is U
    assert np.isfinite(now_s)
