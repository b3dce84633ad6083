"""A camera that measures itself by tags on a flat mat: right where the view can tell, refused where it cannot."""

import numpy as np
import pytest

from vision.api import TagObservation
from vision.bench import Body, TagMount
from vision.geometry import CameraModel, Transform, looking_at
from vision.self_calibration import SelfCalibration, SelfCalibrationError, calibrate_by_tags

PLACES = [(-118, 83), (0, 83), (118, 83), (-118, -83), (0, -83), (118, -83)]
MAT = Body(
    name="mat",
    tags=tuple(
        TagMount(tag_id=i, size_mm=24.0, body_from_tag=Transform.of(x, y, 0.0)) for i, (x, y) in enumerate(PLACES)
    ),
)
WORK = np.array([60.0, 0.0, 12.0])
SIZE = (1280, 720)


def webcam(*, at: tuple[float, float, float] = (40.0, 280.0, 300.0), focal_px: float = 950.0) -> CameraModel:
    """A webcam that looks at the mat from its far side."""
    return looking_at(
        "webcam", position_mm=at, target_mm=(5, 0, 0), up=(0, 0, 1), focal_px=focal_px, distortion=(0.06, 0, 0, 0, 0)
    )


def view(camera: CameraModel, *, seed: int = 1, noise_px: float = 0.15, only: tuple[int, ...] = tuple(range(6))):
    """What it sees of the mat."""
    rng = np.random.default_rng(seed)
    return tuple(
        TagObservation(
            tag_id=mount.tag_id,
            corners_px=camera.project(mount.corners_mm()) + rng.normal(0.0, noise_px, (4, 2)),
        )
        for mount in MAT.tags
        if mount.tag_id in only
    )


def calibrated(*views: tuple[TagObservation, ...]) -> SelfCalibration:
    return calibrate_by_tags("webcam", SIZE, MAT, views, WORK)


@pytest.mark.parametrize("focal_px", [700.0, 950.0, 1300.0])
def test_it_finds_focal_length_and_place(focal_px: float) -> None:
    """It should find a webcam from wide to narrow within a percent, and place the work to half a millimetre."""
    true = webcam(focal_px=focal_px)
    found = calibrated(view(true))
    assert found.focal_px == pytest.approx(focal_px, rel=0.01)
    points = WORK + np.array([[0, 0, 0], [30, 20, 0], [-30, -20, 0], [0, 0, 60]])
    for point in points:
        pixel = true.project([point])
        assert np.linalg.norm(found.model.bench_point_on_plane(pixel, float(point[2]))[0] - point) < 0.5
    assert found.tags == 6 and found.rms_px < 0.5


def test_its_doubt_about_the_focal_length_is_honest() -> None:
    """It should be off by more than two of its own standard deviations in at most some of many views, and not never."""
    true = webcam()
    off = []
    for seed in range(40):
        found = calibrated(view(true, seed=100 + seed, noise_px=0.2))
        off.append((found.focal_px - 950.0) / found.focal_sigma_px)
    assert np.mean(np.abs(off) > 2.0) < 0.12
    assert 0.6 < np.std(off) < 1.4


def test_a_view_from_straight_above_is_refused() -> None:
    """It should say that it cannot tell, and where to put the camera."""
    above = looking_at("webcam", position_mm=(3, -8, 430), target_mm=(0, 0, 0), focal_px=950)
    with pytest.raises(SelfCalibrationError, match="slantwise") as refused:
        calibrated(view(above))
    assert refused.value.code == "calibration.steep"


def test_too_few_tags_are_refused() -> None:
    """It should count them, and ask for the whole mat."""
    with pytest.raises(SelfCalibrationError, match="3 of the mat's 6 tags") as refused:
        calibrated(view(webcam(), only=(0, 1, 2)))
    assert refused.value.code == "calibration.tags"


def test_no_picture_at_all_is_refused() -> None:
    """It should say the same without any picture."""
    with pytest.raises(SelfCalibrationError, match="0 of the mat's 6 tags"):
        calibrated()


def test_a_mat_far_away_is_refused() -> None:
    """It should ask for a closer camera."""
    with pytest.raises(SelfCalibrationError, match="closer") as refused:
        calibrated(view(webcam(at=(100.0, 1200.0, 1200.0))))
    assert refused.value.code == "calibration.small"


def test_a_mat_that_is_not_flat_is_refused() -> None:
    """It should notice tags that do not lie as printed."""
    bent = list(view(webcam()))
    bent[2] = TagObservation(tag_id=2, corners_px=bent[2].corners_px + 9.0)
    with pytest.raises(SelfCalibrationError, match="flat") as refused:
        calibrated(tuple(bent))
    assert refused.value.code == "calibration.bad_fit"


def test_a_tag_that_a_hand_covers_now_and_then_does_no_harm() -> None:
    """It should go by the tags that most pictures show."""
    true = webcam()
    found = calibrated(*(view(true, seed=s, only=(0, 1, 2, 3, 4) if s else tuple(range(6))) for s in range(5)))
    assert found.tags == 5
    assert found.focal_px == pytest.approx(950.0, rel=0.01)


def test_its_id_names_its_figures() -> None:
    """It should be the same for the same figures and another for others."""
    one, same, other = (calibrated(view(webcam(), seed=seed)) for seed in (1, 1, 2))
    assert one.identity == same.identity != other.identity
    assert one.identity.startswith("mat-")
