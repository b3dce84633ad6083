"""What was said of a fact against what is true: pure arithmetic on values, no pictures.

The unit is the *episode*: the longest time in which a fact has one truth and is visible or not throughout. Anything
known that is wrong counts once an episode, however short it was said, except within `GRACE_S` after the truth changed:
no fact is older than the station's limit for stale pictures, and a change that is told within it is told in time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from station.simulation.evaluation.truth import Label, Truth
from vision.api import FactReading, FactValue

GRACE_S = 0.6
"""The limit for stale pictures (0.5 s) and one picture."""
SETTLE_S = 1.5
"""How long an episode must last before UNKNOWN at its end is held against the eyes: stillness is asked for 1.0 s."""


class Outcome(StrEnum):
    """What came of one episode."""

    TRUE_PRESENT = "true present"
    FALSE_PRESENT = "false present"
    TRUE_ABSENT = "true absent"
    FALSE_ABSENT = "false absent"
    UNKNOWN = "unknown"
    SHORT = "too short"
    """Nothing wrong was said, and there was not time enough to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the fact board said at one time."""

    t_s: float
    readings: Mapping[str, FactReading]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A stretch of one truth."""

    fact: str
    start_s: float
    end_s: float
    present: bool
    visible: bool
    text: str
    changed: bool
    """The truth was another one before, so the change itself takes time to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One episode with what was made of it."""

    item: str
    kind: str
    episode: Episode
    outcome: Outcome
    said_s: float
    """When the wrong thing was said first; else the episode's end."""
    said: str
    """What was said: value, and why or which text."""
    delay_s: float | None
    """From the change of truth to the first right answer; None where nothing changed or it never came."""
    lingered_s: float | None
    """From PRESENT no longer being true to the last time it was said; 0 when never."""


def episodes(truth: Truth, fact: str) -> list[Episode]:
    """All episodes of a fact, in order. Times in which it has no label belong to none."""
    found: list[Episode] = []
    before: Label | None = None
    doubtful = False
    for start_s, end_s, label in _stretches(truth, fact):
        if label is None:
            doubtful = True
            continue
        other = before is not None and (before.present, before.text) != (label.present, label.text)
        found.append(
            Episode(
                fact=fact,
                start_s=start_s,
                end_s=end_s,
                present=label.present,
                visible=label.visible,
                text=label.text,
                changed=other or doubtful,
            )
        )
        before, doubtful = label, False
    return found


def _stretches(truth: Truth, fact: str) -> list[tuple[float, float, Label | None]]:
    """The truth's time cut where the fact's label changes."""
    cuts: list[tuple[float, Label | None]] = []
    for moment in truth.moments:
        label = moment.facts.get(fact)
        if not cuts or cuts[-1][1] != label:
            cuts.append((moment.t_s, label))
    ends = [t_s for t_s, _ in cuts[1:]] + [truth.end_s]
    return [(start_s, end_s, label) for (start_s, label), end_s in zip(cuts, ends, strict=True)]


def judge(truth: Truth, heard: Iterable[Heard], kinds: Mapping[str, str]) -> list[Verdict]:
    """Every episode of every fact that has a label. `kinds` says of which kind each fact is."""
    said = sorted(heard, key=lambda one: one.t_s)
    labelled = dict.fromkeys(fact for moment in truth.moments for fact in moment.facts)
    return [
        _verdict(truth.item, kinds[fact], episode, said)
        for fact in labelled
        if fact in kinds
        for episode in episodes(truth, fact)
    ]


def _verdict(item: str, kind: str, episode: Episode, heard: list[Heard]) -> Verdict:
    during = [(one.t_s, one.readings.get(episode.fact)) for one in heard if episode.start_s <= one.t_s < episode.end_s]
    grace_s = GRACE_S if episode.changed else 0.0
    right_s = next((t for t, r in during if r is not None and _right(episode, r)), None)
    wrong = [(t, r) for t, r in during if r is not None and t >= episode.start_s + grace_s and _wrong(episode, r)]
    stale = [t for t, r in during if r is not None and r.value is FactValue.PRESENT]
    delay_s = right_s - episode.start_s if episode.changed and right_s is not None else None
    lingered_s = None
    if episode.changed and not episode.present:
        lingered_s = max(stale) - episode.start_s if stale else 0.0
    outcome, said_s, said = _outcome(episode, during, wrong)
    return Verdict(
        item=item,
        kind=kind,
        episode=episode,
        outcome=outcome,
        said_s=said_s,
        said=said,
        delay_s=delay_s,
        lingered_s=lingered_s,
    )


def _outcome(
    episode: Episode, during: list[tuple[float, FactReading | None]], wrong: list[tuple[float, FactReading]]
) -> tuple[Outcome, float, str]:
    if wrong:
        t_s, reading = wrong[0]
        present = reading.value is FactValue.PRESENT
        return (Outcome.FALSE_PRESENT if present else Outcome.FALSE_ABSENT), t_s, _words(reading)
    late = [r for t, r in during if t >= episode.start_s + SETTLE_S]
    if not late:
        return Outcome.SHORT, episode.end_s, ""
    told = Counter(r is not None and _right(episode, r) for r in late)
    if told[True] * 2 <= len(late):
        unknown = next((r for r in reversed(late) if r is not None and r.value is FactValue.UNKNOWN), None)
        return Outcome.UNKNOWN, episode.end_s, _words(unknown) if unknown is not None else "nothing"
    return (Outcome.TRUE_PRESENT if episode.present else Outcome.TRUE_ABSENT), episode.end_s, ""


def _right(episode: Episode, reading: FactReading) -> bool:
    if reading.value is FactValue.PRESENT:
        return episode.present and (not episode.text or reading.text == episode.text)
    return reading.value is FactValue.ABSENT and not episode.present


def _wrong(episode: Episode, reading: FactReading) -> bool:
    return reading.value is not FactValue.UNKNOWN and not _right(episode, reading)


def _words(reading: FactReading) -> str:
    figures = " ".join(f"{name}={value:.2f}" for name, value in reading.measures.items())
    return " ".join(word for word in (reading.value.value, reading.text, figures) if word)
