"""The figures of an evaluation, as text for people and as one JSON object."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from station.simulation.evaluation.pictures import is_failure
from station.simulation.evaluation.poses import PoseRow, rows
from station.simulation.evaluation.run import Scored
from station.simulation.evaluation.scoring import Outcome, Verdict
from station.simulation.evaluation.tally import Spread, Tally, guarded_failures, tally


def as_json(scored: Scored) -> dict[str, Any]:
    """Everything, with each failure by item."""
    return {
        "items": len(scored.stories),
        "frames": scored.frames,
        "facts": {
            one.kind: {
                **asdict(one),
                "unknown_share": round(one.unknown_share, 4),
                "unknown_visible_share": round(one.unknown_visible_share, 4),
            }
            for one in tally(scored.verdicts)
        },
        "poses": {row.group: asdict(row) for row in rows(scored.poses)},
        "false_present_where_none_may_be": len(guarded_failures(scored.verdicts)),
        "failures": [_failure(verdict) for verdict in scored.verdicts if is_failure(verdict)],
    }


def as_text(scored: Scored) -> str:
    """Tables for a terminal."""
    lines = [f"{len(scored.stories)} items, {scored.frames} pictures", ""]
    lines.append(
        f"{'fact':<16}{'PRESENT':>14}{'ABSENT':>14}{'UNKNOWN':>9}{'where seen':>16}{'told after s':>18}"
        f"{'said on s':>18}"
    )
    lines.append(
        f"{'':<16}{'true   false':>14}{'true   false':>14}{'':>9}{'':>16}{'median    p95':>18}{'median    p95':>18}"
    )
    lines += [_fact_line(one) for one in tally(scored.verdicts)]
    lines += ["", f"{'poses':<34}{'n':>6}{'mm median    p95':>20}{'deg median    p95':>20}{'inside 95 %':>14}"]
    lines += [_pose_line(row) for row in rows(scored.poses)]
    failed = [verdict for verdict in scored.verdicts if is_failure(verdict)]
    wrong = [verdict for verdict in failed if verdict.outcome is not Outcome.UNKNOWN]
    if wrong:
        lines += ["", "Wrong:"]
        lines += [
            f"  {v.item} {v.said_s:6.2f} s  {v.episode.fact}: {v.outcome.value}; said {v.said}" for v in wrong[:40]
        ]
    unknown = Counter((v.kind, v.said.split(" ", 1)[-1].split("  ")[0]) for v in failed if v.outcome is Outcome.UNKNOWN)
    if unknown:
        lines += ["", "UNKNOWN where a person could see, and why:"]
        lines += [f"  {count:4d}  {kind}: {why}" for (kind, why), count in _by_reason(unknown).most_common(20)]
    return "\n".join(lines)


def _by_reason(counts: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """The words before the figures."""
    merged: Counter[tuple[str, str]] = Counter()
    for (kind, said), count in counts.items():
        merged[kind, " ".join(word for word in said.split() if "=" not in word)] += count
    return merged


def _fact_line(one: Tally) -> str:
    return (
        f"{one.kind:<16}{one.true_present:>7}{one.false_present:>7}{one.true_absent:>7}{one.false_absent:>7}"
        f"{one.unknown_share:>9.1%}{f'{one.unknown_visible}/{one.visible}':>9}{one.unknown_visible_share:>7.1%}"
        f"{_pair(one.delay_s):>18}{_pair(one.lingered_s):>18}"
    )


def _pose_line(row: PoseRow) -> str:
    return f"{row.group:<34}{row.off_mm.count:>6}{_pair(row.off_mm):>20}{_pair(row.off_deg):>20}{row.inside_95:>14.1%}"


def _pair(values: Spread | None) -> str:
    return "-" if values is None else f"{values.median:.2f} {values.p95:>6.2f}"


def _failure(verdict: Verdict) -> dict[str, Any]:
    return {
        "item": verdict.item,
        "fact": verdict.episode.fact,
        "outcome": verdict.outcome.value,
        "t_s": round(verdict.said_s, 3),
        "said": verdict.said,
        "true": "present" if verdict.episode.present else "absent",
    }
