"""On which joint the tool stands, along any axis, and fasteners that are tagged bodies."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from support.doorbench import door_bench

from vision.api import BodyObservation, CameraState, FactReading, FactValue, FrameAnalysis, SiteObservation
from vision.at_joint import stand_at
from vision.bench import Bench, Joint, WatchFastener, WatchTool
from vision.facts import FactBoard
from vision.geometry import Transform

P, A, U = FactValue.PRESENT, FactValue.ABSENT, FactValue.UNKNOWN
SLANTED = Joint(name="S", bench_mm=np.array([50.0, 40.0, 30.0]), axis=np.array([0.0, -0.6, 0.8]))
ALONG_AXIS = Transform.of(0, 0, 0, roll_deg=math.degrees(math.atan2(0.6, 0.8)))
"""bench_from_tool of a tool that stands along the slanted joint's axis, without its place."""
TOOL = WatchTool(fact="tool at S", tool="tool", joint="S")
TOKEN = WatchFastener(fact="nut at T", joint="T")


def bench(*joints: Joint) -> Bench:
    return replace(door_bench(), joints=joints)


def at(joint: Joint, body: Transform) -> Transform:
    """The body's pose, moved to the joint."""
    return Transform(body.rotation, body.translation_mm + joint.bench_mm)


def body(name: str, pose: Transform, sigma_mm: float = 0.3, sigma_deg: float = 0.3) -> BodyObservation:
    covariance = np.diag([sigma_mm**2] * 3 + [math.radians(sigma_deg) ** 2] * 3)
    return BodyObservation(body=name, bench_from_body=pose, tag_ids=(30,), rms_px=0.1, covariance=covariance)


def seen(t_s: float, bodies: Sequence[BodyObservation], camera: str = "top", **more: object) -> FrameAnalysis:
    return FrameAnalysis(
        camera=camera, seq=round(t_s * 1000), t_mono_s=t_s, state=CameraState.GOOD, bodies=tuple(bodies), **more
    )


def said(board: FactBoard) -> FactReading:
    (reading,) = board.readings()
    return reading


def test_the_joint_s_own_axis_counts_not_the_bench_s():
    """It should take a tool along a slanted axis for upright, and one along the bench's z for leaning."""
    stands = [stand_at(SLANTED, at(SLANTED, pose), np.zeros((6, 6))) for pose in (ALONG_AXIS, Transform.identity())]
    assert [stand.tilt_deg for stand in stands] == pytest.approx([0.0, math.degrees(math.atan2(0.6, 0.8))], abs=1e-6)
    board = FactBoard(bench(SLANTED), (TOOL,))
    board.update(seen(0.0, [body("tool", at(SLANTED, ALONG_AXIS))]))
    assert said(board).value is P
    board.update(seen(0.1, [body("tool", at(SLANTED, Transform.identity()))]))
    board.update(seen(0.2, [body("tool", at(SLANTED, Transform.identity()))]))
    assert said(board).value is A


def test_distance_is_told_across_and_along_the_axis():
    """It should split the way from joint to tip by the joint's axis."""
    tip = at(SLANTED, ALONG_AXIS @ Transform.of(3.0, 4.0, 12.0))
    stand = stand_at(SLANTED, tip, np.diag([0.04, 0.09, 0.16, 0, 0, 0]))
    assert stand.distance_mm == pytest.approx(5.0)
    assert stand.along_mm == pytest.approx(12.0)
    assert stand.along_sigma_mm == pytest.approx(math.sqrt(0.36 * 0.09 + 0.64 * 0.16))


def test_a_tool_upside_down_is_not_at_the_joint():
    """It should not be fooled by an axis that points the wrong way."""
    board = FactBoard(bench(SLANTED), (TOOL,))
    board.update(seen(0.0, [body("tool", at(SLANTED, ALONG_AXIS @ Transform.of(0, 0, 0, 180)))]))
    assert said(board).value is A
    assert said(board).measures["angle_deg"] == pytest.approx(180.0)


def test_a_tip_that_may_be_in_or_out_is_undecided():
    """It should enter only when inside with confidence, and call it outside only when that is sure."""
    for away_mm, sigma_mm, value in (
        (8, 0.5, P),
        (9.5, 0.5, U),
        (10.5, 0.5, U),
        (13, 0.5, A),
        (3, 4.0, U),
        (0, 3.0, P),
    ):
        board = FactBoard(bench(SLANTED), (TOOL,))
        board.update(seen(0.0, [body("tool", at(SLANTED, ALONG_AXIS @ Transform.of(away_mm, 0, 0)), sigma_mm)]))
        assert (away_mm, sigma_mm, said(board).value) == (away_mm, sigma_mm, value)


