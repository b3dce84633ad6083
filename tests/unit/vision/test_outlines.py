"""Outlines of people on rendered pictures: whoever is there is in them, and an empty bench has none."""

from collections.abc import Iterator

import numpy as np
import pytest
from support.doorbench import DOOR, TRAY, door_bench, mirror_look, static_looks, tool_look
from support.handview import GLOVES, SKINS, uncovered_mm

from station.motion.supervision import SupervisorConfig
from vision.api import Frame, FrameAnalysis, HandObservation
from vision.bench import Bench
from vision.geometry import Transform, looking_at
from vision.outlines import MOST_POINTS, person_outlines
from vision.pipeline import Pipeline, Want
from vision.scene import DrawnArm, DrawnHand, Placed, Scene
from vision.sim import SceneRenderer
from vision.sim_hand import joints_of
from vision.zones import LEARN_S, ZoneSight, ZoneWatcher

BENCH = door_bench()
TOP, SIDE = BENCH.camera("top"), BENCH.camera("side")
THINGS = (
    Placed(look=mirror_look("mirror-right-red"), bench_from_body=DOOR),
    Placed(look=mirror_look("mirror-right-blue"), bench_from_body=TRAY["mirror-right-blue"]),
    Placed(look=tool_look(), bench_from_body=Transform.of(300, -110, 0)),
)
BARE_BENCH = Scene()
DOUBT_MM = SupervisorConfig().person_doubt_mm


class Watcher:
    """One camera's zone watcher on rendered pictures, ten a second."""

    def __init__(self, name: str = "top") -> None:
        self.renderer = SceneRenderer(BENCH.camera(name), static_looks(), seed=3)
        self.zones = ZoneWatcher(BENCH, BENCH.camera(name))
        self.frames = 0

    def see(self, scene: Scene, hands: tuple[HandObservation, ...] = ()) -> ZoneSight:
        self.frames += 1
        return self.zones.look(self.renderer.render(scene, self.frames), self.frames * 0.1, hands)

    def learn(self, scene: Scene) -> None:
        for _ in range(20):
            self.see(scene)


@pytest.fixture(scope="module")
def learned() -> Watcher:
    made = Watcher()
    made.learn(BARE_BENCH)
    return made


@pytest.fixture
def watcher(learned: Watcher) -> Watcher:
    """One that knows the bench; whatever the last test put there is gone, and was not there for long."""
    assert learned.see(BARE_BENCH).people == ()
    return learned


def hands_at_random(count: int) -> Iterator[DrawnHand]:
    """Hands all over the bench and clear of what stands on it, of every skin and glove."""
    rng = np.random.default_rng(17)
    looks = (*SKINS, *GLOVES)
    for index in range(count):
        yield DrawnHand(
            bench_mm=rng.uniform((-350, -200, 110), (350, 150, 215)),
            side="right" if index % 2 else "left",
            grip=float(rng.random()),
            turn_deg=float(rng.uniform(-30, 30)),
            skin=looks[index % len(looks)],
        )


def test_wherever_a_hand_is_it_is_within_its_outline(watcher: Watcher):
    """It should cover all of every hand and forearm, bare or gloved, but for the doubt that the supervisor adds."""
    out = []
    for hand in hands_at_random(42):
        sight = watcher.see(Scene(hands=(hand,)))
        assert sight.people_known
        out.append(uncovered_mm(sight.people, hand, TOP))
        watcher.see(BARE_BENCH)
    assert max(out) <= 1.0 < DOUBT_MM
    assert len(out) == 42


def test_an_outline_is_simple_and_not_much_larger_than_a_hand_needs(watcher: Watcher):
    """It should be convex, of few points, tell its heights and cues, and reach at most a hand's width too far."""
    hand = DrawnHand(bench_mm=np.array([60.0, -40.0, 120.0]), side="right", grip=0.2)
    (person,) = watcher.see(Scene(hands=(hand,))).people
    outline = person.outline_mm
    assert 3 <= len(outline) <= MOST_POINTS
    along, after = np.roll(outline, -1, axis=0) - outline, np.roll(outline, -2, axis=0) - np.roll(outline, -1, axis=0)
    turns = along[:, 0] * after[:, 1] - along[:, 1] * after[:, 0]
    assert (turns > -1e-3).all() or (turns < 1e-3).all()
    assert person.z_mm == (0.0, 240.0)
    assert set(person.cues) == {"skin", "reach"}
    tip = joints_of(hand)[:, 1].max()
    assert tip < outline[:, 1].max() < tip + 60.0
    assert not outline.flags.writeable


def test_a_gloved_arm_is_seen_by_its_reach_alone(watcher: Watcher):
    """It should name the cue, so that a technician sees what the supervisor goes by."""
    hand = DrawnHand(bench_mm=np.array([60.0, -40.0, 130.0]), side="right", grip=0.5, skin=GLOVES[0])
    (person,) = watcher.see(Scene(hands=(hand,))).people
    assert person.cues == ("reach",)
    assert uncovered_mm((person,), hand, TOP) <= 1.0


