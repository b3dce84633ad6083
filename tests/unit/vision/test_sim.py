"""The simulated camera draws what the calibrated camera would see, and nothing that depends on its past."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from support.doorbench import COLOURS, DOOR, TRAY, door_bench, mirror_look, static_looks, tool_look

from vision.apriltag_detector import AprilTagDetector
from vision.bench import TagMount
from vision.geometry import CameraModel, Transform
from vision.scene import DrawnArm, DrawnCard, DrawnHand, DrawnNut, Look, Placed, Scene
from vision.sim import SceneRenderer

LOOKS = {name: mirror_look(name) for name in TRAY}
TOOL = tool_look()
STATIC = static_looks()
BENCH = door_bench()


@pytest.fixture(scope="module")
def eyes() -> dict[str, SceneRenderer]:
    """One renderer a camera; a picture does not depend on earlier ones, which a test below shows."""
    return {camera.name: SceneRenderer(camera, STATIC, seed=4) for camera in BENCH.cameras}


@pytest.fixture(scope="module")
def detector() -> AprilTagDetector:
    return AprilTagDetector(decimate=1.0)


def _ring(shape: tuple[int, ...]) -> np.ndarray:
    """Pixels as far from the middle as a nut's upper face: outside its bore, inside the part's clearance hole."""
    rows, columns = np.indices(shape)
    radius = np.hypot(rows - shape[0] / 2, columns - shape[1] / 2)
    return (radius > 7.5) & (radius < 10.0)


def found(detector: AprilTagDetector, picture: np.ndarray) -> dict[int, np.ndarray]:
    """Corners by tag, top left, top right, bottom right, bottom left, OpenCV's pixel centres."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return {tag.tag_id: tag.corners[[1, 0, 3, 2]] - 0.5 for tag in detector.detect(grey)}


def expected(camera: CameraModel, placed: tuple[Placed, ...]) -> dict[int, np.ndarray]:
    return {
        mount.tag_id: camera.project(body.bench_from_body.apply(mount.corners_mm()))
        for body in placed
        for mount in body.look.tags
    }


def mirrors(**moved: Transform) -> tuple[Placed, ...]:
    poses = TRAY | {name.replace("_", "-"): pose for name, pose in moved.items()}
    return tuple(Placed(look=LOOKS[name], bench_from_body=pose) for name, pose in poses.items())


