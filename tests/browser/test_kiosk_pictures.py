"""Every moment of a visit, as the visitor sees it: right words, nothing missing, nothing that keeps anybody out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from support.scripted_desk import (
    PHRASES,
    Pointer,
    ScriptedDesk,
    picture,
    procedure,
    record_of,
    screen_at,
    served,
    with_fault,
)

from station.config.phrase_keys import required_keys
from station.config.phrases import GAP
from station.core.faults import FAULTS
from station.core.screen import ScreenFault
from station.web.desk import Caption

SIZES = {"full-hd": (1920, 1080), "small": (1280, 800), "phone": (390, 844)}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
MIRROR = procedure("door-mirror")
WORKS = {name: procedure(name) for name in ("door-mirror", "rear-emblem", "wheel")}

TOO_HIGH = ScreenFault(
    code="tightening.torque_high",
    number="T102",
    subject="J2",
    words={"joint": "2", "torque": "12.00", "angle": "64", "id": "7"},
    holds=True,
    clear_by="technician",
    ready=True,
)


@contextmanager
def live_camera(desk: ScriptedDesk) -> Iterator[None]:
    """Pictures at ten a second while the body runs."""
    end = threading.Event()

    def feed() -> None:
        seq = 0
        while not end.wait(0.1):
            seq += 1
            desk.see(picture(seq, time.monotonic()))

    thread = threading.Thread(target=feed, name="pictures")
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


@contextmanager
def page_of(chromium: Browser, port: int, path: str, size: str = "full-hd") -> Iterator[Page]:
    """A page at that size; whatever it complains of fails the test."""
    width, height = SIZES[size]
    with chromium.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce") as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}{path}")
        yield page
        assert not complaints, complaints


def shown(page: Page, desk: ScriptedDesk) -> None:
    """Wait until the page shows the desk's newest screen, its drawing and its record."""
    page.wait_for_selector(f'body[data-connected="true"][data-version="{desk.version}"]')
    page.wait_for_load_state("networkidle")


def photograph(page: Page, path: Path) -> None:
    """Keep a picture of the page, for people to look at."""
    path.write_bytes(page.screenshot())


def no_barriers(page: Page, where: str) -> None:
    """axe finds nothing."""
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, f"{where}: " + "; ".join(
        f"{each['id']} at {[node['target'] for node in each['nodes']]}" for each in found
    )


def nothing_missing(page: Page, where: str) -> None:
    """No gap in a sentence, no key for a phrase, no bar below a page that is as wide as it is."""
    text = page.inner_text("body")
    assert GAP not in text, f"{where}: a word is missing"
    assert "undefined" not in text and "null" not in text, f"{where}: {text}"
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"{where}: the page scrolls sideways ({width})"


@pytest.mark.parametrize(
    ("size", "language"), [("full-hd", "en"), ("full-hd", "ja"), ("small", "ja"), ("phone", "en"), ("phone", "ja")]
)
def test_every_step(chromium: Browser, tmp_path: Path, size: str, language: str) -> None:
    """It should show every step of the mirror with its sentence, its drawing and no barrier, at every size."""
    desk = ScriptedDesk(now=screen_at(MIRROR, MIRROR.steps[0].id, language), kept=record_of(MIRROR))
    with live_camera(desk), served(desk, time.monotonic) as port, page_of(chromium, port, "/kiosk", size) as page:
        for step in MIRROR.steps:
            screen = screen_at(MIRROR, step.id, language)
            sentence = PHRASES.shown(language, step.say, screen.words)
            desk.show(screen)
            desk.say(Caption(utterance=f"u-{step.id}", text=sentence, priority="instruction"))
            shown(page, desk)
            assert page.inner_text("#sentence") == sentence
            assert page.inner_text("#caption") == sentence
            if step.picture != "record":
                page.wait_for_selector(f'#art[data-picture="{step.picture}"] svg')
            photograph(page, tmp_path / f"{step.id}-{size}-{language}.png")
            nothing_missing(page, step.id)
            no_barriers(page, f"{step.id} {size} {language}")
        assert page.get_attribute("html", "lang") == language


