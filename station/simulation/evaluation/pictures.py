"""Pictures of what went wrong, with what was said and what is true: a technician looks at them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from station.simulation.evaluation.scoring import Outcome, Verdict
from station.simulation.evaluation.tally import GUARDED
from station.simulation.evaluation.truth import Truth
from vision.api import Frame

WRONG = (Outcome.FALSE_PRESENT, Outcome.FALSE_ABSENT)
LINE_PX = 26


def is_failure(verdict: Verdict) -> bool:
    """Something wrong was said, or UNKNOWN of what passes steps where a person could see."""
    unseen = verdict.outcome is Outcome.UNKNOWN and verdict.episode.visible and verdict.kind in GUARDED
    return verdict.outcome in WRONG or unseen


def save_failures(folder: Path, truth: Truth, verdicts: Iterable[Verdict], frames: Iterable[Frame]) -> None:
    """For each failure, every camera's picture of that time side by side. Raises OSError."""
    import cv2

    failed = [verdict for verdict in verdicts if is_failure(verdict)]
    if not failed:
        return
    folder.mkdir(parents=True, exist_ok=True)
    pending = sorted(failed, key=lambda verdict: verdict.said_s)
    newest: dict[str, Frame] = {}
    by_time: dict[float, list[Verdict]] = {}
    for verdict in pending:
        by_time.setdefault(verdict.said_s, []).append(verdict)
    times = sorted(by_time)
    for frame in (*frames, None):
        while times and (frame is None or frame.t_mono_s > times[0] + 1e-6):
            said_s = times.pop(0)
            picture = _sheet(newest, by_time[said_s], truth)
            cv2.imwrite(str(folder / f"{truth.item}-{said_s:06.2f}s.jpg"), picture)
        if frame is None or not times:
            break
        newest[frame.camera] = frame


def _sheet(newest: dict[str, Frame], failed: list[Verdict], truth: Truth) -> np.ndarray:
    import cv2

    pictures = [newest[camera].image for camera in sorted(newest)]
    height = max(picture.shape[0] for picture in pictures)
    padded = [np.pad(p, ((0, height - p.shape[0]), (0, 0), (0, 0))) for p in pictures]
    words = [f"{truth.item}: {truth.story}"] + [_words(verdict) for verdict in failed]
    band = np.full((LINE_PX * len(words) + 10, sum(p.shape[1] for p in padded), 3), 30, np.uint8)
    for i, text in enumerate(words):
        at = (10, LINE_PX * (i + 1) - 4)
        cv2.putText(band, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (240, 240, 240), 1, cv2.LINE_AA)
    return np.vstack([band, np.hstack(padded)])


def _words(verdict: Verdict) -> str:
    episode = verdict.episode
    true = f"{'present' if episode.present else 'absent'}{'' if episode.visible else ', hard to see'}"
    said = verdict.said.encode("ascii", "replace").decode()
    return f"{verdict.outcome.value.upper()} {episode.fact} at {verdict.said_s:.2f} s: said {said}; true: {true}"
