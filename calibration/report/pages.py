"""What a report says, before it has a form: a page for the technician, then a section each for the engineer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from calibration.report.drawing import Plot
from calibration.report.pictures import plots_of
from calibration.report.standing import NEEDS_HELD_OUT, NO_HELD_OUT, Standing, flat
from station.config.artefact import Artefact, Kind

GOOD, BAD, OPEN = "good", "not good", "open"
NOT_GIVEN = "not given"
COVER_PLOTS = 2
"""Small ones on the technician's page: how well the bench is known, and how things drift."""
COVER_SIZE_IN = (4.5, 3.4)
KIND_NAMES = {
    Kind.BOARD: "Board",
    Kind.LENS: "Lens",
    Kind.CAMERA: "Camera",
    Kind.ARM: "Robot",
    Kind.TOOL_POINT: "Tool point",
    Kind.JOINTS: "Joints on the part",
    Kind.TORQUE: "Torque tool",
    Kind.DAILY: "Daily check",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A calibrated thing on the technician's page."""

    title: str
    verdict: str
    """`good`, `not good`, or `open`: it cannot be shown as good."""
    text: str
    advice: str
    age: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A calibrated thing for the engineer."""

    title: str
    verdict: str
    text: str
    facts: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, str], ...]
    plots: tuple[Plot, ...]
    log: tuple[tuple[str, str, str, str], ...]
    """When, by whom, id, why; newest first."""
    frames: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it."""

    station: str
    made: str
    verdict: str
    headline: str
    rows: tuple[Row, ...]
    advice: tuple[str, ...]
    cover: tuple[Plot, ...]
    sections: tuple[Section, ...]


def report_of(station: str, found: Sequence[Standing], now: datetime) -> Report:
    """From artefacts alone. `now` is timezone-aware."""
    shown = [each for each in found if each.artefact is not None]
    sections = tuple(_section(each) for each in shown)
    rows = tuple(_row(each, now) for each in shown if not _is_reference(each))
    bad = [row for row in rows if row.verdict == BAD]
    open_ = [row for row in rows if row.verdict == OPEN]
    if bad:
        verdict, headline = BAD, f"Not ready: {', '.join(row.title for row in bad)}."
    elif open_ or not rows:
        what = ", ".join(row.title for row in open_) or "nothing is calibrated yet"
        verdict, headline = OPEN, f"Not shown as ready: {what}."
    else:
        verdict, headline = GOOD, "Ready: everything that is calibrated may be used."
    every = [plot for section in sections for plot in section.plots]
    maps = [plot for plot in every if plot.name.startswith("bench")]
    drifts = [plot for plot in every if plot.name.startswith("drift")]
    cover = [*maps[:1], *drifts[:1], *maps[1:]][:COVER_PLOTS]
    return Report(
        station=station,
        made=_stamp(now.isoformat()),
        verdict=verdict,
        headline=headline,
        rows=rows,
        advice=tuple(dict.fromkeys(row.advice for row in rows if row.advice)),
        cover=tuple(replace(plot, name=f"cover-{plot.name}", size_in=COVER_SIZE_IN) for plot in cover),
        sections=sections,
    )


def title_of(standing: Standing) -> str:
    """As people speak of it."""
    name, subject = KIND_NAMES[standing.kind], standing.subject.replace("_", " ")
    if _is_reference(standing):
        return f"{name} (reference)"
    return name if name.lower().endswith(subject) else f"{name} {subject}"


def age_of(made_utc: str, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = max(0.0, (now - datetime.fromisoformat(made_utc)).total_seconds())
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return "just now"


def _row(standing: Standing, now: datetime) -> Row:
    artefact = standing.artefact
    assert artefact is not None
    advice = _advice(standing, artefact)
    return Row(
        title=title_of(standing),
        verdict=_verdict(standing),
        text=artefact.verdict.text,
        advice=advice,
        age=age_of(artefact.made_utc, now),
        expires=_expires(standing),
    )


def _advice(standing: Standing, artefact: Artefact) -> str:
    """What a technician does about it; empty when nothing is to be done."""
    title = title_of(standing)
    match standing.code:
        case "" | "calibration.not_good":
            return artefact.verdict.advice
        case "calibration.expired":
            return f"{title}: calibrate it again; it was good until {_expires(standing)}."
        case "calibration.refuted":
            return f"{title}: calibrate it again; a later check spoke against it."
        case "calibration.no_held_out":
            return f"{title}: calibrate it again with views that are held out; without them it is not shown as good."
        case _:
            return f"{title}: {standing.text}."


def _section(standing: Standing) -> Section:
    artefact = standing.artefact
    assert artefact is not None
    held_out, why = standing.held_out_mm(), standing.text.rstrip(".") + "." if standing.text else ""
    facts = [
        ("Id", artefact.id),
        ("Serial number", artefact.serial or NOT_GIVEN),
        ("Made", f"{_stamp(artefact.made_utc)} by {artefact.by}"),
        ("Method", artefact.method),
        ("Software", artefact.software),
        ("Good until", _expires(standing)),
    ]
    if standing.kind in NEEDS_HELD_OUT:
        facts.insert(1, ("Hold-out error", f"{held_out:.3g} mm" if held_out is not None else NOT_GIVEN))
    facts += [(f"Made from: {name}", value) for name, value in sorted(artefact.inputs.items())]
    return Section(
        title=title_of(standing),
        verdict=_verdict(standing),
        text=" ".join(dict.fromkeys(part for part in (artefact.verdict.text, artefact.verdict.advice, why) if part)),
        facts=tuple(facts),
        figures=tuple((path, f"{value:.5g}") for path, value in flat(artefact.figures)),
        plots=plots_of(standing),
        log=tuple((_stamp(line.utc), line.by, line.id, line.why) for line in reversed(standing.log)),
        frames=artefact.frames,
    )


def _verdict(standing: Standing) -> str:
    if standing.good:
        return GOOD
    return OPEN if standing.code == NO_HELD_OUT else BAD


def _is_reference(standing: Standing) -> bool:
    return standing.kind is Kind.DAILY and standing.subject.endswith("-reference")


def _expires(standing: Standing) -> str:
    artefact = standing.artefact
    assert artefact is not None
    parts = [_stamp(artefact.expires_utc)] if artefact.expires_utc else []
    parts += [f"{artefact.expires_count} uses"] if artefact.expires_count else []
    return ", or ".join(parts) or "something moves"


def _stamp(utc: str) -> str:
    return f"{datetime.fromisoformat(utc):%Y-%m-%d %H:%M} UTC" if utc else ""