@pytest.mark.parametrize("work", ["rear-emblem", "wheel"])
def test_other_work(chromium: Browser, tmp_path: Path, work: str) -> None:
    """It should draw the part that this order is about, whatever is assembled."""
    steps = WORKS[work].steps
    desk = ScriptedDesk(now=screen_at(WORKS[work], steps[0].id), kept=record_of(WORKS[work]))
    with live_camera(desk), served(desk, time.monotonic) as port, page_of(chromium, port, "/kiosk") as page:
        for step in steps:
            desk.show(screen_at(WORKS[work], step.id))
            shown(page, desk)
            photograph(page, tmp_path / f"{work}-{step.id}.png")
            nothing_missing(page, step.id)
            drawn = page.eval_on_selector_all(
                "#art:not([hidden]) [data-part]", "all => all.map(e => e.getAttribute('href'))"
            )
            assert set(drawn) <= {f"#thing-{'emblem' if work == 'rear-emblem' else 'wheel'}"}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_fault(chromium: Browser, tmp_path: Path, language: str) -> None:
    """It should name every fault with its sentence, and offer the button only to whom it is for."""
    words = {"part": "@part.mirror.left-red", "wanted": "@part.mirror.right-red", "joint": "2", "torque": "3.10"}
    words |= {"angle": "64", "id": "4711", "camera": "top", "detail": "E12", "text": "ABM1:X"}
    words |= {"what": "job", "found": "2", "first": "7", "last": "9", "joints": "1, 2"}
    at = screen_at(MIRROR, "tighten-2", language)
    desk = ScriptedDesk(now=at)
    with live_camera(desk), served(desk, time.monotonic) as port, page_of(chromium, port, "/kiosk") as page:
        for code, kind in FAULTS.items():
            given = {name: words[name] for name in required_keys()[f"fault.{code}.visitor"]}
            given |= {"wanted": "1"} if code in ("order.wrong", "result.other_work") else {}
            fault = ScreenFault(
                code=code,
                number=kind.number,
                subject="J2",
                words=given,
                holds=kind.clear_by.value != "time",
                clear_by=kind.clear_by.value,
                ready=True,
            )
            desk.show(with_fault(at, fault))
            shown(page, desk)
            assert page.inner_text("#card .card-text") == PHRASES.shown(language, f"fault.{code}.visitor", given)
            assert page.locator("#card button").count() == (1 if kind.clear_by.value == "visitor" else 0), code
            photograph(page, tmp_path / f"{code}-{language}.png")
            nothing_missing(page, code)
            if language == "en":
                no_barriers(page, code)


@pytest.mark.parametrize("size", SIZES)
def test_other_states(chromium: Browser, tmp_path: Path, size: str) -> None:
    """It should have no barrier before a visit, in a pause, with help on the way, after the end, and on a bench."""
    first = screen_at(MIRROR, "welcome")
    idle = replace(first, phase="idle", step="", say="visit.welcome", visitor="", car="", steps=(), questions=())
    late = screen_at(MIRROR, "tighten-2")
    ended = replace(screen_at(MIRROR, "record"), phase="ended", step="", outcome="finished", say="visit.finished")
    moments = {
        "idle": replace(idle, joints=()),
        "paused": replace(late, paused=True),
        "helped": replace(late, help_called=True, tool="ready", robot="moving"),
        "finished": replace(ended, questions=()),
        "abandoned": replace(ended, outcome="abandoned", questions=()),
    }
    desk = ScriptedDesk(now=first, kept=record_of(MIRROR), bench_pointer=Pointer())
    with live_camera(desk), served(desk, time.monotonic) as port:
        for path in ("/kiosk", "/bench"):
            with page_of(chromium, port, path, size) as page:
                for name, screen in moments.items():
                    desk.show(screen)
                    shown(page, desk)
                    photograph(page, tmp_path / f"{path[1:]}-{name}-{size}.png")
                    nothing_missing(page, name)
                    no_barriers(page, f"{path} {name} {size}")
        with page_of(chromium, port, "/console", size) as page:
            desk.show(with_fault(late, TOO_HIGH))
            shown(page, desk)
            photograph(page, tmp_path / f"console-{size}.png")
            nothing_missing(page, "console")
            no_barriers(page, f"console {size}")
        with page_of(chromium, port, "/record", size) as page:
            page.wait_for_selector(".certificate")
            photograph(page, tmp_path / f"record-{size}.png")
            nothing_missing(page, "record")
            no_barriers(page, f"record {size}")
