"""Corners of tags: half a pixel, their order, and how a tag is followed."""

import cv2
import numpy as np
import pytest

from vision.tags import SCAN_EVERY, TILES, TagTracker

EDGE = 80
ROUND = SCAN_EVERY * TILES[0] * TILES[1] + 1
"""Frames in which the rolling scan has been everywhere."""


def drawn(tag_id: int, x: int, y: int) -> np.ndarray:
    """A grey picture with one upright tag whose black square fills pixels x .. x + EDGE - 1, y .. y + EDGE - 1."""
    picture = np.full((720, 1280), 200, np.uint8)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    picture[y - 12 : y + EDGE + 12, x - 12 : x + EDGE + 12] = 255
    picture[y : y + EDGE, x : x + EDGE] = cv2.aruco.generateImageMarker(dictionary, tag_id, EDGE)
    return cv2.GaussianBlur(picture, (3, 3), 0.7)


def test_corners_follow_opencv_pixel_centres_and_the_upright_order():
    """It should give top left, top right, bottom right, bottom left, on the outline between black and white pixels."""
    (tag,) = TagTracker(frozenset({7})).find(drawn(7, 300, 200))
    low_x, low_y, high_x, high_y = 299.5, 199.5, 379.5, 279.5
    expected = [[low_x, low_y], [high_x, low_y], [high_x, high_y], [low_x, high_y]]
    assert tag.tag_id == 7
    np.testing.assert_allclose(tag.corners_px, expected, atol=0.25)
    np.testing.assert_allclose((tag.corners_px - expected).mean(axis=0), 0.0, atol=0.15)


def test_a_tag_nobody_asked_for_is_left_out():
    """It should report only the ids it was made for."""
    assert TagTracker(frozenset({8})).find(drawn(7, 300, 200)) == ()


def test_a_moving_tag_is_followed():
    """It should keep a tag that moves by half its size a frame."""
    tracker = TagTracker(frozenset({7, 8}))
    for step in range(8):
        (tag,) = tracker.find(drawn(7, 200 + 30 * step, 200 + 20 * step))
        assert tag.corners_px[0, 0] == pytest.approx(199.5 + 30 * step, abs=0.15)


def test_a_tag_that_jumps_is_found_again_by_the_rolling_scan():
    """It should find a tag anywhere within one round of the scan, and never report it where it was."""
    tracker = TagTracker(frozenset({7}))
    tracker.find(drawn(7, 100, 100))
    seen = [tracker.find(drawn(7, 1100, 600)) for _ in range(ROUND)]
    assert any(seen)
    assert all(tags[0].corners_px[0, 0] > 1000 for tags in seen if tags)


def test_a_tag_that_is_snatched_away_is_found_at_once():
    """It should look wide round the place where a tag was lost: a hand moves it farther in a frame than it is long."""
    tracker = TagTracker(frozenset({7, 8}))
    for _ in range(3):
        tracker.find(drawn(7, 300, 200))
    (tag,) = tracker.find(drawn(7, 470, 330))
    assert tag.corners_px[0, 0] == pytest.approx(469.5, abs=0.15)


def test_a_tag_that_comes_back_to_its_place_is_seen_again():
    """It should find a tag on the first frame after a short while behind a hand, and by the scan after a long one."""
    tracker = TagTracker(frozenset({7}))
    picture, nothing = drawn(7, 300, 200), np.full((720, 1280), 200, np.uint8)
    for hidden in (1, 5, 30):
        tracker.find(picture)
        for _ in range(hidden):
            assert tracker.find(nothing) == ()
        seen = [tracker.find(picture) for _ in range(ROUND)]
        assert any(seen)
        assert hidden > 12 or seen[0]


def test_a_half_hidden_tag_is_not_reported_or_right():
    """It should never put corners elsewhere by more than two pixels when a finger covers part of a tag."""
    expected = np.array([[299.5, 199.5], [379.5, 199.5], [379.5, 279.5], [299.5, 279.5]])
    tracker, told = TagTracker(frozenset({7})), 0
    for cover in range(0, 80, 4):
        tracker.find(drawn(7, 300, 200))
        picture = drawn(7, 300, 200)
        picture[180 : 180 + cover, 280 : 280 + cover] = 120
        for tag in tracker.find(picture):
            told += 1
            assert np.abs(tag.corners_px - expected).max() < 2.0
    assert told


def test_a_damaged_code_becomes_no_other_tag():
    """It should report no id but the drawn one, however many of its cells are wrong, and no new tag with any fault."""
    rng = np.random.default_rng(2)
    everything = frozenset(range(587))
    cell = EDGE // 8
    for faults in (1, 2, 3, 6, 12, 36):
        for _ in range(3):
            picture = drawn(7, 300, 200)
            for number in rng.choice(36, faults, replace=False):
                row, column = divmod(int(number), 6)
                y, x = 200 + cell * (row + 1), 300 + cell * (column + 1)
                patch = picture[y : y + cell, x : x + cell]
                patch[...] = 255 if patch.mean() < 128 else 0
            assert TagTracker(everything).find(cv2.GaussianBlur(picture, (3, 3), 0.7)) == ()


def test_a_followed_tag_may_have_one_wrong_cell():
    """It should keep a tag with a glint on one cell, as long as it was read well before."""
    tracker = TagTracker(frozenset({7}))
    tracker.find(drawn(7, 300, 200))
    picture = drawn(7, 300, 200)
    patch = picture[210:220, 310:320]
    patch[...] = 255 if patch.mean() < 128 else 0
    assert [tag.tag_id for tag in tracker.find(picture)] == [7]


def test_a_hidden_tag_is_not_reported():
    """It should say nothing of a tag that is not in the picture, however often it was there before."""
    tracker = TagTracker(frozenset({7}))
    for _ in range(3):
        assert tracker.find(drawn(7, 100, 100))
    assert tracker.find(np.full((720, 1280), 200, np.uint8)) == ()


def test_a_closed_tracker_says_so():
    """It should refuse to work after it was closed."""
    tracker = TagTracker(frozenset({7}))
    tracker.close()
    tracker.close()
    with pytest.raises(RuntimeError, match="closed"):
        tracker.find(drawn(7, 100, 100))
