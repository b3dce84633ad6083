"""Verdicts and poses summed up: the figures of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from station.simulation.evaluation.scoring import Outcome, Verdict

GUARDED = ("seated", "nut present", "tool at joint")
"""Kinds of which not one may be said to be there when it is not: they pass steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Median, 95th percentile and number of some values."""

    median: float
    p95: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One kind of fact."""

    kind: str
    true_present: int
    false_present: int
    true_absent: int
    false_absent: int
    unknown: int
    visible: int
    """Episodes long enough in which a person could see."""
    unknown_visible: int
    delay_s: Spread | None
    lingered_s: Spread | None

    @property
    def judged(self) -> int:
        """Episodes that came to something."""
        return self.true_present + self.false_present + self.true_absent + self.false_absent + self.unknown

    @property
    def unknown_share(self) -> float:
        """Share of all episodes, 0 to 1."""
        return self.unknown / self.judged if self.judged else 0.0

    @property
    def unknown_visible_share(self) -> float:
        """Share of those in which a person could see, 0 to 1."""
        return self.unknown_visible / self.visible if self.visible else 0.0


def spread(values: Sequence[float]) -> Spread | None:
    """None of nothing."""
    if not values:
        return None
    return Spread(median=float(np.median(values)), p95=float(np.percentile(values, 95)), count=len(values))


def tally(verdicts: Iterable[Verdict]) -> tuple[Tally, ...]:
    """One for each kind, in order of their first verdict."""
    by_kind: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_kind.setdefault(verdict.kind, []).append(verdict)
    return tuple(_tally(kind, found) for kind, found in by_kind.items())


def _tally(kind: str, verdicts: list[Verdict]) -> Tally:
    def count(outcome: Outcome) -> int:
        return sum(verdict.outcome is outcome for verdict in verdicts)

    visible = [v for v in verdicts if v.episode.visible and v.outcome is not Outcome.SHORT]
    return Tally(
        kind=kind,
        true_present=count(Outcome.TRUE_PRESENT),
        false_present=count(Outcome.FALSE_PRESENT),
        true_absent=count(Outcome.TRUE_ABSENT),
        false_absent=count(Outcome.FALSE_ABSENT),
        unknown=count(Outcome.UNKNOWN),
        visible=len(visible),
        unknown_visible=sum(v.outcome is Outcome.UNKNOWN for v in visible),
        delay_s=spread([v.delay_s for v in verdicts if v.delay_s is not None and v.episode.visible]),
        lingered_s=spread([v.lingered_s for v in verdicts if v.lingered_s is not None]),
    )


def guarded_failures(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """False PRESENT where none may be."""
    return tuple(v for v in verdicts if v.outcome is Outcome.FALSE_PRESENT and v.kind in GUARDED)
