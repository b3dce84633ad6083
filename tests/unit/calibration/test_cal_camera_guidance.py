"""A camera's calibration in a terminal: what is said, and that what is said is where the outline is."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.rendered_board import CHARUCO, LENS, SIZE_PX, Shot, aimed, seen_at, varied

from calibration.capture import CaptureState, Doing, Guidance, Plan, begin, take
from calibration.next_view import Target, candidates, first_belief, outline_mm
from calibration.observations import CameraSize
from calibration.refusals import Reason, Refusal
from station.commands.camera_guidance import live_session, place_of, told
from station.config.station_values import CameraConfig
from vision.geometry import CameraModel, Transform

CAMERA = CameraSize(camera="side", width_px=SIZE_PX[0], height_px=SIZE_PX[1])
PLAN = Plan(camera=CAMERA, board=CHARUCO, distance_mm=500.0)


def after(views: int) -> CaptureState:
    """A capture that followed the targets so far."""
    state, rng = begin(PLAN), np.random.default_rng(3)
    for number in range(views):
        assert state.target is not None
        state = take(state, seen_at(aimed(state.target.camera_from_board, rng), seed=number))
    return state


def lines(state: CaptureState, doing: Doing, refusal: Refusal | None = None, held: float = 0.0) -> list[str]:
    return list(told(state, Guidance(doing=doing, refusal=refusal, outline_px=None, held_share=held)))


def test_where_is_said_as_the_outline_lies() -> None:
    """It should name the third of the picture, and the side that is nearer."""
    state = begin(PLAN)
    for pose, outline in candidates(first_belief(CAMERA), CHARUCO):
        words = place_of(Target(camera_from_board=pose, outline_px=outline, expected_px=1.0), state)
        depth = pose.apply(outline_mm(CHARUCO))[:, 2]
        top, right, bottom, left = ((depth + np.roll(depth, -1)) / 2).tolist()
        for side, near, far in (
            ("left", left, right),
            ("right", right, left),
            ("upper", top, bottom),
            ("lower", bottom, top),
        ):
            assert (f"its {side} side nearer" in words) == (near < far - 20.0), (words, outline)
        middle = outline.mean(axis=0) / np.array(SIZE_PX)
        assert ("to the left" in words) == (middle[0] < 1 / 3) and ("below" in words) == (middle[1] >= 2 / 3)


def test_a_terminal_says_what_to_do_and_how_good_it_is() -> None:
    """It should say where to go, how long is held, why not, how good it is, and draw what is covered."""
    state = begin(PLAN)
    assert lines(state, Doing.SHOW)[0] == "Hold the board in front of the camera."
    assert lines(state, Doing.MOVE)[0].startswith("Move the board to the ")
    refusal = Refusal(reason=Reason.STEEP, words={"tilt": "70"})
    assert lines(state, Doing.MOVE, refusal)[1] == refusal.text
    assert "#####  " in lines(state, Doing.HOLD, held=0.5)[0]
    state = after(5)
    _, _, good, bars, *heat = lines(state, Doing.TAKEN)
    assert good.startswith("5 pictures. Good to 0.") and "mm at 500 mm; hold-out 0." in good
    assert "█" in bars and len(heat) == 10 and {len(row) for row in heat} == {32}
    assert any(set(row) - {" "} for row in heat)


def test_a_camera_is_followed_until_it_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It should take what is held still before a camera, here a recorded one, and end with it."""
    path = tmp_path / "board.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 3.0, SIZE_PX)
    for number, pose in enumerate(varied(2)):
        still = cv2.cvtColor(Shot(camera_from_board=pose, seed=number).grey(), cv2.COLOR_GRAY2BGR)
        for _ in range(5):
            writer.write(still)
    writer.release()
    matrix = np.array([[LENS[0], 0, LENS[2]], [0, LENS[1], LENS[3]], [0, 0, 1.0]])
    model = CameraModel("side", *SIZE_PX, matrix, np.zeros(5), Transform.identity())
    camera = CameraConfig(source=str(path), fps=3.0, calibration="none", model=model)
    session = live_session(camera, CHARUCO, 500.0, tmp_path / "store")
    assert len(session.state.views) == 2 and not session.state.done
    assert "2 pictures." in capsys.readouterr().out
    assert time.monotonic() > session.state.seen_s