def test_two_people_are_two_outlines(watcher: Watcher):
    """It should tell hands that do not touch apart."""
    hands = tuple(
        DrawnHand(bench_mm=np.array([x, -60.0, 120.0]), side=side, grip=0.3, skin=skin)
        for x, side, skin in ((-200.0, "left", SKINS[0]), (200.0, "right", GLOVES[1]))
    )
    people = watcher.see(Scene(hands=hands)).people
    assert len(people) == 2
    assert all(uncovered_mm(people, hand, TOP) <= 1.0 for hand in hands)


def test_an_empty_bench_and_a_moving_arm_are_nobody():
    """It should see nobody while the arm moves about, the light wavers and the orange tool lies there."""
    watcher = Watcher()
    tips = [np.array([110 + 60 * np.cos(a), 60 + 60 * np.sin(a), 160.0]) for a in np.linspace(0, 6, 12)]
    arms = [DrawnArm(points_mm=np.array([[330, 200, 0], [330, 200, 220], tip]), lamp=(0, 0, 220)) for tip in tips]
    for index, arm in enumerate([*arms, *arms]):
        sight = watcher.see(Scene(placed=THINGS, arm=arm, light=1.0 + 0.1 * np.sin(index)))
        assert sight.people == ()
    assert sight.people_known


def test_until_the_background_is_learned_nobody_knows():
    """It should not call a bench empty that it has only just begun to look at."""
    watcher = Watcher()
    known = [watcher.see(BARE_BENCH).people_known for _ in range(20)]
    assert known == [index * 0.1 >= LEARN_S - 1e-6 for index in range(20)]


def test_a_tracked_hand_that_no_other_cue_sees_has_an_outline(watcher: Watcher):
    """It should put flesh round the landmarks of a hand, which lie on the bones."""
    hand = DrawnHand(bench_mm=np.array([0.0, 0.0, 120.0]), side="left", grip=0.1)
    found = HandObservation(landmarks_px=TOP.project(joints_of(hand)).astype(np.float32), handedness="Left", score=0.9)
    (person,) = watcher.see(BARE_BENCH, (found,)).people
    assert person.cues == ("landmarks",)
    joints = joints_of(hand)
    inside = [_inside(person.outline_mm, x, y, margin_mm=10.0) for x, y, _ in joints]
    assert all(inside)


def _inside(outline: np.ndarray, x: float, y: float, *, margin_mm: float) -> bool:
    import cv2

    return cv2.pointPolygonTest(outline.astype(np.float32).reshape(-1, 1, 2), (x, y), True) >= margin_mm


def test_specks_are_nobody():
    """It should ask for some size, so that noise does not stop the arm."""
    speck = np.zeros((180, 320), np.uint8)
    speck[90, 160] = 255
    assert person_outlines({"skin": speck}, TOP, scale=0.25, z_mm=(0.0, 240.0), least_px=60.0) == ()
    assert person_outlines({}, TOP, scale=0.25, z_mm=(0.0, 240.0), least_px=60.0) == ()


def test_a_flat_view_is_covered_too_but_wide():
    """It should cover what an oblique camera sees as well, at the price of a long outline."""
    watcher = Watcher("side")
    watcher.learn(BARE_BENCH)
    hand = DrawnHand(bench_mm=np.array([60.0, -40.0, 150.0]), side="right", grip=0.2)
    people = watcher.see(Scene(hands=(hand,))).people
    assert uncovered_mm(people, hand, SIDE) <= DOUBT_MM
    assert max(np.ptp(person.outline_mm, axis=0).max() for person in people) > 300.0


def test_a_camera_that_sees_over_the_table_cannot_tell():
    """It should never claim to know where people are when rays of its picture miss the table."""
    flat = looking_at("flat", position_mm=(0, -900, 300), target_mm=(0, 0, 250), up=(0, 0, 1), focal_px=1000)
    bench = Bench(cameras=(flat,), fixture=BENCH.fixture, bodies=(), joints=(), zones=())
    zones = ZoneWatcher(bench, flat)
    image = np.full((720, 1280, 3), 128, np.uint8)
    sights = [zones.look(image, index * 0.1, ()) for index in range(25)]
    assert not any(sight.people_known for sight in sights)


def test_a_covered_lens_takes_back_what_was_known():
    """It should carry people in the analysis of a good frame, and neither them nor any knowledge in a covered one's."""
    renderer, pipeline = SceneRenderer(TOP, static_looks(), seed=3), Pipeline(BENCH, TOP)
    hand = DrawnHand(bench_mm=np.array([60.0, -40.0, 130.0]), side="right", grip=0.5)

    def seen(index: int, scene: Scene, *, covered: bool = False) -> FrameAnalysis:
        image = renderer.render(scene, index, covered=covered)
        return pipeline.analyse(Frame(camera="top", seq=index, t_mono_s=index * 0.1, image=image), Want())

    try:
        for index in range(17):
            seen(index, BARE_BENCH)
        good, covered = seen(17, Scene(hands=(hand,))), seen(18, Scene(hands=(hand,)), covered=True)
    finally:
        pipeline.close()
    assert (good.people_known, len(good.people)) == (True, 1)
    assert (covered.people_known, covered.people) == (False, ())