def patch(camera: CameraModel, picture: np.ndarray, bench_mm: np.ndarray, half_px: int = 14) -> np.ndarray:
    """A grey cut-out round a bench point."""
    x, y = np.rint(camera.project(bench_mm)[0]).astype(int)
    return cv2.cvtColor(picture[y - half_px : y + half_px, x - half_px : x + half_px], cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("name", ["top", "side"])
def test_tags_lie_where_the_calibration_projects_them(
    name: str, eyes: dict[str, SceneRenderer], detector: AprilTagDetector
) -> None:
    """It should agree with `CameraModel.project` within what a tag detector can tell."""
    camera, rng, errors = BENCH.camera(name), np.random.default_rng(7), []
    for frame in range(4):
        placed = tuple(
            Placed(
                look=Look(
                    name="tag",
                    prisms=(),
                    tags=(TagMount(tag_id=40 + 4 * i + j, size_mm=34.0, body_from_tag=Transform.identity()),),
                ),
                bench_from_body=Transform.of(
                    -230 + 130 * i, -130 + 90 * j, 110, *rng.uniform(-14, 14, 2), rng.uniform(-180, 180)
                ),
            )
            for i in range(4)
            for j in range(4)
        )
        seen = found(detector, eyes[name].render(Scene(placed=placed), frame))
        want = expected(camera, placed)
        inside = [tag for tag, corners in want.items() if np.all((corners > 6) & (corners < [1273, 713]))]
        assert len(inside) >= 12
        assert set(inside) <= set(seen)
        errors += [seen[tag] - want[tag] for tag in inside]
    corners = np.concatenate(errors)
    assert np.all(np.abs(corners.mean(axis=0)) < 0.04)
    assert np.sqrt((corners**2).sum(axis=1).mean()) < 0.2
    assert np.sqrt((np.array(errors).mean(axis=1) ** 2).sum(axis=1).mean()) < 0.1


@pytest.mark.parametrize("name", ["top", "side"])
def test_carried_and_placed_parts_show_all_their_tags(
    name: str, eyes: dict[str, SceneRenderer], detector: AprilTagDetector
) -> None:
    """It should show the tags of a part in its place, and of one in the air, to both cameras."""
    carried = Transform.of(-230, -10, 140, 4, -5, 30)
    placed = mirrors(mirror_right_red=DOOR, mirror_right_blue=carried)[:2]
    seen = found(detector, eyes[name].render(Scene(placed=placed), 0))
    assert set(expected(BENCH.camera(name), placed)) <= set(seen)


@pytest.mark.parametrize("joint", [0, 1, 2])
def test_the_tool_at_a_joint_keeps_its_tags_free_of_the_hand_on_its_handle(
    joint: int, eyes: dict[str, SceneRenderer], detector: AprilTagDetector
) -> None:
    """It should paint the tool's tag plate over a hand that holds the handle below the plate."""
    at = BENCH.joints[joint].bench_mm
    tool = Placed(look=TOOL, bench_from_body=Transform.of(*at))
    hand = DrawnHand(bench_mm=at + np.array([0, -90, 125]), side="right", grip=1.0)
    seen = found(detector, eyes["top"].render(Scene(placed=(tool,), hands=(hand,)), 0))
    assert {30, 31} <= set(seen)


def full_scene(step: int) -> Scene:
    """A scene in which everything appears, and some of it moves with the step."""
    sway = 10.0 * np.sin(step)
    return Scene(
        placed=(
            *mirrors(mirror_right_red=DOOR, mirror_right_blue=Transform.of(-200 + sway, 40, 60 + step, 0, 0, step)),
            Placed(look=TOOL, bench_from_body=Transform.of(300, -120, 0, 0, 0, 25.0 * (step // 3))),
        ),
        nuts=(DrawnNut(bench_mm=BENCH.joints[0].bench_mm, turn_deg=5.0 * (step // 2)),),
        hands=(DrawnHand(bench_mm=[-100 + 30 * (step // 2), -60, 100], side="right", grip=0.1 * step),),
        card=DrawnCard(text="visit 1", bench_from_card=Transform.of(-60, -60, 150)) if step % 4 == 0 else None,
        arm=DrawnArm(points_mm=[[360, 200, 0], [360, 200, 150], [300, 180, 300], [180, 90, 200]], lamp=(60, 220, 60)),
        light=1.0 if step % 2 else 0.9,
    )


@pytest.mark.parametrize("name", ["top", "side"])
def test_a_picture_depends_on_seed_scene_and_index_only(name: str, eyes: dict[str, SceneRenderer]) -> None:
    """It should give the same picture whatever was rendered before, although unmoved things are kept as painted."""
    fresh = SceneRenderer(BENCH.camera(name), STATIC, seed=4)
    in_turn = [eyes[name].render(full_scene(step), step) for step in range(8)]
    for step in (7, 2, 2, 2, 5, 4):
        assert np.array_equal(fresh.render(full_scene(step), step), in_turn[step])


def test_noise_moves_from_frame_to_frame_and_with_the_seed(eyes: dict[str, SceneRenderer]) -> None:
    """It should never give two equal pictures of a still bench, as a frozen camera would."""
    first, second = (eyes["top"].render(Scene(), index).astype(int) for index in (0, 1))
    other = SceneRenderer(BENCH.camera("top"), STATIC, seed=5).render(Scene(), 0).astype(int)
    for difference in (first - second, first - other):
        assert 2.0 < difference.std() < 8.0


def test_a_nut_a_bare_stud_and_a_hidden_joint_look_different(eyes: dict[str, SceneRenderer]) -> None:
    """It should give the three states of a joint clearly different pixels, and a crossed nut a tilted look."""
    camera, joint = BENCH.camera("top"), BENCH.joints[1].bench_mm
    part = mirrors(mirror_right_red=DOOR)[:1]
    scenes = {
        "stud": Scene(placed=part),
        "nut": Scene(placed=part, nuts=(DrawnNut(bench_mm=joint, turn_deg=12.0),)),
        "crossed": Scene(placed=part, nuts=(DrawnNut(bench_mm=joint, turn_deg=12.0, tilt_deg=10.0),)),
        "hidden": Scene(placed=part, hands=(DrawnHand(bench_mm=joint + np.array([0, 0, 35]), side="right", grip=0.3),)),
    }
    cuts = {key: patch(camera, eyes["top"].render(scene, 1), joint).astype(int) for key, scene in scenes.items()}
    for a, b in itertools.combinations(cuts, 2):
        assert np.abs(cuts[a] - cuts[b]).mean() > 5.0, (a, b)
    rings = {key: float(np.median(cuts[key][_ring(cuts[key].shape)])) for key in ("stud", "nut")}
    assert rings["nut"] > rings["stud"] + 50.0


def test_a_stud_comes_through_the_hole_of_the_part_put_over_it(eyes: dict[str, SceneRenderer]) -> None:
    """It should show a bright stud end in the dark clearance hole."""
    camera, joint = BENCH.camera("top"), BENCH.joints[0].bench_mm
    picture = eyes["top"].render(Scene(placed=mirrors(mirror_right_red=DOOR)[:1]), 1)
    stud_end = patch(camera, picture, joint + np.array([0, 0, 20]), 2).mean()
    hole = patch(camera, picture, joint + np.array([-9, -7, 0]), 2).mean()
    assert stud_end > hole + 60.0


def test_straight_lines_of_the_bench_bend_like_the_lens(
    eyes: dict[str, SceneRenderer], detector: AprilTagDetector
) -> None:
    """It should place a corner tag where the distorted camera has it, not where a pinhole would."""
    camera = BENCH.camera("top")
    straight = CameraModel("pinhole", 1280, 720, camera.matrix, np.zeros(5), camera.camera_from_bench)
    fixture = STATIC[0]
    seen = found(detector, eyes["top"].render(Scene(), 2))[1]
    assert np.linalg.norm(seen - expected(camera, (fixture,))[1], axis=1).max() < 0.6
    assert np.linalg.norm(seen - expected(straight, (fixture,))[1], axis=1).min() > 4.0


def test_light_scales_the_whole_picture(eyes: dict[str, SceneRenderer]) -> None:
    """It should be half as bright under half the light."""
    full, half = (eyes["top"].render(Scene(light=light), 3).astype(float) for light in (1.0, 0.5))
    assert half.mean() / full.mean() == pytest.approx(0.5, abs=0.02)


def test_a_covered_lens_gives_a_dark_picture_without_texture(eyes: dict[str, SceneRenderer]) -> None:
    """It should be nearly black with nothing but noise in it."""
    picture = eyes["side"].render(full_scene(1), 3, covered=True)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    assert picture.shape == (720, 1280, 3)
    assert grey.mean() < 25.0
    assert cv2.blur(grey, (31, 31)).std() < 4.0


def test_a_shown_card_can_be_read(eyes: dict[str, SceneRenderer]) -> None:
    """It should carry a QR code that OpenCV reads from the camera above."""
    card = DrawnCard(text="pass:7f3a-visit", bench_from_card=Transform.of(-60, -60, 180, 5, -4, 15))
    picture = eyes["top"].render(Scene(card=card), 0)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert text == "pass:7f3a-visit"


def test_each_mirror_shows_its_colour(eyes: dict[str, SceneRenderer]) -> None:
    """It should paint the shell of a variant in the variant's colour, seen in its strongest channel."""
    camera = BENCH.camera("top")
    picture = eyes["top"].render(Scene(placed=mirrors()), 0)
    for name, pose in TRAY.items():
        x, y = np.rint(camera.project(pose.apply([[10.0, 100.0, 45.0]]))[0]).astype(int)
        pixel = picture[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).mean(axis=0)
        assert int(pixel.argmax()) == int(np.argmax(COLOURS[name]))
