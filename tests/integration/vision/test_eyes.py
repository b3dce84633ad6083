"""The real trackers look at the simulated bench's pixels."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from support.doorbench import (
    DOOR,
    JOINTS_IN_PART,
    TRAY,
    door_bench,
    mirror_look,
    static_looks,
    tool_look,
)

from vision.api import BodyObservation, CameraState, FactValue, Frame, FrameAnalysis
from vision.bench import WatchFastener, WatchHands, WatchPart
from vision.facts import FactBoard
from vision.fusion import Sighting, fuse
from vision.geometry import Transform
from vision.nuts import look_at_joint
from vision.overlay import overlay_of
from vision.pipeline import Pipeline, Want
from vision.scene import DrawnArm, DrawnCard, DrawnHand, DrawnNut, Placed, Scene
from vision.sim import SceneRenderer

BENCH = door_bench()
CAMERAS = ("top", "side")
RED, BLUE, TOOL = mirror_look("mirror-right-red"), mirror_look("mirror-right-blue"), tool_look()
IN_TRAY = Placed(look=BLUE, bench_from_body=TRAY[BLUE.name])
ON_DOOR = Placed(look=RED, bench_from_body=DOOR)
TOOL_AT_REST = Placed(look=TOOL, bench_from_body=Transform.of(330, -120, 0))
EVERY_JOINT = Want(joints=frozenset(JOINTS_IN_PART))


class Eyes:
    """One renderer and one pipeline a camera, and a frame counter that is their clock: ten frames a second."""

    def __init__(self) -> None:
        self.renderers = {c.name: SceneRenderer(c, static_looks(), seed=3) for c in BENCH.cameras}
        self.pipelines = {c.name: Pipeline(BENCH, c) for c in BENCH.cameras}
        self.seq = 0

    def see(
        self, scene: Scene, cameras: tuple[str, ...] = CAMERAS, *, want: Want | None = None, covered: bool = False
    ) -> dict[str, FrameAnalysis]:
        self.seq += 1
        found = {}
        for name in cameras:
            image = self.renderers[name].render(scene, self.seq, covered=covered)
            frame = Frame(camera=name, seq=self.seq, t_mono_s=self.seq * 0.1, image=image)
            found[name] = self.pipelines[name].analyse(frame, want or Want())
        return found

    def start_over(self) -> None:
        """New pipelines, as after a restart: their first look is at the whole picture."""
        self.close()
        self.pipelines = {c.name: Pipeline(BENCH, c) for c in BENCH.cameras}

    def close(self) -> None:
        for pipeline in self.pipelines.values():
            pipeline.close()


@pytest.fixture
def eyes() -> Iterator[Eyes]:
    made = Eyes()
    yield made
    made.close()


def seen_body(analysis: FrameAnalysis, name: str) -> BodyObservation:
    return {b.body: b for b in analysis.bodies}[name]


def test_parts_and_tool_are_where_they_stand(eyes: Eyes):
    """It should place the mirror within half a millimetre and the tool's tip within four, from both cameras."""
    mirror_mm, tip_mm, mirror_deg = [], [], []
    rng = np.random.default_rng(11)
    for _ in range(8):
        part = DOOR @ Transform.of(*rng.uniform(-3, 3, 2), 0, 0, 0, float(rng.uniform(-3, 3)))
        tool = Transform.of(*rng.uniform((150, -150, 0), (330, -100, 60)), 0, 0, float(rng.uniform(-15, 15)))
        eyes.start_over()
        both = eyes.see(Scene(placed=(Placed(look=RED, bench_from_body=part), Placed(look=TOOL, bench_from_body=tool))))
        for name, true, misses in ((RED.name, part, mirror_mm), ("tool", tool, tip_mm)):
            sightings = []
            for camera, analysis in both.items():
                body = seen_body(analysis, name)
                sightings.append(
                    Sighting(
                        camera=camera,
                        t_mono_s=0.0,
                        bench_from_body=body.bench_from_body,
                        covariance=body.covariance,
                    )
                )
            pose = fuse(tuple(sightings))
            assert pose.agree
            misses.append(pose.bench_from_body.distance_to_mm(true))
            if name == RED.name:
                mirror_deg.append(pose.bench_from_body.angle_to_deg(true))
    assert max(mirror_mm) < 0.8
    assert np.median(mirror_mm) < 0.5
    assert max(mirror_deg) < 0.3
    assert max(tip_mm) < 4.0


