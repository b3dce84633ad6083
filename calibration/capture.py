"""Guided capture of one camera's lens, as a pure state machine: what is seen in, what to do next out.

Every picture is looked at once (`look`), and what was found moves the state (`step`). A view is taken by itself when
the board has stood still and sharp for a second at a place where it was not before. After each view the lens is solved
again, and the doubt of its projection at the part says how good it is and where to hold the board next.

Stop rule: at least `least_views` views, and each of the last `patience` lowered the doubt by less than `gain`; or the
doubt is below what was asked for; or there are `most_views`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from calibration.board import Board
from calibration.corner_refinement import Grey
from calibration.corner_rows import first_pose
from calibration.coverage import Coverage, coverage_of
from calibration.detection import BoardFinder, Found
from calibration.intrinsics import LensResult, solve_lens
from calibration.lens_checks import LEAST_VIEWS
from calibration.lens_model import camera_matrix, project
from calibration.next_view import LensBelief, Target, first_belief, known_before, next_target, with_view
from calibration.observations import BoardView, CalibrationError, CameraSize, LensSet
from calibration.refusals import Reason, Refusal
from calibration.rotations import as_transform
from vision.geometry import Array

STILL_SHARE = 0.004
"""Of the picture's width: a board in hands trembles by less."""
SAME_SHARE = 0.008
"""Of the picture's width: a board whose corners moved less is where it was."""
LOST_S = 0.5
"""After so long without the board, stillness begins anew."""
RESIDUAL_LIMIT_PX = 0.5
RESIDUAL_TIMES = 4.0


