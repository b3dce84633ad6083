"""The page of the eyes before a whole station: seen, covered when it is old, zones drawn, checks taught."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from support.arm_station import ArmStation, arm_station
from support.scripted_desk import Clock, ScriptedDesk, procedure, screen_at, served
from support.scripted_eyes import ScriptedEyes, ScriptedTeaching

from station.config.phrases import GAP
from station.config.zones_file import load_zones
from vision.bench import Zone

SIZE = {"width": 1280, "height": 900}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
OUTCOME = "#outcome"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ArmStation]:
    """A station that runs, with pictures."""
    with arm_station(tmp_path, pictures=True) as running:
        yield running


@contextmanager
def signed_in(chromium: Browser, port: int, name: str = "Ken", pin: str = "1357") -> Iterator[Page]:
    """The page with somebody signed in; whatever it complains of fails the test."""
    with chromium.new_context(viewport=SIZE, reduced_motion="reduce") as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/eyes")
        page.wait_for_selector('body[data-connected="true"]')
        page.select_option("#sign-name", name)
        page.fill("#sign-pin", pin)
        page.press("#sign-pin", "Enter")
        expect(page.locator("#signed")).to_be_visible()
        yield page
        assert not complaints, complaints


@contextmanager
def eyes_page(chromium: Browser, bench: ArmStation) -> Iterator[Page]:
    """The page before a technician, with pictures, and with facts that are known."""
    with signed_in(chromium, bench.port) as page:
        page.wait_for_selector('body[data-fed="true"] .view[data-camera="side"]')
        expect(page.locator('[data-camera="side"] .camera-cover')).to_be_hidden()
        expect(fact(page, "hands:door")).to_have_attribute("data-value", "absent")
        yield page


def scripted(lessons: ScriptedTeaching) -> ScriptedDesk:
    """A desk whose eyes see the same all the time."""
    now = screen_at(procedure("door-mirror"), "welcome")
    return ScriptedDesk(now=now, sight=ScriptedEyes(), lessons=lessons)


def fact(page: Page, name: str) -> Locator:
    return page.locator(f'tr[data-fact="{name}"]')


def no_barriers(page: Page) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, "; ".join(f"{each['id']} at {[node['target'] for node in each['nodes']]}" for each in found)


def nothing_missing(page: Page) -> None:
    """No gap in a sentence, no key for a phrase, no bar below."""
    text = page.inner_text("body")
    assert not [word for word in (GAP, "undefined", "null", "NaN", "ui.") if word in text], text
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"the page scrolls sideways ({width})"


def drag(page: Page, handle: Locator, dx: float, dy: float) -> None:
    """Press in the middle of it, move, let go. A handle at a time, as a hand does it."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


def zone(zones: tuple[Zone, ...], name: str) -> Zone:
    return next(each for each in zones if each.name == name)


def used_now(bench: ArmStation, name: str) -> Zone:
    """The zone as the next picture is looked at."""
    zones = bench.station.want.zones
    assert zones is not None, "the station still uses the zones of its file"
    return zone(zones, name)


def until(page: Page, happened: Callable[[], bool], what: str) -> None:
    for _ in range(200):
        if happened():
            return
        page.wait_for_timeout(25)
    pytest.fail(f"it did not happen: {what}")


