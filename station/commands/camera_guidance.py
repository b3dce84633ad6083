"""A camera's calibration in a terminal: where to hold the board, in words, and what has been covered."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from station.config.station_values import CameraConfig

if TYPE_CHECKING:
    from calibration.board import Board
    from calibration.capture import CaptureState, Guidance
    from calibration.lens_session import LensSession
    from calibration.next_view import Target

SHADES = " ░▒▓█"
DOING = {
    "show": "Hold the board in front of the camera.",
    "move": "Move the board",
    "hold": "Hold it still",
    "taken": "Taken. Move the board",
    "done": "Done.",
}
DONE = {
    "target": "It is as good as was asked for.",
    "no_gain": "More pictures hardly make it better.",
    "most_views": "That is as many pictures as are of use.",
}


def live_session(camera: CameraConfig, board: Board, part_mm: float, store: Path) -> LensSession:
    """Look with the camera until it is enough, or until Ctrl+C ends it earlier. Raises CameraError."""
    from rich.live import Live
    from rich.text import Text

    from calibration.lens_session import session_of
    from calibration.picture_files import grey_of
    from vision.cameras.opening import open_source

    model = camera.model
    session = session_of(camera.name, (model.width_px, model.height_px), board, part_mm, store)
    source = open_source(camera.name, camera.source, model, camera.fps, time.monotonic, camera.settings)
    try:
        with Live(Text(""), refresh_per_second=8) as shown:
            while not session.state.done and (frame := source.read()) is not None:
                guidance = session.see(grey_of(frame.image), frame.t_mono_s)
                shown.update(Text("\n".join(told(session.state, guidance))))
    except KeyboardInterrupt:
        print("Ended; what was taken so far counts.")
    finally:
        source.close()
    return session


def told(state: CaptureState, guidance: Guidance) -> Iterable[str]:
    """What a technician reads: what to do, how good it is, what is covered."""
    where = f" {place_of(state.target, state)}" if state.target is not None else ""
    doing = guidance.doing.value
    line = DOING[doing] + (f"{where}." if doing in ("move", "taken") else "")
    if doing == "hold":
        line += f" {'#' * round(10 * guidance.held_share):<10}"
    if doing == "done":
        line += f" {DONE[state.done]}"
    yield line
    yield guidance.refusal.text if guidance.refusal is not None else ""
    estimate = state.estimate
    if estimate is not None:
        distance = state.plan.distance_mm
        yield (
            f"{len(state.views)} pictures. Good to {estimate.doubt_px:.3f} px = {estimate.doubt_mm:.3f} mm at "
            f"{distance:.0f} mm; hold-out {estimate.result.held_out_rms_px:.3f} px."
        )
    else:
        yield f"{len(state.views)} pictures. {state.problem}"
    cover = state.coverage
    bars = (("across", cover.across), ("down", cover.down), ("size", cover.size), ("tilt", cover.skew))
    yield "  ".join(f"{name} {'█' * round(8 * share):░<8}" for name, share in bars)
    most = max(1, int(cover.heat.max()))
    for row in cover.heat:
        yield "".join(SHADES[min(4, -(-4 * int(count) // most))] * 2 for count in row)


def place_of(target: Target, state: CaptureState) -> str:
    """Where a target is, in words: third of the picture, share of its width, how it is tilted."""
    camera = state.plan.camera
    x, y = target.outline_px.mean(axis=0)
    across = ("to the left", "to the middle", "to the right")[min(2, int(3 * x / camera.width_px))]
    down = ("above", "", "below")[min(2, int(3 * y / camera.height_px))]
    wide = (target.outline_px[:, 0].max() - target.outline_px[:, 0].min()) / camera.width_px
    # Into the board, camera frame: where it points to the right, the right side is nearer.
    lean = target.camera_from_board.rotation[:, 2]
    tilts = []
    if abs(lean[0]) > 0.2:
        tilts.append("its right side nearer" if lean[0] > 0 else "its left side nearer")
    if abs(lean[1]) > 0.2:
        tilts.append("its lower side nearer" if lean[1] > 0 else "its upper side nearer")
    words = [across, down, f"over {100 * wide:.0f} % of the width", " and ".join(tilts) or "facing the camera"]
    return ", ".join(word for word in words if word)
