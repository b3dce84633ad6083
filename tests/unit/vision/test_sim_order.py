"""Painter's order of the simulated bench."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vision.sim_order import Item, in_painting_order


def item(depth_mm: float, low: tuple[float, float, float], high: tuple[float, float, float]) -> Item:
    return Item(depth_mm=depth_mm, low_mm=np.array(low), high_mm=np.array(high), paint=lambda _picture: None)


def test_farther_things_are_painted_first() -> None:
    """It should go by depth where nothing stands on anything."""
    near, far = item(500, (0, 0, 0), (10, 10, 10)), item(900, (50, 50, 0), (60, 60, 10))
    assert in_painting_order([near, far]) == [far, near]


def test_a_nut_on_a_wide_plate_is_painted_after_it_though_it_is_farther() -> None:
    """It should paint what stands on a thing after it, where depth alone would be wrong."""
    plate, nut = item(700, (0, 0, 0), (200, 100, 8)), item(760, (180, 80, 8), (190, 90, 18))
    assert in_painting_order([nut, plate]) == [plate, nut]


def test_nothing_to_paint_is_no_error() -> None:
    """It should accept an empty bench."""
    assert in_painting_order([]) == []


coordinate = st.integers(-5, 5).map(float)
items = st.lists(
    st.builds(
        lambda depth, x, y, z, size: item(depth, (x, y, 10 * z), (x + size, y + size, 10 * z + 8)),
        st.integers(300, 900).map(float),
        coordinate,
        coordinate,
        st.integers(0, 4).map(float),
        st.integers(1, 4).map(float),
    ),
    max_size=12,
)


@given(items)
def test_everything_is_painted_once_and_after_what_it_stands_over(things: list[Item]) -> None:
    """It should keep every thing, and never paint a thing before another that it stands over."""
    ordered = in_painting_order(things)
    assert sorted(map(id, ordered)) == sorted(map(id, things))
    place = {id(thing): i for i, thing in enumerate(ordered)}
    for upper in things:
        for lower in things:
            overlaps = np.all((lower.low_mm[:2] < upper.high_mm[:2]) & (upper.low_mm[:2] < lower.high_mm[:2]))
            if overlaps and lower.high_mm[2] <= upper.low_mm[2]:
                assert place[id(lower)] < place[id(upper)]
