"""The supervisor as the station runs it: what is posted, when, and what the reaction time is measured from."""

from __future__ import annotations

import numpy as np
import pytest
from support.supervised import CONFIG, HOME, POINT_J1, between, posture, watch

from station.core.codec import canonical, from_plain, to_plain
from station.core.events import Event, SeparationChanged
from station.motion.people import PeopleWatch, Views
from station.motion.reaction import Reaction
from station.motion.supervision import Level
from station.motion.supervisor import Supervisor
from station.runtime.gap_watch import SETTLED_S, GapWatch
from vision.api import CameraHealth, CameraState, FrameAnalysis, PersonOutline

VIEWS = Views(counted=frozenset({"top"}), covering=frozenset({"top"}))


class Bench:
    """A gap watch with a clock, and everything that it posted."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.posted: list[Event] = []
        self.reaction = Reaction(CONFIG.reaction)
        self.seq = 0
        self.gap = GapWatch(
            arm=watch(),
            people=PeopleWatch(VIEWS, rise_mm=CONFIG.rise_mm, stale_s=CONFIG.people_stale_s),
            supervisor=Supervisor(CONFIG, self.reaction),
            reaction=self.reaction,
            post=lambda event, source, t_mono_s: self.posted.append(event),
            now_s=lambda: self.now_s,
        )

    def frame(self, *hands: tuple[float, float], after_s: float = 0.1) -> None:
        """A picture of these hands, looked at 40 ms after it was taken; then the arm says where it is."""
        self.now_s += after_s
        self.seq += 1
        self.gap.analysed(
            FrameAnalysis(
                camera="top",
                seq=self.seq,
                t_mono_s=self.now_s - 0.04,
                state=CameraState.GOOD,
                people_known=True,
                people=tuple(outline(x, y) for x, y in hands),
            )
        )

    def stands(self) -> None:
        self.gap.posture(posture(self.now_s, HOME))

    def levels(self) -> list[tuple[str, int]]:
        return [(event.level, event.limit_percent) for event in self.posted if isinstance(event, SeparationChanged)]


def outline(x: float, y: float) -> PersonOutline:
    points = np.array([[x - 45, y - 400], [x + 45, y - 400], [x + 45, y], [x - 45, y]], dtype=np.float64)
    return PersonOutline(outline_mm=points, z_mm=(0.0, 240.0), cues=("skin",))


def ready() -> Bench:
    """Somebody has looked, nobody is near, the arm stands at home."""
    bench = Bench()
    bench.stands()
    for _ in range(8):
        bench.frame()
        bench.stands()
    return bench


def test_before_anything_is_seen_nobody_knows() -> None:
    """It should say so at once, and `clear` only after it has held for a while."""
    bench = Bench()
    bench.stands()
    assert bench.levels() == [("unknown", 0)]
    bench.frame()
    assert bench.levels() == [("unknown", 0)]
    for _ in range(int(SETTLED_S / 0.1) + 1):
        bench.frame()
        bench.stands()
    assert bench.levels() == [("unknown", 0), ("clear", 100)]


def test_hands_that_work_beside_a_standing_arm_are_told_twice_and_not_all_the_time() -> None:
    """It should not flap with every picture."""
    bench = ready()
    bench.posted.clear()
    for number in range(20):
        bench.frame((60.0, 30.0) if number % 2 else (60.0, -300.0))
        bench.stands()
    assert bench.levels() == [("hold", 0)]
    for _ in range(7):
        bench.frame()
        bench.stands()
    assert bench.levels() == [("hold", 0), ("clear", 100)]


def test_a_motion_begins_only_with_room_and_its_first_word_comes_before_it() -> None:
    """It should refuse it beside a hand, and forget that it was asked."""
    bench = ready()
    assert bench.gap.begins([HOME, POINT_J1], 30.0)
    bench.gap.ends()
    bench.frame((60.0, 30.0))
    assert not bench.gap.begins([HOME, POINT_J1], 30.0)
    assert bench.gap.verdict is not None
    bench.stands()
    assert not bench.gap.verdict.judged


def test_a_hand_that_comes_near_the_moving_arm_is_told_with_all_figures() -> None:
    """It should carry link, gap, terms, ages, and read back from the journal."""
    bench = ready()
    bench.gap.begins([HOME, POINT_J1], 30.0)
    for step in range(1, 4):
        bench.frame()
        bench.gap.posture(posture(bench.now_s, between(step * 0.1), moving=True))
    bench.posted.clear()
    bench.frame((60.0, 30.0))
    (event,) = bench.posted
    assert isinstance(event, SeparationChanged) and event.level == "hold" and event.limit_percent == 0
    assert event.link and event.camera == "top" and event.distance_mm is not None
    assert event.protective_mm > event.distance_mm and sum(event.terms_mm.values()) == pytest.approx(
        event.protective_mm
    )
    assert event.people_age_s == pytest.approx(0.04) and event.reaction_s > 0.0
    plain = to_plain(event)
    assert from_plain(Event, plain) == event and canonical(plain)


def test_a_camera_that_is_lost_takes_its_word_back() -> None:
    """It should be unknown at once, and at the latest when its last picture is old."""
    bench = ready()
    bench.posted.clear()
    bench.gap.health(CameraHealth(camera="top", t_mono_s=bench.now_s, good=False, code="camera.lost", detail=""))
    assert bench.levels() == [("unknown", 0)]
    bench = ready()
    bench.posted.clear()
    bench.now_s += 0.6
    bench.gap.expire()
    assert bench.levels() == [("unknown", 0)]


def test_an_arm_that_is_gone_is_nowhere_known() -> None:
    """It should not be judged by where it was."""
    bench = ready()
    bench.posted.clear()
    bench.gap.gone()
    assert bench.levels() == [("unknown", 0)]


def test_a_pause_long_after_the_last_word_says_nothing_of_the_reaction_time() -> None:
    """It should measure from a stricter word to the bytes that it asked for, and from nothing else."""
    bench = ready()
    for _ in range(25):
        bench.gap.begins([HOME, POINT_J1], 30.0)
        for step in range(1, 20):
            bench.frame(after_s=0.25)
            bench.gap.posture(posture(bench.now_s, between(step * 0.02), moving=True))
        bench.gap.acted()
        bench.gap.ends()
        bench.stands()
    assert bench.gap.figures()["act"].count == 0
    bench.gap.begins([HOME, POINT_J1], 30.0)
    bench.gap.posture(posture(bench.now_s, between(0.1), moving=True))
    bench.frame((60.0, 30.0))
    bench.now_s += 0.003
    bench.gap.acted()
    figures = bench.gap.figures()["act"]
    assert (figures.count, figures.p50_s) == (1, pytest.approx(0.003))
    assert bench.gap.verdict is not None and bench.gap.verdict.level in (Level.HOLD, Level.UNKNOWN)
