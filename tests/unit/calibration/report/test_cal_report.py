"""Reports from artefacts alone: a page that a technician can act on, the rest for the engineer, in HTML and PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from support.calibrated_store import NOW, calibrated_store, force, made
from support.daily_bench import TOP
from typer.testing import CliRunner

from calibration.report.drawing import Plot, svg_of
from calibration.report.html import html_of
from calibration.report.pages import BAD, GOOD, OPEN, Report, age_of, report_of
from calibration.report.pdf import pdf_of
from calibration.report.plots import bench_uncertainty_mm, distortion_field, residual_field
from calibration.report.standing import held_out_mm, standings
from calibration.store import Store
from station.cli import app
from station.config.artefact import Kind


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a station that is not quite well."""
    return calibrated_store(tmp_path_factory.mktemp("store"), last_bump_deg=0.1).folder


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return report_of("Bench <1>", standings(folder, NOW), NOW)


class _Text(HTMLParser):
    """The words of a page, and what it refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.ids: list[str] = []
        self.refers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src", "xlink:href"):
                self.refers.append(str(value))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_first_page_says_what_to_do(report: Report) -> None:
    """It should not be ready while anything is expired, refuted or failed, and say for each what to do about it."""
    verdicts = {row.title: row.verdict for row in report.rows}
    assert verdicts == {
        "Lens top": BAD, "Camera side": GOOD, "Camera top": BAD, "Robot cobot": OPEN, "Torque tool": GOOD,
        "Daily check b-1": BAD,
    }  # fmt: skip
    assert report.verdict == BAD and report.headline == "Not ready: Lens top, Camera top, Daily check b-1."
    advice = " ".join(report.advice)
    assert "Lens top: calibrate it again; it was good until 2026-03-17" in advice
    assert "Camera top: calibrate it again; a later check spoke against it." in advice
    daily = next(row for row in report.rows if row.title.startswith("Daily"))
    assert "top camera: has moved" in daily.text and daily.age == "60 minutes"


def test_nothing_fitted_is_shown_as_good_without_a_held_out_error(report: Report, folder: Path, tmp_path: Path) -> None:
    """It should leave the verdict open, though the artefact calls itself good, until the figure is there."""
    robot = next(section for section in report.sections if section.title == "Robot cobot")
    assert robot.verdict == OPEN and ("Hold-out error", "not given") in robot.facts
    html = html_of(report_of("B", [each for each in standings(folder, NOW) if each.kind is Kind.ARM], NOW))
    assert 'class="headline open"' in html and '"headline good"' not in html and "✓ good" not in html
    store = Store(tmp_path)
    force(store, made(Kind.ARM, "cobot", 1, {}, {"check": {"held_out_p95_mm": 0.4, "held_out_rms_mm": 0.2}}, "0.4 mm."))
    (standing,) = standings(tmp_path, NOW)
    assert standing.artefact is not None and held_out_mm(standing.artefact) == 0.4
    assert report_of("B", [standing], NOW).verdict == GOOD


def test_the_page_stands_alone_and_is_well_formed(report: Report) -> None:
    """It should refer to nothing outside itself, have each id once, hold every plot, and escape what people wrote."""
    html = html_of(report)
    page = _Text()
    page.feed(html)
    assert "Bench <1>" in "".join(page.words) and "<1>" not in html
    inside = {each[1:] for each in page.refers if each.startswith("#")}
    assert inside and all(each.startswith(("#", "data:image/png")) for each in page.refers)
    assert len(page.ids) == len(set(page.ids)) and inside <= set(page.ids)
    plots = sum(len(section.plots) for section in report.sections) + len(report.cover)
    assert plots >= 9 and html.count("<svg") == html.count("</svg>") == html.count("<figcaption>") == plots
    assert "#010203" not in html and "currentColor" in html and "http" not in re.sub(r'"http[^"]*"', "", html)
    assert "undefined" not in html and "nan" not in re.findall(r">([a-z]+)<", html)
    assert not re.search(r"\bISO\b|capable to|certificate|traceable", html)


def test_the_pdf_has_the_technicians_page_first(report: Report) -> None:
    """It should put verdict, advice and all rows on page one, then at least a page a calibration."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf_of(report))
    first = document[0].get_textpage().get_text_range()
    for row in report.rows:
        assert row.title in first
    assert report.headline in first and "What to do" in first
    rest = " ".join(document[number].get_textpage().get_text_range() for number in range(1, len(document)))
    assert len(document) > len(report.sections) and "camera-top-" in rest and "Put in force" in rest
    assert "Hold-out error" not in first and "Hold-out error" in rest


