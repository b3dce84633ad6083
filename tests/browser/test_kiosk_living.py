"""The pages while things change: answers, lost servers, old pictures, the mouse, the technician."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

from playwright.sync_api import Browser, Page, expect
from support.scripted_desk import Pointer, ScriptedDesk, picture, procedure, screen_at, served, with_fault

from station.core.events import (
    FaultAcknowledged,
    HelpRequested,
    LanguageChosen,
    PauseRequested,
    PersonConfirmed,
    ReachChosen,
    ResumeRequested,
)
from station.core.procedure import Reach, Role
from station.core.screen import ScreenFault
from station.web.desk import Caption, PersonEvent

MIRROR = procedure("door-mirror")
WHEEL = procedure("wheel")
SCREEN = {"width": 1280, "height": 800}


def page_at(chromium: Browser, url: str) -> Page:
    """A page that shows the desk's screen."""
    page = chromium.new_context(viewport=SCREEN, reduced_motion="reduce").new_page()
    page.goto(url)
    page.wait_for_selector('body[data-connected="true"]')
    return page


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_a_visitor_acts(chromium: Browser) -> None:
    """It should tell the station what the visitor touches, with the step and question that the page showed."""

    def react(desk: ScriptedDesk, event: PersonEvent) -> None:
        assert desk.now is not None
        match event:
            case PauseRequested():
                desk.show(replace(desk.now, paused=True))
            case ResumeRequested():
                desk.show(replace(desk.now, paused=False))
            case LanguageChosen():
                desk.show(replace(desk.now, language=event.language))
            case HelpRequested():
                desk.show(replace(desk.now, help_called=True))
            case ReachChosen(reach=reach):
                desk.show(replace(desk.now, reach=reach.value))

    desk = ScriptedDesk(now=screen_at(MIRROR, "welcome"), react=react)
    with served(desk, time.monotonic) as port:
        page = page_at(chromium, f"http://127.0.0.1:{port}/kiosk")
        page.click("text=日本語")
        expect(page.locator("html")).to_have_attribute("lang", "ja")
        page.click("text=English")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        page.click("text=Pause program")
        expect(page.locator("#card")).to_have_attribute("data-kind", "paused")
        expect(page.locator("#ask button")).to_have_count(0)
        page.click("#card button")
        expect(page.locator("#card")).to_be_hidden()
        page.click("text=I need help")
        expect(page.locator("#help")).to_have_text("A colleague is on the way")
        page.click("[data-reach=low]")
        expect(page.locator("[data-reach=low]")).to_have_attribute("aria-pressed", "true")
        assert ReachChosen(reach=Reach.LOW) in desk.posted
        before = len(desk.posted)
        page.click("#ask .main-button")
        until_posted(page, desk, before)
        desk.show(screen_at(MIRROR, "check-in"))
        expect(page.locator("#sentence")).to_contain_text("pass")
        page.context.close()
    assert desk.posted[-1] == PersonConfirmed(
        step="welcome", what="confirm.consent", role=Role.VISITOR, person="visitor"
    )


def until_posted(page: Page, desk: ScriptedDesk, before: int = 0) -> None:
    """Wait until the station has heard of it: a click returns before its post has arrived."""
    for _ in range(250):
        if len(desk.posted) > before:
            return
        page.wait_for_timeout(20)


def test_a_fault_is_acknowledged(chromium: Browser) -> None:
    """It should offer Continue only when the cause is gone, and tell the station."""
    fault = ScreenFault(
        code="robot.hands", number="R101", subject="cobot", words={}, holds=True, clear_by="visitor", ready=False
    )
    at = screen_at(MIRROR, "tighten-1")
    desk = ScriptedDesk(now=with_fault(at, fault))
    with served(desk, time.monotonic) as port:
        page = page_at(chromium, f"http://127.0.0.1:{port}/kiosk")
        expect(page.locator("#card .card-text")).to_contain_text("robot has paused")
        expect(page.locator("#card button")).to_have_count(0)
        desk.show(with_fault(at, replace(fault, ready=True)))
        page.click("#card button")
        until_posted(page, desk)
        desk.show(at)
        expect(page.locator("#card")).to_be_hidden()
        page.context.close()
    assert desk.posted == [FaultAcknowledged(code="robot.hands", role=Role.VISITOR, person="visitor")]


def test_the_server_comes_back(chromium: Browser) -> None:
    """It should say that the connection is lost, and be right again without a reload when the server is back."""
    port = free_port()
    desk = ScriptedDesk(now=screen_at(MIRROR, "place-mirror"))
    with served(desk, time.monotonic, port):
        page = page_at(chromium, f"http://127.0.0.1:{port}/kiosk")
        page.evaluate("window.same = true")
    expect(page.locator("#notice")).to_contain_text("lost")
    expect(page.locator("body")).to_have_attribute("data-connected", "false")
    desk.show(screen_at(MIRROR, "final-look"))
    with served(desk, time.monotonic, port):
        expect(page.locator("body")).to_have_attribute("data-connected", "true")
        expect(page.locator("#sentence")).to_contain_text("last look")
        assert page.evaluate("window.same") is True
        page.context.close()


