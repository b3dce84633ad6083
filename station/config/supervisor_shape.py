"""The shape of `[supervisor]` of a station file: what the gap between arm and people is reckoned with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from station.config.shapes import Above0, AtLeast0
from station.config.strict import Strict
from station.motion.reaction import ReactionConfig
from station.motion.supervision import SupervisorConfig

DEFAULT = SupervisorConfig()


class SupervisorShape(Strict):
    """`[supervisor]`. What is left out is as in `SupervisorConfig`; what is measured live has no key."""

    person_mm_s: Above0 = DEFAULT.person_mm_s
    intrusion_mm: AtLeast0 = DEFAULT.intrusion_mm
    person_doubt_mm: AtLeast0 = DEFAULT.person_doubt_mm
    robot_doubt_mm: AtLeast0 = DEFAULT.robot_doubt_mm
    stopping_s: Above0 = DEFAULT.stopping_s
    robot_reaction_s: AtLeast0 = DEFAULT.reaction.robot_s
    headroom_mm: AtLeast0 = DEFAULT.headroom_mm
    ease_mm: AtLeast0 = DEFAULT.ease_mm
    ease_s: AtLeast0 = DEFAULT.ease_s
    rise_mm: AtLeast0 = DEFAULT.rise_mm
    people_stale_s: Annotated[float, Field(gt=0, le=1.0)] = DEFAULT.people_stale_s

    def value(self) -> SupervisorConfig:
        """As the supervisor wants it."""
        given = self.model_dump(exclude={"robot_reaction_s"})
        was = DEFAULT.reaction
        reaction = ReactionConfig(wait=was.wait, look=was.look, act=was.act, robot_s=self.robot_reaction_s)
        return SupervisorConfig(**given, reaction=reaction)
