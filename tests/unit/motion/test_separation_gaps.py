"""Gaps of capsules and upright prisms, against points sampled on both."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from station.motion.gaps import gaps

POINT = st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 500))
PLACE = st.tuples(st.floats(-250, 250), st.floats(-250, 250))


def convex(x: float, y: float, size: float, corners: int, turn: float) -> np.ndarray:
    angles = turn + np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.column_stack([x + size * np.cos(angles), y + 0.6 * size * np.sin(angles)])


def sampled(start: np.ndarray, end: np.ndarray, outline: np.ndarray, top_mm: float) -> float:
    """The distance of the line from the prism, from points: never less than it is."""
    t = np.linspace(0.0, 1.0, 81)[:, None]
    line = start + t * (end - start)
    edges = np.roll(outline, -1, axis=0) - outline
    rim = np.concatenate([outline[None] + s * edges[None] for s in np.linspace(0, 1, 41)], axis=1).reshape(-1, 2)
    level = np.linalg.norm(line[:, None, :2] - rim[None], axis=2).min(axis=1)
    relative = line[:, None, :2] - outline[None]
    sides = edges[None, :, 0] * relative[..., 1] - edges[None, :, 1] * relative[..., 0]
    level[(sides >= 0).all(axis=1) | (sides <= 0).all(axis=1)] = 0.0
    return float(np.hypot(level, np.maximum(line[:, 2] - top_mm, 0.0)).min())


@settings(max_examples=150)
@given(
    POINT, POINT, st.floats(-250, 250), st.floats(-250, 250), st.floats(20, 150), st.integers(3, 24), st.floats(0, 6)
)
def test_a_gap_is_never_larger_than_it_is(start, end, x, y, size, corners, turn):
    """It should be exact seen from above, and never too large with the height."""
    one, other = np.array([start]), np.array([end])
    outline = convex(x, y, size, corners, turn)
    low, high = 0.0, 1000.0
    for top_mm, exact in ((low, False), (120.0, False), (high, True)):
        found = gaps(one, other, np.array([0.0]), [outline], [top_mm]).distances_mm[0, 0]
        true = sampled(one[0], other[0], outline, top_mm)
        assert found <= true + 1e-6
        if exact:
            assert found >= true - 10.0


def test_the_direction_leads_to_the_person():
    """It should point from the link to the nearest of the person, level beside it and down from above."""
    box = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    beside = gaps(np.array([[-30.0, 5.0, 50.0]]), np.array([[-20.0, 5.0, 50.0]]), np.array([4.0]), [box], [100.0])
    assert beside.distances_mm[0, 0] == 16.0
    assert beside.towards[0, 0].tolist() == [1.0, 0.0, 0.0]
    above = gaps(np.array([[5.0, 5.0, 130.0]]), np.array([[5.0, 5.0, 160.0]]), np.array([4.0]), [box], [100.0])
    assert above.distances_mm[0, 0] == 26.0
    assert above.towards[0, 0].tolist() == [0.0, 0.0, -1.0]


def test_reaching_into_one_another_is_no_gap_whichever_way_round_the_outline_runs():
    """It should find a link across a person, one within, and one that ends within, in both turns of the outline."""
    box = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    starts = np.array([[-5.0, 5.0, 0.0], [4.0, 4.0, 0.0], [5.0, 5.0, 0.0], [0.0, -3.0, 0.0]])
    ends = np.array([[15.0, 5.0, 0.0], [6.0, 6.0, 0.0], [5.0, 50.0, 0.0], [10.0, -3.0, 0.0]])
    for outline in (box, box[::-1]):
        found = gaps(starts, ends, np.zeros(4), [outline], [50.0])
        assert found.distances_mm[:, 0].tolist() == [0.0, 0.0, 0.0, 3.0]
        assert not found.towards[:3].any()


def test_everybody_is_looked_at():
    """It should tell each person's own gap, and nothing where nobody is."""
    near, far = convex(100, 0, 20, 8, 0.0), convex(200, 0, 20, 3, 0.0)
    point = np.zeros((1, 3))
    found = gaps(point, point, np.zeros(1), [far, near], [50.0, 50.0]).distances_mm[0]
    assert found[0] > found[1] > 0.0
    assert gaps(point, point, np.zeros(1), [], []).distances_mm.shape == (1, 0)
