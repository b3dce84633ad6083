"""Hands that come into the moving arm's zone, from the hand to the bytes that stop the arm."""

import numpy as np
import pytest
from support.intruded_station import IntrudedStation


def speeds(count, seed):
    """0.2 to 2 m/s, evenly over the logarithm."""
    rng = np.random.default_rng(seed)
    return [float(200.0 * 10.0 ** rng.uniform(0, 1)) for _ in range(count)]


def told(ended):
    frames = np.array([one.frames for one in ended])
    for low, high in ((200, 500), (500, 1000), (1000, 2001), (200, 2001)):
        part = np.array([one.frames for one in ended if low <= one.speed_mm_s < high])
        print(
            f"{low:4}-{high:4} mm/s: {len(part):3} hands, stop bytes {np.median(part):+.1f} frame times after the zone "
            f"(median), {np.percentile(part, 99):+.1f} (p99)"
        )
    return frames


def test_no_hand_is_missed_and_the_stop_is_at_the_arm_soon(tmp_path):
    """It should stop the arm for each of 12 hands, by readings of the noise model."""
    bench = IntrudedStation(tmp_path, pixels=False)
    try:
        turned_deg, stops = bench.waves_on(12.0)
        ended = [bench.intrude(speed) for speed in speeds(12, 3)]
    finally:
        bench.close()
    assert turned_deg > 20.0 and stops == 0, "the arm is stopped although nobody comes"
    assert [one for one in ended if one.stop_s is None] == []
    assert np.percentile([one.frames for one in ended], 99) <= 3.0


@pytest.mark.campaign
@pytest.mark.timeout(5400)
def test_two_hundred_rendered_hands_stop_the_arm(tmp_path):
    """It should miss none of 200 through the renderer, the real trackers and the whole station."""
    bench = IntrudedStation(tmp_path, pixels=True)
    try:
        ended = [bench.intrude(speed) for speed in speeds(200, 1)]
    finally:
        bench.close()
    assert [one for one in ended if one.stop_s is None] == []
    assert np.percentile(told(ended), 99) <= 3.0
