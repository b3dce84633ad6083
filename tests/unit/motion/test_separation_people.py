"""What is known of people: from the frames of cameras that may be stale, covered, oblique, or two."""

import numpy as np
import pytest
from support.doorbench import door_bench

from station.motion.people import PeopleWatch, Views, views_of
from vision.api import CameraHealth, CameraState, FrameAnalysis, PersonOutline

TOP = Views(counted=frozenset({"top"}), covering=frozenset({"top"}))
TWO = Views(counted=frozenset({"top", "back"}), covering=frozenset({"top"}))


def outline(x: float) -> PersonOutline:
    corners = np.array([[x, 0.0], [x + 10, 0.0], [x + 10, 10.0]])
    return PersonOutline(outline_mm=corners, z_mm=(0.0, 240.0), cues=("skin",))


def frame(
    t_s: float, *xs: float, camera: str = "top", state: CameraState = CameraState.GOOD, known: bool = True
) -> FrameAnalysis:
    people = tuple(outline(x) for x in xs)
    return FrameAnalysis(camera=camera, seq=0, t_mono_s=t_s, state=state, people=people, people_known=known)


def health(camera: str, *, good: bool) -> CameraHealth:
    return CameraHealth(camera=camera, t_mono_s=0.0, good=good, code="camera.x", detail="")


def test_before_the_first_frame_nobody_knows():
    """It should not take silence for an empty bench."""
    found = PeopleWatch(TOP, rise_mm=60.0).at(0.0)
    assert not found.known
    assert "top" in found.why


def test_a_person_stands_from_the_table_to_over_what_was_seen():
    """It should keep the outline, the picture's time, and a height with something added."""
    watch = PeopleWatch(TOP, rise_mm=60.0)
    watch.seen(frame(1.0, 5.0))
    found = watch.at(1.2)
    (person,) = found.persons
    assert (found.known, found.t_mono_s, person.t_mono_s, person.camera, person.top_mm) == (
        True,
        1.0,
        1.0,
        "top",
        300.0,
    )
    assert person.outline_mm[0].tolist() == [5.0, 0.0]


def test_a_frame_that_comes_late_does_not_take_the_newer_ones_place():
    watch = PeopleWatch(TOP, rise_mm=0.0)
    watch.seen(frame(1.0, 5.0))
    watch.seen(frame(0.9))
    assert len(watch.at(1.0).persons) == 1


@pytest.mark.parametrize(
    "last",
    [
        frame(1.0, state=CameraState.COVERED, known=False),
        frame(1.0, state=CameraState.DARK, known=True),
        frame(1.0, known=False),
    ],
)
def test_a_frame_that_cannot_tell_is_nobody_knows(last: FrameAnalysis):
    """It should be unknown at once, although a good frame came just before."""
    watch = PeopleWatch(TOP, rise_mm=0.0)
    watch.seen(frame(0.9))
    assert watch.at(0.9).known
    watch.seen(last)
    assert not watch.at(1.0).known


def test_a_stale_camera_and_a_lost_one_are_nobody_knows():
    """It should be unknown half a second after the last frame, and at once when the camera is reported lost."""
    watch = PeopleWatch(TOP, rise_mm=0.0, stale_s=0.5)
    watch.seen(frame(1.0))
    assert watch.at(1.5).known
    assert not watch.at(1.51).known
    watch.seen(frame(2.0))
    watch.health(health("top", good=True))
    assert watch.at(2.0).known
    watch.health(health("top", good=False))
    assert not watch.at(2.0).known
    watch.seen(frame(2.1))
    assert watch.at(2.1).known


def test_whom_any_camera_sees_is_there():
    """It should take the second camera's person besides the first's; that it fails does not blind the first."""
    watch = PeopleWatch(TWO, rise_mm=0.0)
    watch.seen(frame(1.0, 5.0))
    watch.seen(frame(1.0, 80.0, camera="back"))
    assert sorted(person.camera for person in watch.at(1.1).persons) == ["back", "top"]
    watch.health(health("back", good=False))
    found = watch.at(1.1)
    assert found.known
    assert [person.camera for person in found.persons] == ["top"]


def test_a_camera_that_does_not_see_the_whole_zone_cannot_say_that_it_is_empty():
    watch = PeopleWatch(TWO, rise_mm=0.0)
    watch.seen(frame(1.0, camera="back"))
    assert not watch.at(1.0).known


def test_a_camera_that_does_not_count_says_nothing():
    watch = PeopleWatch(TOP, rise_mm=0.0)
    watch.seen(frame(1.0))
    watch.seen(frame(1.0, 5.0, camera="side"))
    assert watch.at(1.0).persons == ()


def test_only_a_view_from_above_counts():
    """It should count the simulated bench's upper camera, which sees the arm's zone whole, and not the flat one."""
    assert views_of(door_bench(), "cobot", top_mm=300.0) == TOP
    # The tray reaches to the picture's border: no camera sees all of it.
    assert views_of(door_bench(), "tray", top_mm=300.0).covering == frozenset()
    with pytest.raises(KeyError):
        views_of(door_bench(), "garage", top_mm=300.0)


def test_without_a_covering_camera_it_says_so():
    found = PeopleWatch(Views(counted=frozenset({"top"}), covering=frozenset()), rise_mm=0.0).at(0.0)
    assert "No camera sees the whole" in found.why
