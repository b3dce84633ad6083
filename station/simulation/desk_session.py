"""A recorded desk session: a video and the keys that were pressed while it was made, as files.

The folder holds `video.avi` (or any one video) and `touches.jsonl`: one JSON object a line, `{"t_s": 12.4, "touch":
"trigger"}`, by time from the video's first frame. Touches: `start` (the visit), `confirm` (answers the question that is
asked), `continue` (acknowledges what the screen names), `trigger` and `let-go`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Touch = Literal["start", "confirm", "continue", "trigger", "let-go"]
TOUCHES: tuple[str, ...] = get_args(Touch)
TOUCHES_FILE = "touches.jsonl"
VIDEOS = (".avi", ".mp4", ".mkv", ".mov", ".webm")


class SessionError(Exception):
    """A recorded session that cannot be played; the text says what to do."""

    code = "session.unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A key or the screen was touched."""

    t_s: float
    """Since the video's first frame."""
    touch: Touch


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSession:
    """What was recorded."""

    video: Path
    touches: tuple[Touched, ...]
    """By time."""


def read_session(path: Path) -> DeskSession:
    """A session's folder, or a video beside its `touches.jsonl`. Raises SessionError."""
    folder = path if path.is_dir() else path.parent
    videos = sorted(p for p in folder.iterdir() if p.suffix.lower() in VIDEOS) if path.is_dir() else [path]
    if len(videos) != 1 or not videos[0].is_file():
        raise SessionError(f"{path} has {len(videos)} videos; a session is one video and {TOUCHES_FILE} beside it")
    touches = folder / TOUCHES_FILE
    if not touches.is_file():
        raise SessionError(f"{touches} is missing; it says when the keys were pressed, one JSON object a line")
    lines = touches.read_text(encoding="utf-8").splitlines()
    read = [_touched(touches, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    return DeskSession(video=videos[0], touches=tuple(sorted(read, key=lambda touched: touched.t_s)))


def touch_line(touched: Touched) -> str:
    """One line of the file, without its end."""
    return json.dumps({"t_s": round(touched.t_s, 3), "touch": touched.touch})


def _touched(path: Path, number: int, line: str) -> Touched:
    try:
        given = json.loads(line)
    except ValueError as error:
        raise SessionError(
            f"{path}:{number} is no JSON; write {touch_line(Touched(t_s=1.0, touch='start'))}"
        ) from error
    if not isinstance(given, dict) or given.keys() != {"t_s", "touch"} or given["touch"] not in TOUCHES:
        raise SessionError(f"{path}:{number} is no touch; write `t_s` and a `touch` of {', '.join(TOUCHES)}")
    t_s = given["t_s"]
    if isinstance(t_s, bool) or not isinstance(t_s, int | float) or not 0.0 <= t_s < 1e6:
        raise SessionError(f"{path}:{number}: `t_s` is no time in seconds from the video's first frame")
    return Touched(t_s=float(t_s), touch=given["touch"])