class Doing(StrEnum):
    """What the person sees that the program waits for. The value is the end of the phrase's key."""

    SHOW = "show"
    """Hold the board up."""
    MOVE = "move"
    """Move it to the outline."""
    HOLD = "hold"
    """Hold it still: it is about to be taken."""
    TAKEN = "taken"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What is wanted of a calibration."""

    camera: CameraSize
    board: Board
    distance_mm: float
    """From the camera to the part: where the lens must be good."""
    last: tuple[Array, Array] | None = None
    """The last calibration's lens (9,) and covariance (9, 9)."""
    still_s: float = 1.0
    target_mm: float = 0.0
    """The doubt at the part that is asked for; 0: as good as it gets."""
    least_views: int = 8
    most_views: int = 40
    patience: int = 3
    gain: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """How good the lens is after the views so far."""

    result: LensResult
    """Views and corners that a robust rule left out stand in it, with reasons."""
    doubt_px: float
    """Standard deviation an axis of the projection, root mean square over picture and depth about the part."""
    doubt_mm: float
    """The same at the part."""

    @property
    def views_left_out(self) -> tuple[int, ...]:
        """Ids of whole views that do not fit the others."""
        return tuple(sorted({each.view for each in self.result.left_out if each.what == "view"}))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guidance:
    """What to show after a picture."""

    doing: Doing
    refusal: Refusal | None
    """Why this picture is not taken; None where it was, or where only stillness is waited for."""
    outline_px: Array | None
    """(4, 2) of the board as it is seen now."""
    held_share: float
    """0 to 1: of the time for which it must be still."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaptureState:
    """Everything between two pictures."""

    plan: Plan
    belief: LensBelief
    target: Target | None
    views: tuple[Found, ...] = ()
    estimate: Estimate | None = None
    problem: str = ""
    """Why the views so far give no lens, and what to do."""
    doubts_px: tuple[float, ...] = ()
    """After each view that gave a lens."""
    judged_from: int = 0
    """Of the doubts, those that count for the stop rule: after it was enough and more was wanted, the later ones."""
    done: str = ""
    """Why it is enough; empty while it is not."""
    still: Found | None = None
    """The board as it was when it began to stand still."""
    seen_s: float = field(default=float("-inf"))
    """When the board was last seen."""

    @property
    def coverage(self) -> Coverage:
        """Of the views so far."""
        return coverage_of(self.views, self.plan.camera)


def begin(plan: Plan) -> CaptureState:
    """Nothing seen yet; the first target is for a lens as the last calibration says, or an ordinary one."""
    belief = first_belief(plan.camera)
    if plan.last is not None:
        belief = known_before(belief, plan.last[0])
    return CaptureState(plan=plan, belief=belief, target=_target(belief, plan, ()))


def look(state: CaptureState, finder: BoardFinder, grey: Grey, t_s: float) -> Found | Refusal:
    """What is seen in a picture (height, width), and whether it could be taken."""
    camera = state.plan.camera
    if grey.shape != (camera.height_px, camera.width_px):
        words = {"seen": f"{grey.shape[1]} x {grey.shape[0]}", "needed": f"{camera.width_px} x {camera.height_px}"}
        return Refusal(reason=Reason.WRONG_SIZE, words=words)
    found = finder.find(grey, camera=camera.camera, view=len(state.views), t_s=t_s)
    if isinstance(found, Refusal):
        return found
    return _known_place(state, found) or _off_the_lens(state, found) or found


def step(state: CaptureState, seen: Found | Refusal, t_s: float) -> tuple[CaptureState, Guidance]:
    """Follow one picture of a live camera. The picture belongs to the view that is new in the state, if one is."""
    if state.done:
        return state, Guidance(doing=Doing.DONE, refusal=None, outline_px=None, held_share=0.0)
    if isinstance(seen, Refusal):
        lost = t_s - state.seen_s > LOST_S
        after = replace(state, still=None) if lost else state
        unseen = seen.reason in (Reason.NO_BOARD, Reason.DARK, Reason.BRIGHT, Reason.OTHER_BOARD)
        doing = Doing.SHOW if unseen else Doing.MOVE
        return after, Guidance(doing=doing, refusal=seen, outline_px=None, held_share=0.0)
    still = state.still
    if still is None or t_s - state.seen_s > LOST_S or _moved_px(still, seen) > _px(state, STILL_SHARE):
        still = seen
    held_s = t_s - still.view.t_s
    after = replace(state, still=still, seen_s=t_s)
    if held_s < state.plan.still_s:
        doing = Doing.HOLD if held_s > 0.0 else Doing.MOVE
        share = held_s / state.plan.still_s
        return after, Guidance(doing=doing, refusal=None, outline_px=seen.outline_px, held_share=share)
    taken = take(after, seen)
    doing = Doing.DONE if taken.done else Doing.TAKEN
    return taken, Guidance(doing=doing, refusal=None, outline_px=seen.outline_px, held_share=1.0)


def take(state: CaptureState, found: Found, *, guide: bool = True) -> CaptureState:
    """One more view: solve, judge, and choose the next target.

    Without `guide` for pictures that are all there already: none is enough, and there is no next target.
    """
    plan, views = state.plan, (*state.views, found)
    estimate, problem = _estimated(plan, [each.view for each in views])
    if estimate is not None:
        result = estimate.result
        prior = first_belief(plan.camera)
        covariance = np.linalg.inv(np.linalg.inv(result.covariance) + np.linalg.inv(prior.covariance))
        belief = replace(prior, lens=result.lens, covariance=covariance, sigma_px=result.sigma_px)
    else:
        belief = _guessed(state.belief, plan.board, found)
    doubts = (*state.doubts_px, estimate.doubt_px) if estimate is not None else state.doubts_px
    done = _enough(plan, len(views), doubts[state.judged_from :], estimate) if guide else ""
    target = None if done or not guide else _target(belief, plan, [each.outline_px for each in views])
    return replace(
        state,
        views=views,
        estimate=estimate,
        problem=problem,
        doubts_px=doubts,
        belief=belief,
        target=target,
        done=done,
        still=None,
    )


def resumed(state: CaptureState) -> CaptureState:
    """Go on where it was enough: whether more pictures help is judged anew."""
    target = _target(state.belief, state.plan, [each.outline_px for each in state.views])
    return replace(state, done="", judged_from=max(0, len(state.doubts_px) - 1), target=target, still=None)


def _estimated(plan: Plan, views: Sequence[BoardView]) -> tuple[Estimate | None, str]:
    if len(views) < LEAST_VIEWS:
        return None, ""
    try:
        result = solve_lens(LensSet(camera=plan.camera, board=plan.board, views=tuple(views)))
    except CalibrationError as error:
        return None, str(error)
    return estimate_of(plan, result), ""


def estimate_of(plan: Plan, result: LensResult) -> Estimate:
    """How good a lens is at the part."""
    belief = LensBelief(camera=plan.camera, lens=result.lens, covariance=result.covariance, sigma_px=result.sigma_px)
    doubt_px = belief.doubt_px(plan.distance_mm)
    focal = float(np.sqrt(result.lens[0] * result.lens[1]))
    return Estimate(result=result, doubt_px=doubt_px, doubt_mm=doubt_px * plan.distance_mm / focal)


def _enough(plan: Plan, views: int, doubts: Sequence[float], estimate: Estimate | None) -> str:
    if estimate is None or views < plan.least_views:
        return ""
    if plan.target_mm and estimate.doubt_mm <= plan.target_mm:
        return "target"
    last = np.array(doubts[-plan.patience - 1 :])
    if len(last) > plan.patience and (last[1:] > (1.0 - plan.gain) * last[:-1]).all():
        return "no_gain"
    return "most_views" if views >= plan.most_views else ""


def _target(belief: LensBelief, plan: Plan, outlines: Sequence[Array]) -> Target | None:
    near_px = 2.0 * SAME_SHARE * plan.camera.width_px
    return next_target(belief, plan.board, plan.distance_mm, outlines, near_px)


def _guessed(belief: LensBelief, board: Board, found: Found) -> LensBelief:
    """Without a lens yet: what a view tells, at the pose that the guessed lens gives it."""
    points = board.nominal_mm()[found.view.corner_ids]
    try:
        pose = as_transform(first_pose(points, found.view.corners_px, belief.lens))
    except ValueError:
        return belief
    return with_view(belief, board, pose)


def _known_place(state: CaptureState, found: Found) -> Refusal | None:
    """A view of where the board already was tells nothing new."""
    for number, other in enumerate(state.views, start=1):
        if _moved_px(other, found) < _px(state, SAME_SHARE):
            return Refusal(reason=Reason.DUPLICATE, words={"view": str(number)})
    return None


def _off_the_lens(state: CaptureState, found: Found) -> Refusal | None:
    """Corners that no pose of the board explains through the lens as it is known now."""
    if state.estimate is None:
        return None
    result = state.estimate.result
    points = state.plan.board.nominal_mm()[found.view.corner_ids]
    rms = _fit_rms_px(points, found.view.corners_px, result.lens)
    limit = max(RESIDUAL_LIMIT_PX, RESIDUAL_TIMES * result.rms_px) + RESIDUAL_TIMES * state.estimate.doubt_px
    return Refusal(reason=Reason.RESIDUAL, words={"rms": f"{rms:.1f}"}) if rms > limit else None


def _fit_rms_px(points_mm: Array, pixels: Array, lens: Array) -> float:
    """Root mean square distance of corners from the best pose of a flat board through a lens."""
    import cv2

    try:
        start = first_pose(points_mm, pixels, lens)
    except ValueError:
        return float("inf")
    turn, move = cv2.solvePnPRefineLM(
        points_mm,
        np.ascontiguousarray(pixels),
        camera_matrix(lens),
        lens[4:],
        cv2.Rodrigues(start[:3, :3])[0],
        start[:3, 3].copy(),
    )
    seen = project(points_mm @ cv2.Rodrigues(turn)[0].T + np.ravel(move), lens)
    return float(np.sqrt(((seen - pixels) ** 2).sum(axis=1).mean()))


def _moved_px(one: Found, other: Found) -> float:
    """Mean way of the corners that both show; endless where they share less than half."""
    _, first, second = np.intersect1d(one.view.corner_ids, other.view.corner_ids, return_indices=True)
    if 2 * len(first) < min(len(one.view.corner_ids), len(other.view.corner_ids)) or not len(first):
        return float("inf")
    way = one.view.corners_px[first] - other.view.corners_px[second]
    return float(np.linalg.norm(way, axis=1).mean())


def _px(state: CaptureState, share: float) -> float:
    return share * state.plan.camera.width_px