def test_leaving_takes_more_than_coming_in_height_and_angle_too():
    """It should keep the tool at its joint up to the wider limits, and want the narrow ones to take it back."""
    moves = (
        (Transform.of(0, 0, 5), P),
        (Transform.of(0, 0, 36), P),
        (Transform.of(0, 0, 5, 23), P),
        (Transform.of(14, 0, 5), P),
        (Transform.of(0, 0, 60), A),
        (Transform.of(0, 0, 36), A),
        (Transform.of(0, 0, 5, 23), A),
        (Transform.of(0, 0, 5, 10), P),
    )
    board, found = FactBoard(bench(SLANTED), (TOOL,)), []
    for i, (move, _) in enumerate(moves):
        board.update(seen(i * 0.1, [body("tool", at(SLANTED, ALONG_AXIS @ move))]))
        found.append(said(board).value)
    assert found == [value for _, value in moves]


def test_between_two_near_joints_neither_is_meant():
    """It should say UNKNOWN where the tip may be on either of two joints, and name the one it is surely on."""
    other = replace(SLANTED, name="other", bench_mm=SLANTED.bench_mm + np.array([14.0, 0.0, 0.0]))
    near = bench(SLANTED, other)
    for x_mm, value, why in ((7.0, U, "between two joints"), (0.0, P, ""), (14.0, A, "")):
        board = FactBoard(near, (TOOL,))
        board.update(seen(0.0, [body("tool", at(SLANTED, ALONG_AXIS @ Transform.of(x_mm, 0, 0)))]))
        assert (said(board).value, said(board).text) == (value, why)


def test_a_tool_that_slides_to_the_next_joint_is_not_kept_at_the_first():
    """It should not let the wider limits of leaving claim a tool that stands on a neighbour."""
    other = replace(SLANTED, name="other", bench_mm=SLANTED.bench_mm + np.array([14.0, 0.0, 0.0]))
    board = FactBoard(bench(SLANTED, other), (TOOL,))
    board.update(seen(0.0, [body("tool", at(SLANTED, ALONG_AXIS))]))
    assert said(board).value is P
    for i in range(1, 4):
        board.update(seen(i * 0.1, [body("tool", at(SLANTED, ALONG_AXIS @ Transform.of(13.0, 0, 0)))]))
        assert said(board).value is not P


def test_cameras_that_disagree_about_the_tool_leave_it_open():
    """It should not believe one camera when the other sees the tool standing elsewhere."""
    board = FactBoard(bench(SLANTED), (TOOL,))
    for i in range(4):
        board.update(seen(i * 0.1, [body("tool", at(SLANTED, ALONG_AXIS))]))
        board.update(seen(i * 0.1 + 0.02, [body("tool", at(SLANTED, ALONG_AXIS @ Transform.of(60, 0, 0)))], "side"))
    assert said(board).value is U


TAGGED = Joint(name="T", bench_mm=np.array([100.0, 50.0, 60.0]), token="token T")


def token_board(*frames: Sequence[BodyObservation], **more: object) -> FactReading:
    board = FactBoard(bench(TAGGED), (TOKEN,))
    for i, bodies in enumerate(frames):
        board.update(seen(i * 0.1, bodies, **more))
    return said(board)


def test_a_tagged_fastener_is_told_by_its_pose_not_by_pixels():
    """It should take the token's place for the answer, whatever the pixel look says of the joint."""
    there, away = (
        body("token T", at(TAGGED, Transform.of(2, 0, 3))),
        body("token T", at(TAGGED, Transform.of(40, 0, 0))),
    )
    contrary = SiteObservation(joint="T", value=A, score=0.1, reason="")
    assert token_board([there], [there], sites=(contrary,)).value is P
    assert token_board([away], [away]).value is A
    assert (token_board([], []).value, token_board([], []).text) == (U, "not seen")


def test_a_token_needs_votes_and_a_clear_distance():
    """It should want two pictures that agree, none against, and no doubt about the limit."""
    there, away = body("token T", at(TAGGED, Transform.identity())), body("token T", at(TAGGED, Transform.of(40, 0, 0)))
    edge = body("token T", at(TAGGED, Transform.of(8, 0, 0)))
    assert token_board([there]).value is U
    assert token_board([away], [there], [there]).value is U
    assert token_board([there], [there], []).value is U
    assert (token_board([edge], [edge]).value, token_board([edge], [edge]).text) == (U, "too close to call")


def test_the_token_of_another_joint_says_nothing():
    """It should not take any tagged fastener for this joint's."""
    stranger = body("token elsewhere", at(TAGGED, Transform.identity()))
    assert token_board([stranger], [stranger]).value is U
