"""The camera's daily check: what it notices, what it leaves alone, and whether its stated power is true."""

from __future__ import annotations

import numpy as np
import pytest
from support.daily_bench import FIXTURE, SIDE, TOP, bumped, tag_burst

from calibration.daily.against_model import against_model
from calibration.daily.camera_shift import camera_shift, motion_jacobian, moved_camera
from calibration.daily.tag_burst import burst_of
from calibration.observations import CalibrationError
from vision.api import TagObservation
from vision.geometry import CameraModel

CAMERAS = pytest.mark.parametrize("camera", [TOP, SIDE], ids=["top", "side"])
STEADY_PX = np.random.default_rng(5).normal(0.0, 0.1, (5, 4, 2))
"""What a detector gets wrong of each corner, in each picture alike."""


def found(camera: CameraModel, rng: np.random.Generator, trials: int, **bump: float) -> float:
    """Share of checks that say that the camera has moved, each with a reference of its own."""
    hits = 0
    for _ in range(trials):
        then = tag_burst(camera, rng, pictures=40, steady_px=STEADY_PX)
        now = tag_burst(bumped(camera, rng, **bump), rng, pictures=20, steady_px=STEADY_PX)
        hits += camera_shift(now, then, camera, FIXTURE).moved
    return hits / trials


@CAMERAS
@pytest.mark.parametrize("bump", [{"turn_deg": 0.02}, {"shift_mm": 0.1}], ids=["turn", "shift"])
def test_a_small_bump_is_found(camera: CameraModel, bump: dict[str, float]) -> None:
    """It should find 0.02 degrees or 0.1 mm in any direction, and say beforehand that it will."""
    rng = np.random.default_rng(1)
    assert found(camera, rng, 60, **bump) >= 0.95
    quiet = camera_shift(tag_burst(camera, rng, pictures=20), tag_burst(camera, rng, pictures=40), camera, FIXTURE)
    assert quiet.power(**bump) >= 0.95
    assert quiet.notices_deg <= 0.02 and quiet.notices_mm <= 0.1


@CAMERAS
def test_nothing_is_found_where_nothing_moved(camera: CameraModel) -> None:
    """It should stay below its false-alarm rate without the day-to-day allowance, too."""
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(400):
        then, now = (tag_burst(camera, rng, pictures=count, steady_px=STEADY_PX) for count in (30, 15))
        alarms += camera_shift(now, then, camera, FIXTURE, harmless_deg=0.0, harmless_mm=0.0).moved
    # 0.5 % of 400 are 2; more than 8 happen by chance once in 4000 campaigns.
    assert alarms <= 8


def test_the_stated_power_is_what_trials_show() -> None:
    """It should notice a bump of just the size that it calls noticeable 95 times in 100, in the worst direction."""
    rng = np.random.default_rng(3)
    then = tag_burst(TOP, rng, pictures=40)
    quiet = camera_shift(tag_burst(TOP, rng, pictures=20), then, TOP, FIXTURE, harmless_deg=1e-9, harmless_mm=1e-9)
    values, vectors = np.linalg.eigh(np.linalg.inv(quiet.covariance)[3:, 3:])
    worst = np.concatenate([np.zeros(3), vectors[:, 0] * quiet.notices_mm])
    assert values[0] > 0.0
    hits = 0
    for _ in range(300):
        then = tag_burst(TOP, rng, pictures=40)
        now = tag_burst(moved_camera(TOP, worst), rng, pictures=20)
        hits += camera_shift(now, then, TOP, FIXTURE, harmless_deg=1e-9, harmless_mm=1e-9).moved
    # The quiet day's covariance is itself an estimate from 58 degrees of freedom.
    assert 0.85 <= hits / 300 <= 0.995


@CAMERAS
def test_the_motion_that_it_tells_is_the_true_one(camera: CameraModel) -> None:
    """It should give turn, shift and the millimetres at the bench of a bump that matters, and not of a tiny one."""
    rng = np.random.default_rng(4)
    then = tag_burst(camera, rng, pictures=40)
    twist = np.array([8e-4, -5e-4, 3e-4, 0.3, -0.2, 0.1])
    large = camera_shift(tag_burst(moved_camera(camera, twist), rng, pictures=20), then, camera, FIXTURE)
    assert (np.abs(large.twist - twist) <= 4.0 * np.sqrt(np.diag(large.covariance))).all()
    assert large.matters() and large.turned_deg == pytest.approx(np.degrees(np.linalg.norm(twist[:3])), rel=0.1)
    small = camera_shift(tag_burst(bumped(camera, rng, shift_mm=0.1), rng, pictures=20), then, camera, FIXTURE)
    assert small.moved and not small.matters() and small.off_mm < 0.2


