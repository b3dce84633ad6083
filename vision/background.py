"""The bench without anybody, as one camera sees it in the light of now; and what is there that does not belong to it.

Light: three gains, one a channel, are measured over what nobody covers, and the whole background is brought into the
light of the newest picture with them, what is covered at that moment too. A cloud, a dimmed lamp or another white
therefore do not look like somebody, and uncover the right bench when a hand goes.

What reaches in is never learned away by time alone. Something that has been still for `GIVE_UP_S` is learned only when
it has no outline of its own: a soft change of light, or the place of a thing that was taken away, whose outline is in
the background and not in the picture. A forgotten bag and an arm that rests have one; they stay until they go, or until
a technician says that this is the empty bench.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.api import Picture

Mask = NDArray[np.uint8]
CHANGE_LEVELS = 13
MOTION_LEVELS = 10
LEARN_S = 1.5
GIVE_UP_S = 20.0
LONGEST_STEP_S = 1.0
GAIN_LIMITS = (0.05, 20.0)
SAME_LIGHT = 0.12
"""Ratios of brightness within this share of the middle one are of places that nothing covers."""
DARKEST_LEVEL, BRIGHTEST_LEVEL = 16, 240
"""Outside these a pixel's brightness says nothing of the light."""
GRID = 4
"""Light is measured on every fourth pixel of every fourth row."""
OUTLINE_LEVELS_PX = 2.5
"""Mean step across an outline, levels a pixel; a thing 13 levels off its ground has 4 or more after smoothing."""
OUTLINE_OVER_BACKGROUND = 1.3
"""How much stronger an outline must be in the picture than the background is at the same places."""


