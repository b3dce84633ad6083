"""Where the clock is read in a running station, to tell how long news takes from one place to the next.

Nothing of the station is replaced: each function that is listened to does what it does, and the time is written down
behind it. All times are the station's monotonic clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from drivers.cobot.mycobot280.protocol import Cmd, request
from drivers.link import DescriptorLink
from station.core.decide import decide
from station.core.effects import Effect, StopRobot
from station.core.events import Envelope
from station.core.procedure import Procedure
from station.core.screen import Screen
from station.core.state import State
from station.live_desk import LiveDesk
from vision.api import FactChanged, FactReading, FrameAnalysis, VisionEvent
from vision.facts import FactBoard

STOP_BYTES = request(Cmd.STOP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A screen that came of a change of a fact."""

    version: int
    known_s: float
    """When the fact board told of the change."""
    taken_s: float
    """When the loop began to decide on it."""
    at_s: float
    """When that was decided and on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDecided:
    """A decision that stops the arm, and the fact that led to it (None: something else than a fact)."""

    at_s: float
    reading: FactReading | None


@dataclass(slots=True)
class Probe:
    """What was noted so far. Lists only grow, so they may be read from any thread."""

    now_s: Callable[[], float]
    stamp_to_fact_s: dict[str, list[float]] = field(default_factory=dict)
    """By camera: from the picture's stamp until everything that follows from it is known."""
    published: list[Published] = field(default_factory=list)
    decided: list[StopDecided] = field(default_factory=list)
    stop_bytes_s: list[float] = field(default_factory=list)
    """When a stop had been handed to the kernel."""
    _known: dict[int, tuple[VisionEvent, float]] = field(default_factory=dict)
    """By the event's identity; the event is kept with it, so that no other gets the same."""
    _judged: Envelope | None = None
    _taken_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Listen until `patch` is undone."""
        update, publish, write = FactBoard.update, LiveDesk.publish, DescriptorLink.write

        def timed_update(board: FactBoard, analysis: FrameAnalysis) -> tuple[VisionEvent, ...]:
            events = update(board, analysis)
            now_s = self.now_s()
            with self._lock:
                self.stamp_to_fact_s.setdefault(analysis.camera, []).append(now_s - analysis.t_mono_s)
                for event in events:
                    if isinstance(event, FactChanged):
                        self._known[id(event)] = (event, now_s)
            return events

        def timed_decide(procedure: Procedure, state: State, envelope: Envelope) -> tuple[State, tuple[Effect, ...]]:
            self._judged, self._taken_s = envelope, self.now_s()
            after, effects = decide(procedure, state, envelope)
            if any(isinstance(effect, StopRobot) for effect in effects):
                reading = envelope.event.reading if isinstance(envelope.event, FactChanged) else None
                self.decided.append(StopDecided(at_s=self.now_s(), reading=reading))
            return after, effects

        def timed_publish(desk: LiveDesk, screen: Screen) -> None:
            # Taken before: the page may have drawn it before this thread goes on.
            at_s = self.now_s()
            publish(desk, screen)
            with self._lock:
                known = self._known.pop(id(self._judged.event), None) if self._judged else None
            if known is not None:
                # Only the loop's thread makes versions, so this is the one just made.
                self.published.append(
                    Published(version=desk.screen()[0], known_s=known[1], taken_s=self._taken_s, at_s=at_s)
                )

        def timed_write(link: DescriptorLink, data: bytes) -> None:
            write(link, data)
            if STOP_BYTES in data:
                self.stop_bytes_s.append(self.now_s())

        patch.setattr(FactBoard, "update", timed_update)
        patch.setattr(LiveDesk, "publish", timed_publish)
        patch.setattr(DescriptorLink, "write", timed_write)
        patch.setattr("station.runtime.loop.decide", timed_decide)

    def first_stop_s(self, since_s: float, until_s: float) -> float | None:
        """When the first stop of that time was on the wire."""
        return next((at_s for at_s in tuple(self.stop_bytes_s) if since_s <= at_s <= until_s), None)


def row(name: str, values_s: list[float]) -> str:
    """One line of the table: how many, median, 95th percentile and the worst, in milliseconds."""
    if not values_s:
        return f"  {name:<58} none"
    ms = np.array(values_s) * 1000.0
    return (
        f"  {name:<58} n={len(ms):<5} median {np.median(ms):7.1f} ms   "
        f"p95 {np.percentile(ms, 95):7.1f} ms   worst {ms.max():7.1f} ms"
    )
