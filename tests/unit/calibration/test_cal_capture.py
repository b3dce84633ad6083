"""Guided capture: when a picture is taken, where the board is wanted next, and when it is enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.rendered_board import CHARUCO, LENS, SIZE_PX, aimed, held, seen_at, varied

from calibration.capture import CaptureState, Doing, Plan, begin, estimate_of, look, step, take
from calibration.coverage import coverage_of
from calibration.detection import BoardFinder, Found
from calibration.intrinsics import solve_lens
from calibration.next_view import candidates, first_belief, next_target, outline_mm, with_view
from calibration.observations import CameraSize, LensSet
from calibration.projection import projection_difference_px
from calibration.refusals import Reason, Refusal
from vision.geometry import Transform

CAMERA = CameraSize(camera="side", width_px=SIZE_PX[0], height_px=SIZE_PX[1])
PLAN = Plan(camera=CAMERA, board=CHARUCO, distance_mm=500.0)
NOTHING = Refusal(reason=Reason.NO_BOARD, words={"board": "a4"})


def watched(state: CaptureState, poses: list[tuple[float, Transform]]) -> tuple[CaptureState, list[Doing]]:
    """Follow a board that is there at these times."""
    done = []
    for t_s, pose in poses:
        state, guidance = step(state, seen_at(pose, t_s=t_s, seed=round(10 * t_s)), t_s)
        done.append(guidance.doing)
    return state, done


def with_views(count: int, *, noise_px: float = 0.1) -> CaptureState:
    """A capture with some views of a board held every way."""
    state = begin(PLAN)
    for number, pose in enumerate(varied(count)):
        state = take(state, seen_at(pose, seed=number, noise_px=noise_px), guide=False)
    return state


def test_a_board_that_is_held_still_is_taken_by_itself() -> None:
    """It should wait a second, show how long still, take once, and take nothing while the board moves."""
    pose = held(0, 0, 400, 10)
    moving = [(0.1 * n, held(8 * n, 0, 400, 10)) for n in range(15)]
    state, done = watched(begin(PLAN), moving)
    assert not state.views and Doing.TAKEN not in done
    trembling = [(2 + 0.1 * n, Transform.of(0.4 * (n % 3), 0.3, 0) @ pose) for n in range(11)]
    state, done = watched(state, trembling)
    assert done[0] is Doing.MOVE and done[1:10] == [Doing.HOLD] * 9 and done[10] is Doing.TAKEN
    assert len(state.views) == 1 and state.views[0].view.t_s == pytest.approx(3.0)


def test_stillness_begins_anew() -> None:
    """It should not add up half seconds with the board away, or somewhere else, between them."""
    pose, elsewhere = held(0, 0, 400), held(40, 0, 400)
    state, _ = watched(begin(PLAN), [(0.1 * n, pose) for n in range(6)])
    for n in range(6, 13):
        state, guidance = step(state, NOTHING, 0.1 * n)
        assert guidance.refusal is NOTHING and guidance.doing is Doing.SHOW
    state, done = watched(state, [(1.3 + 0.1 * n, pose) for n in range(6)])
    assert not state.views and done[-1] is Doing.HOLD
    state, done = watched(state, [(1.9, elsewhere), *((2.0 + 0.1 * n, pose) for n in range(9))])
    assert not state.views
    # A single picture without a board, as when a hand passes, changes nothing.
    state, _ = step(state, NOTHING, 2.9)
    state, done = watched(state, [(3.0, pose)])
    assert done == [Doing.TAKEN]


def test_the_same_place_is_not_taken_twice() -> None:
    """It should ask for another place, and name the picture that shows this one."""
    state = take(begin(PLAN), seen_at(held(0, 0, 400, 10)))
    grey = np.zeros(SIZE_PX[::-1], dtype=np.uint8)
    again = look(state, _Finds(seen_at(held(2, 1, 401, 10.5), seed=3)), grey, 5.0)
    assert isinstance(again, Refusal) and again.reason is Reason.DUPLICATE and "picture 1" in again.text
    other = look(state, _Finds(seen_at(held(0, 0, 400, -25), seed=3)), grey, 5.0)
    assert isinstance(other, Found)


def test_a_picture_of_another_size_is_refused() -> None:
    """It should not mix pictures of another camera, or setting, into a lens."""
    found = look(begin(PLAN), _Finds(seen_at(held(0, 0, 400))), np.zeros((480, 640), dtype=np.uint8), 0.0)
    assert isinstance(found, Refusal) and found.reason is Reason.WRONG_SIZE and "640 x 480" in found.text


def test_corners_that_no_pose_explains_are_refused_once_a_lens_is_known() -> None:
    """It should refuse a board that is warped by glare or motion, and not one that is only held in a new place."""
    state = with_views(8)
    grey = np.zeros(SIZE_PX[::-1], dtype=np.uint8)
    good = seen_at(held(-90, -40, 380, 20, -20), seed=9)
    assert isinstance(look(state, _Finds(good), grey, 0.0), Found)
    warped = good.view.corners_px + np.where(good.view.corner_ids % 4 == 0, 9.0, 0.0)[:, None]
    found = look(state, _Finds(replace(good, view=replace(good.view, corners_px=warped))), grey, 0.0)
    assert isinstance(found, Refusal) and found.reason is Reason.RESIDUAL, found


def test_following_the_targets_gives_a_lens_and_ends() -> None:
    """It should stop when pictures hardly help any more, with a lens as good as it says it is."""
    state, rng = begin(PLAN), np.random.default_rng(4)
    for number in range(PLAN.most_views):
        assert state.target is not None
        state = take(state, seen_at(aimed(state.target.camera_from_board, rng), seed=number))
        if state.done:
            break
    assert state.done == "no_gain" and state.target is None and PLAN.least_views <= len(state.views) <= 25
    last = np.array(state.doubts_px[-PLAN.patience - 1 :])
    assert (last[1:] > (1 - PLAN.gain) * last[:-1]).all()
    assert state.estimate is not None and state.estimate.doubt_mm == pytest.approx(
        state.estimate.doubt_px * 500.0 / LENS[0], rel=0.01
    )
    off = projection_difference_px(state.estimate.result.lens, np.array(LENS), SIZE_PX, 500.0)
    assert np.sqrt(np.nanmean(off**2)) < 4 * state.estimate.doubt_px < 0.2


def test_targets_beat_what_a_novice_does() -> None:
    """It should know the lens better after six targets than after six views that are held straight."""
    guided, straight, rng = begin(PLAN), begin(PLAN), np.random.default_rng(1)
    for number in range(6):
        assert guided.target is not None
        guided = take(guided, seen_at(aimed(guided.target.camera_from_board, rng), seed=number))
        pose = held(60 * (number % 3 - 1), 40 * (number // 3) - 20, 380, *rng.normal(0, 8, 3).tolist())
        straight = take(straight, seen_at(pose, seed=number), guide=False)
    assert guided.estimate is not None
    assert straight.estimate is None or straight.estimate.doubt_px > 1.5 * guided.estimate.doubt_px


def test_what_was_asked_for_is_enough() -> None:
    """It should stop at the doubt that is wanted, after the least number of views."""
    state, rng = begin(replace(PLAN, target_mm=0.5)), np.random.default_rng(4)
    while not state.done:
        assert state.target is not None
        state = take(state, seen_at(aimed(state.target.camera_from_board, rng), seed=len(state.views)))
    assert state.done == "target" and len(state.views) == PLAN.least_views
    _, guidance = step(state, NOTHING, 0.0)
    assert guidance.doing is Doing.DONE


def test_a_view_that_does_not_belong_is_left_out_and_listed() -> None:
    """It should leave out a picture in which the board moved while it was read out, and keep the lens that good ones
    give."""
    views = [found.view for found in with_views(12).views]
    rng = np.random.default_rng(2)
    views[4] = replace(views[4], corners_px=views[4].corners_px + rng.normal(0, 1.0, views[4].corners_px.shape))
    numbered = [replace(view, view=number) for number, view in enumerate(views)]
    lens = estimate_of(PLAN, solve_lens(LensSet(camera=CAMERA, board=CHARUCO, views=tuple(numbered))))
    assert lens.views_left_out == (4,)
    assert any("do not agree" in each.reason for each in lens.result.left_out if each.what == "view")
    off = projection_difference_px(lens.result.lens, np.array(LENS), SIZE_PX, 500.0)
    assert np.nanmax(off) < 0.3
    others = tuple(view for view in numbered if view.view != 4)
    without = estimate_of(PLAN, solve_lens(LensSet(camera=CAMERA, board=CHARUCO, views=others)))
    assert not without.views_left_out


def test_targets_are_poses_that_can_be_held() -> None:
    """It should want the whole board in the picture, tilted by what a person can judge, in front of the camera."""
    belief = first_belief(CAMERA)
    poses = list(candidates(belief, CHARUCO))
    assert len(poses) > 50
    for pose, outline in poses:
        assert (outline >= 0).all() and (outline <= np.array(SIZE_PX) - 1).all()
        assert 50 < pose.translation_mm[2] < 2000 and pose.rotation[2, 2] > 0.6
    first = next_target(belief, CHARUCO, 500.0)
    assert first is not None
    second = next_target(belief, CHARUCO, 500.0, [first.outline_px], near_px=40.0)
    assert second is not None and np.abs(second.outline_px - first.outline_px).max() > 40.0


def test_a_view_never_makes_the_lens_less_known() -> None:
    """It should expect no more doubt after any view than before, and less after a telling one."""
    belief = first_belief(CAMERA)
    before = belief.doubt_px(500.0)
    after = [with_view(belief, CHARUCO, pose).doubt_px(500.0) for pose, _ in list(candidates(belief, CHARUCO))[::9]]
    assert max(after) <= before * (1 + 1e-9) and min(after) < 0.7 * before


def test_coverage_counts_places_sizes_and_tilts() -> None:
    """It should be empty at first, stay low for a board that never moves, and fill when it goes everywhere."""
    assert coverage_of((), CAMERA).heat.sum() == 0
    same = coverage_of([seen_at(held(0, 0, 400), seed=n) for n in range(5)], CAMERA)
    assert max(same.size, same.skew) < 0.05 and same.heat.sum() == 5 * 88
    everywhere = coverage_of([seen_at(pose) for pose in varied(18)], CAMERA)
    assert min(everywhere.across, everywhere.down, everywhere.skew) > 0.5
    assert everywhere.seen_share > same.seen_share
    # The heat map's rows go down the picture.
    low = coverage_of([seen_at(held(-150, 80, 500))], CAMERA).heat
    assert low[:5, 8:].sum() == 0 and low[5:, :8].sum() > 0


def test_the_board_outline_is_one_square_round_the_corners() -> None:
    """It should be the edge of the printed squares."""
    assert np.ptp(outline_mm(CHARUCO)[:, :2], axis=0).tolist() == [240.0, 180.0]


class _Finds(BoardFinder):
    """A finder that finds one thing."""

    def __init__(self, found: Found) -> None:
        self.board = CHARUCO
        self._found = found

    def find(self, grey: np.ndarray, *, camera: str, view: int, t_s: float = 0.0) -> Found | Refusal:
        return replace(self._found, view=replace(self._found.view, view=view, t_s=t_s))
