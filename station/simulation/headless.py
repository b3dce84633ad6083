"""Simulated visits without a screen: what `station visit --headless` and the campaigns run."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from station.core.codec import to_plain
from station.runtime.clock import SteppedClock
from station.runtime.setting import Files, setting_of
from station.simulation.eyes import Eyes, NoisyEyes, PixelEyes
from station.simulation.lockstep import LockStepRun, VisitResult
from station.simulation.mishaps import NAMED_BY, Mishap
from station.simulation.rig import Rig, build_rig
from vision.bench import Bench
from vision.hands import MediapipeHands

PIXEL_FPS, PIXEL_TICK_S = 10.0, 0.02
NOISY_FPS, NOISY_TICK_S = 5.0, 0.05
"""Fewer readings and longer ticks: thousands of runs must fit into an hour."""
HANDS_EVERY = {0: 2, 1: 4}
"""Camera number -> the hand tracker sees every so many of its frames; further cameras as the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One simulated visit to be run."""

    seed: int
    visit: str
    journal: Path
    mishap: Mishap | None = None
    hand_model: Path | None = None
    """None: no pixels; readings come from the noise model, and the lines run in memory."""
    software: str = ""


def run_visit(files: Files, ask: Ask) -> VisitResult:
    """Run one visit in simulated time. Raises ConfigError for files that do not fit together."""
    clock = SteppedClock()
    rig = build_rig(files, seed=ask.seed, clock=clock, in_memory=ask.hand_model is None)
    setting = setting_of(files, ask.software)
    trackers = [MediapipeHands(ask.hand_model) for _ in files.station.cameras] if ask.hand_model is not None else []
    try:
        run = LockStepRun(
            rig,
            _pixel_eyes(files, rig, setting.bench, trackers, ask.seed)
            if trackers
            else _noisy_eyes(files, rig, setting.bench, ask.seed),
            setting,
            clock=clock,
            journal_path=ask.journal,
            seed=ask.seed,
            mishap=ask.mishap,
            fps=PIXEL_FPS if trackers else NOISY_FPS,
            tick_s=PIXEL_TICK_S if trackers else NOISY_TICK_S,
        )
        try:
            return run.run(ask.visit)
        finally:
            run.close()
    finally:
        for tracker in trackers:
            tracker.close()


def _pixel_eyes(files: Files, rig: Rig, bench: Bench, trackers: list[MediapipeHands], seed: int) -> tuple[Eyes, ...]:
    every = list(HANDS_EVERY.values())
    return tuple(
        PixelEyes(
            rig.world,
            bench,
            camera.model,
            tracker,
            seed=seed,
            hands_every=every[min(number, len(every) - 1)],
        )
        for number, (camera, tracker) in enumerate(zip(files.station.cameras, trackers, strict=True))
    )


def _noisy_eyes(files: Files, rig: Rig, bench: Bench, seed: int) -> tuple[Eyes, ...]:
    return tuple(
        NoisyEyes(rig.world, bench, camera.name, random.Random(f"eyes {seed} {camera.name}"))
        for camera in files.station.cameras
    )


def noticed(result: VisitResult, mishap: Mishap | None) -> bool:
    """Whether the screen named what went wrong."""
    return mishap is None or any(code in result.named for code in NAMED_BY[mishap])


def report(result: VisitResult, ask: Ask) -> dict[str, Any]:
    """The one JSON object that `station visit --json` prints."""
    state = result.state
    refusals = Counter(code for code in result.held)
    return {
        "outcome": result.outcome,
        "visit": result.visit,
        "seed": ask.seed,
        "injected": ask.mishap.value if ask.mishap else None,
        "noticed": noticed(result, ask.mishap),
        "false_passes": list(result.false_passes),
        "seconds": result.seconds,
        "steps": [
            {
                "id": step.id,
                "status": step.status.value,
                "attempts": step.attempts + 1,
                "started_s": step.started_s,
                "ended_s": step.ended_s,
                "evidence": [to_plain(evidence) for evidence in step.evidence],
            }
            for step in state.steps
        ],
        "refusals": dict(refusals),
        "named": list(result.named),
        "calls": list(result.calls),
        "torque_results": [to_plain(entry) for entry in state.tightenings],
        "frames_analysed": result.frames_analysed,
        "frames_dropped": result.frames_dropped,
        "restarts": result.restarts,
        "digest": result.digest,
    }
