"""Several cameras' sightings as one pose, and how a body moves from its sightings."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.fusion import Sighting, fuse
from vision.geometry import Transform
from vision.motion import follow
from vision.pose_fit import LASTING_SHARE, moved_by, pose_error, turned

INSIDE_95 = 12.592


def covariance_of(place_mm: tuple[float, float, float], turn_deg: float = 0.2, turn: float = 0.0) -> np.ndarray:
    axes = turned(np.array([turn, -turn, turn / 2]))
    made = np.zeros((6, 6))
    made[:3, :3] = axes @ np.diag(np.square(place_mm)) @ axes.T
    made[3:, 3:] = math.radians(turn_deg) ** 2 * np.eye(3)
    return made


LONG, FLAT = covariance_of((0.1, 0.1, 0.8)), covariance_of((0.1, 0.1, 0.8), turn=1.0)


def sighting(pose: Transform, covariance: np.ndarray = LONG, camera: str = "top", t_s: float = 0.0) -> Sighting:
    return Sighting(camera=camera, t_mono_s=t_s, bench_from_body=pose, covariance=covariance)


def seen_with_error(pose: Transform, covariance: np.ndarray, rng: np.random.Generator) -> Transform:
    return moved_by(pose, rng.multivariate_normal(np.zeros(6), covariance))


def test_each_camera_counts_most_where_it_is_sure():
    """It should take from each camera the direction that it sees well, and be surer than both."""
    seen = fuse(
        (
            sighting(Transform.of(0, 0, 5), covariance_of((0.1, 0.1, 3.0))),
            sighting(Transform.of(5, 0, 0), covariance_of((3.0, 0.1, 0.1)), "side"),
        )
    )
    assert seen.bench_from_body.translation_mm == pytest.approx([0, 0, 0], abs=0.02)
    assert seen.agree
    assert seen.cameras == 2


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_the_fused_covariance_is_honest_and_true_sightings_agree(seed):
    """It should hold the truth in its 95 % region, and hardly ever find two true cameras in contradiction."""
    rng = np.random.default_rng(seed)
    inside, agreed = 0, 0
    for _ in range(100):
        pose = Transform.of(*rng.normal(0, 100, 3), *rng.uniform(-180, 180, 3))
        seen = fuse(
            (
                sighting(seen_with_error(pose, LONG, rng), LONG),
                sighting(seen_with_error(pose, FLAT, rng), FLAT, "side"),
            )
        )
        error = pose_error(pose, seen.bench_from_body)
        inside += float(error @ np.linalg.solve(seen.covariance, error)) <= INSIDE_95
        agreed += seen.agree
    assert inside >= 85
    assert agreed >= 99


@pytest.mark.parametrize("off", [Transform.of(2, 0, 0), Transform.of(0, 0, 0, 0, 0, 4)])
def test_cameras_that_contradict_each_other_are_found_out(off: Transform):
    """It should see a contradiction across the line of sight or in the rotation that both are sure of."""
    assert not fuse((sighting(Transform.identity()), sighting(off, FLAT, "side"))).agree


def test_a_difference_along_the_line_of_sight_is_no_contradiction():
    """It should let cameras differ where one of them said that it is unsure."""
    assert fuse(
        (sighting(Transform.identity()), sighting(Transform.of(0, 0, 2), covariance_of((0.1,) * 3), "side"))
    ).agree


def resting(rng: np.random.Generator, pose: Transform, covariance: np.ndarray, camera: str, fps: float, until_s: float):
    """Sightings of a body that lies: one lasting error, and a new one in each frame."""
    lasting = rng.multivariate_normal(np.zeros(6), LASTING_SHARE * covariance)
    return [
        sighting(
            moved_by(pose, lasting + rng.multivariate_normal(np.zeros(6), (1 - LASTING_SHARE) * covariance)),
            covariance,
            camera,
            i / fps,
        )
        for i in range(int(until_s * fps) + 1)
    ]


def test_many_frames_do_not_make_sure_what_lasts():
    """It should stay honest over twenty frames: the truth in the 95 % region, the spread no less than what lasts."""
    rng = np.random.default_rng(3)
    pose, inside = Transform.of(10, 20, 60, 2, 3, 40), 0
    for _ in range(150):
        motion = follow(resting(rng, pose, LONG, "top", 40, 0.5))
        error = pose_error(pose, motion.bench_from_body)
        inside += float(error @ np.linalg.solve(motion.covariance, error)) <= INSIDE_95
        assert np.linalg.eigvalsh(motion.covariance - LASTING_SHARE * LONG)[0] >= -1e-9
        assert not motion.moving
        assert motion.fits
    assert inside >= 0.9 * 150


def test_the_order_in_which_frames_arrive_does_not_matter():
    """It should sort by capture time: ten pictures a second by one camera, five late ones by the other."""
    rng = np.random.default_rng(4)
    pose = Transform.of(10, 20, 60)
    seen = [*resting(rng, pose, LONG, "top", 10, 0.5), *resting(rng, pose, FLAT, "side", 5, 0.5)]
    one, other = follow(seen), follow(reversed(seen))
    np.testing.assert_allclose(one.rate, other.rate)
    assert one.bench_from_body.distance_to_mm(other.bench_from_body) == pytest.approx(0.0, abs=1e-9)


def moving(t_s: float, from_s: float = 0.0) -> Transform:
    way_s = max(0.0, t_s - from_s)
    return Transform.of(300 * way_s, -100 * way_s, 50, 0, 0, 60 * way_s)


def test_a_steady_motion_is_measured():
    """It should find velocity and turning rate of a body that is carried, within what it says of them."""
    rng = np.random.default_rng(6)
    seen = [sighting(seen_with_error(moving(i * 0.1), LONG, rng), LONG, "top", i * 0.1) for i in range(6)]
    seen += [
        sighting(seen_with_error(moving(i * 0.2 + 0.03), FLAT, rng), FLAT, "side", i * 0.2 + 0.03) for i in range(3)
    ]
    motion = follow(seen)
    true = np.array([300, -100, 0, 0, 0, math.radians(60)])
    assert motion.t_mono_s == pytest.approx(0.5)
    assert (np.abs(motion.rate - true) <= 4 * np.sqrt(np.diag(motion.rate_covariance))).all()
    assert motion.rate[:3] == pytest.approx([300, -100, 0], abs=60)


def test_one_odd_frame_is_held_back_and_then_forgotten():
    """It should say that the newest does not fit, and go on as before when the next one does."""
    rng = np.random.default_rng(7)
    still = resting(rng, Transform.identity(), LONG, "top", 10, 0.4)
    odd = sighting(Transform.of(25, 0, 0), LONG, "top", 0.45)
    motion = follow([*still, odd])
    assert not motion.fits
    assert motion.bench_from_body.translation_mm[0] == pytest.approx(0.0, abs=1.0)
    after = follow([*still, odd, sighting(still[-1].bench_from_body, LONG, "top", 0.5)])
    assert after.fits
    assert not after.moving


def test_a_body_that_is_grabbed_is_followed_from_the_second_frame():
    """It should start anew when two frames in a row are elsewhere, and know that it moves."""
    rng = np.random.default_rng(8)
    seen = [sighting(seen_with_error(moving(i * 0.1, 0.29), LONG, rng), LONG, "top", i * 0.1) for i in range(6)]
    assert not follow(seen[:4]).moving
    assert not follow(seen[:4]).fits or follow(seen[:4]).rate[0] < 60
    motion = follow(seen)
    assert motion.moving
    assert motion.fits
    assert motion.rate[0] == pytest.approx(300, abs=80)


def test_a_gap_is_no_reason_to_trust_old_frames():
    """It should go by the last half second only, and begin again with what comes after a drop-out."""
    old = [sighting(Transform.identity(), LONG, "top", i * 0.1) for i in range(5)]
    motion = follow([*old, sighting(Transform.of(80, 0, 0), LONG, "top", 1.2)])
    assert motion.fits
    assert motion.bench_from_body.translation_mm[0] == pytest.approx(80)


def test_nothing_seen_is_an_error():
    """It should not invent a body."""
    with pytest.raises(ValueError, match="no camera"):
        follow([])
    with pytest.raises(ValueError, match="no camera"):
        fuse(())
