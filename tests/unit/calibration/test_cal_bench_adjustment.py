"""A whole bench in one adjustment, from numbers: right, honest of its error, not fooled by bad observations."""

from dataclasses import replace

import numpy as np
import pytest
from support.hidden_benches import NumberBench, number_bench, without

from calibration.bench_cameras import solve_bench
from calibration.bench_errors import equivalent_sigmas
from calibration.bench_holdout import held_out
from calibration.bench_set import BenchResult, BenchSet, KnownLens
from calibration.bench_set_file import bench_set_text, read_bench_set, write_bench_set
from calibration.bench_start import lens_results
from calibration.observations import BoardView, CalibrationError
from station.simulation.calibration_score import score
from vision.geometry import Transform


@pytest.fixture(scope="module")
def solved() -> tuple[NumberBench, BenchResult]:
    bench = number_bench(3)
    return bench, solve_bench(bench.seen)


def test_the_tip_comes_to_the_joints_and_the_stated_region_holds_it(solved: tuple[NumberBench, BenchResult]) -> None:
    bench, result = solved
    found = score(result, bench.truth, bench.work)
    assert max(found.errors_mm("guided")) < 0.5
    assert max(found.errors_mm("placed")) < 0.6
    assert max(found.errors_mm("seen")) < 0.15
    assert sum(miss.inside for miss in found.seen.values()) >= 5
    assert result.unused == ()
    assert result.sigma_joint_deg == pytest.approx(360.0 / 4096.0 / np.sqrt(12.0), rel=0.25)


def test_what_a_camera_is_said_to_be_good_for_is_what_matters_at_the_part(
    solved: tuple[NumberBench, BenchResult],
) -> None:
    """Alone, a camera's place is known to tenths; a part it sees is misplaced by hundredths."""
    bench, result = solved
    points = np.array([bench.work.scene.joints[joint] for joint in bench.work.joints_mm])
    for camera in result.cameras:
        place, turn = equivalent_sigmas(result, camera.name, points)
        alone = float(np.sqrt(np.diag(result.camera_covariance(camera.name))[3:].max()))
        assert 0.005 < place < alone
        assert 0.0 < turn < 0.02


def test_poses_that_took_no_part_are_predicted(solved: tuple[NumberBench, BenchResult]) -> None:
    bench, result = solved
    checked = held_out(bench.seen, result)
    assert checked.count >= 4
    assert 0.03 < checked.rms_mm < 0.5


def test_observations_solve_again_from_their_file(solved: tuple[NumberBench, BenchResult], tmp_path: object) -> None:
    from pathlib import Path

    bench, _ = solved
    path = Path(str(tmp_path)) / "observations.json"
    write_bench_set(bench.seen, path)
    assert bench_set_text(read_bench_set(path)) == bench_set_text(bench.seen)
    path.write_text(path.read_text(encoding="utf-8")[:-200], encoding="utf-8")
    with pytest.raises(CalibrationError, match="calibrate again") as caught:
        read_bench_set(path)
    assert caught.value.code == "calibration.not_readable"


def test_a_mispaired_pose_is_left_out_by_name() -> None:
    """Pose 7 gets the pictures of pose 12."""
    bench = number_bench(5)
    seen = bench.seen
    swapped = [view for view in seen.arm_views if view.view == 12]
    views = [view for view in seen.arm_views if view.view != 7]
    views += [replace(view, view=7) for view in swapped]
    result = solve_bench(replace(seen, arm_views=tuple(views)))
    assert any(word.what == "pose 7" and "do not belong together" in word.why for word in result.unused)
    assert not any(word.what == "pose 12" for word in result.unused)
    found = score(result, bench.truth, bench.work)
    assert max(found.errors_mm("guided")) < 0.5


def test_a_touch_beside_the_point_is_left_out_by_name() -> None:
    bench = number_bench(6)
    touches = list(bench.seen.touches)
    # A degree and a half in two joints: six millimetres at the tip.
    wrong = tuple(angle + (1.5 if joint in (0, 2) else 0.0) for joint, angle in enumerate(touches[4].joints_deg))
    touches[4] = replace(touches[4], joints_deg=wrong)
    result = solve_bench(replace(bench.seen, touches=tuple(touches)))
    assert [word.what for word in result.unused] == [f"touch 5 of {touches[4].place}"]
    assert max(score(result, bench.truth, bench.work).errors_mm("guided")) < 0.5


def _slipped(bench: NumberBench, after: int, mm: float, deg: float) -> BenchSet:
    """Views of the poses after one, as the cameras see the board when it has slipped on the flange."""
    from calibration.board import bowed

    truth, board = bench.truth, bench.work.arm_board
    corners = bowed(board.nominal_mm() * truth.print_scale["arm"], *truth.bow_mm["arm"])
    slip = Transform.of(mm, 0.0, 0.0, 0.0, 0.0, deg)
    views: list[BoardView] = []
    for view in bench.seen.arm_views:
        if view.view <= after:
            views.append(view)
            continue
        camera = truth.cameras[view.camera]
        # Where the board truly was follows from what was seen; the slip moves it in its own plane.
        pose = _board_seen(camera, corners, view)
        views.append(replace(view, corners_px=_project(camera, pose @ slip, corners)[view.corner_ids]))
    return replace(bench.seen, arm_views=tuple(views))