def test_everything_that_is_seen_is_shown(chromium: Browser, bench: ArmStation, tmp_path: Path) -> None:
    """It should show cameras, plan and facts in words, without a barrier and without a gap in a sentence."""
    with eyes_page(chromium, bench) as page:
        bench.rig.world.carry("right", (120.0, 20.0, 90.0))
        expect(fact(page, "hands:door")).to_have_attribute("data-value", "present")
        expect(fact(page, "hands:door").locator(".fact-value")).to_have_text("yes")
        expect(page.locator('.bench-plan [data-zone="door"]')).to_have_attribute("data-busy", "true")
        tray = fact(page, "part:mirror-right-red@tray-right-red")
        expect(tray).to_have_attribute("data-value", "present")
        expect(tray.locator(".fact-figures")).to_contain_text("mm")
        expect(page.locator(".bench-plan .part .doubt").first).to_be_attached()
        expect(page.locator(".bench-plan .arm-link").first).to_be_attached()
        page.click('.zone-list [data-zone="door"]')
        for language, there in (("en", "yes"), ("ja", "はい")):
            page.click(f'#languages [lang="{language}"]')
            expect(fact(page, "hands:door").locator(".fact-value")).to_have_text(there)
            (tmp_path / f"eyes-{language}.png").write_bytes(page.screenshot(full_page=True))
            no_barriers(page)
            nothing_missing(page)


def test_what_is_old_is_covered(chromium: Browser, bench: ArmStation) -> None:
    """It should cover a picture that is old and say why, show as unknown what only that camera saw, and cover the plan
    and the facts when the station itself is silent."""
    with eyes_page(chromium, bench) as page:
        side = page.locator('[data-camera="side"]')
        expect(side).to_have_attribute("data-good", "true")
        bench.blind.update(("side", "top"))
        expect(side.locator(".camera-cover")).to_be_visible()
        expect(side.locator(".camera-state")).to_contain_text("Check its cable")
        expect(fact(page, "hands:door")).to_have_attribute("data-value", "unknown")
        expect(fact(page, "hands:door").locator(".fact-why")).to_have_text("no camera that can be trusted sees it")
        expect(page.locator(".bench-plan .part")).to_have_count(0)
        bench.blind.clear()
        expect(side.locator(".camera-cover")).to_be_hidden()
        expect(fact(page, "hands:door")).to_have_attribute("data-value", "absent")
        page.context.set_offline(True)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.route_web_socket("**/ws/eyes*", lambda socket: None)
        page.click("text=日本語")
        expect(page.locator(".covered .cover").first).to_be_visible()
        expect(page.locator("#facts")).to_be_hidden()


def test_a_zone_is_drawn_on_the_plan(chromium: Browser, bench: ArmStation) -> None:
    """It should go where the mouse drags it, be used and kept once it is saved, and not before."""
    before = zone(bench.station.setting.bench.zones, "door")
    with eyes_page(chromium, bench) as page:
        page.click('.zone-list [data-zone="door"]')
        drag(page, page.locator('.bench-plan .zone-handle[data-corner="1"]'), 40, 0)
        expect(page.locator("#zones-state")).to_contain_text("not saved")
        assert bench.station.want.zones is None and not bench.zones.exists()
        page.click("#zones-save")
        expect(page.locator(OUTCOME)).to_contain_text("Saved.")
        kept = zone(load_zones(bench.zones, bench.station.setting.bench.cameras).zones, "door")
        assert kept.outline_mm[1, 0] > before.outline_mm[1, 0] + 20 and kept.z_mm == before.z_mm
        assert (np.delete(kept.outline_mm, 1, axis=0) == np.delete(before.outline_mm, 1, axis=0)).all()
        assert (used_now(bench, "door").outline_mm == kept.outline_mm).all()
        expect(page.locator("#zones-state")).to_have_text("These zones are in use.")
        drag(page, page.locator('.bench-plan .zone-handle[data-corner="all"]'), 0, 30)
        page.click("#zones-discard")
        expect(page.locator('[data-figure="y-0"]')).to_have_value(f"{kept.outline_mm[0, 1]:g}")
        bench.station.open_visit("v-1")
        until(page, lambda: bench.station.loop.state.visit_id == "v-1", "the visit begins")
        events = [row.body["envelope"]["event"] for row in bench.station.journal.rows()]
        drawn = hashlib.sha256(bench.zones.read_bytes()).hexdigest()
        assert [event["calibration"]["zones"] for event in events if "calibration" in event] == [drawn]
        assert [event["person"] for event in events if event.get("zones_sha256") == drawn] == ["Ken"]