def test_an_old_picture_is_covered(chromium: Browser) -> None:
    """It should show a fresh picture, cover it when no newer one comes, and never show one that arrives old."""
    desk = ScriptedDesk(now=screen_at(MIRROR, "place-mirror"))
    with served(desk, time.monotonic) as port:
        page = page_at(chromium, f"http://127.0.0.1:{port}/kiosk")
        cover = page.locator("#camera-cover")
        expect(cover).to_be_visible()
        # The test cannot look fast enough itself: the page counts how often the picture was uncovered.
        page.evaluate(
            """() => {
                const cover = document.getElementById("camera-cover");
                const count = () => { document.body.dataset.uncovered = Number(document.body.dataset.uncovered) + 1; };
                document.body.dataset.uncovered = 0;
                new MutationObserver(() => cover.hidden && count()).observe(cover, { attributes: true });
            }"""
        )
        desk.see(picture(1, time.monotonic()))
        expect(page.locator("body")).to_have_attribute("data-uncovered", "1")
        expect(page.locator("#camera")).to_have_attribute("data-seq", "1")
        expect(cover).to_be_visible()
        expect(cover).to_have_text("The camera picture is old")
        # A camera sends picture after picture, and a slow page may miss some.
        for seq in range(2, 40):
            desk.see(picture(seq, time.monotonic() - 0.6))
            page.wait_for_timeout(200)
            if page.locator("#camera").get_attribute("data-seq") != "1":
                break
        expect(page.locator("#camera")).not_to_have_attribute("data-seq", "1")
        expect(cover).to_be_visible()
        expect(page.locator("body")).to_have_attribute("data-uncovered", "1")
        page.context.close()


def test_the_page_speaks_only_when_asked(chromium: Browser) -> None:
    """It should show each caption, and fetch the sound only where the station has no player."""
    desk = ScriptedDesk(now=screen_at(MIRROR, "welcome"))
    with served(desk, time.monotonic) as port:
        page = page_at(chromium, f"http://127.0.0.1:{port}/kiosk")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        desk.say(Caption(utterance="u-1", text="One.", priority="instruction"))
        expect(page.locator("#caption")).to_have_text("One.")
        with page.expect_request("**/speech/u-2.wav"):
            desk.say(Caption(utterance="u-2", text="Two.", priority="instruction", by_page=True))
        expect(page.locator("#caption")).to_have_text("Two.")
        page.context.close()
    assert not [url for url in asked if "u-1" in url]


def test_a_qualified_person_confirms(chromium: Browser) -> None:
    """It should ask for name and PIN, take a wrong one kindly, and keep nothing of it afterwards."""
    desk = ScriptedDesk(now=screen_at(WHEEL, "tighten-1"))
    assert desk.now is not None
    question = desk.now.questions[0]
    with served(desk, time.monotonic) as port:
        page = page_at(chromium, f"http://127.0.0.1:{port}/kiosk")
        page.click("#ask button")
        page.select_option("#sign-name", "Mika")
        page.fill("#sign-pin", "0000")
        page.click("#sign [type=submit]")
        expect(page.locator("#sign-problem")).to_have_text("That PIN is not right.")
        page.fill("#sign-pin", "2468")
        with page.expect_response("**/sign-out"):
            page.click("#sign [type=submit]")
        page.context.close()
    assert desk.posted == [PersonConfirmed(step=question.step, what=question.what, role=Role.QUALIFIED, person="Mika")]


def test_a_technician_mends(chromium: Browser) -> None:
    """It should let only a signed-in technician say what was mended, with a reason."""
    words = {"joint": "2", "torque": "12.00", "angle": "64", "id": "7"}
    fault = ScreenFault(
        code="tightening.torque_high",
        number="T102",
        subject="J2",
        words=words,
        holds=True,
        clear_by="technician",
        ready=True,
    )
    desk = ScriptedDesk(now=with_fault(screen_at(MIRROR, "tighten-2"), fault))
    with served(desk, time.monotonic) as port:
        page = page_at(chromium, f"http://127.0.0.1:{port}/console")
        expect(page.locator("#faults")).to_contain_text("12.00")
        expect(page.locator("#faults button")).to_have_count(0)
        expect(page.locator(".not-safety")).to_contain_text("not a safety function")
        page.select_option("#sign-name", "Ken")
        page.fill("#sign-pin", "1357")
        page.click("#sign-form button")
        page.fill("#faults input", "nut replaced")
        page.click("#faults button")
        until_posted(page, desk)
        desk.show(screen_at(MIRROR, "tighten-2"))
        expect(page.locator("#faults")).to_contain_text("No faults")
        page.context.close()
    assert desk.posted == [
        FaultAcknowledged(code="tightening.torque_high", role=Role.TECHNICIAN, person="Ken", reason="nut replaced")
    ]


def test_the_mouse_is_a_hand(chromium: Browser) -> None:
    """It should send where the mouse is in the picture's own pixels, what it takes, and the trigger."""
    pointer = Pointer()
    desk = ScriptedDesk(now=screen_at(MIRROR, "tighten-1"), bench_pointer=pointer)
    with served(desk, time.monotonic) as port:
        page = page_at(chromium, f"http://127.0.0.1:{port}/bench")
        desk.see(picture(1, time.monotonic()))
        expect(page.locator("#camera")).to_have_attribute("data-seq", "1")
        box = page.locator("#camera").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
        page.keyboard.down("Space")
        page.keyboard.up("Space")
        page.mouse.up()
        page.mouse.down(button="right")
        page.mouse.up(button="right")
        page.context.close()
    kinds = [did[0] if did[0] != "trigger" else did for did in pointer.did if did[0] != "move"]
    assert kinds[:6] == [
        "grab",
        ("trigger", True),
        ("trigger", False),
        "release",
        ("trigger", True),
        ("trigger", False),
    ]
    moves = [did for did in pointer.did if did[0] == "move"]
    assert abs(float(str(moves[-1][1])) - 640) < 4 and abs(float(str(moves[-1][2])) - 360) < 4
    assert moves[-1][3] == "top"