def _board_seen(camera: object, corners: np.ndarray, view: BoardView) -> Transform:
    import cv2

    from vision.geometry import CameraModel

    assert isinstance(camera, CameraModel)
    found, turn, move = cv2.solvePnP(
        corners[view.corner_ids], view.corners_px, camera.matrix, camera.distortion, flags=cv2.SOLVEPNP_ITERATIVE
    )
    assert found
    return Transform(cv2.Rodrigues(turn)[0], move.ravel())


def _project(camera: object, pose: Transform, corners: np.ndarray) -> np.ndarray:
    import cv2

    from vision.geometry import CameraModel

    assert isinstance(camera, CameraModel)
    pixels, _ = cv2.projectPoints(pose.apply(corners), np.zeros(3), np.zeros(3), camera.matrix, camera.distortion)
    return np.asarray(pixels, dtype=np.float64).reshape(-1, 2)


def test_a_board_that_slips_in_the_middle_is_noticed_with_the_place() -> None:
    bench = number_bench(8)
    order = [pose.pose for pose in bench.seen.poses]
    after = order[len(order) // 2 - 1]
    with pytest.raises(CalibrationError, match=f"slipped between pose {after} and pose {after + 1}") as caught:
        solve_bench(_slipped(bench, after, 0.6, 0.5))
    assert caught.value.code == "calibration.board_slipped"


def test_hidden_tags_are_named_before_anything_is_solved() -> None:
    bench = number_bench(3)
    tags = {name: dict(seen) for name, seen in bench.seen.tag_views.items()}
    for tag in (0, 2, 3):
        tags["top"].pop(tag, None)
    with pytest.raises(CalibrationError, match=r"uncover or clean tags .*0, 2, 3") as caught:
        solve_bench(replace(bench.seen, tag_views=tags))
    assert caught.value.code == "calibration.no_tags"


def test_too_few_poses_are_refused() -> None:
    bench = number_bench(3, touches=False)
    left = [pose.pose for pose in bench.seen.poses][6:]
    with pytest.raises(CalibrationError, match="take more poses") as caught:
        solve_bench(without(bench.seen, left))
    assert caught.value.code == "calibration.too_few_poses"


def test_cameras_alone_are_tied_to_the_bench_by_its_tags() -> None:
    bench = number_bench(4)
    cameras_only = replace(bench.seen, arm_views=(), poses=(), robot=None, touches=())
    result = solve_bench(cameras_only)
    assert result.bench_from_base is None and result.tip_mm is None
    for name, true in bench.truth.cameras.items():
        points = np.array([[60.0, 30.0, 68.0], [160.0, 30.0, 68.0]])
        off_px = np.linalg.norm(result.camera(name).project(points) - true.project(points), axis=1)
        assert off_px.max() < 0.5


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_regions_hold_the_truth_over_many_benches() -> None:
    inside: dict[str, list[bool]] = {"guided": [], "placed": [], "seen": []}
    guided: list[float] = []
    for seed in range(200, 260):
        bench = number_bench(seed)
        found = score(solve_bench(bench.seen), bench.truth, bench.work)
        guided += found.errors_mm("guided")
        for what, held in inside.items():
            held += [miss.inside for miss in getattr(found, what).values()]
    shares = ", ".join(f"{what} {100.0 * np.mean(held):.1f} %" for what, held in inside.items())
    print(
        f"tip at a joint: median {np.median(guided):.3f} mm, p95 {np.percentile(guided, 95):.3f} mm; inside: {shares}"
    )
    assert np.percentile(guided, 95) < 0.5
    for what, held in inside.items():
        assert 0.90 <= np.mean(held) <= 0.99, what


def test_lenses_from_before_take_the_place_of_the_lens_board() -> None:
    """Yesterday's lenses with their covariance, and no view of the large board today: nearly as good a bench."""
    bench = number_bench(9)
    lenses = {
        found.camera.camera: KnownLens(lens=found.lens, covariance=found.covariance)
        for found in lens_results(bench.seen)
    }
    result = solve_bench(replace(bench.seen, lens_views=(), known_lenses=lenses))
    found = score(result, bench.truth, bench.work)
    assert max(found.errors_mm("guided")) < 0.5
    assert max(found.errors_mm("seen")) < 0.15
    for camera in result.cameras:
        at = result.camera_index[camera.name]
        sharper = np.sqrt(np.diag(result.lens_covariance(camera.name))[:2])
        assert np.all(sharper <= np.sqrt(np.diag(lenses[camera.name].covariance)[:2]) * 1.001), at
