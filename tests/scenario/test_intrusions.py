"""Hands that reach into the moving arm's way, as pixels: every one of them makes the arm hold."""

import numpy as np
import pytest
from support.intrusions import Bench, intrusions


def test_hands_at_every_speed_make_the_arm_hold():
    """It should notice slow and fast hands, bare and gloved, before or while they come into the arm's zone."""
    bench = Bench()
    ended = [bench.run(one) for one in intrusions(7, seed=5)]
    assert all(one.noticed_in_time for one in ended)
    assert all(one.frames <= 3.0 for one in ended)


def test_an_arm_that_is_alone_is_never_slowed():
    """It should not take the arm, its shadow or its lamp for a hand: a hold says that there is one."""
    assert {verdict.limit_percent for verdict in Bench(seed=2).alone(60)} == {100}


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_two_hundred_hands_are_all_noticed():
    """It should miss none of 200, and says how long after entering the zone the hold came, in frame times."""
    bench = Bench()
    ended = [bench.run(one) for one in intrusions(200, seed=1)]
    missed = sum(one.hold_s is None for one in ended)
    print(f"missed: {missed} of {len(ended)}")
    assert missed == 0
    for low, high in ((200, 500), (500, 1000), (1000, 2001), (200, 2001)):
        some = [one for one in ended if low <= one.speed_mm_s < high]
        part = np.array([one.frames for one in some])
        late = sum(not one.noticed_in_time for one in some)
        print(
            f"{low:4}-{high:4} mm/s: {len(some):3} hands, hold {np.median(part):+.1f} frames after the zone (median), "
            f"{np.percentile(part, 99):+.1f} (p99), {late} before it was in view or after it could touch"
        )
    assert all(one.noticed_in_time for one in ended)
    assert np.percentile([one.frames for one in ended], 99) <= 3.0
