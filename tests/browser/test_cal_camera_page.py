"""The page of a camera's lens before a whole server: a technician calibrates it, from first picture to keeping."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.scripted_desk import CONFIG, Clock, ScriptedDesk, procedure, screen_at, served
from support.scripted_lens import CAMERA, UTC, HeldBoard, with_board, workshop_of

from station.config.artefact import Kind, current_id
from station.config.phrases import GAP
from station.config.station_file import load_station
from station.web.calibrate_overview_desk import CalibrationBook

SIZE = {"width": 1280, "height": 900}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
LONG_MS = 40_000
"""Boards are searched and lenses solved meanwhile."""


@dataclass(slots=True)
class Console:
    """A server whose side camera sees a board that somebody holds."""

    desk: ScriptedDesk
    held: HeldBoard
    store: Path
    port: int


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    """Between two visits, with a board that was measured."""
    clock = Clock()
    desk = ScriptedDesk(now=replace(screen_at(procedure("door-mirror"), "welcome"), phase="finished"))
    held = HeldBoard(desk=desk, clock=clock)
    desk.workshop = workshop_of(held, tmp_path / "store")
    with_board(tmp_path / "store")
    ended = threading.Event()
    streaming = threading.Thread(target=held.stream, args=(ended,), name="camera")
    streaming.start()
    try:
        with served(desk, clock.now_s) as port:
            yield Console(desk=desk, held=held, store=tmp_path / "store", port=port)
    finally:
        ended.set()
        streaming.join(10.0)


@contextmanager
def signed_in(chromium: Browser, console: Console, name: str = "Ken", pin: str = "1357") -> Iterator[Page]:
    """The page with somebody signed in; whatever it complains of fails the test."""
    with chromium.new_context(viewport=SIZE, reduced_motion="reduce") as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{console.port}/calibrate/camera/{CAMERA}")
        page.wait_for_selector('body[data-connected="true"]')
        page.select_option("#sign-name", name)
        page.fill("#sign-pin", pin)
        page.press("#sign-pin", "Enter")
        expect(page.locator("#signed")).to_be_visible()
        yield page
        assert not complaints, complaints


def put_away(page: Page, console: Console) -> int:
    """No board is held up any more: how many pictures were taken until then."""
    console.held.away = True
    expect(page.locator("#refusal")).to_contain_text("No board is seen", timeout=LONG_MS)
    found = re.search(r"(\d+) pictures", page.inner_text("#good"))
    assert found is not None
    return int(found[1])


def held_until(page: Page, console: Console, count: int) -> int:
    """The board is held up until so many pictures are taken, then put away: how many there are, one more maybe."""
    console.held.away = False
    expect(page.locator("#good")).to_contain_text(
        re.compile("|".join(rf"\b{number} pictures" for number in range(count, count + 9))), timeout=LONG_MS
    )
    return put_away(page, console)


def looked_at(page: Page, path: Path) -> None:
    """A screenshot to be looked at; no barrier, no gap in a sentence, no key for a phrase, no bar below."""
    path.write_bytes(page.screenshot(full_page=True))
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, "; ".join(f"{each['id']} at {[node['target'] for node in each['nodes']]}" for each in found)
    text = page.inner_text("body")
    assert not [word for word in (GAP, "undefined", "null", "NaN", "ui.") if word in text], text
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"the page scrolls sideways ({width})"


def test_a_technician_calibrates_a_lens(chromium: Browser, console: Console, tmp_path: Path) -> None:
    """It should show where to hold the board, take it by itself, say how good it is, and put it in force when asked."""
    with signed_in(chromium, console) as page:
        expect(page.locator("#say")).to_contain_text("then begin")
        expect(page.locator("#board option")).to_have_text(["a4"])
        console.held.away = True
        page.click("#begin")
        expect(page.locator("#refusal")).to_contain_text("No board is seen")
        expect(page.locator(".target polygon")).to_have_count(1)
        before = page.locator(".target polygon").get_attribute("points")
        console.held.away = False
        expect(page.locator("#good")).to_contain_text("1 pictures", timeout=LONG_MS)
        assert page.locator(".target polygon").get_attribute("points") != before
        expect(page.locator("#good")).to_contain_text("Good to", timeout=LONG_MS)
        expect(page.locator("#good")).to_contain_text("mm at 500 mm.")
        expect(page.locator("#good")).to_contain_text("6 pictures", timeout=LONG_MS)
        assert page.locator(".heat rect").count() == 160
        expect(page.locator(".camera-cover")).to_be_hidden()
        looked_at(page, tmp_path / "lens-capturing.png")
        taken = put_away(page, console)
        page.click("#drop")
        expect(page.locator("#good")).to_contain_text(f"{taken - 1} pictures", timeout=LONG_MS)
        taken = held_until(page, console, taken)
        assert current_id(console.store, Kind.LENS, CAMERA) is None
        page.click("#stop")
        expect(page.locator("#result p").first).to_contain_text(f"over {taken} pictures", timeout=LONG_MS)
        page.click("#resume")
        taken = held_until(page, console, taken + 1)
        page.click("#stop")
        expect(page.locator("#result")).to_have_attribute("data-good", "true", timeout=LONG_MS)
        expect(page.locator("#result p").first).to_contain_text(f"over {taken} pictures")
        for language, enough in (("en", "That is good enough"), ("ja", "十分な精度です")):
            page.click(f'#languages [lang="{language}"]')
            expect(page.locator("#result p").last).to_contain_text(enough)
            looked_at(page, tmp_path / f"lens-result-{language}.png")
        page.click('#languages [lang="en"]')
        page.click("#accept")
        expect(page.locator("#say")).to_contain_text("Kept.")
        kept = current_id(console.store, Kind.LENS, CAMERA)
        assert kept is not None
        expect(page.locator("#result code")).to_have_text(kept)
        assert len(list((console.store / "sets" / kept / "pictures").iterdir())) == taken


def test_nothing_is_kept_of_what_is_discarded(chromium: Browser, console: Console) -> None:
    """It should forget a capture that somebody discards, and one into which a visit comes."""
    with signed_in(chromium, console) as page:
        for discard in (True, False):
            page.click("#begin")
            expect(page.locator("#good")).to_contain_text("1 pictures", timeout=LONG_MS)
            if discard:
                page.click("#discard")
            else:
                console.desk.show(screen_at(procedure("door-mirror"), "welcome"))
                expect(page.locator("#why-not")).to_contain_text("A visit is under way")
                expect(page.locator("#begin")).to_be_disabled()
            expect(page.locator("body")).to_have_attribute("data-phase", "idle")
        assert current_id(console.store, Kind.LENS, CAMERA) is None and not (console.store / "sets").exists()


def test_the_page_of_the_calibrations_leads_there(chromium: Browser, console: Console) -> None:
    """It should take the session along, to the lens and back."""
    station = load_station(CONFIG / "station.sim.toml")
    console.desk.book = CalibrationBook(station=station, folder=console.store, software="test", utc=lambda: UTC)
    with signed_in(chromium, console) as page:
        page.click("#to-calibration")
        page.click(f"#lenses >> text={CAMERA}")
        expect(page.locator("#signed")).to_contain_text("Ken")
        expect(page.locator("#say")).to_contain_text("then begin")


def test_nobody_else_calibrates(chromium: Browser, console: Console) -> None:
    """It should show nothing to a qualified person."""
    with signed_in(chromium, console, name="Mika", pin="2468") as page:
        expect(page.locator("#closed")).to_have_text("The page of a camera's lens is for technicians.")
        expect(page.locator("#page")).to_be_hidden()
        assert console.held.given == 0
