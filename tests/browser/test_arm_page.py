"""The robot's page before a whole station with a simulated arm: seen, moved by a held button, tried, taught."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.arm_station import ArmStation, arm_station

from station.config.gestures_file import load_gestures
from station.config.phrases import GAP
from station.motion.gesture import PointAt, TaughtPosture

SIZE = {"width": 1280, "height": 800}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ArmStation]:
    """A station that runs."""
    with arm_station(tmp_path) as running:
        yield running


@contextmanager
def arm_page(chromium: Browser, bench: ArmStation, *, name: str = "Ken", pin: str = "1357") -> Iterator[Page]:
    """The page with somebody signed in; whatever it complains of fails the test."""
    with chromium.new_context(viewport=SIZE, reduced_motion="reduce") as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{bench.port}/arm")
        page.wait_for_selector('body[data-connected="true"]')
        page.select_option("#sign-name", name)
        page.fill("#sign-pin", pin)
        page.press("#sign-pin", "Enter")
        expect(page.locator("#signed")).to_be_visible()
        if name == "Ken":
            page.wait_for_selector('body[data-fed="true"][data-mode="ready"]')
            expect(page.locator(".jog-button").first).to_have_attribute("aria-disabled", "false")
        yield page
        assert not complaints, complaints


def until(page: Page, happened: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
    for _ in range(int(within_s / 0.05)):
        if happened():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"it did not happen: {what}")


def at_rest(page: Page, bench: ArmStation) -> tuple[float, ...]:
    """Where the arm stands once it has come to rest."""
    seen: list[tuple[float, ...]] = []

    def rests() -> bool:
        seen.append(bench.angles_deg())
        return len(seen) > 8 and len(set(seen[-8:])) == 1 and bench.station.loop.state.robot.moving is False

    until(page, rests, "the arm comes to rest")
    return seen[-1]


def tried(page: Page, gesture: str) -> None:
    """Ask for a gesture until it is announced: a camera that is late on a busy machine is told, and asked again."""
    for _ in range(5):
        expect(page.locator("#level")).to_have_attribute("data-level", "clear")
        page.click(f'[data-gesture="{gesture}"] button >> text=Try at 10 %')
        expect(page.locator("#outcome")).to_have_text(
            re.compile("The robot will move in a moment.|cannot be seen just now")
        )
        if "cannot be seen" not in page.inner_text("#outcome"):
            return
    pytest.fail("the gesture was never announced")


def jog_button(page: Page, axis: int, direction: int) -> str:
    return f'.jog-button[data-axis="{axis}"][data-direction="{direction}"]'


@pytest.mark.parametrize("language", ["en", "ja"])
def test_everything_is_seen(chromium: Browser, bench: ArmStation, tmp_path: Path, language: str) -> None:
    """It should show arm, bench and figures without a barrier, without a gap in a sentence, at 1280 by 800."""
    with arm_page(chromium, bench) as page:
        if language == "ja":
            page.click("text=日本語")
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("#mode")).to_have_text({"en": "Ready", "ja": "準備よし"}[language])
        expect(page.locator(".from-top .link")).to_have_count(len(bench.station.arm.view().links.names))  # type: ignore[union-attr]
        expect(page.locator(".joints tbody tr")).to_have_count(6)
        page.click(f'[data-gesture="point-J1"] button >> text={"直す" if language == "ja" else "Edit"}')
        expect(page.locator('[data-gesture="point-J1"] input').first).to_be_visible()
        page.locator("#guide button").first.click()
        expect(page.locator("#guide .warning")).to_be_visible()
        (tmp_path / f"arm-{language}.png").write_bytes(page.screenshot(full_page=True))
        found = Axe().run(page, options=RULES).response["violations"]
        assert not found, "; ".join(f"{each['id']} at {[node['target'] for node in each['nodes']]}" for each in found)
        text = page.inner_text("body")
        assert not [word for word in (GAP, "undefined", "null", "NaN") if word in text], text
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"the page scrolls sideways ({width})"


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_it_moves_while_a_button_is_held(chromium: Browser, bench: ArmStation, by: str) -> None:
    """It should move, on the drawing too, and stand still as soon as the button is let go."""
    with arm_page(chromium, bench) as page:
        before = at_rest(page, bench)
        button = page.locator(jog_button(page, 1, 1))
        drawn = page.locator(".from-top .link .link-body").last
        line = drawn.get_attribute("d")
        if by == "pointer":
            button.hover()
            page.mouse.down()
        else:
            button.focus()
            page.keyboard.down(" ")
        until(page, lambda: bench.angles_deg()[0] > before[0] + 2.0, "the held button moves joint 1")
        assert drawn.get_attribute("d") != line
        if by == "pointer":
            page.mouse.up()
        else:
            page.keyboard.up(" ")
        after = at_rest(page, bench)
        assert after[0] > before[0] + 2.0 and after[1:] == pytest.approx(before[1:], abs=0.5)


@pytest.mark.parametrize("ends", ["leave", "blur", "hidden", "gone"])
def test_whatever_ends_the_holding_ends_the_motion(chromium: Browser, bench: ArmStation, ends: str) -> None:
    """It should stand still when the pointer leaves, the window loses its focus, the page is hidden or is gone."""
    with arm_page(chromium, bench) as page:
        before = at_rest(page, bench)
        page.hover(jog_button(page, 1, 1))
        page.mouse.down()
        until(page, lambda: bench.angles_deg()[0] > before[0] + 1.0, "the held button moves joint 1")
        match ends:
            case "leave":
                page.mouse.move(20, 20)
            case "blur":
                page.evaluate("dispatchEvent(new Event('blur'))")
            case "hidden":
                page.evaluate(
                    "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
                    "document.dispatchEvent(new Event('visibilitychange'))"
                )
            case "gone":
                page.goto("about:blank")
        stood = at_rest(page, bench)
        # A jog that goes on would have turned by 60 degrees.
        assert stood[0] < before[0] + 45.0
        page.wait_for_timeout(300)
        assert bench.angles_deg() == stood


def test_nobody_else_sees_or_serves_it(chromium: Browser, bench: ArmStation) -> None:
    """It should show a visitor and a qualified person who may, and nothing of the arm."""
    with arm_page(chromium, bench, name="Mika", pin="2468") as page:
        expect(page.locator("#closed")).to_have_text("The robot's page is for technicians.")
        expect(page.locator("#page")).to_be_hidden()
        page.click("#sign-out")
        expect(page.locator("#closed")).to_contain_text("Sign in as a technician")
        expect(page.locator("#page")).to_be_hidden()


def test_the_session_goes_along_from_the_console(chromium: Browser, bench: ArmStation) -> None:
    """It should need one PIN for both pages, and none of it be left where a third page could find it."""
    with chromium.new_context(viewport=SIZE) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{bench.port}/console")
        page.wait_for_selector('body[data-connected="true"]')
        page.select_option("#sign-name", "Ken")
        page.fill("#sign-pin", "1357")
        page.press("#sign-pin", "Enter")
        expect(page.locator("#signed")).to_be_visible()
        page.click("#to-arm")
        page.wait_for_selector('body[data-fed="true"]')
        assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]
        page.click("#to-console")
        expect(page.locator("#signed")).to_be_visible()
        page.click("#sign-out")
        expect(page.locator("#sign-form")).to_be_visible()


def test_a_gesture_is_tried(chromium: Browser, bench: ArmStation) -> None:
    """It should be announced, go slowly, tell its clearance, and stand still when the program is paused."""
    with arm_page(chromium, bench) as page:
        before = at_rest(page, bench)
        expect(page.get_by_text("Room enough")).to_be_visible()
        tried(page, "wave")
        until(page, lambda: bench.angles_deg()[3] > before[3] + 4.0, "the gesture begins")
        expect(page.locator('[data-gesture="wave"] .plan')).to_contain_text("mm between")
        page.click("#pause")
        stood = at_rest(page, bench)
        assert stood != pytest.approx(before, abs=1.0)
        expect(page.locator("#mode")).to_have_text("Ready")
        page.click('[data-posture="home"]')
        until(page, lambda: bench.angles_deg() == pytest.approx(before, abs=4.0), "it is home again", 60.0)
        at_rest(page, bench)


def test_a_hand_holds_a_tried_gesture(chromium: Browser, bench: ArmStation) -> None:
    """It should show the person, the distance and each term, and say why the arm has not moved on."""
    with arm_page(chromium, bench) as page:
        at_rest(page, bench)
        away = bench.rig.world.hands["right"].at_mm
        bench.rig.world.carry("right", (120.0, 20.0, 90.0))
        try:
            expect(page.locator(".from-top .person").first).to_be_visible()
            expect(page.locator("#level")).to_have_attribute("data-level", "hold")
            expect(page.locator(".terms li")).to_have_count(6)
            expect(page.locator('.figures [data-key="limit"] dd')).to_have_text("0 %")
            page.click('[data-gesture="wave"] button >> text=Try at 10 %')
            expect(page.locator("#outcome")).to_contain_text("Somebody is too near")
        finally:
            bench.rig.world.carry("right", away)
        expect(page.locator("#level")).to_have_attribute("data-level", "clear")


def test_postures_are_taught_and_gestures_edited(chromium: Browser, bench: ArmStation) -> None:
    """It should be in the gestures file what was taught and edited, and a wrong figure told with its name."""
    with arm_page(chromium, bench) as page:
        stands = at_rest(page, bench)
        page.fill("#teach-name", "over-the-tray")
        page.click("#teach button[type=submit]")
        expect(page.locator("#outcome")).to_have_text("Taught: over-the-tray")
        expect(page.locator('[data-gesture="over-the-tray"]')).to_be_visible()
        taught = load_gestures(bench.gestures).by_name["over-the-tray"]
        assert isinstance(taught, TaughtPosture) and taught.taught_by == "Ken"
        assert taught.angles_deg == pytest.approx(stands, abs=0.1)
        item = page.locator('[data-gesture="point-J2"]')
        item.locator("text=Edit").click()
        item.locator('[data-figure="above_mm"]').fill("35")
        item.locator("text=Save").click()
        expect(page.locator("#outcome")).to_have_text("Saved: point-J2")
        edited = load_gestures(bench.gestures).by_name["point-J2"]
        assert isinstance(edited, PointAt) and edited.above_mm == 35.0
        item.locator('[data-figure="speed_percent"]').fill("300")
        item.locator("text=Save").click()
        expect(page.locator("#notice")).to_contain_text("speed_percent")


def test_free_drive_asks_first(chromium: Browser, bench: ArmStation) -> None:
    """It should warn of sinking before it frees the joints, and hold the place again on the next button."""
    with arm_page(chromium, bench) as page:
        at_rest(page, bench)
        page.click("#guide .sure > button")
        expect(page.locator("#guide .warning")).to_contain_text("sinks")
        assert page.locator("#mode").inner_text() == "Ready"
        page.click("#guide .danger")
        expect(page.locator("#mode")).to_contain_text("Free drive")
        expect(page.locator(".jog-button").first).to_have_attribute("aria-disabled", "true")
        page.click("#guide-off")
        expect(page.locator("#mode")).to_have_text("Ready")
