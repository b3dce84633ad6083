"""How long it takes from a hand's coming into view to the order that stops the arm, measured while the station runs.

T_r is made of four parts: the wait for the next picture, from picture to verdict, from verdict to the order at the
arm's line, and what line and arm take from there until it brakes. The first three are measured; the last is
configuration.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

KEPT = 200
ENOUGH = 20
"""With fewer figures than this the ceiling counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLimits:
    """Between what figures one measured part of the reaction time is believed."""

    floor_s: float
    """It is never taken for less."""
    ceiling_s: float
    """What it is taken for until enough was measured. What is measured later may be more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionConfig:
    """The parts of T_r."""

    wait: PartLimits
    """From one picture of a camera to its next."""
    look: PartLimits
    """From the moment a picture was taken to the verdict on it."""
    act: PartLimits
    """From the verdict to the order at the arm's line."""
    robot_s: float
    """From the order at the line to the beginning of braking: the line's own thread (a p99 of 1 to 2 ms is measured in
    `tests/benchmarks`), the bytes, and the arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFigures:
    """One part now, for the technician."""

    count: int
    p50_s: float | None
    p99_s: float | None
    """None while nothing was measured."""
    used_s: float
    """What is reckoned with: an over-estimate."""


class _Part:
    def __init__(self, limits: PartLimits) -> None:
        self._limits = limits
        self._kept: deque[float] = deque(maxlen=KEPT)
        self._figures: PartFigures | None = None

    def add(self, took_s: float) -> None:
        # A clock that runs backwards, or a hand-over in the wrong order, must not shorten the reaction time.
        self._kept.append(max(0.0, took_s))
        self._figures = None

    def figures(self) -> PartFigures:
        if self._figures is None:
            self._figures = self._worked_out()
        return self._figures

    def _worked_out(self) -> PartFigures:
        figures = sorted(self._kept)
        p50, p99 = (_rank(figures, share) for share in (0.5, 0.99))
        enough = p99 is not None and len(figures) >= ENOUGH
        used_s = max(self._limits.floor_s, p99) if enough and p99 is not None else self._limits.ceiling_s
        return PartFigures(count=len(figures), p50_s=p50, p99_s=p99, used_s=used_s)


class Reaction:
    """The reaction time of one bench. Not thread-safe; times are the monotonic clock's."""

    def __init__(self, config: ReactionConfig) -> None:
        self._config = config
        self._waits: dict[str, _Part] = {}
        self._looks: dict[str, _Part] = {}
        self._act = _Part(config.act)
        self._last_frame_s: dict[str, float] = {}

    def judged(self, camera: str, captured_s: float, verdict_s: float) -> None:
        """A frame of this camera led to a verdict."""
        last_s = self._last_frame_s.get(camera)
        if last_s is not None and captured_s > last_s:
            self._waits.setdefault(camera, _Part(self._config.wait)).add(captured_s - last_s)
        self._last_frame_s[camera] = captured_s
        self._looks.setdefault(camera, _Part(self._config.look)).add(verdict_s - captured_s)

    def written(self, verdict_s: float, written_s: float) -> None:
        """What a verdict asked for (a stop, or a lower limit) is at the arm's line."""
        self._act.add(written_s - verdict_s)

    def forget(self, camera: str) -> None:
        """The camera was away: the time until its next picture is no wait for a picture."""
        self._last_frame_s.pop(camera, None)

    def reaction_s(self, camera: str) -> float:
        """T_r for what this camera sees."""
        parts = (self._waits.get(camera), self._looks.get(camera))
        limits = (self._config.wait, self._config.look)
        seen_s = sum(
            part.figures().used_s if part else limit.ceiling_s for part, limit in zip(parts, limits, strict=True)
        )
        return seen_s + self.after_verdict_s()

    def after_verdict_s(self) -> float:
        """The part of T_r that comes after the verdict."""
        return self._act.figures().used_s + self._config.robot_s

    def figures(self) -> dict[str, PartFigures]:
        """Every part by name: `wait <camera>`, `look <camera>`, `act`."""
        named = {f"wait {camera}": part.figures() for camera, part in self._waits.items()}
        named |= {f"look {camera}": part.figures() for camera, part in self._looks.items()}
        return named | {"act": self._act.figures()}


def _rank(ascending: list[float], share: float) -> float | None:
    """The nearest-rank quantile: never less than the share asked for."""
    return ascending[math.ceil(share * len(ascending)) - 1] if ascending else None