def test_a_placed_mirror_becomes_a_fact_and_a_shifted_one_does_not(eyes: Eyes):
    """It should pass the mirror on its pins and refuse it 4 mm beside them."""
    watch = WatchPart(fact="mirror", body=RED.name, bench_from_body=DOOR, within_mm=2.0, within_deg=2.0, still_s=0.3)
    for shift_mm, value in ((0.0, FactValue.PRESENT), (4.0, FactValue.ABSENT)):
        board = FactBoard(BENCH, (watch,))
        placed = Placed(look=RED, bench_from_body=Transform.of(shift_mm, 0, 0) @ DOOR)
        for _ in range(6):
            for analysis in eyes.see(Scene(placed=(placed,))).values():
                board.update(analysis)
        assert board.readings()[0].value is value


def test_nuts_are_told_from_bare_studs_and_never_seen_through_a_hand(eyes: Eyes):
    """It should see each nut that is there and none that is not, and say UNKNOWN under a hand, tool or arm."""
    rng = np.random.default_rng(4)
    told = 0
    for index in range(12):
        there = {name: bool(rng.random() < 0.5) for name in JOINTS_IN_PART}
        nuts = tuple(
            DrawnNut(bench_mm=DOOR.apply([x, y, 8.0]), turn_deg=float(rng.uniform(0, 60)))
            for name, (x, y) in JOINTS_IN_PART.items()
            if there[name]
        )
        light = float(rng.uniform(0.6, 1.2))
        clear = eyes.see(Scene(placed=(ON_DOOR,), nuts=nuts, light=light), ("top",), want=EVERY_JOINT)["top"]
        for site in clear.sites:
            assert site.value is not (FactValue.ABSENT if there[site.joint] else FactValue.PRESENT)
            told += site.value is not FactValue.UNKNOWN
        target = BENCH.joints[index % 3]
        over = target.bench_mm + np.array([0.0, -15.0, 60.0])
        hidden = (
            Scene(placed=(ON_DOOR,), nuts=nuts, hands=(DrawnHand(bench_mm=over, side="right", grip=1.0),)),
            Scene(placed=(ON_DOOR, Placed(look=TOOL, bench_from_body=Transform.of(*target.bench_mm))), nuts=nuts),
            Scene(
                placed=(ON_DOOR,),
                nuts=nuts,
                arm=DrawnArm(points_mm=np.array([[330, 200, 0], [330, 200, 220], over]), lamp=(0, 200, 0)),
            ),
        )[index % 3]
        site = {s.joint: s for s in eyes.see(hidden, ("top",), want=EVERY_JOINT)["top"].sites}[target.name]
        assert site.value is FactValue.UNKNOWN, (index, site)
    assert told >= 34


@pytest.mark.parametrize("sigma_px", [1.0, 2.0, 3.0, 5.0, 8.0])
def test_a_blurred_joint_is_never_told_wrong(eyes: Eyes, sigma_px: float):
    """It should end at UNKNOWN as the picture blurs, and never take a nut for a stud or a stud for a nut."""
    scene = Scene(placed=(ON_DOOR,), nuts=(DrawnNut(bench_mm=DOOR.apply([-50, -30, 8.0]), turn_deg=12.0),))
    image = cv2.GaussianBlur(eyes.renderers["top"].render(scene, 1), (0, 0), sigma_px)
    found = {joint.name: look_at_joint(joint, image, BENCH.camera("top")).value for joint in BENCH.joints}
    assert found["J1"] is not FactValue.ABSENT
    assert FactValue.PRESENT not in (found["J2"], found["J3"])
    if sigma_px >= 8.0:
        assert set(found.values()) == {FactValue.UNKNOWN}


def test_the_side_camera_tells_nuts_too_and_is_never_wrong(eyes: Eyes):
    """It should tell most joints from an oblique view, and call none bare that has a nut, nor the other way round."""
    told = 0
    for turn_deg in (0.0, 20.0, 40.0):
        nuts = tuple(DrawnNut(bench_mm=DOOR.apply([x, -30, 8.0]), turn_deg=turn_deg) for x in (-50.0, 50.0))
        sites = eyes.see(Scene(placed=(ON_DOOR,), nuts=nuts), ("side",), want=EVERY_JOINT)["side"].sites
        found = {site.joint: site.value for site in sites}
        assert found["J3"] is not FactValue.PRESENT
        assert FactValue.ABSENT not in (found["J1"], found["J2"])
        told += sum(value is not FactValue.UNKNOWN for value in found.values())
    assert told >= 6


