"""What is true in one item of an evaluation set, moment by moment. Kept apart from the pictures; no eye reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vision.geometry import Transform


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The truth of one fact."""

    present: bool
    visible: bool = True
    """Whether a person who looks at the pictures could tell (`docs/vision.md` says what that means)."""
    text: str = ""
    """For codes: what is printed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyTruth:
    """Where a body is, and how much of it each camera is shown."""

    bench_from_body: Transform
    shown: Mapping[str, float] = field(default_factory=dict)
    """Camera -> share of the body's tags that it sees, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """The truth from `t_s` on, until the next moment."""

    t_s: float
    facts: Mapping[str, Label]
    """Facts that are not in here are not scored: either answer would do, or nobody labelled them."""
    bodies: Mapping[str, BodyTruth] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The truth of one item."""

    item: str
    story: str
    """In a few words, what happens."""
    moments: tuple[Moment, ...]
    """In order of time, at least one."""
    end_s: float

    def at(self, t_s: float) -> Moment | None:
        """The moment that holds at a time; None before the first."""
        holding = None
        for moment in self.moments:
            if moment.t_s > t_s + 1e-9:
                break
            holding = moment
        return holding