def test_somebody_answers_for_an_empty_bench(chromium: Browser, bench: ArmStation) -> None:
    """It should ask before it has the cameras learn the bench anew, and not do it when the person thinks again."""
    with eyes_page(chromium, bench) as page:
        page.click("#empty > .sure > button")
        page.click("#empty .warning >> text=Cancel")
        expect(page.locator("#empty .warning")).to_have_count(0)
        assert bench.station.want.empty_since_s is None
        page.click("#empty > .sure > button")
        page.click("#empty .danger")
        expect(page.locator("#emptied")).to_contain_text("keep away for two seconds")
        assert bench.station.want.empty_since_s is not None


def test_a_zone_is_drawn_on_a_picture(chromium: Browser, bench: ArmStation) -> None:
    """It should put a corner where the picture's calibration has the mouse, on the height of the zone's floor."""
    with eyes_page(chromium, bench) as page:
        page.click('.zone-list [data-zone="cobot"]')
        # A busy machine may let the picture grow old, and on one that is covered nothing can be drawn.
        for _ in range(20):
            if page.locator("#zones-save").is_enabled():
                break
            expect(page.locator('[data-camera="side"] .camera-cover')).to_be_hidden()
            drag(page, page.locator('[data-camera="side"] .zone-handle[data-corner="0"]'), 25, 12)
        page.click("#zones-save")
        expect(page.locator(OUTCOME)).to_contain_text("Saved.")
        corner, low = used_now(bench, "cobot").outline_mm[0], used_now(bench, "cobot").z_mm[0]
        side = bench.station.setting.bench.camera("side")
        was = zone(bench.station.setting.bench.zones, "cobot").outline_mm[0]
        moved = side.project([[*corner, low]])[0] - side.project([[*was, low]])[0]
        width = page.locator('[data-camera="side"] canvas').bounding_box()["width"]  # type: ignore[index]
        assert moved == pytest.approx(np.array([25, 12]) * side.width_px / width, abs=3.0)


def test_a_zone_is_drawn_by_keyboard(chromium: Browser, bench: ArmStation) -> None:
    """It should move by millimetres with the arrow keys, take figures, and take new corners and zones."""
    before = zone(bench.station.setting.bench.zones, "tray").outline_mm
    with eyes_page(chromium, bench) as page:
        page.focus('.zone-list [data-zone="tray"]')
        page.keyboard.press("Enter")
        corner = page.locator('.bench-plan .zone-handle[data-corner="1"]')
        corner.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowDown")
        expect(corner).to_have_attribute(
            "aria-label", f"tray: Corner 2, {before[1, 0] + 1:.0f}, {before[1, 1] - 10:.0f} mm"
        )
        page.fill('[data-figure="z-1"]', "180")
        page.locator('[aria-label="Add after: Corner 1"]').press("Enter")
        page.fill("#zone-name", "手 rest")
        page.press("#zone-name", "Enter")
        expect(page.locator('.zone-list [aria-pressed="true"]')).to_have_text("手 rest")
        page.click("#zones-save")
        expect(page.locator(OUTCOME)).to_contain_text("Saved.")
        tray = used_now(bench, "tray")
        assert tray.z_mm == (0.0, 180.0) and len(tray.outline_mm) == 5
        assert tuple(tray.outline_mm[2]) == (before[1, 0] + 1, before[1, 1] - 10)
        assert len(used_now(bench, "手 rest").outline_mm) == 4
        expect(page.get_by_text("Take this zone away")).to_be_visible()


