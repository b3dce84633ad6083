"""The eyes for technicians: how often and how long ago, since when, and zones that are drawn only between visits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from station.config.station_values import ZoneBook
from station.config.zones_file import load_zones
from station.core.codec import canonical, from_plain, to_plain
from station.core.events import BenchSaidEmpty, Event, ZonesDrawn
from station.core.state import Phase, State
from station.runtime.eyes_desk import EyesDesk, ZonesRefusedError
from vision.api import CameraState, FactValue, FrameAnalysis, HandObservation
from vision.bench import Bench, Body, TagMount, WatchHands, Zone
from vision.facts import FactBoard
from vision.geometry import Transform, looking_at

CAMERA = looking_at("top", position_mm=(0, 0, 900), target_mm=(0, 0, 0), focal_px=1000)
TAG = TagMount(tag_id=0, size_mm=40, body_from_tag=Transform.identity())
SQUARE = np.array([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)])
WORK = Zone(name="work", outline_mm=SQUARE)
BENCH = Bench(cameras=(CAMERA,), fixture=Body(name="fixture", tags=(TAG,)), bodies=(), joints=(), zones=(WORK,))
HANDS = WatchHands(fact="hands:work", zone="work")


@dataclass
class Desk:
    """An eyes' desk, and all that it was made with."""

    path: Path | None
    state: State = field(default_factory=State)
    now_s: float = 100.0
    posted: list[tuple[Event, str]] = field(default_factory=list)
    used: list[Bench] = field(default_factory=list)
    emptied_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.board = FactBoard(BENCH, (HANDS,))
        self.eyes = EyesDesk(
            bench=BENCH,
            book=ZoneBook(path=self.path, zones=BENCH.zones),
            used=("work",),
            board=self.board,
            use=self.used.append,
            post=lambda event, source: self.posted.append((event, source)),
            state=lambda: self.state,
            now_s=lambda: self.now_s,
            utc=lambda: "2026-11-25T10:00:00Z",
            stale_s=0.5,
            empty=self.emptied_s.append,
            arm_watched=lambda bench: bool((bench.zones[0].outline_mm < 150.0).all()),
        )

    def look(self, busy: bool) -> None:
        """A picture, taken and looked at now; a hand is in it when the zone is busy."""
        points = np.array([(600 + 10 * (n % 5), 300 + 12 * (n // 5)) for n in range(21)], dtype=np.float32)
        hand = HandObservation(landmarks_px=points, handedness="Left", score=0.9)
        analysis = FrameAnalysis(
            camera="top",
            seq=1,
            t_mono_s=self.now_s,
            state=CameraState.GOOD,
            busy_zones={"work": busy},
            hands=(hand,) if busy else (),
            hands_known=True,
        )
        self.board.update(analysis)
        self.eyes.analysed(analysis)

    def refusal(self, *zones: Zone, based_on: str = "") -> str:
        with pytest.raises(ZonesRefusedError) as caught:
            self.eyes.draw(zones, based_on, "Ken")
        return caught.value.reason


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "zones.toml")


def moved(by_mm: float, name: str = "work") -> Zone:
    return Zone(name=name, outline_mm=SQUARE + by_mm)


def test_drawn_zones_are_kept_used_and_told(desk: Desk):
    """It should write them, hand the bench with them on, and leave a word of it for the journal."""
    desk.eyes.draw((moved(5.0), moved(-100.0, "rest")), "", "Ken")
    assert desk.path is not None
    book = load_zones(desk.path, (CAMERA,))
    assert [zone.name for zone in book.zones] == ["work", "rest"]
    assert desk.eyes.zones_sha256 == book.sha256 and desk.eyes.view().zones_sha256 == book.sha256
    (bench,) = desk.used
    assert bench is desk.eyes.bench and (bench.zones[0].outline_mm == SQUARE + 5.0).all()
    assert desk.posted == [(ZonesDrawn(zones_sha256=book.sha256, person="Ken"), "person")]
    plain = to_plain(desk.posted[0][0])
    assert from_plain(Event, plain) == desk.posted[0][0] and canonical(plain)
    assert desk.refusal(moved(6.0), based_on="") == "stale"
    desk.eyes.draw((moved(6.0),), book.sha256, "Ken")


def test_a_visit_keeps_the_zones_that_it_began_with(desk: Desk):
    """It should take none in the middle of a visit, nor while the arm moves, and change nothing."""
    desk.state = replace(State(), phase=Phase.RUNNING)
    assert desk.refusal(moved(5.0)) == "visit"
    desk.state = replace(State(), robot=replace(State().robot, moving=True))
    assert desk.refusal(moved(5.0)) == "moving"
    assert desk.path is not None and not desk.path.exists() and not desk.posted and not desk.used


def test_somebody_answers_for_an_empty_bench(desk: Desk):
    """It should be learned from that moment on, with a name in the journal, and not while the arm moves over it."""
    desk.eyes.bench_is_empty("Ken")
    assert desk.emptied_s == [100.0] and desk.posted == [(BenchSaidEmpty(person="Ken"), "person")]
    plain = to_plain(desk.posted[0][0])
    assert from_plain(Event, plain) == desk.posted[0][0] and canonical(plain)
    desk.state = replace(State(), robot=replace(State().robot, moving=True))
    with pytest.raises(ZonesRefusedError, match="stand still"):
        desk.eyes.bench_is_empty("Ken")
    assert len(desk.posted) == len(desk.emptied_s) == 1


def test_what_cannot_be_used_is_refused(desk: Desk, tmp_path: Path):
    """It should tell the rule, keep the old zones, and say when there is no file or no disk for them."""
    assert desk.refusal(moved(5.0, "rest")) == "used"
    assert desk.refusal(Zone(name="work", outline_mm=SQUARE[[0, 2, 1, 3]])) == "crossing"
    assert desk.refusal(moved(2000.0)) == "off_bench"
    assert desk.refusal(moved(60.0)) == "arm_unwatched"
    assert Desk(None).refusal(moved(5.0)) == "no_file"
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert Desk(tmp_path / "file" / "zones.toml").refusal(moved(5.0)) == "disk"
    assert desk.eyes.bench is BENCH and not desk.posted


def test_it_tells_how_old_how_often_and_since_when(desk: Desk):
    """It should count the pictures of the last seconds, and the time since a fact has its value."""
    for _ in range(40):
        desk.now_s += 0.1
        desk.look(busy=False)
    view = desk.eyes.view()
    assert view.cameras[0].per_s == pytest.approx(10.0)
    assert [reading.value for reading in view.readings] == [FactValue.ABSENT]
    assert view.t_mono_s - view.since_s["hands:work"] == pytest.approx(3.5, abs=0.11)
    desk.now_s += 0.1
    desk.look(busy=True)
    assert desk.eyes.view().since_s["hands:work"] == desk.now_s
    assert [hand.cameras for hand in desk.eyes.view().hands] == [("top",)]
    desk.now_s += 60.0
    desk.board.expire(desk.now_s)
    old = desk.eyes.view()
    assert not old.hands
    assert old.readings[0].value is FactValue.UNKNOWN and old.since_s["hands:work"] == desk.now_s
    assert old.cameras[0].per_s == 0.0
