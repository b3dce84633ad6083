"""The eyes as a technician sees them: cameras, facts and zones in one value; and zones that are drawn anew.

Thread-safe: pictures' analyses come from the cameras' side, views and drawings from the pages.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from station.config.errors import ConfigError
from station.config.station_values import ZoneBook
from station.config.zone_rules import bench_mistake
from station.config.zones_file import save_zones
from station.core.events import BenchSaidEmpty, Event, ZonesDrawn
from station.core.state import Phase, State
from vision.api import BenchHand, FactReading, FrameAnalysis
from vision.bench import Bench, Zone
from vision.bench_hands import HandBoard
from vision.facts import FactBoard

RATE_OVER_S = 3.0
"""Pictures a second are counted over so long."""


class ZonesRefusedError(Exception):
    """Drawn zones are not taken. `reason` is a rule of `station.config.zone_rules`, or one of this module's."""

    code = "zones.refused"

    def __init__(self, reason: str, text: str, words: Mapping[str, str]) -> None:
        self.reason = reason
        self.words = words
        super().__init__(text)


REASONS: Mapping[str, str] = {
    "visit": "a visit is under way and keeps its zones; end it, then save",
    "moving": "the arm moves; let it stand still, then try again",
    "no_file": "this station keeps no zones; name a file under [station] zones",
    "stale": "somebody else has drawn zones meanwhile; load the page again",
    "arm_unwatched": "no camera would see all of the arm's zone from above, and the arm never move; draw it smaller",
    "disk": "the zones file was not written ({detail}); check the disk and its rights",
}
"""Why zones are refused beside their shapes, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraNow:
    """One camera at one moment."""

    name: str
    newest: FrameAnalysis | None = None
    """Of the newest picture that was looked at, however old; None before the first."""
    per_s: float = 0.0
    """Pictures a second that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EyesView:
    """Everything that the eyes know at one moment."""

    t_mono_s: float
    bench: Bench
    """With the zones that are used now."""
    cameras: tuple[CameraNow, ...]
    readings: tuple[FactReading, ...]
    since_s: Mapping[str, float]
    """Fact -> monotonic time since when it has its value."""
    zones_sha256: str
    """Of the zones file; empty while the station file's zones are used."""
    zones_used: tuple[str, ...]
    """Zones that the work asks for."""
    zones_kept: bool
    """Whether zones can be saved on this station at all."""
    stale_s: float
    """What is older is not shown as being so now."""
    hands: tuple[BenchHand, ...] = ()
    """Of all cameras together, none older than it may be."""


