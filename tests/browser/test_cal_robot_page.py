"""A technician calibrates a simulated bench on the page of a running station, from the first page to the report."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.hidden_benches import number_bench, put_lens_in_force
from support.scripted_desk import CONFIG

from calibration.bench_keep import POSES
from calibration.bench_start import lens_results
from calibration.flange_record import BOARD, FlangeRecord
from calibration.store import Store
from station.config.artefact import Kind, current_id
from station.config.phrases import GAP

SIZE = {"width": 1280, "height": 900}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
LONG_MS = 60_000
"""A station starts, or a bench is reckoned."""


@dataclass(frozen=True, slots=True)
class Running:
    """`station run` in a process of its own."""

    port: int
    data: Path
    process: subprocess.Popen[str]

    @property
    def store(self) -> Path:
        return self.data / "calibration"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Running]:
    """The simulated bench of the repository, with data and port of its own, without a voice."""
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = config / "station.sim.toml"
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ('data_dir = "../var/sim-1"', f'data_dir = "{tmp_path / "data"}"'),
        ("port = 8100", f"port = {port}"),
        ("[voice]\nenabled = true", "[voice]\nenabled = false"),
    ):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    command = [str(Path(sys.executable).parent / "station"), "run", "--config", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "Kiosk page" in line:
                    break
            yield Running(port=port, data=tmp_path / "data", process=process)
        finally:
            process.terminate()
            process.communicate(timeout=30)
    assert process.returncode == 0


@contextmanager
def signed_in(chromium: Browser, station: Running, path: str) -> Iterator[Page]:
    """A page with the technician signed in; whatever it complains of fails the test."""
    with chromium.new_context(viewport=SIZE, reduced_motion="reduce") as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{station.port}{path}")
        page.wait_for_selector('body[data-connected="true"]', timeout=LONG_MS)
        page.select_option("#sign-name", "Ken")
        page.fill("#sign-pin", "1357")
        page.press("#sign-pin", "Enter")
        expect(page.locator("#signed")).to_be_visible()
        yield page
        assert not complaints, complaints


def looked_at(page: Page, path: Path) -> None:
    """A screenshot to be looked at; no barrier, no gap in a sentence, no key for a phrase, no bar below."""
    path.write_bytes(page.screenshot(full_page=True))
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, "; ".join(f"{each['id']} at {[node['target'] for node in each['nodes']]}" for each in found)
    text = page.inner_text("body")
    assert not [word for word in (GAP, "undefined", "null", "NaN", "ui.") if word in text], text
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"the page scrolls sideways ({width})"


ASKED = """(number) => {
  const question = JSON.parse(document.getElementById("answers").dataset.facts ?? "[null]")[0];
  if (["result", "broken", "kept"].includes(document.body.dataset.doing)) return { text: "", number: 0 };
  return question && question.number !== number ? question : null;
}"""
"""The next question, or none where the run has ended."""


def answered(page: Page, until: str, number: int = 0) -> list[str]:
    """Do what is asked, by the first button, until what is asked begins with `until`, or all ends; what was asked.

    `number` is the question that was answered last, which the page may show for a moment longer.
    """
    asked: list[str] = []
    while True:
        found = page.wait_for_function(ASKED, arg=number, timeout=LONG_MS).json_value()
        question, number = found["text"], found["number"]
        if not question:
            assert not until, page.inner_text("#news")
            return asked
        if until and question.startswith(until):
            return asked
        asked.append(question)
        page.locator(f'#answers button[data-number="{number}"]').first.click()


@pytest.mark.timeout(600)
def test_a_technician_calibrates_a_bench(chromium: Browser, station: Running, tmp_path: Path) -> None:
    """It should ask for each thing in turn, from lenses to touches, and put in force what is accepted, not before."""
    with signed_in(chromium, station, "/calibration") as page:
        page.click('#lenses a[href="/calibrate/robot"]')
        page.wait_for_selector('body[data-doing="idle"]')
        looked_at(page, tmp_path / "robot-idle.png")
        page.click("#begin")
        page.wait_for_selector("#answers button", timeout=LONG_MS)
        with chromium.new_context() as context:
            kiosk = context.new_page()
            kiosk.goto(f"http://127.0.0.1:{station.port}/kiosk")
            expect(kiosk.locator("#sentence")).to_have_text(
                "This station is being set up. Our host will be with you soon.", timeout=LONG_MS
            )
            expect(kiosk.locator("#ask button")).to_have_count(0)
        asked = answered(page, "What is on the robot's flange now?")
        assert sum("Hold the large board in front of camera" in question for question in asked) == 28
        asked = answered(page, "Take the board off")
        assert sum("Take your hands away" in question for question in asked) == 2
        expect(page.locator("#count")).to_have_text(re.compile("^2[0-4] of 24 poses$"))
        expect(page.locator("#pictures img")).to_have_count(2)
        looked_at(page, tmp_path / "robot-asks.png")
        asked = answered(page, "")
        assert sum("Lead its tip onto" in question for question in asked) == 21
        expect(page.locator("body")).to_have_attribute("data-doing", "result", timeout=LONG_MS)
        expect(page.locator('.robot-result[data-enough="true"]')).to_have_count(7)
        expect(page.locator(".robot-result .error").first).to_contain_text("mm off (95 %)")
        for language in ("ja", "en"):
            page.click(f'#languages [lang="{language}"]')
            expect(page.locator("html")).to_have_attribute("lang", language)
            looked_at(page, tmp_path / f"robot-result-{language}.png")
        assert current_id(station.store, Kind.ARM, "cobot") is None
        page.click("#accept")
        expect(page.locator("body")).to_have_attribute("data-doing", "kept", timeout=LONG_MS)
        assert current_id(station.store, Kind.ARM, "cobot") is not None
        assert current_id(station.store, Kind.CAMERA, "side") is not None
        page.click("#to-report")
        page.wait_for_selector('body[data-connected="true"]', timeout=LONG_MS)
        expect(page.locator("#rows")).to_contain_text("Robot", timeout=LONG_MS)
        with page.expect_download() as made:
            page.click('[data-form="html"]')
        assert "cobot" in made.value.path().read_text(encoding="utf-8")


def test_a_technician_checks_a_whole_bench_by_one_button(chromium: Browser, station: Running, tmp_path: Path) -> None:
    """It should take a reference, then check cameras and arm against it, each with what it would have noticed."""
    with signed_in(chromium, station, "/calibration") as page:
        for button, doing in (("#reference", "The reference is taken."), ("#check", "Nothing has moved that matters.")):
            expect(page.locator(button)).to_be_enabled(timeout=LONG_MS)
            page.click(button)
            page.wait_for_selector('body[data-doing="running"]', timeout=LONG_MS)
            asked = answered(page, "")
            assert [question.split(".")[0].split(",")[0] for question in asked] == [
                "What is on the robot's flange now?",
                "Take your hands away and keep everybody out of the robot's reach",
                "Put the board on the flange",
                "Take your hands away and keep everybody out of the robot's reach",
                "Take the board off",
            ]
            expect(page.locator("#say")).to_contain_text(doing, timeout=LONG_MS)
            looked_at(page, tmp_path / f"robot-{button[1:]}.png")
            page.wait_for_selector('body[data-connected="true"]', timeout=LONG_MS)
            page.click("#to-calibration")
            page.wait_for_selector('body[data-fed="true"]', timeout=LONG_MS)
        expect(page.locator('.devices li[data-good="true"]')).to_have_count(3, timeout=LONG_MS)
        expect(page.locator('.devices li[data-device="cobot"]')).to_contain_text("would have noticed")
        looked_at(page, tmp_path / "robot-checked.png")


def test_a_paused_run_goes_on_where_it_was(chromium: Browser, station: Running, tmp_path: Path) -> None:
    """It should move by no second click, stand still when told, say how it ended, keep its poses, and ask again."""
    lenses_of(station.store)
    with signed_in(chromium, station, "/calibrate/robot") as page:
        page.click("#begin")
        answered(page, "Put the board on the flange")
        answered(page, "Take your hands away")
        clear = page.locator('#answers button[data-answer="clear"]')
        clear.click(force=True)
        expect(clear).to_be_enabled()
        expect(page.locator("body")).to_have_attribute("data-moving", "false")
        page.evaluate(PAUSE_AT_FIRST_POSE)
        page.click("#answers button")
        expect(page.locator("body")).to_have_attribute("data-doing", "broken", timeout=LONG_MS)
        expect(page.locator("#news")).to_contain_text("Ken paused the program")
        looked_at(page, tmp_path / "robot-broken.png")
        assert 1 <= poses_in(station) < 24 and current_id(station.store, Kind.ARM, "cobot") is None
        page.click("#begin")
        page.wait_for_selector('body[data-doing="running"]', timeout=LONG_MS)
        answered(page, "What is on the robot's flange now?")
        board = page.locator('#answers button[data-answer="board"]')
        number = int(board.get_attribute("data-number") or "0")
        board.click()
        asked = answered(page, "Take the board off", number)
        assert [question for question in asked if "Take your hands away" in question]
        expect(page.locator("#news")).to_contain_text("poses were kept from before")
        page.click("#pause")
        expect(page.locator("body")).to_have_attribute("data-doing", "broken", timeout=LONG_MS)
        expect(page.locator("#board-on")).to_contain_text("No visit begins with it")
        expect(page.locator("#discard")).to_be_hidden()
        with chromium.new_context() as context:
            kiosk = context.new_page()
            kiosk.goto(f"http://127.0.0.1:{station.port}/kiosk")
            expect(kiosk.locator("#sentence")).to_contain_text("being set up", timeout=LONG_MS)
        page.click("#pointer-on")
        expect(page.locator("#board-on")).to_be_hidden(timeout=LONG_MS)
        page.click("#discard")
        expect(page.locator("body")).to_have_attribute("data-doing", "idle", timeout=LONG_MS)


@pytest.fixture
def board_left_on(tmp_path: Path) -> None:
    """Before the station starts: the program ended, or the power was cut, with the board on the flange."""
    FlangeRecord(tmp_path / "data" / "calibration").note(BOARD)


@pytest.mark.usefixtures("board_left_on")
def test_a_station_started_with_the_board_on_waits_for_the_pointer(chromium: Browser, station: Running) -> None:
    """It should serve its pages, open no visit and move nothing, until a technician says that the pointer is on."""
    with chromium.new_context() as context, signed_in(chromium, station, "/calibrate/robot") as page:
        kiosk = context.new_page()
        kiosk.goto(f"http://127.0.0.1:{station.port}/kiosk")
        expect(kiosk.locator("#sentence")).to_contain_text("being set up", timeout=LONG_MS)
        expect(page.locator("#board-on")).to_contain_text("No visit begins with it")
        expect(page.locator("body")).to_have_attribute("data-moving", "false")
        page.click("#pointer-on")
        expect(kiosk.locator("#ask button")).not_to_have_count(0, timeout=LONG_MS)
        expect(page.locator("#board-on")).to_be_hidden(timeout=LONG_MS)


PAUSE_AT_FIRST_POSE = """() => new MutationObserver((_, observer) => {
  if (!(parseInt(document.getElementById("count").textContent) > 0)) return;
  observer.disconnect();
  document.getElementById("pause").click();
}).observe(document.getElementById("count"), { childList: true, characterData: true, subtree: true })"""


def poses_in(station: Running) -> int:
    """Kept in the record of the run, whose first line is its head."""
    return len((station.store / POSES).read_text(encoding="utf-8").splitlines()) - 1


def lenses_of(store: Path) -> None:
    """The lenses of the very bench that this station simulates, as yesterday's pictures told them."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    for found in lens_results(number_bench(1, touches=False).seen):
        put_lens_in_force(Store(store), found, made)
