"""The page of the torque tool's verification in a browser: series, each reading, and a verdict in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.corebench import opened
from support.scripted_desk import Clock, ScriptedDesk, procedure, screen_at, served
from support.scripted_torque import ToolAtTestJoint

from station.config.artefact import Kind, current_id, in_force
from station.config.phrases import GAP
from station.config.torque_result import torque_result

SIZE = {"width": 1280, "height": 900}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
FIRST, SECOND = "B-9Nm-pset1", "B-9Nm-pset2-hard"


@contextmanager
def torque_page(chromium: Browser, tool: ToolAtTestJoint, *, name: str = "Ken", pin: str = "1357") -> Iterator[Page]:
    """The page with somebody signed in; whatever it complains of fails the test."""
    screen = replace(screen_at(procedure("door-mirror"), "welcome"), phase="idle")
    desk = ScriptedDesk(now=screen, tool_workshop=tool.workshop)
    with (
        served(desk, Clock().now_s) as port,
        chromium.new_context(viewport=SIZE, reduced_motion="reduce") as context,
    ):
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/calibrate/torque")
        page.wait_for_selector('body[data-connected="true"]')
        page.select_option("#sign-name", name)
        page.fill("#sign-pin", pin)
        page.press("#sign-pin", "Enter")
        expect(page.locator("#signed")).to_be_visible()
        yield page
        assert not complaints, complaints


@pytest.fixture
def tool(tmp_path: Path) -> ToolAtTestJoint:
    return ToolAtTestJoint(procedure("door-mirror"), tmp_path / "store", Clock().now_s)


def looked_at(page: Page, path: Path) -> None:
    """A screenshot to be looked at; no barrier, no gap in a sentence, no key for a phrase, no bar below."""
    path.write_bytes(page.screenshot(full_page=True))
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, "; ".join(f"{each['id']} at {[node['target'] for node in each['nodes']]}" for each in found)
    text = page.inner_text("body")
    assert not [word for word in (GAP, "undefined", "null", "NaN", "ui.", "{") if word in text], text
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"the page scrolls sideways ({width})"


def type_one(page: Page, tool: ToolAtTestJoint) -> None:
    """Tighten, and type what the reference shows."""
    expect(page.locator("#say")).to_have_text("Tighten now.")
    true_nm = tool.tighten()
    expect(page.locator("#reading")).to_be_visible()
    page.fill("#reading", f"{true_nm:.3f}".replace(".", ","))
    page.press("#reading", "Enter")
    expect(page.locator("#reading")).to_be_hidden()


def test_a_technician_verifies_a_tool_and_puts_the_verdict_in_force(
    chromium: Browser, tool: ToolAtTestJoint, tmp_path: Path
) -> None:
    """It should guide through both series, show each reading, say fit or not, and let the station use it."""
    with torque_page(chromium, tool) as page:
        expect(page.locator("article[data-series]")).to_have_count(2)
        expect(page.locator("#keep")).to_be_disabled()
        page.click(f'[data-begin="{FIRST}"]')
        for number in range(1, 5):
            type_one(page, tool)
            expect(page.locator("#count")).to_have_text(f"{number} / 10")
        expect(page.locator("#plot circle")).to_have_count(4)
        expect(page.locator("#plot")).to_be_visible()
        page.fill("#why", "the socket slipped")
        page.click("#out-form button")
        expect(page.locator("#count")).to_have_text("3 / 10")
        expect(page.locator("#news")).to_contain_text("the socket slipped")
        looked_at(page, tmp_path / "torque-measuring.png")
        for _ in range(4, 11):
            type_one(page, tool)
        verdict = page.locator(f'article[data-series="{FIRST}"] .verdict')
        expect(verdict).to_have_attribute("data-fit", "true")
        expect(verdict).to_contain_text("Fit for joint 1, 2")
        assert not tool.enabled, "the tool is disabled when the series is whole"
        tool.s_nm = 0.5
        page.click(f'[data-begin="{SECOND}"]')
        for _ in range(10):
            type_one(page, tool)
        verdict = page.locator(f'article[data-series="{SECOND}"] .verdict')
        expect(verdict).to_have_attribute("data-fit", "false")
        expect(verdict).to_contain_text("Cm ")
        assert current_id(tool.folder, Kind.TORQUE, "tool") is None
        page.click("#keep")
        expect(page.locator("#kept")).to_contain_text("Not fit for: door-mirror/J3")
        expect(page.locator("#kept")).to_have_attribute("data-good", "false")
        for language in ("en", "ja"):
            page.click(f'#languages [lang="{language}"]')
            expect(page.locator("html")).to_have_attribute("lang", language)
            page.wait_for_timeout(600)
            looked_at(page, tmp_path / f"torque-kept-{language}.png")
        artefact = in_force(tool.folder, Kind.TORQUE, "tool", now=datetime(2026, 3, 3, tzinfo=UTC))
        assert (artefact.by, artefact.serial) == ("Ken", "T1")
        fit = {name: one.fit for name, one in torque_result(artefact).joints.items()}
        assert fit == {FIRST: True, SECOND: False}
        assert tool.put_in_force == 1, "the running station is told"


def test_a_transducer_on_a_line_needs_no_typing_and_a_broken_series_goes_on(chromium: Browser, tmp_path: Path) -> None:
    """It should take readings by itself, keep them when the technician stops, and go on with them."""
    tool = ToolAtTestJoint(procedure("door-mirror"), tmp_path / "store", Clock().now_s, typed=False)
    with torque_page(chromium, tool) as page:
        page.click(f'[data-begin="{FIRST}"]')
        expect(page.locator("#say")).to_have_text("Tighten now.")
        for number in range(1, 6):
            tool.read(tool.tighten())
            expect(page.locator("#count")).to_have_text(f"{number} / 10")
        tool.read(tool.tighten() * 0.737562)
        expect(page.locator("#news")).to_contain_text("looks like lbf·ft")
        expect(page.locator("#reading")).to_be_hidden()
        page.click("#end")
        expect(page.locator("#say")).to_have_text("Choose a series and begin.")
        assert not tool.enabled
        expect(page.locator(f'[data-begin="{FIRST}"]')).to_have_text("Go on")
        page.click(f'[data-begin="{FIRST}"]')
        expect(page.locator("#count")).to_have_text("5 / 10")
        expect(page.locator("#say")).to_have_text("Tighten now.")
        for number in range(6, 11):
            tool.read(tool.tighten())
            if number < 10:
                expect(page.locator("#count")).to_have_text(f"{number} / 10")
        expect(page.locator(f'article[data-series="{FIRST}"] .verdict')).to_be_visible()


def test_while_a_visit_runs_no_tool_is_verified(chromium: Browser, tool: ToolAtTestJoint) -> None:
    with torque_page(chromium, tool) as page:
        expect(page.locator(f'[data-begin="{FIRST}"]')).to_be_enabled()
        page.click(f'[data-begin="{FIRST}"]')
        expect(page.locator("#say")).to_have_text("Tighten now.")
        tool.post(opened())
        assert not tool.enabled, "the visit takes the tool"
        expect(page.locator("#refusal")).to_contain_text("A visit is under way")
        expect(page.locator(f'[data-begin="{FIRST}"]')).to_be_disabled()


def test_others_than_technicians_see_nothing_of_it(chromium: Browser, tool: ToolAtTestJoint) -> None:
    with torque_page(chromium, tool, name="Mika", pin="2468") as page:
        expect(page.locator("#closed")).to_contain_text("is for technicians")
        expect(page.locator("#page")).to_be_hidden()
