"""Poses of tagged bodies from exact and noisy corners."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.doorbench import door_bench

from vision.api import TagObservation
from vision.bench import Body, TagMount
from vision.geometry import Transform
from vision.parts import locate

BENCH = door_bench()
CAMERAS = st.sampled_from(BENCH.cameras)
POSES = st.builds(
    Transform.of,
    st.floats(-250, 250),
    st.floats(-180, 180),
    st.floats(0, 120),
    st.floats(-15, 15),
    st.floats(-15, 15),
    st.floats(-180, 180),
)


def seen(body: Body, pose: Transform, camera, ids=None, noise_px=0.0, seed=0) -> tuple[TagObservation, ...]:
    """The body's tags as the camera would report them."""
    rng = np.random.default_rng(seed)
    return tuple(
        TagObservation(
            tag_id=mount.tag_id,
            corners_px=camera.project(pose.apply(mount.corners_mm())) + rng.normal(0, noise_px, (4, 2)),
        )
        for mount in body.tags
        if ids is None or mount.tag_id in ids
    )


@settings(max_examples=60, deadline=None)
@given(pose=POSES, camera=CAMERAS, body=st.sampled_from(BENCH.bodies))
def test_exact_corners_give_the_pose_back(pose, camera, body):
    """It should undo the projection, through the lens; two tags that lean as well the other way may be refused."""
    found = locate(body, seen(body, pose, camera), camera)
    if found is None:
        assert len(body.tags) < 3
        return
    assert found.bench_from_body.distance_to_mm(pose) < 0.05
    assert found.bench_from_body.angle_to_deg(pose) < 0.05
    assert found.rms_px < 0.01


@settings(max_examples=60, deadline=None)
@given(pose=POSES, camera=CAMERAS, seed=st.integers(0, 10_000))
def test_noisy_corners_stay_within_what_the_spread_promises(pose, camera, seed):
    """It should name a spread that its error does not leave: five sigma, with noise as the detector has it."""
    body = BENCH.bodies[0]
    found = locate(body, seen(body, pose, camera, noise_px=0.1, seed=seed), camera)
    assert found is not None
    assert found.bench_from_body.distance_to_mm(pose) < 5 * found.sigma_mm
    assert found.bench_from_body.angle_to_deg(pose) < 5 * found.sigma_deg


@settings(max_examples=60, deadline=None)
@given(pose=POSES, camera=CAMERAS, seed=st.integers(0, 10_000))
def test_a_single_tag_is_right_or_refused(pose, camera, seed):
    """It should never take the mirrored pose of a single small tag for the real one when the part lies on the bench."""
    body = BENCH.bodies[0]
    flat = Transform.of(*pose.translation_mm, 0.0, 0.0, pose.yaw_deg())
    found = locate(body, seen(body, flat, camera, ids={10}, noise_px=0.1, seed=seed), camera)
    if found is not None:
        assert found.bench_from_body.angle_to_deg(flat) < max(3.0, 5 * found.sigma_deg)


def test_no_tag_no_pose():
    """It should say nothing when no tag of the body is seen."""
    assert locate(BENCH.bodies[0], (), BENCH.cameras[0]) is None


@pytest.mark.parametrize("wrong", [0, 1, 2])
@pytest.mark.parametrize("off_px", [3.0, 25.0, 200.0])
def test_one_tag_that_contradicts_two_others_is_left_out(wrong: int, off_px: float):
    """It should go by the tags that fit each other: one was misread, half hidden, or stuck elsewhere."""
    body, camera, pose = BENCH.bodies[0], BENCH.cameras[0], Transform.of(0, 0, 0, 3, -5, 40)
    tags = list(seen(body, pose, camera, noise_px=0.05))
    tags[wrong] = TagObservation(
        tag_id=tags[wrong].tag_id, corners_px=tags[wrong].corners_px + off_px * np.array([0.8, -0.6])
    )
    found = locate(body, tuple(tags), camera)
    assert found is not None
    assert tags[wrong].tag_id not in found.tag_ids
    assert found.bench_from_body.distance_to_mm(pose) < 5 * found.sigma_mm


def test_two_tags_that_contradict_each_other_give_no_pose():
    """It should refuse corners that no pose explains when nothing says which of two tags is wrong."""
    body, camera = BENCH.bodies[0], BENCH.cameras[0]
    good = seen(body, Transform.of(0, 0, 0), camera, ids={10, 11})
    moved = TagObservation(tag_id=good[0].tag_id, corners_px=good[0].corners_px + np.array([25.0, 0.0]))
    assert locate(body, (moved, good[1]), camera) is None


def test_one_corner_behind_a_finger_spoils_little():
    """It should let a corner that the others do not bear out count less, and say that it is less sure."""
    body, camera, pose = BENCH.bodies[3], BENCH.cameras[0], Transform.of(100, 20, 10, yaw_deg=25)
    clean = seen(body, pose, camera, noise_px=0.05)
    corners = clean[0].corners_px.copy()
    corners[2] += (1.2, 0.9)
    found = locate(body, (TagObservation(tag_id=clean[0].tag_id, corners_px=corners), clean[1]), camera)
    sound = locate(body, clean, camera)
    assert found is not None and sound is not None
    assert found.sigma_mm > 1.3 * sound.sigma_mm
    assert found.bench_from_body.distance_to_mm(pose) < 3 * found.sigma_mm


def test_tags_on_two_faces_are_used_together():
    """It should solve bodies whose tags are not in one plane."""
    body = Body(
        name="cube",
        tags=(
            TagMount(tag_id=1, size_mm=40.0, body_from_tag=Transform.of(0, 0, 30)),
            TagMount(tag_id=2, size_mm=40.0, body_from_tag=Transform.of(0, -30, 0, 90)),
        ),
    )
    camera, pose = BENCH.cameras[1], Transform.of(20, 30, 40, yaw_deg=10)
    found = locate(body, seen(body, pose, camera), camera)
    assert found is not None
    assert found.bench_from_body.distance_to_mm(pose) == pytest.approx(0.0, abs=0.05)
