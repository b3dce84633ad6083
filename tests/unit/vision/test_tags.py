"""Corners of tags: half a pixel, their order, and how a tag is followed."""

import cv2
import numpy as np
import pytest

from vision.tags import TagTracker

EDGE = 80


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
    seen = [tracker.find(drawn(7, 1100, 600)) for _ in range(14)]
    assert any(seen)
    assert all(tags[0].corners_px[0, 0] > 1000 for tags in seen if tags)


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
