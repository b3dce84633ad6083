"""What the supervisor is told and what it says: its configuration, and a verdict with every figure behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from station.motion.reaction import PartLimits, ReactionConfig
from station.motion.separation import Terms


class Level(StrEnum):
    """What is asked of the arm."""

    CLEAR = "clear"
    SLOW = "slow"
    HOLD = "hold"
    UNKNOWN = "unknown"
    """Hold, because people or the arm are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorConfig:
    """Every term that is not measured. The defaults are the simulated bench's; a real bench measures its own.

    The standard's figures for a person are 1600 mm/s walking and 2000 mm/s for a close reach. With those, a small arm
    could not move at all beside somebody at the same bench; so the default is a choice, for visitors who stand at the
    bench and have been told that the arm will move.
    """

    person_mm_s: float = 500.0
    """v_h. Not the standard's: the pace of a hand at a bench, chosen."""
    intrusion_mm: float = 40.0
    """C: a finger 15 mm wide must be this far in the picture until it is as large as a blob that counts."""
    person_doubt_mm: float = 15.0
    """Z_d: outlines were never more than 1 mm short of the hand in rendered pictures; the rest is calibration's."""
    robot_doubt_mm: float = 10.0
    """Z_r: calibration of the base, read-out, and the capsules' own over-estimate against them."""
    stopping_s: float = 0.9
    """T_s from full speed: 150 deg/s at 200 deg/s², and 0.15 s to build the braking up. At less speed, that share."""
    headroom_mm: float = 40.0
    """A step is taken only with this much to spare, so that the arm is slower before it would be too fast."""
    ease_mm: float = 30.0
    """How much more than that a laxer step needs than a stricter one."""
    ease_s: float = 0.5
    """How long the laxer step must have fitted."""
    rise_mm: float = 60.0
    """What a person is taken to be higher than was seen."""
    people_stale_s: float = 0.5
    reaction: ReactionConfig = field(
        default_factory=lambda: ReactionConfig(
            wait=PartLimits(floor_s=0.03, ceiling_s=0.12),
            look=PartLimits(floor_s=0.02, ceiling_s=0.15),
            act=PartLimits(floor_s=0.002, ceiling_s=0.02),
            robot_s=0.04,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the arm may do now, and the pair of link and person that decides it."""

    t_mono_s: float
    level: Level
    limit_percent: int
    """Of the speed asked for; 0 = hold."""
    judged: bool
    """The arm moves or is about to. A verdict on a standing arm is what a motion would be allowed, and no complaint."""
    reason: str = ""
    """Why UNKNOWN, one sentence for the technician."""
    link: str = ""
    """The link that decides; empty where nobody is there, or nobody knows."""
    camera: str = ""
    """The camera that saw the person."""
    distance_mm: float | None = None
    """The gap of that pair; None where nobody is there; 0 where nobody knows."""
    speed_mm_s: float = 0.0
    """That link's speed towards the person, at the limit given (at the slowest step for a hold)."""
    terms: Terms | None = None
    """The protective distance at that speed."""
    reaction_s: float = 0.0
    """T_r in those terms."""
    stopping_s: float = 0.0
    """T_s in those terms."""
    people_age_s: float = 0.0
    """How old the picture behind it is."""
    arm_age_s: float = 0.0
    """How old the posture behind it is."""

    @property
    def protective_mm(self) -> float | None:
        """S_p."""
        return self.terms.total_mm if self.terms is not None else None
