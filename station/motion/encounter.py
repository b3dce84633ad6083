"""The arm and everybody at one moment: each link with each person, and what of its speed the arm may keep.

For every pair: the gap, how fast both may come together, and the reaction time that counts for what is known of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drivers.cobot.arm.model import Array
from station.motion.gaps import gaps
from station.motion.moving_arm import ArmNow, LinkMotion
from station.motion.people import People, Person
from station.motion.reaction import Reaction
from station.motion.separation import Terms, highest_share, terms
from station.motion.supervision import Level, SupervisorConfig, Verdict

STEPS_PERCENT = (100, 50, 25, 10)
"""The limits that the arm is given, of the speed that was asked for."""
HEADING_DOUBT_DEG = 60.0
"""A link's speed towards a person is taken for the worst heading this near its own: joints turn, people are wide."""
STILL_MM_S = 2.0
"""A link slower than this at the speed asked for (the base) cannot come near anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One link and one person."""

    link: int
    person: Person
    distance_mm: float
    reaction_s: float
    shown_mm_s: float
    """Speed towards the person as the postures show it."""
    asked_mm_s: float
    """The same at the speed asked for."""
    over_mm: float
    """By how much the gap is too small for the speed that the arm shows; a standing arm is never too fast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """One moment, worked out as far as every question about it needs."""

    now_s: float
    arm: ArmNow
    people_s: float
    """When the newest picture of the whole zone was taken."""
    pairs: tuple[Pair, ...]
    """Every link that can move, with everybody."""
    config: SupervisorConfig

    def limit(self, spare_mm: float = 0.0) -> int:
        """The highest step that fits with `spare_mm` besides the headroom; 0 = hold."""
        if any(pair.over_mm > 0.0 for pair in self.pairs):
            return 0
        spare_mm += self.config.headroom_mm
        share = min((self._share(pair, spare_mm) for pair in self.pairs), default=math.inf)
        return next((percent for percent in STEPS_PERCENT if share * 100.0 >= percent), 0)

    def verdict(self, limit: int) -> Verdict:
        """This moment under a limit, with the pair that decides."""
        level = Level.CLEAR if limit == STEPS_PERCENT[0] else Level.SLOW if limit else Level.HOLD
        arm_age_s = self.now_s - self.arm.t_mono_s
        if not self.pairs:
            return Verdict(
                t_mono_s=self.now_s,
                level=level,
                limit_percent=limit,
                judged=self.arm.judged,
                people_age_s=self.now_s - self.people_s,
                arm_age_s=arm_age_s,
            )
        pair = max(self.pairs, key=lambda one: one.over_mm)
        speed_mm_s, stopping_s = pair.shown_mm_s, _shown_stopping_s(self.arm, self.config)
        if pair.over_mm <= 0.0:
            pair = min(self.pairs, key=lambda one: (self._share(one, 0.0), one.distance_mm))
            share = (limit or STEPS_PERCENT[-1]) / 100.0
            speed_mm_s, stopping_s = pair.asked_mm_s * share, self._asked_stopping_s() * share
        return Verdict(
            t_mono_s=self.now_s,
            level=level,
            limit_percent=limit,
            judged=self.arm.judged,
            link=self.arm.names[pair.link],
            camera=pair.person.camera,
            distance_mm=pair.distance_mm,
            speed_mm_s=speed_mm_s,
            terms=_terms(speed_mm_s, stopping_s, pair.reaction_s, self.config),
            reaction_s=pair.reaction_s,
            stopping_s=stopping_s,
            people_age_s=self.now_s - pair.person.t_mono_s,
            arm_age_s=arm_age_s,
        )

    def _asked_stopping_s(self) -> float:
        return self.arm.asked.share * self.config.stopping_s

    def _share(self, pair: Pair, spare_mm: float) -> float:
        """The share of the speed asked for that this pair allows."""
        config = self.config
        return highest_share(
            pair.distance_mm,
            person_mm_s=config.person_mm_s,
            robot_mm_s=pair.asked_mm_s,
            reaction_s=pair.reaction_s,
            stopping_s=self._asked_stopping_s(),
            fixed_mm=config.intrusion_mm + config.person_doubt_mm + config.robot_doubt_mm + spare_mm,
        )


def encounter(now_s: float, arm: ArmNow, people: People, config: SupervisorConfig, reaction: Reaction) -> Encounter:
    """Work a moment out. `people` must be known."""
    found = gaps(
        arm.starts_mm,
        arm.ends_mm,
        arm.radii_mm,
        [person.outline_mm for person in people.persons],
        [person.top_mm for person in people.persons],
    )
    asked, able = _towards(arm.asked, found.towards), arm.asked.speeds_mm_s()
    shown = np.zeros_like(asked)
    if arm.shown is not None:
        shown, able = _towards(arm.shown, found.towards), np.maximum(able, arm.shown.speeds_mm_s())
    links, after_s = np.flatnonzero(able > STILL_MM_S), reaction.after_verdict_s()
    pairs = []
    for m, person in enumerate(people.persons):
        # The age of what is known is a part of the reaction time. It counts alone where it is more than was measured.
        oldest_s = now_s - min(person.t_mono_s, arm.t_mono_s)
        reaction_s = max(reaction.reaction_s(person.camera), oldest_s + after_s)
        for n in links:
            distance_mm, shown_mm_s = float(found.distances_mm[n, m]), float(shown[n, m])
            over_mm = -math.inf
            if arm.shown is not None:
                needed = _terms(shown_mm_s, _shown_stopping_s(arm, config), reaction_s, config)
                over_mm = needed.total_mm - distance_mm
            pairs.append(
                Pair(
                    link=int(n),
                    person=person,
                    distance_mm=distance_mm,
                    reaction_s=reaction_s,
                    shown_mm_s=shown_mm_s,
                    asked_mm_s=float(asked[n, m]),
                    over_mm=over_mm,
                )
            )
    return Encounter(now_s=now_s, arm=arm, people_s=people.t_mono_s, pairs=tuple(pairs), config=config)


def _shown_stopping_s(arm: ArmNow, config: SupervisorConfig) -> float:
    return arm.shown.share * config.stopping_s if arm.shown is not None else 0.0


def _terms(speed_mm_s: float, stopping_s: float, reaction_s: float, config: SupervisorConfig) -> Terms:
    return terms(
        person_mm_s=config.person_mm_s,
        robot_mm_s=speed_mm_s,
        reaction_s=reaction_s,
        stopping_s=stopping_s,
        intrusion_mm=config.intrusion_mm,
        person_doubt_mm=config.person_doubt_mm,
        robot_doubt_mm=config.robot_doubt_mm,
    )


def _towards(motion: LinkMotion, towards: Array) -> Array:
    """(n, m) speed of each link towards each person, for the worst heading within `HEADING_DOUBT_DEG` of its own."""
    speeds = np.linalg.norm(motion.velocities_mm_s, axis=3)
    along = np.einsum("cnei,nmi->cnem", motion.velocities_mm_s, towards)
    cosines = along / np.where(speeds > 0.0, speeds, 1.0)[..., None]
    angles = np.arccos(np.clip(cosines, -1.0, 1.0))
    doubtful = np.maximum(np.cos(np.maximum(angles - math.radians(HEADING_DOUBT_DEG), 0.0)), 0.0)
    directed = speeds[..., None] * doubtful
    most = directed.max(axis=(0, 2), initial=0.0)
    return np.asarray(np.maximum(most, motion.undirected_mm_s[:, None]))
