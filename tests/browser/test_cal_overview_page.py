"""The page of the calibrations in a browser: how everything stands, the daily check, the way back, and reports."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.calibrated_store import NOW, calibrated_store
from support.scripted_desk import STATION, Clock, ScriptedDesk, procedure, screen_at, served
from support.tagged_eyes import TaggedEyes

from calibration.daily.camera_shift import moved_camera
from calibration.daily.in_force import camera_in_force
from calibration.store import Store
from station.config.artefact import Kind, current_id
from station.config.phrases import GAP
from station.web.calibrate_overview_desk import CalibrationBook

SIZE = {"width": 1280, "height": 900}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}


@pytest.fixture
def desk(tmp_path: Path) -> ScriptedDesk:
    """A station between visits, with calibrations of all kinds and twelve days of checks."""
    store = calibrated_store(tmp_path / "store")
    cameras = tuple(
        replace(camera, calibration=str(current_id(store.folder, Kind.CAMERA, camera.name)))
        for camera in STATION.cameras
    )
    station = replace(STATION, id="b-1", cameras=cameras)
    book = CalibrationBook(station=station, folder=store.folder, software="1", utc=_ticking())
    models = {camera.name: camera_in_force(store.folder, camera).model for camera in cameras}
    screen = replace(screen_at(procedure("door-mirror"), "welcome"), phase="idle")
    return ScriptedDesk(now=screen, sight=TaggedEyes(cameras=models), book=book)


def _ticking() -> Callable[[], str]:
    """A wall clock that goes on a little at each look: no two checks are of the same moment."""
    looks = itertools.count()

    def utc() -> str:
        return (NOW + timedelta(milliseconds=10 * next(looks))).isoformat()

    return utc


@contextmanager
def calibration_page(chromium: Browser, desk: ScriptedDesk, *, name: str = "Ken", pin: str = "1357") -> Iterator[Page]:
    """The page with somebody signed in; whatever it complains of fails the test."""
    with (
        served(desk, Clock().now_s) as port,
        chromium.new_context(viewport=SIZE, reduced_motion="reduce", accept_downloads=True) as context,
    ):
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/calibration")
        page.wait_for_selector('body[data-connected="true"]')
        page.select_option("#sign-name", name)
        page.fill("#sign-pin", pin)
        page.press("#sign-pin", "Enter")
        expect(page.locator("#signed")).to_be_visible()
        yield page
        assert not complaints, complaints


def no_barriers(page: Page) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, "; ".join(f"{each['id']} at {[node['target'] for node in each['nodes']]}" for each in found)


def nothing_missing(page: Page) -> None:
    """No gap in a sentence, no key for a phrase, no bar below."""
    text = page.inner_text("body")
    assert not [word for word in (GAP, "undefined", "null", "NaN", "ui.", "{") if word in text], text
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"the page scrolls sideways ({width})"


def test_everything_that_is_calibrated_is_shown(chromium: Browser, desk: ScriptedDesk, tmp_path: Path) -> None:
    """It should say how each stands, what the last check found, how it drifts, in both languages without a barrier."""
    with calibration_page(chromium, desk) as page:
        expect(page.locator("tr[data-kind]")).to_have_count(5)
        expect(page.locator('tr[data-kind="lens"]')).to_have_attribute("data-verdict", "bad")
        expect(page.locator('tr[data-kind="arm"]')).to_have_attribute("data-verdict", "open")
        expect(page.locator('tr[data-subject="top"][data-kind="camera"] .verdict')).to_have_text("good")
        for language, same, old, error in (
            (
                "en",
                "Camera top: has not moved (would have noticed 0.005° or 0.08 mm).",
                "It is too old.",
                "0.31 mm at the part",
            ),
            (
                "ja",
                "カメラ top：動いていません（0.005° または 0.08 mm の動きなら気づきます）。",
                "期限切れです。",
                "部品の位置で 0.31 mm",
            ),
        ):
            page.click(f'#languages [lang="{language}"]')
            expect(page.locator('[data-device="top"] .device-text')).to_contain_text(same)
            expect(page.locator('tr[data-kind="lens"] .why')).to_contain_text(old)
            expect(page.locator('tr[data-kind="camera"][data-subject="top"]')).to_contain_text(error)
            expect(page.locator('#daily [data-found="not_done"]')).to_have_count(2)
            expect(page.locator("#daily .headline")).to_have_attribute("data-verdict", "open")
            expect(page.locator('.drift [data-device="side"]')).to_have_attribute("data-drifts", "true")
            expect(page.locator('.drift [data-device="top"] .check')).to_have_count(12)
            (tmp_path / f"calibration-{language}.png").write_bytes(page.screenshot(full_page=True))
            no_barriers(page)
            nothing_missing(page)


def test_a_technician_checks_a_bench(chromium: Browser, desk: ScriptedDesk) -> None:
    """It should ask for a reference of this calibration, find nothing, and find a camera that was bumped since."""
    assert desk.book is not None and isinstance(desk.sight, TaggedEyes)
    with calibration_page(chromium, desk) as page:
        page.click("#check")
        expect(page.locator("#daily")).to_contain_text("Camera top: not checked.")
        expect(page.locator("#daily")).to_contain_text("was calibrated since its reference was taken")
        page.click("#reference")
        expect(page.locator("#checked")).to_have_text("The reference is taken. The next checks compare with it.")
        page.click("#check")
        expect(page.locator("#daily .headline")).to_have_attribute("data-verdict", "open")
        for device in ("cobot", "tool"):
            expect(page.locator(f'#daily [data-device="{device}"]')).to_contain_text("not done in this check")
        expect(page.locator("#daily .hint").last).to_contain_text("just now · Ken")
        side = desk.sight.cameras["side"]
        desk.sight.cameras["side"] = moved_camera(side, np.array([0.0, 1e-3, 0.0, 0.0, 0.0, 0.0]))
        page.click("#check")
        expect(page.locator("#daily .headline")).to_have_text("Something is not as it was calibrated.")
        expect(page.locator('#daily [data-device="side"]')).to_have_attribute("data-found", "moved")
        expect(page.locator('tr[data-kind="camera"][data-subject="side"] .why')).to_contain_text("A daily check spoke")
        desk.sight.cameras["side"] = side
        page.click("#check")
        expect(page.locator('tr[data-kind="camera"][data-subject="side"] .verdict')).to_have_text("good")
    checks = Store(desk.book.folder).history(Kind.DAILY, "b-1")
    assert [check.by for check in checks].count("Ken") >= 3


def test_a_technician_goes_back(chromium: Browser, desk: ScriptedDesk) -> None:
    """It should ask for a reason and a second press, keep both in the log, and do nothing while a visit runs."""
    assert desk.book is not None and desk.now is not None
    before = current_id(desk.book.folder, Kind.CAMERA, "top")
    row = 'tr[data-kind="camera"][data-subject="top"]'
    with calibration_page(chromium, desk) as page:
        page.click(f"{row} summary")
        expect(page.locator(f"{row} .sure button").first).to_be_disabled()
        page.fill(f"{row} input", "the new one misses")
        page.click(f"{row} .sure button")
        page.click(f"{row} .danger")
        expect(page.locator("#outcome")).to_have_text("The earlier calibration is in force again.")
        line = Store(desk.book.folder).log(Kind.CAMERA, "top")[-1]
        assert (line.by, line.why) == ("Ken", "the new one misses") and line.id != before
        assert current_id(desk.book.folder, Kind.CAMERA, "top") == line.id
        expect(page.locator(f"{row} code")).to_have_text(line.id)
        desk.show(replace(desk.now, phase="running"))
        expect(page.locator("#refusal")).to_contain_text("A visit is under way")
        expect(page.locator("#check")).to_be_disabled()


def test_a_report_is_taken_along(chromium: Browser, desk: ScriptedDesk) -> None:
    """It should give the page and the PDF as files."""
    with calibration_page(chromium, desk) as page:
        for form, begins in (("html", b"<!doctype html>"), ("pdf", b"%PDF")):
            with page.expect_download() as waiting:
                page.click(f'[data-form="{form}"]')
            assert waiting.value.suggested_filename.endswith(f".{form}")
            assert Path(waiting.value.path()).read_bytes().startswith(begins)


def test_nobody_else_sees_or_changes(chromium: Browser, desk: ScriptedDesk) -> None:
    """It should show nothing to a qualified person, nor answer to one, nor to nobody."""
    with calibration_page(chromium, desk, name="Mika", pin="2468") as page:
        expect(page.locator("#closed")).to_have_text("The page of the calibrations is for technicians.")
        expect(page.locator("#page")).to_be_hidden()
        answers = page.evaluate(
            """async () => {
              const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"do":"check"}' };
              const all = ["view", "report?form=pdf"].map((path) => fetch(`/calibration/${path}`));
              const answers = await Promise.all([...all, fetch("/calibration/wish", post)]);
              return answers.map((answer) => answer.status);
            }"""
        )
        assert answers == [403, 403, 403]