def test_a_tag_that_was_moved_is_not_the_camera() -> None:
    """It should name the tag, and say of the camera what the other tags say."""
    rng = np.random.default_rng(6)
    then = tag_burst(SIDE, rng, pictures=40)
    still = camera_shift(tag_burst(SIDE, rng, pictures=20, moved_tag=(3, 2.0)), then, SIDE, FIXTURE)
    assert still.loose_tags == (3,) and not still.moved and still.used_tags == (0, 1, 2, 4)
    both = tag_burst(bumped(SIDE, rng, turn_deg=0.1), rng, pictures=20, moved_tag=(3, 2.0))
    assert camera_shift(both, then, SIDE, FIXTURE).loose_tags == (3,)
    assert camera_shift(both, then, SIDE, FIXTURE).moved


def test_noise_of_the_day_is_measured() -> None:
    """It should promise less on a day with three times the noise, and raise no alarm for it."""
    rng = np.random.default_rng(7)
    then = tag_burst(TOP, rng, pictures=40)
    calm = camera_shift(tag_burst(TOP, rng, pictures=20), then, TOP, FIXTURE)
    rough = camera_shift(tag_burst(TOP, rng, pictures=20, noise_px=0.09), then, TOP, FIXTURE)
    assert rough.noise_px == pytest.approx(0.09, rel=0.1)
    assert rough.notices_mm > 1.15 * calm.notices_mm and not rough.moved


def test_the_jacobian_is_the_derivative() -> None:
    """It should agree with differences of the projection itself."""
    corners = np.concatenate([mount.corners_mm() for mount in FIXTURE.tags])
    jacobian = motion_jacobian(SIDE, corners)
    for column, step in enumerate((1e-6, 1e-6, 1e-6, 1e-3, 1e-3, 1e-3)):
        twist = np.zeros(6)
        twist[column] = step
        ahead, behind = (moved_camera(SIDE, sign * twist).project(corners).reshape(-1) for sign in (1, -1))
        assert jacobian[:, column] == pytest.approx((ahead - behind) / (2 * step), rel=1e-5, abs=1e-5)


@CAMERAS
def test_a_reference_that_was_taken_too_late_is_found_by_the_model(camera: CameraModel) -> None:
    """It should see that tags are not where the calibration puts them, and trust a calibration that knows its doubt."""
    rng = np.random.default_rng(8)
    nobody_knows = np.zeros((6, 6))
    good = against_model(tag_burst(camera, rng, pictures=20, steady_px=STEADY_PX), camera, FIXTURE, nobody_knows)
    assert good.fits and good.off_mm < 0.3
    twist = np.array([0.0, 2e-3, 0.0, 0.0, 0.0, 0.0])
    late = tag_burst(moved_camera(camera, twist), rng, pictures=20, steady_px=STEADY_PX)
    assert not against_model(late, camera, FIXTURE, nobody_knows).fits
    assert against_model(late, camera, FIXTURE, nobody_knows).off_mm > 1.0
    doubtful = np.diag([2e-3**2] * 3 + [1.0] * 3)
    assert against_model(late, camera, FIXTURE, doubtful).fits


def test_pictures_that_do_not_show_the_tags_are_refused_in_a_sentence() -> None:
    """It should leave out a tag that a hand covers now and then, and say what to do when too little is left."""
    burst = tag_burst(TOP, np.random.default_rng(9), pictures=12)
    whole = [tuple(TagObservation(tag_id=i, corners_px=burst.corners_px[p, i]) for i in range(5)) for p in range(12)]
    hidden = [picture[:4] if number < 6 else picture for number, picture in enumerate(whole)]
    assert burst_of("top", hidden, frozenset(range(5))).tag_ids == (0, 1, 2, 3)
    with pytest.raises(CalibrationError, match="2 of the bench's 5 fixed tags") as refused:
        burst_of("top", [picture[:2] for picture in whole], frozenset(range(5)))
    assert refused.value.code == "daily.tags"
    with pytest.raises(CalibrationError, match="only 5 pictures"):
        burst_of("top", whole[:5], frozenset(range(5)))
    with pytest.raises(CalibrationError, match="2 of the fixed tags"):
        camera_shift(burst.only((0, 1, 2)), burst.only((1, 2, 3, 4)), TOP, FIXTURE)


@pytest.mark.campaign
@CAMERAS
def test_campaign_camera_bumps_and_false_alarms(camera: CameraModel) -> None:
    """The bar: each kind of bump in at least 95 % of 200 trials, and under 1 % of 2,000 checks alarmed for nothing."""
    rng = np.random.default_rng(10)
    turned = found(camera, rng, 200, turn_deg=0.02)
    shifted = found(camera, rng, 200, shift_mm=0.1)
    nothing = found(camera, rng, 2000)
    bare = 0
    for _ in range(2000):
        then, now = (tag_burst(camera, rng, pictures=count, steady_px=STEADY_PX) for count in (40, 20))
        bare += camera_shift(now, then, camera, FIXTURE, harmless_deg=0.0, harmless_mm=0.0).moved
    print(f"{camera.name}: 0.02 deg {turned:.1%}, 0.1 mm {shifted:.1%}; false {nothing:.2%}, bare {bare / 2000:.2%}")
    assert turned >= 0.95 and shifted >= 0.95 and nothing < 0.01 and bare / 2000 < 0.01