class EyesDesk:
    """One station's eyes. Also the place where the zones that are used now are known."""

    def __init__(
        self,
        *,
        bench: Bench,
        book: ZoneBook,
        used: tuple[str, ...],
        board: FactBoard,
        use: Callable[[Bench], None],
        post: Callable[[Event, str], None],
        state: Callable[[], State],
        now_s: Callable[[], float],
        utc: Callable[[], str],
        stale_s: float,
        empty: Callable[[float], None] = lambda now_s: None,
        arm_watched: Callable[[Bench], bool] = lambda bench: True,
    ) -> None:
        """`use` has the station work with a bench whose zones are other ones, `empty` has the cameras learn the empty
        bench anew from a time on, `arm_watched` tells whether any camera sees the whole of the arm's zone; `utc` is the
        wall clock as ISO text.
        """
        self._book = book
        self._bench = bench
        self._used = used
        self._board = board
        self._use = use
        self._empty = empty
        self._arm_watched = arm_watched
        self._post = post
        self._state = state
        self._now_s = now_s
        self._utc = utc
        self._stale_s = stale_s
        self._lock = threading.Lock()
        self._hands = HandBoard(bench.cameras, bench.hand_height_mm, stale_s=stale_s)
        self._newest: dict[str, FrameAnalysis] = {}
        self._taken_s: dict[str, deque[float]] = {camera.name: deque() for camera in bench.cameras}
        self._since: dict[str, tuple[str, float]] = {}

    @property
    def zones_sha256(self) -> str:
        """Of the zones file as it is used now; empty while there is none."""
        return self._book.sha256

    @property
    def bench(self) -> Bench:
        """The bench with the zones that are used now."""
        return self._bench

    def analysed(self, analysis: FrameAnalysis) -> None:
        """A camera's picture has been looked at."""
        readings = self._board.readings()
        self._hands.update(analysis)
        with self._lock:
            taken = self._taken_s.setdefault(analysis.camera, deque())
            taken.append(analysis.t_mono_s)
            while taken[-1] - taken[0] > RATE_OVER_S:
                taken.popleft()
            self._newest[analysis.camera] = analysis
            self._follow(readings)

    def newest(self, camera: str) -> FrameAnalysis | None:
        """What was seen in a camera's newest picture, however old."""
        with self._lock:
            return self._newest.get(camera)

    def view(self) -> EyesView:
        """Everything now."""
        readings = self._board.readings()
        with self._lock:
            self._follow(readings)
            now_s = self._now_s()
            return EyesView(
                t_mono_s=now_s,
                bench=self._bench,
                cameras=tuple(self._camera(camera.name, now_s) for camera in self._bench.cameras),
                readings=readings,
                since_s={fact: since_s for fact, (_, since_s) in self._since.items()},
                zones_sha256=self._book.sha256,
                zones_used=self._used,
                zones_kept=self._book.path is not None,
                stale_s=self._stale_s,
                hands=self._hands.hands(now_s),
            )

    def draw(self, zones: tuple[Zone, ...], based_on: str, person: str) -> None:
        """Keep these zones, all of the bench, and use them from the next picture on. Raises ZonesRefusedError.

        `based_on` is the hash of the zones that were drawn over. Not while a visit runs: a visit keeps the zones that
        it began with. Writes to the disk: not from an event loop.
        """
        state, path = self._state(), self._book.path
        if state.phase is Phase.RUNNING:
            raise _refused("visit")
        if state.robot.moving:
            raise _refused("moving")
        if path is None:
            raise _refused("no_file")
        if based_on != self._book.sha256:
            raise _refused("stale")
        mistake = bench_mistake(zones, self._bench.cameras, self._used)
        if mistake is not None:
            raise ZonesRefusedError(mistake.code, str(mistake), {"zone": mistake.zone, **mistake.words})
        if self._arm_watched(self._bench) and not self._arm_watched(replace(self._bench, zones=zones)):
            raise _refused("arm_unwatched")
        try:
            book = save_zones(path, zones, self._bench.cameras, stamp=self._utc())
        except ConfigError as error:
            raise ZonesRefusedError("disk", str(error), {"detail": str(error)}) from error
        except OSError as error:
            raise _refused("disk", detail=error.strerror or str(error)) from error
        with self._lock:
            self._book = book
            self._bench = replace(self._bench, zones=book.zones)
        self._use(self._bench)
        self._post(ZonesDrawn(zones_sha256=book.sha256, person=person), "person")

    def bench_is_empty(self, person: str) -> None:
        """Learn the empty bench anew from the next picture on. Raises ZonesRefusedError while the arm moves."""
        if self._state().robot.moving:
            raise _refused("moving")
        self._empty(self._now_s())
        self._post(BenchSaidEmpty(person=person), "person")

    def _camera(self, name: str, now_s: float) -> CameraNow:
        recent = [t_s for t_s in self._taken_s[name] if now_s - t_s <= RATE_OVER_S]
        per_s = (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else 0.0
        return CameraNow(name=name, newest=self._newest.get(name), per_s=per_s)

    def _follow(self, readings: tuple[FactReading, ...]) -> None:
        for reading in readings:
            before = self._since.get(reading.fact)
            if before is None or before[0] != reading.value:
                self._since[reading.fact] = (reading.value, self._now_s())


def _refused(reason: str, **words: str) -> ZonesRefusedError:
    return ZonesRefusedError(reason, REASONS[reason].format(**words), words)