def test_what_cannot_be_used_is_refused_in_one_sentence(chromium: Browser, bench: ArmStation) -> None:
    """It should say what is wrong with an outline, keep the old zones, and take nothing in the middle of a visit."""
    with eyes_page(chromium, bench) as page:
        page.click('.zone-list [data-zone="door"]')
        page.fill('[data-figure="x-0"]', "300")
        page.fill('[data-figure="y-0"]', "100")
        page.click("#zones-save")
        expect(page.locator(OUTCOME)).to_have_text(
            "Edges 2 and 4 of zone door cross. Move a corner so that its outline is simple."
        )
        page.fill('[data-figure="x-0"]', "-900")
        page.fill('[data-figure="y-0"]', "-50")
        page.click("#zones-save")
        expect(page.locator(OUTCOME)).to_contain_text("lies where no camera looks")
        assert not bench.zones.exists() and bench.station.want.zones is None
        page.click("#zones-discard")
        page.fill('[data-figure="z-1"]', "210")
        bench.station.open_visit("v-1")
        expect(page.locator("#refusal")).to_have_text("A visit is under way and keeps its zones. End it, then save.")
        expect(page.locator("#zones-save")).to_be_disabled()


def test_a_check_is_taught(chromium: Browser, tmp_path: Path) -> None:
    """It should show the region live, take examples by button and key, say what a gate refused and what is confused."""
    lessons = ScriptedTeaching()
    desk = scripted(lessons)
    with served(desk, Clock().now_s) as port, signed_in(chromium, port) as page:
        panel = page.locator('.taught[data-check="cap"]')
        buttons, outcome = panel.locator(".choosing button"), panel.locator(".outcome")
        expect(panel.locator(".patch img")).to_be_visible()
        expect(panel.locator(".told")).to_have_text("seated (0.97)")
        lessons.refuses = "blurred"
        buttons.first.click()
        expect(outcome).to_have_text("the picture is blurred there")
        lessons.refuses = ""
        for count in range(1, 4):
            buttons.first.click()
            expect(panel.locator(".count").first).to_have_text(str(count))
        expect(outcome).to_have_text("Taken: seated")
        panel.locator('input[value="proud"]').check()
        for count in range(1, 5):
            page.keyboard.press("e")
            expect(panel.locator(".count").last).to_have_text(str(count))
        panel.locator(".thumbs").last.locator("button").first.click()
        expect(panel.locator(".count")).to_have_text(["3", "3"])
        loaded = "images => images.every(image => image.naturalWidth === 80)"
        until(page, lambda: panel.locator(".thumbs img").evaluate_all(loaded), "thumbnails are there")
        page.fill("#zone-name", "")
        page.press("#zone-name", "e")
        assert len(lessons.by) == 7, "a letter that is typed elsewhere took an example"
        buttons.last.click()
        result = panel.locator(".results li")
        expect(result).to_have_attribute("data-usable", "false")
        for language, confused in (
            ("en", "proud was told to be seated in 1 of 4."),
            ("ja", "proud を seated と取り違え：4 回中 1 回。"),
        ):
            page.click(f'#languages [lang="{language}"]')
            expect(result).to_contain_text(confused)
            (tmp_path / f"teach-{language}.png").write_bytes(page.locator("#teach-panel").screenshot())
            no_barriers(page)
            nothing_missing(page)


def test_nobody_else_sees_or_draws(chromium: Browser) -> None:
    """It should show nothing to a qualified person, and take a session along from the console."""
    with (
        served(scripted(ScriptedTeaching()), Clock().now_s) as port,
        signed_in(chromium, port, name="Mika", pin="2468") as page,
    ):
        expect(page.locator("#closed")).to_have_text("The page of the eyes is for technicians.")
        expect(page.locator("#page")).to_be_hidden()
        page.click("#sign-out")
        page.click("#to-console")
        page.wait_for_selector('body[data-connected="true"]')
        page.select_option("#sign-name", "Ken")
        page.fill("#sign-pin", "1357")
        page.press("#sign-pin", "Enter")
        expect(page.locator("#signed")).to_be_visible()
        page.click("#to-eyes")
        page.wait_for_selector('body[data-fed="true"]')
