"""Speed and separation supervision: how fast the arm may move for the people that are seen, link by link.

For every link and everybody: the gap now, and the protective distance at the speed that was asked for. The arm may keep
that share of its speed at which the worst pair still fits; where not even the slowest step fits, it has to hold. And an
arm that already is too fast for its gap, whatever was asked of it, has to hold too. Nobody knows where people are, or
where the arm is: hold.

A stricter verdict counts at once. A laxer one counts when it has had some millimetres to spare for some time, so that
a hand at the border does not make the arm stutter.

Of the ways to reckon with the arm's own path this one is taken: its links where they are, and S_r + S_s for what they
cover until they stand, from each link's speed towards each person. Headings may turn by `HEADING_DOUBT_DEG` meanwhile.

This is for comfort and for a second look. It is no safety function; emergency stop, protective stop and the limits on
power and force are the robot controller's, and nobody may rely on this instead.
"""

from __future__ import annotations

from station.motion.encounter import encounter
from station.motion.moving_arm import STALE_S, ArmNow
from station.motion.people import People
from station.motion.reaction import Reaction
from station.motion.supervision import Level, SupervisorConfig, Verdict


class Supervisor:
    """Judges one arm. The hysteresis is its only memory. Not thread-safe."""

    def __init__(self, config: SupervisorConfig, reaction: Reaction) -> None:
        self._config = config
        self._reaction = reaction
        self._limit: int | None = None
        """The limit in force while the arm is judged."""
        self._fits = 0
        self._fits_since_s: float | None = None
        """Since when at least `_fits` has had room enough to spare."""

    def update(self, now_s: float, arm: ArmNow | None, people: People) -> Verdict:
        """The verdict at this moment: called for every analysed frame, for every posture, and before a motion."""
        reason = _unknown(now_s, arm, people)
        if arm is None or reason:
            judged = arm is not None and arm.judged
            self._set(0 if judged else None)
            return Verdict(
                t_mono_s=now_s,
                level=Level.UNKNOWN,
                limit_percent=0,
                judged=judged,
                reason=reason,
                distance_mm=0.0,
                arm_age_s=now_s - arm.t_mono_s if arm is not None else 0.0,
            )
        moment = encounter(now_s, arm, people, self._config, self._reaction)
        strict = moment.limit()
        if not arm.judged:
            self._set(None)
        elif self._limit is None or strict <= self._limit:
            self._set(strict)
        else:
            self._ease(now_s, moment.limit(self._config.ease_mm))
        return moment.verdict(strict if self._limit is None else self._limit)

    def _set(self, limit: int | None) -> None:
        self._limit, self._fits_since_s = limit, None

    def _ease(self, now_s: float, fits: int) -> None:
        """Take a laxer limit when it has fitted, with room to spare, for long enough."""
        if self._limit is None or fits <= self._limit:
            self._fits_since_s = None
        elif self._fits_since_s is None:
            self._fits_since_s, self._fits = now_s, fits
        else:
            self._fits = min(self._fits, fits)
            if now_s - self._fits_since_s >= self._config.ease_s:
                self._set(self._fits)


def _unknown(now_s: float, arm: ArmNow | None, people: People) -> str:
    """Why nobody can tell, one sentence for the technician; empty when it can be told."""
    if arm is None:
        return "The arm does not tell where it is; see to its cable and its power."
    if arm.judged and now_s - arm.t_mono_s > STALE_S:
        return "The arm has not told where it is for half a second; see to its cable."
    return "" if people.known else people.why