class Background:
    """Learned from pictures of one size in order of time."""

    def __init__(self) -> None:
        self._bench: NDArray[np.float32] | None = None
        self._seen: Mask | None = None
        self._hidden: Mask | None = None
        self._before: Picture | None = None
        self._moving: Mask | None = None
        self._moved_s: NDArray[np.float64] | None = None
        self._last_s = 0.0
        self._since_s = 0.0
        self.learned_s = 0.0
        """For how long pictures have been learned from."""

    def start(self, bench: Picture) -> None:
        """Begin with a picture of the empty bench, smoothed as the pictures to come are."""
        self._bench = bench.astype(np.float32)
        self._seen = np.full(bench.shape[:2], 255, dtype=np.uint8)
        self._before = None

    def forget(self) -> None:
        """Learn all anew, from the next picture on."""
        self._bench = self._before = None
        self.learned_s = 0.0

    @property
    def bench(self) -> Picture | None:
        """The empty bench in the light of the last picture; None before the first."""
        import cv2

        return None if self._bench is None else np.asarray(cv2.convertScaleAbs(self._bench), dtype=np.uint8)

    @property
    def moving(self) -> Mask:
        """255 where the last picture differs from the one before it."""
        assert self._moving is not None
        return self._moving

    def changed(self, now: Picture, t_mono_s: float, covered: Mask | None, hidden: Mask | None = None) -> Mask:
        """255 where a smoothed BGR picture shows something else than the bench.

        `covered` = where somebody was last. `hidden` = where a machine may be: nothing is told of that, nor learned,
        and what it has hidden from the beginning is taken for the bench when it first comes into sight.
        """
        import cv2

        if self._bench is None:
            self._bench = now.astype(np.float32)
            self._seen = np.zeros(now.shape[:2], dtype=np.uint8)
        self._first_seen(now, hidden)
        if self._before is None or self._moved_s is None:
            self._before, self._last_s = now, t_mono_s
            self._moved_s = np.full(now.shape[:2], t_mono_s)
        self._since_s = min(LONGEST_STEP_S, max(0.0, t_mono_s - self._last_s))
        self.learned_s += self._since_s
        self._relight(now, covered)
        self._moving = _apart(now, self._before, MOTION_LEVELS)
        self._moved_s[self._moving > 0] = t_mono_s
        self._before, self._last_s = now, t_mono_s
        bench = self.bench
        assert bench is not None
        apart = _apart(now, bench, CHANGE_LEVELS)
        if hidden is not None:
            apart &= ~hidden
        return np.asarray(cv2.morphologyEx(apart, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), dtype=np.uint8)

    def learn(self, reach: Mask) -> None:
        """Learn the last picture wherever nobody reaches in, and where what did has turned out to be nobody."""
        import cv2

        assert self._bench is not None
        assert self._before is not None
        if self._since_s <= 0.0:
            return
        free = ~(reach if self._hidden is None else reach | self._hidden)
        still = self._still(reach)
        if still is not None:
            free |= still
        cv2.accumulateWeighted(self._before, self._bench, min(1.0, self._since_s / LEARN_S), mask=free)

    def _first_seen(self, now: Picture, hidden: Mask | None) -> None:
        assert self._bench is not None
        assert self._seen is not None
        self._hidden = hidden
        in_sight = np.full_like(self._seen, 255) if hidden is None else np.asarray(255 - hidden, dtype=np.uint8)
        new = (in_sight & ~self._seen) > 0
        if new.any():
            self._bench[new] = now[new]
            self._seen |= in_sight

    def _still(self, reach: Mask) -> Mask | None:
        """Those of the things that reach in which have been still for long and have no outline of their own."""
        import cv2

        assert self._moved_s is not None
        still = np.where(self._last_s - self._moved_s >= GIVE_UP_S - 1e-6, reach, 0).astype(np.uint8)
        if not cv2.countNonZero(still):
            return None
        count, labels, stats, _ = cv2.connectedComponentsWithStats(reach, connectivity=8)
        nobody = np.zeros(count, dtype=np.uint8)
        for label in np.unique(labels[still > 0]):
            x, y, width, height = stats[label, :4]
            box = (slice(y, y + height), slice(x, x + width))
            nobody[label] = 0 if self._has_outline(np.asarray(labels[box] == label), box) else 255
        return np.asarray(nobody[labels] & still, dtype=np.uint8)

    def _has_outline(self, thing: NDArray[np.bool_], box: tuple[slice, slice]) -> bool:
        """Whether the edge of a thing is a step in the picture, and more of a step than the bench has there."""
        import cv2

        assert self._before is not None
        assert self._bench is not None
        padded = np.pad(thing.astype(np.uint8), 1)
        edge = cv2.morphologyEx(padded, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))[1:-1, 1:-1] > 0
        height, width = self._before.shape[:2]
        edge[: max(0, 2 - box[0].start)] = False
        edge[thing.shape[0] - max(0, box[0].stop - height + 2) :] = False
        edge[:, : max(0, 2 - box[1].start)] = False
        edge[:, thing.shape[1] - max(0, box[1].stop - width + 2) :] = False
        if not edge.any():
            return True
        here = _steepness(self._before.astype(np.float32))[box][edge]
        bench = _steepness(self._bench)[box][edge]
        return bool(here.mean() >= max(OUTLINE_LEVELS_PX, OUTLINE_OVER_BACKGROUND * float(bench.mean())))

    def _relight(self, now: Picture, covered: Mask | None) -> None:
        import cv2

        assert self._bench is not None
        one = now[::GRID, ::GRID].reshape(-1, 3).astype(np.float32)
        other = self._bench[::GRID, ::GRID].reshape(-1, 3)
        lowest, highest = np.minimum(one, other).min(axis=1), np.maximum(one, other).max(axis=1)
        good = (lowest >= DARKEST_LEVEL) & (highest <= BRIGHTEST_LEVEL)
        if covered is not None:
            good &= covered[::GRID, ::GRID].ravel() == 0
        if np.count_nonzero(good) < len(good) // 16:
            return
        ratio = one[:, 1] / np.maximum(other[:, 1], 1.0)
        middle = float(np.median(ratio[good]))
        same = (good & (np.abs(ratio - middle) <= SAME_LIGHT * middle)).astype(np.float32)
        gains = (same @ one) / np.maximum(same @ other, 1.0)
        if same.any():
            gains = np.clip(gains, *GAIN_LIMITS)
            self._bench = np.asarray(cv2.transform(self._bench, np.diag(gains)), dtype=np.float32)


def _apart(one: Picture, other: Picture, levels: int) -> Mask:
    """255 where any channel differs by more than `levels`."""
    import cv2

    blue, green, red = cv2.split(cv2.absdiff(one, other))
    most = cv2.max(cv2.max(blue, green), red)
    return np.asarray(cv2.threshold(most, levels, 255, cv2.THRESH_BINARY)[1], dtype=np.uint8)


def _steepness(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Step in levels a pixel, the steepest channel's."""
    import cv2

    across, down = (cv2.Sobel(picture, cv2.CV_32F, *order, ksize=3, scale=1.0 / 8.0) for order in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down).max(axis=2), dtype=np.float32)
