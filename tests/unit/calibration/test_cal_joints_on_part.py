"""Joints of one unit from one to three reference points: shifted, turned, honest about what is not told, or refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.joints_on_part import Reference, refer
from calibration.observations import CalibrationError
from calibration.rotations import exp
from vision.geometry import Array

JOINTS = {"J1": np.array([60.0, 30.0, 68.0]), "J2": np.array([160.0, 30.0, 68.0]), "J3": np.array([110.0, 98.0, 68.0])}
POINTS = {"A": np.array([5.0, -50.0, 60.0]), "B": np.array([215.0, -50.0, 60.0]), "C": np.array([110.0, 220.0, 60.0])}
TAUGHT = dict.fromkeys(JOINTS, 0.01 * np.eye(3))
SIGMA_MM = 0.15


def _moved(point: Array, shift: Array, turn_deg: Array) -> Array:
    middle = np.mean(list(JOINTS.values()), axis=0)
    return middle + exp(np.radians(turn_deg)) @ (point - middle) + shift


def _references(names: str, shift: Array, turn_deg: Array, rng: np.random.Generator | None = None) -> list[Reference]:
    noise = (lambda: rng.normal(0.0, SIGMA_MM, 3)) if rng is not None else (lambda: np.zeros(3))
    return [
        Reference(
            id=name,
            taught_mm=POINTS[name],
            found_mm=_moved(POINTS[name], shift, turn_deg) + noise(),
            covariance=SIGMA_MM**2 * np.eye(3),
        )
        for name in names
    ]


@given(st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3), st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=3))
def test_three_points_bring_every_joint_to_where_it_is(shift: list[float], turn: list[float]) -> None:
    found = refer(JOINTS, TAUGHT, _references("ABC", np.array(shift), np.array(turn)))
    for joint, at in JOINTS.items():
        assert np.linalg.norm(found.joints[joint].at_mm - _moved(at, np.array(shift), np.array(turn))) < 0.08


def test_one_point_tells_the_shift_and_leaves_the_turn_open() -> None:
    shift, none = np.array([1.2, -0.7, 0.3]), np.zeros(3)
    one = refer(JOINTS, TAUGHT, _references("A", shift, none))
    three = refer(JOINTS, TAUGHT, _references("ABC", shift, none))
    for joint, at in JOINTS.items():
        assert np.linalg.norm(one.joints[joint].at_mm - at - shift) < 0.8
        assert one.joints[joint].within_mm > 1.5 * three.joints[joint].within_mm
    # Far from the touched point a turn moves most, so the farthest joint is known worst.
    assert one.joints["J2"].within_mm > one.joints["J1"].within_mm


@pytest.mark.parametrize("names", ["A", "AB", "ABC"])
def test_stated_regions_hold_the_joints(names: str) -> None:
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(150):
        shift, turn = rng.normal(0.0, 1.5, 3), rng.normal(0.0, 0.3, 3)
        taught = {joint: at + rng.normal(0.0, 0.1, 3) for joint, at in JOINTS.items()}
        try:
            found = refer(taught, TAUGHT, _references(names, shift, turn, rng))
        except CalibrationError:  # once in a thousand a good part is refused
            continue
        for joint, at in JOINTS.items():
            off = found.joints[joint].at_mm - _moved(at, shift, turn)
            inside.append(float(off @ np.linalg.solve(found.joints[joint].covariance, off)) < 7.81)
    assert len(inside) > 400
    assert 0.91 <= np.mean(inside) <= 0.99


def test_points_that_disagree_are_refused_by_name() -> None:
    references = _references("ABC", np.array([0.5, 0.0, 0.0]), np.zeros(3))
    off = references[1]
    references[1] = Reference(
        id="B", taught_mm=off.taught_mm, found_mm=off.found_mm + np.array([6.0, 0.0, 0.0]), covariance=off.covariance
    )
    with pytest.raises(CalibrationError, match="reference point B is") as caught:
        refer(JOINTS, TAUGHT, references)
    assert caught.value.code == "calibration.references_disagree"


def test_a_part_that_stands_on_a_chip_is_refused_as_tilted() -> None:
    references = _references("ABC", np.zeros(3), np.array([0.0, 1.7, 0.0]))
    with pytest.raises(CalibrationError, match=r"1\.[5-9] degrees beside") as caught:
        refer(JOINTS, TAUGHT, references)
    assert caught.value.code == "calibration.part_moved"


def test_a_part_that_is_not_seated_is_refused_even_with_one_point() -> None:
    with pytest.raises(CalibrationError, match="seat it again") as caught:
        refer(JOINTS, TAUGHT, _references("A", np.array([0.0, 14.0, 0.0]), np.zeros(3)))
    assert caught.value.code == "calibration.part_moved"
    with pytest.raises(CalibrationError) as caught:
        refer(JOINTS, TAUGHT, [])
    assert caught.value.code == "calibration.no_reference"