def test_an_empty_bench_and_a_moving_cobot_are_not_hands(eyes: Eyes):
    """It should keep every zone clear while light wavers, a part appears and the arm moves about."""
    tips = [np.array([110 + 60 * np.cos(a), 60 + 60 * np.sin(a), 120.0]) for a in np.linspace(0, 6, 8)]
    arms = [DrawnArm(points_mm=np.array([[330, 200, 0], [330, 200, 220], tip]), lamp=(0, 0, 220)) for tip in tips]
    scenes = [Scene(placed=(IN_TRAY,), light=1.0 + 0.1 * np.sin(i)) for i in range(4)]
    scenes += [Scene(placed=(IN_TRAY, ON_DOOR, TOOL_AT_REST), arm=arm) for arm in arms]
    for scene in scenes:
        for analysis in eyes.see(scene).values():
            assert not any(analysis.busy_zones.values())


@pytest.mark.parametrize("skin", [(110, 140, 195), (60, 85, 140), (40, 55, 90), (150, 60, 30)])
def test_a_hand_makes_its_zone_busy_whatever_its_colour(eyes: Eyes, skin: tuple[int, int, int]):
    """It should notice light, medium and dark skin and a blue glove at the door, and see the zone clear afterwards."""
    away, there = Scene(placed=(ON_DOOR,)), np.array([110.0, 40.0, 120.0])
    watch = WatchHands(fact="hands", zone="door", clear_s=0.3)
    board = FactBoard(BENCH, (watch,))
    values = []
    for scene in (
        *[away] * 5,
        *[Scene(placed=(ON_DOOR,), hands=(DrawnHand(bench_mm=there, side="right", grip=0.5, skin=skin),))] * 2,
        *[away] * 5,
    ):
        for analysis in eyes.see(scene).values():
            board.update(analysis)
        values.append(board.readings()[0].value)
    assert values[4] is FactValue.ABSENT
    assert values[5:7] == [FactValue.PRESENT] * 2
    assert values[-1] is FactValue.ABSENT


def test_a_covered_lens_is_noticed_and_takes_its_facts_with_it(eyes: Eyes):
    """It should call the camera covered, and a nut it alone sees UNKNOWN, on the first covered picture."""
    board = FactBoard(BENCH, (WatchFastener(fact="nut", joint="J1"),))
    scene = Scene(placed=(ON_DOOR,), nuts=(DrawnNut(bench_mm=DOOR.apply([-50, -30, 8.0])),))
    for _ in range(3):
        board.update(eyes.see(scene, ("top",), want=EVERY_JOINT)["top"])
    assert board.readings()[0].value is FactValue.PRESENT
    analysis = eyes.see(scene, ("top",), want=EVERY_JOINT, covered=True)["top"]
    assert analysis.state is CameraState.COVERED
    board.update(analysis)
    assert board.readings()[0].value is FactValue.UNKNOWN


def test_a_moved_camera_and_a_dark_bench_are_noticed(eyes: Eyes):
    """It should tell a camera that was knocked, and a light that failed, from a good picture."""
    image = eyes.renderers["top"].render(Scene(placed=(ON_DOOR,)), 1)
    pipeline = eyes.pipelines["top"]
    knocked = np.roll(image, 12, axis=1)
    dark = eyes.renderers["top"].render(Scene(placed=(ON_DOOR,), light=0.08), 1)
    states = [
        pipeline.analyse(Frame(camera="top", seq=i, t_mono_s=i * 0.1, image=picture), Want()).state
        for i, picture in enumerate((image, knocked, dark))
    ]
    assert states[:2] == [CameraState.GOOD, CameraState.MOVED]
    assert states[2] in (CameraState.DARK, CameraState.COVERED)


def test_a_pass_is_read_from_its_code(eyes: Eyes):
    """It should read the QR code of a card that is shown, when it is asked to look for codes."""
    card = DrawnCard(text="PASS-0042", bench_from_card=Transform.of(-60, -60, 60, yaw_deg=8))
    texts = [eyes.see(Scene(card=card), ("top",), want=Want(codes=True))["top"].code_text for _ in range(4)]
    assert "PASS-0042" in texts
    assert set(texts) <= {"PASS-0042", None}
    assert eyes.see(Scene(card=card), ("top",))["top"].code_text is None


def test_the_overlay_is_plain_data_in_the_pictures_pixels(eyes: Eyes):
    """It should put each thing where the picture shows it."""
    analysis = eyes.see(Scene(placed=(ON_DOOR,)), ("top",), want=EVERY_JOINT)["top"]
    data = overlay_of(analysis, BENCH, BENCH.camera("top"))
    (drawn,) = data["bodies"]
    expected = BENCH.camera("top").project(DOOR.apply(np.zeros((1, 3))))[0]
    assert drawn["body"] == RED.name
    assert drawn["axes_px"][0] == pytest.approx(expected, abs=1.0)
    assert {j["joint"]: j["state"] for j in data["joints"]} == dict.fromkeys(JOINTS_IN_PART, "absent")
    assert {z["zone"] for z in data["zones"]} == {"tray", "door", "cobot"}