def test_a_station_without_calibrations_is_not_ready(tmp_path: Path) -> None:
    """It should say so, and not draw anything."""
    empty = report_of("B", standings(tmp_path, NOW), NOW)
    assert empty.verdict == OPEN and "nothing is calibrated yet" in empty.headline and empty.cover == ()
    assert "<svg" not in html_of(empty)


def test_the_doubt_over_the_bench_is_the_covariances() -> None:
    """It should be what cameras drawn from the covariance do to a point."""
    rng = np.random.default_rng(1)
    covariance = np.diag([1e-3**2, 2e-3**2, 1.5e-3**2, 0.3**2, 0.2**2, 0.4**2])
    xs, ys, sigma = bench_uncertainty_mm(covariance)
    point = np.array([xs[40], ys[3], 0.0])
    draws = rng.multivariate_normal(np.zeros(6), covariance, 20000)
    moved = np.cross(draws[:, :3], point) + draws[:, 3:]
    assert sigma[3, 40] == pytest.approx(np.sqrt(np.linalg.eigvalsh(np.cov(moved[:, :2].T))[-1]), rel=0.03)


def test_a_plot_is_the_same_each_time_and_shares_no_ids() -> None:
    """It should be drawn the same twice, and two plots should be able to stand in one page."""
    at = np.random.default_rng(2).uniform(0, 700, (60, 2))
    one = residual_field("one", at, np.random.default_rng(3).normal(0, 0.2, (60, 2)), (1280, 720))
    two = Plot(name="two", caption=one.caption, draw=one.draw)
    assert svg_of(one) == svg_of(one)
    ids = [set(re.findall(r'id="([^"]+)"', svg_of(each))) for each in (one, two)]
    assert ids[0] and not ids[0] & ids[1]
    assert "60 corners" in one.caption
    assert "at the edge" in distortion_field("bend", TOP).caption


@pytest.mark.parametrize(
    ("made_utc", "told"),
    [
        ("2026-03-20T08:59:30+00:00", "just now"),
        ("2026-03-20T08:30:00+00:00", "30 minutes"),
        ("2026-03-19T09:00:00+00:00", "24 hours"),
        ("2026-03-10T09:00:00+00:00", "10 days"),
    ],
)
def test_ages_are_told_in_words(made_utc: str, told: str) -> None:
    """It should take the largest unit of which there are two."""
    assert age_of(made_utc, NOW) == told


def _written(folder: Path, out: Path, *more: str) -> Iterator[str]:
    run = CliRunner().invoke(app, ["calibrate", "report", "--store", str(folder), "--out", str(out), *more])
    yield run.output + str(run.exception or "")


def test_a_technician_writes_a_report(folder: Path, tmp_path: Path) -> None:
    """It should write the file that was named, of one device where one was, and refuse in a sentence."""
    (told,) = _written(folder, tmp_path / "top.html", "--kind", "camera", "--subject", "top")
    assert "Not ready: Camera top" in told
    page = (tmp_path / "top.html").read_text()
    assert "Camera top" in page and "Camera side" not in page and "Simulated bench" in page
    (told,) = _written(folder, tmp_path / "b.pdf", "--kind", "torque")
    assert (tmp_path / "b.pdf").read_bytes().startswith(b"%PDF")
    (told,) = _written(folder, tmp_path / "c.html", "--subject", "nobody")
    assert "there is no such calibration" in told and not (tmp_path / "c.html").exists()
    (told,) = _written(folder, tmp_path / "c.txt")
    assert ".html or .pdf" in told
