"""The protective distance: the published figures, and that no figure makes it too small."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from station.motion.separation import highest_share, terms

SPEED = st.floats(0.0, 3000.0)
TIME = st.floats(0.0, 2.0)
LENGTH = st.floats(0.0, 500.0)


@pytest.mark.parametrize(
    ("speed", "reaction_s", "stopping_s", "parts_mm", "total_mm"),
    [
        (1000.0, 0.10, 0.30, (640.0, 100.0, 150.0, 200.0, 100.0, 50.0), 1240.0),
        (250.0, 0.05, 0.20, (400.0, 12.5, 25.0, 200.0, 100.0, 50.0), 787.5),
    ],
)
def test_the_published_cases_come_out(speed, reaction_s, stopping_s, parts_mm, total_mm):
    """It should give every term of the two worked cases, and their sum."""
    found = terms(
        person_mm_s=1600.0,
        robot_mm_s=speed,
        reaction_s=reaction_s,
        stopping_s=stopping_s,
        intrusion_mm=200.0,
        person_doubt_mm=100.0,
        robot_doubt_mm=50.0,
    )
    assert (
        found.person_mm,
        found.robot_mm,
        found.stopping_mm,
        found.intrusion_mm,
        found.person_doubt_mm,
        found.robot_doubt_mm,
    ) == pytest.approx(parts_mm)
    assert found.total_mm == pytest.approx(total_mm)


@pytest.mark.parametrize("name", ["person_mm_s", "robot_mm_s", "reaction_s", "stopping_s", "intrusion_mm"])
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_figure_that_could_make_it_too_small_is_refused(name: str, value: float):
    """It should not reckon with a negative time or with no number at all."""
    names = (
        "person_mm_s",
        "robot_mm_s",
        "reaction_s",
        "stopping_s",
        "intrusion_mm",
        "person_doubt_mm",
        "robot_doubt_mm",
    )
    with pytest.raises(ValueError, match="finite"):
        terms(**(dict.fromkeys(names, 1.0) | {name: value}))


@given(LENGTH, SPEED, st.floats(1.0, 2000.0), TIME, st.floats(0.01, 2.0), LENGTH)
def test_the_share_that_fits_is_the_largest(distance, person, robot, reaction, stopping, fixed):
    """It should be the share whose own protective distance is the distance, and 0 only where nothing fits."""
    share = highest_share(
        distance, person_mm_s=person, robot_mm_s=robot, reaction_s=reaction, stopping_s=stopping, fixed_mm=fixed
    )

    def needed(part: float) -> float:
        return terms(
            person_mm_s=person,
            robot_mm_s=robot * part,
            reaction_s=reaction,
            stopping_s=stopping * part,
            intrusion_mm=fixed,
            person_doubt_mm=0.0,
            robot_doubt_mm=0.0,
        ).total_mm

    if share == 0.0:
        assert needed(0.0) >= distance - 1e-9
    else:
        assert needed(share) == pytest.approx(distance, abs=1e-6)
        assert needed(share * 1.01) > distance or share < 1e-9


@given(st.floats(0.0, 1000.0), st.floats(0.0, 1000.0), SPEED, SPEED, SPEED, TIME, TIME, TIME)
def test_more_room_allows_no_less_and_more_speed_or_time_no_more(more, distance, person, one, other, time, later, stop):
    """It should never allow more for a shorter gap, a faster arm or an older picture."""
    slow, fast = sorted((one, other))
    assume(slow > 0.0)

    def allowed(distance_mm: float, robot: float, reaction: float) -> float:
        share = highest_share(
            distance_mm, person_mm_s=person, robot_mm_s=robot, reaction_s=reaction, stopping_s=stop, fixed_mm=50.0
        )
        return share * (1 + 1e-9)

    assert allowed(distance + more, slow, time) >= allowed(distance, slow, time) / (1 + 1e-6)
    assert allowed(distance, fast, time) <= allowed(distance, slow, time) * (1 + 1e-6)
    assert allowed(distance, slow, time + later) <= allowed(distance, slow, time) * (1 + 1e-6)


def test_where_nothing_moves_there_is_no_limit():
    """It should not divide by nothing: a person who stands and an arm without speed or braking need no share."""
    assert highest_share(1.0, person_mm_s=0.0, robot_mm_s=0.0, reaction_s=1.0, stopping_s=1.0, fixed_mm=0.0) == math.inf
