"""Zones that are drawn while the cameras look, on rendered pixels; and what the pages draw over a picture."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from support.doorbench import DOOR, box, door_bench, mirror_look, static_looks, tool_look

from vision.api import (
    BodyObservation,
    CameraState,
    CheckObservation,
    CodeObservation,
    Frame,
    FrameAnalysis,
    PersonOutline,
)
from vision.bench import TaughtCheck, Zone, same_zones
from vision.doubt import CHI2_95, ellipse_mm, half_axes_mm
from vision.geometry import Transform
from vision.overlay import nearest_joint, overlay_of
from vision.pipeline import Pipeline, Want
from vision.scene import DrawnHand, Placed, Scene
from vision.sim import SceneRenderer

BENCH = door_bench()
TOP = BENCH.camera("top")
RED = mirror_look("mirror-right-red")
HERE = np.array([60.0, -60.0, 90.0])
AT_HAND = Zone(name="work", outline_mm=box(0, -120, 120, 0), z_mm=(0.0, 150.0))
AWAY = Zone(name="work", outline_mm=box(-400, 100, -280, 220), z_mm=(0.0, 150.0))


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    made = Pipeline(BENCH, TOP)
    yield made
    made.close()


def test_zones_are_watched_where_they_were_drawn_last(pipeline: Pipeline):
    """It should find a hand in the zone that lies round it, from the next picture on, and in no other."""
    image = SceneRenderer(TOP, static_looks(), seed=3).render(
        Scene(hands=(DrawnHand(bench_mm=HERE, side="right", grip=0.3),)), 1
    )
    seen = []
    for seq, zones in enumerate((None, (AT_HAND,), (AWAY,), (AT_HAND, replace(AWAY, name="rest")), None), start=1):
        frame = Frame(camera="top", seq=seq, t_mono_s=seq * 0.1, image=np.array(image))
        seen.append(dict(pipeline.analyse(frame, Want(zones=zones)).busy_zones))
    assert seen[0].keys() == {"tray", "door", "cobot"} == seen[4].keys()
    assert seen[1:4] == [{"work": True}, {"work": False}, {"work": True, "rest": False}]


def test_a_copy_of_zones_is_the_same_zones():
    """It should go by figures, as after a way through another process, and notice every one that differs."""
    copy = Zone(name="work", outline_mm=np.array(AT_HAND.outline_mm), z_mm=(0.0, 150.0))
    assert same_zones((AT_HAND,), (copy,))
    for other in (replace(copy, name="x"), replace(copy, z_mm=(1.0, 150.0)), replace(copy, outline_mm=AWAY.outline_mm)):
        assert not same_zones((AT_HAND,), (other,))
    assert not same_zones((AT_HAND,), (AT_HAND, AWAY))


def test_the_ellipse_holds_what_its_covariance_says():
    """It should hold 95 of 100 errors drawn from the covariance, and reach as far as its half axes."""
    rng = np.random.default_rng(5)
    turn = Transform.of(0, 0, 0, yaw_deg=35).rotation[:2, :2]
    covariance = np.eye(6)
    covariance[:2, :2] = turn @ np.diag([4.0, 0.25]) @ turn.T
    ellipse = ellipse_mm(covariance)
    errors = rng.multivariate_normal(np.zeros(2), covariance[:2, :2], 20_000)
    inside = np.einsum("ni,ij,nj->n", errors, np.linalg.inv(covariance[:2, :2]), errors) <= CHI2_95
    assert inside.mean() == pytest.approx(0.95, abs=0.006)
    edge = np.einsum("ni,ij,nj->n", ellipse, np.linalg.inv(covariance[:2, :2]), ellipse)
    assert edge == pytest.approx(CHI2_95)
    reach = np.linalg.norm(ellipse, axis=1)
    assert (reach.max(), reach.min()) == pytest.approx(half_axes_mm(covariance), rel=0.01)
    assert np.linalg.norm(ellipse_mm(covariance, times=10.0), axis=1).max() == pytest.approx(10 * reach.max())


def test_everything_of_a_frame_is_drawn_where_the_picture_has_it():
    """It should project tool, people, taught regions and codes, and leave out what lies behind the camera."""
    check = TaughtCheck(
        name="cap", kind="seated", bench_from_region=Transform.of(100, 50, 70), size_mm=(40.0, 20.0), states=("a", "b")
    )
    bench = replace(BENCH, checks=(check, replace(check, name="other", cameras=("side",))))
    tip = np.add(bench.joints[1].bench_mm, (3.0, 4.0, 0.0))
    bodies = tuple(
        BodyObservation(
            body=name, bench_from_body=pose, tag_ids=(1,), rms_px=0.1, covariance=np.diag([0.04] * 3 + [1e-6] * 3)
        )
        for name, pose in ((RED.name, DOOR), ("tool", Transform.of(*tip, roll_deg=10)))
    )
    analysis = FrameAnalysis(
        camera="top",
        seq=1,
        t_mono_s=0.0,
        state=CameraState.GOOD,
        bodies=bodies,
        people=(PersonOutline(outline_mm=box(0, -200, 80, -100), z_mm=(0.0, 240.0), cues=("skin",)),),
        checks=(CheckObservation(check="cap", state="a", score=0.98, reason="", model="m"),),
        codes=(CodeObservation(kind="qr", text="PASS-1", corners_px=box(1, 1, 9, 9)),),
    )
    data = overlay_of(analysis, bench, TOP, tool="tool")
    assert data["tool"] | {"axis_px": 0, "joint_px": 0} == {
        "joint": bench.joints[1].name,
        "distance_mm": 5.0,
        "angle_deg": 10.0,
        "axis_px": 0,
        "joint_px": 0,
    }
    assert data["tool"]["axis_px"][0] == pytest.approx(TOP.project(tip)[0], abs=0.06)
    (drawn,) = data["checks"]
    assert (drawn["check"], drawn["state"], drawn["score"]) == ("cap", "a", 0.98)
    assert drawn["outline_px"][0] == pytest.approx(TOP.project([[80, 60, 70]])[0], abs=0.06)
    assert data["people"][0]["outline_px"][2] == pytest.approx(TOP.project([[80, -100, 0]])[0], abs=0.06)
    assert data["codes"] == [{"kind": "qr", "text": "PASS-1", "corners_px": box(1, 1, 9, 9).tolist()}]
    ellipse = np.array(data["bodies"][0]["ellipse_px"])
    away_px = np.linalg.norm(ellipse - TOP.project(DOOR.apply(np.zeros((1, 3))))[0], axis=1)
    assert away_px == pytest.approx(10 * 0.2 * CHI2_95**0.5 * 1150 / 890, rel=0.05)
    behind = replace(bodies[1], bench_from_body=Transform.of(0, 0, 2000))
    assert overlay_of(replace(analysis, bodies=(behind,)), bench, TOP, tool="tool")["tool"] is None
    assert nearest_joint(bodies[1], replace(bench, joints=())) is None


def test_without_a_tool_there_is_none():
    """It should draw no axis on a bench whose bodies are parts only."""
    image = SceneRenderer(TOP, static_looks(), seed=3).render(
        Scene(
            placed=(
                Placed(look=RED, bench_from_body=DOOR),
                Placed(look=tool_look(), bench_from_body=Transform.of(330, -120, 0)),
            )
        ),
        1,
    )
    pipeline = Pipeline(BENCH, TOP)
    analysis = pipeline.analyse(Frame(camera="top", seq=1, t_mono_s=0.1, image=np.array(image)), Want())
    pipeline.close()
    assert overlay_of(analysis, BENCH, TOP)["tool"] is None
    assert overlay_of(analysis, BENCH, TOP, tool="tool")["tool"] is not None
