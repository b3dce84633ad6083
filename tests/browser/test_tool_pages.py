"""The torque tool on the pages: what the trigger needs, technicians' rights by keyboard, curves, the printed record."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.scripted_desk import (
    PHRASES,
    ScriptedDesk,
    curve_to,
    procedure,
    record_of,
    screen_at,
    served,
    window_of,
)

from station.config.phrases import GAP
from station.core.events import RightUsed, VisitAbandoned
from station.core.procedure import Right, Role
from station.core.screen import Screen, ScreenFault, ScreenHealth, ScreenInterlock
from station.web.desk import PersonEvent
from station.web.record import Curve, LostNote, OverrideNote, Record, Rundown

SIZES = {"full-hd": (1920, 1080), "small": (1280, 800), "tablet": (800, 600), "phone": (390, 844)}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
MIRROR = procedure("door-mirror")
WINDOW = window_of(MIRROR, "J2")
ASKED_BACK = ScreenFault(
    code="result.asked_back",
    number="T125",
    subject="J2",
    words={"joint": "2", "torque": "9.2", "angle": "58", "id": "4"},
    holds=True,
    clear_by="technician",
    ready=True,
    rights=("loosen", "accept_result"),
)
RUNDOWNS = (
    Rundown(result="SIM/1", label="1", torque_nm=9.04, angle_deg=66.0, verdict="ok", has_curve=True),
    Rundown(result="SIM/2", label="2", torque_nm=4.1, angle_deg=12.0, verdict="tightening.torque_low", has_curve=True),
    Rundown(result="SIM/3", label="", torque_nm=8.9, angle_deg=60.0, verdict="result.unarmed", has_curve=False),
    Rundown(result="SIM/4", label="2", torque_nm=9.21, angle_deg=58.0, verdict="asked_back", has_curve=True),
)
NOTES = (
    OverrideNote(right="loosen", number="", label="2", step="", person="Ken", reason="the nut sat crooked"),
    OverrideNote(right="mended", number="T102", label="2", step="", person="Ken", reason="new nut"),
    OverrideNote(right="undo", number="", label="", step="step.tighten-1", person="Ken", reason="wrong stud"),
)


def curves() -> dict[str, Curve]:
    return {
        "SIM/1": curve_to(9.04, 66.0, WINDOW),
        "SIM/2": replace(curve_to(4.1, 12.0, WINDOW), angle_deg=()),
        "SIM/4": curve_to(9.21, 58.0, WINDOW),
    }


def lock(missing: str, joint: str = "1") -> ScreenInterlock:
    place = ("socket", "position", "enable", "").index(missing)
    return ScreenInterlock(
        joint=joint,
        socket="13",
        socket_there=place > 0,
        position_there=place > 1,
        enabled=place > 2,
        missing=missing,
    )


def in_trouble(language: str = "en") -> Screen:
    """A good result that nobody saw, with everything on the console that it can have."""
    return replace(
        screen_at(MIRROR, "tighten-2", language),
        faults=(ASKED_BACK,),
        interlock=lock("position", "2"),
        undoable="tighten-1",
        health=(ScreenHealth(device="tool", code="tool.clock", detail="The controller's clock is 12 s behind."),),
    )


def told_record() -> Record:
    """A record with everything that can be on one."""
    kept = record_of(MIRROR)
    first, second, third = kept.joints
    return replace(
        kept,
        joints=(
            replace(first, result="SIM/1"),
            replace(second, result="SIM/4", verdict="accepted", person="K. Mori", reason="I stood beside it"),
            replace(third, result="SIM/2", verdict="reworked", attempts=3),
        ),
        overrides=NOTES,
        lost=(LostNote(serial="SIM0001", results="4711-4713"),),
    )


@contextmanager
def page_of(chromium: Browser, desk: ScriptedDesk, path: str, size: str = "small") -> Iterator[Page]:
    """A page at that size; whatever it complains of fails the test."""
    width, height = SIZES[size]
    with (
        served(desk, time.monotonic) as port,
        chromium.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce") as context,
    ):
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}{path}")
        page.wait_for_selector(".certificate" if path.startswith("/record") else 'body[data-connected="true"]')
        yield page
        assert not complaints, complaints


def whole(page: Page, path: Path) -> None:
    """No barrier, no gap in a sentence, nothing wider than the page; and a picture for people to look at."""
    page.wait_for_load_state("networkidle")
    path.write_bytes(page.screenshot(full_page=True))
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, f"{path.stem}: " + "; ".join(
        f"{each['id']} at {[node['target'] for node in each['nodes']]}" for each in found
    )
    text = page.inner_text("body")
    assert GAP not in text and "undefined" not in text and "null" not in text and "NaN" not in text, text
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"{path.stem}: the page scrolls sideways ({width})"


def sign_in(page: Page) -> None:
    page.select_option("#sign-name", "Ken")
    page.fill("#sign-pin", "1357")
    page.press("#sign-pin", "Enter")
    expect(page.locator("#signed")).to_be_visible()


@pytest.mark.parametrize(("size", "language"), [("full-hd", "en"), ("small", "ja"), ("phone", "ja")])
def test_what_the_trigger_needs(chromium: Browser, tmp_path: Path, size: str, language: str) -> None:
    """It should show the stations in their order, exactly one of them current, and say there what to do."""
    at = replace(screen_at(MIRROR, "tighten-1", language), waiting_for=("tightening:J1",))
    desk = ScriptedDesk(now=at)
    with page_of(chromium, desk, "/kiosk", size) as page:
        expect(page.locator("#interlock")).to_be_hidden()
        for missing in ("socket", "position", "enable", ""):
            desk.show(replace(at, interlock=lock(missing)))
            words = {"socket": "13", "joint": "1"}
            task = PHRASES.shown(language, f"ui.interlock.do.{missing or 'pull'}", words)
            current = page.locator('#interlock [aria-current="step"]')
            expect(current.locator(".interlock-text")).to_have_text(task)
            expect(page.locator("#interlock li")).to_have_count(3)
            expect(page.locator("#waiting-box")).to_be_hidden()
            whole(page, tmp_path / f"lock-{missing or 'go'}-{size}-{language}.png")
            sizes = page.eval_on_selector_all("#interlock li", "all => all.map(e => e.getBoundingClientRect().width)")
            state = current.evaluate("e => [...e.parentElement.children].indexOf(e)")
            assert size == "phone" or sizes[state] == max(sizes) > 1.5 * min(sizes), "the current one is the largest"
        desk.show(replace(at, interlock=lock("enable"), faults=(ASKED_BACK,)))
        expect(page.locator("#interlock")).to_be_hidden()


def test_marked_looks_like_neither_good_nor_bad(chromium: Browser, tmp_path: Path) -> None:
    """It should say in words that we come back to it, at the joint and at the step, and not for a failed one."""
    at = screen_at(MIRROR, "tighten-3")
    steps = tuple(replace(s, status="marked") if s.id == "tighten-1" else s for s in at.steps)
    first, second, third = at.joints
    joints = (replace(first, status="marked"), replace(second, status="bad"), third)
    for language, joint, step in (("en", "we come back to it", "later"), ("ja", "あとで直します", "あとで")):
        desk = ScriptedDesk(now=replace(at, language=language, steps=steps, joints=joints))
        with page_of(chromium, desk, "/kiosk") as page:
            expect(page.locator('#joints [data-status="marked"] .joint-result')).to_have_text(joint)
            expect(page.locator('#joints [data-status="bad"] .joint-result')).not_to_contain_text(joint)
            expect(page.locator('#steps [data-status="marked"] .step-note')).to_have_text(step)
            expect(page.locator('#art [data-joint="J1"]')).to_have_attribute("data-status", "marked")
            whole(page, tmp_path / f"marked-{language}.png")


@pytest.mark.parametrize(("size", "language"), [("full-hd", "ja"), ("small", "en"), ("tablet", "ja")])
def test_the_console(chromium: Browser, tmp_path: Path, size: str, language: str) -> None:
    """It should have no barrier and no sideways scroll, with everything on it that there can be."""
    desk = ScriptedDesk(now=in_trouble(language), results=RUNDOWNS, noted=NOTES, curves=curves())
    with page_of(chromium, desk, "/console", size) as page:
        expect(page.locator("#curve .curve")).to_have_count(2)
        expect(page.locator("#faults button")).to_have_count(0)
        expect(page.locator("#health")).to_contain_text("12 s behind")
        expect(page.locator("#lock li")).to_have_count(3)
        expect(page.locator("#overrides li")).to_have_count(3)
        expect(page.locator("#overrides")).to_contain_text("the nut sat crooked")
        sign_in(page)
        expect(page.locator("#faults button")).to_have_count(3)
        whole(page, tmp_path / f"console-{size}-{language}.png")


def test_a_technician_works_by_keyboard_alone(chromium: Browser) -> None:
    """It should want the reason first, say so, keep what is typed through news, and then use each right once."""

    def react(desk: ScriptedDesk, event: PersonEvent) -> None:
        if isinstance(event, RightUsed) and event.right is Right.ACCEPT_RESULT:
            desk.show(replace(in_trouble(), faults=()))

    desk = ScriptedDesk(now=in_trouble(), react=react)
    with page_of(chromium, desk, "/console") as page:
        sign_in(page)
        for name in ("Loosen", "Accept the result", "Mended", "Take the last step back: Joint 1", "End the visit"):
            expect(page.get_by_role("button", name=name)).to_be_disabled()
        field = page.locator("#faults input")
        hint = page.locator(f"#{field.get_attribute('aria-describedby')}")
        expect(hint).to_have_text("Write the reason first: it is kept with your name.")
        field.focus()
        page.keyboard.type("   ")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Loosen")).to_be_disabled()
        page.keyboard.type("nut sat crook")
        # News about the very fault while somebody is typing.
        desk.show(replace(in_trouble(), faults=(replace(ASKED_BACK, words={**ASKED_BACK.words, "id": "5"}),)))
        expect(page.locator("#faults")).to_contain_text("result 5")
        page.keyboard.type("ed")
        expect(hint).to_be_hidden()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Loosen")).to_be_focused()
        page.keyboard.press("Enter")
        expect(field).to_have_value("")
        expect(field).to_be_focused()
        page.keyboard.type("I saw it")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.locator("#faults .none")).to_be_visible()
        page.locator("#visit-buttons input").focus()
        page.keyboard.type("wrong stud")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#visit-buttons input")).to_have_value("")
    said = {"role": Role.TECHNICIAN, "person": "Ken"}
    assert desk.posted == [
        RightUsed(right=Right.LOOSEN, subject="J2", reason="nut sat crooked", **said),
        RightUsed(right=Right.ACCEPT_RESULT, subject="J2", reason="I saw it", **said),
        RightUsed(right=Right.UNDO, subject="tighten-1", reason="wrong stud", **said),
    ]


def test_what_the_station_refuses_is_said_and_the_reason_kept(chromium: Browser) -> None:
    """It should keep what was typed when somebody else was first, and say what the server says of a missing reason."""
    desk = ScriptedDesk(now=in_trouble())
    with page_of(chromium, desk, "/console") as page:
        sign_in(page)
        page.fill("#visit-buttons input", "late")
        page.evaluate("document.querySelector('#visit-buttons input').value = ' '")
        page.get_by_role("button", name="End the visit").click()
        expect(page.locator("#notice")).to_have_text("The reason is missing. Write it, then try again.")
        page.fill("#visit-buttons input", "late")
        page.get_by_role("button", name="End the visit").click()
        expect(page.locator("#visit-buttons input")).to_have_value("")
        page.fill("#visit-buttons input", "late again")
        page.get_by_role("button", name="End the visit").click()
        expect(page.locator("#notice")).to_have_text("This has been answered already.")
        expect(page.locator("#visit-buttons input")).to_have_value("late again")
    assert desk.posted == [VisitAbandoned(person="Ken", reason="late")]


def test_the_curve_of_every_result(chromium: Browser) -> None:
    """It should show the newest by itself, any other when it is chosen, and stay there when news come."""
    desk = ScriptedDesk(now=in_trouble(), results=RUNDOWNS, curves=curves())
    with page_of(chromium, desk, "/console") as page:
        title = page.locator("#curve h2")
        expect(title).to_contain_text("Joint 2 · 9.21 N·m · 58°")
        expect(page.get_by_role("img", name="Torque over angle. Joint 2: 9.21 N·m, 58°")).to_be_visible()
        expect(page.get_by_role("img", name="Torque over time. Joint 2: 9.21 N·m, 58°")).to_be_visible()
        page.get_by_role("button", name="No joint").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#curve")).to_contain_text("There is no curve of this result.")
        page.get_by_role("button", name="T101").press("Space")
        expect(page.locator("#curve .curve")).to_have_count(1)
        expect(page.locator("#curve")).to_contain_text("The controller sends no angle with its curves.")
        expect(page.get_by_role("button", name="T101")).to_be_focused()
        desk.results = (*RUNDOWNS, replace(RUNDOWNS[0], result="SIM/5", has_curve=False))
        desk.show(in_trouble())
        expect(page.locator("#rundowns button")).to_have_count(5)
        expect(page.get_by_role("button", name="T101")).to_be_focused()
        expect(page.get_by_role("button", name="T101")).to_have_attribute("aria-pressed", "true")
        expect(title).to_contain_text("T101")


def test_a_curve_that_comes_after_its_result(chromium: Browser) -> None:
    """It should be drawn when it arrives, without anybody's touch."""
    late = replace(RUNDOWNS[3], has_curve=False)
    desk = ScriptedDesk(now=in_trouble(), results=(late,))
    with page_of(chromium, desk, "/console") as page:
        expect(page.locator("#curve")).to_contain_text("There is no curve of this result.")
        desk.curves = curves()
        desk.results = (RUNDOWNS[3],)
        desk.show(in_trouble())
        expect(page.locator("#curve .curve")).to_have_count(2)


@pytest.mark.parametrize("torque_nm, angle_deg", [(9.02, 64.0), (103.4, 92.0), (0.4, 3.0), (9.9, 2400.0), (4.0, -35.0)])
def test_a_curve_is_drawn_to_scale(chromium: Browser, torque_nm: float, angle_deg: float) -> None:
    """It should put result, window and target where the axes say, inside the frame, whatever the figures."""
    desk = ScriptedDesk(
        now=in_trouble(),
        results=(replace(RUNDOWNS[0], torque_nm=torque_nm, angle_deg=angle_deg),),
        curves={"SIM/1": curve_to(torque_nm, angle_deg, WINDOW)},
    )
    with page_of(chromium, desk, "/console") as page:
        drawing = page.locator('#curve [data-over="angle"] svg')
        expect(drawing).to_be_visible()
        told = drawing.evaluate(
            """svg => {
                const number = (name) => (element) => Number(element.getAttribute(name));
                const all = (what) => [...svg.querySelectorAll(what)];
                const tick = (element) => [Number(element.textContent), number("x")(element), number("y")(element)];
                const window = svg.querySelector(".curve-window");
                return {
                    across: all(".curve-tick.middle").map(tick),
                    up: all(".curve-tick.end").map(tick),
                    final: ["cx", "cy"].map((name) => number(name)(svg.querySelector(".curve-final"))),
                    window: ["x", "y", "width", "height"].map((name) => number(name)(window)),
                    target: Number(svg.querySelector(".curve-target").getAttribute("d").match(/ ([0-9.]+)H/)[1]),
                    frame: [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height],
                };
            }"""
        )
    (a0, x0, _), (a1, x1, _) = told["across"][0], told["across"][-1]
    (t0, _, y0), (t1, _, y1) = told["up"][0], told["up"][-1]

    def at_x(angle: float) -> float:
        return float(x0 + (x1 - x0) * (angle - a0) / (a1 - a0))

    def at_y(torque: float) -> float:
        # The labels stand 4 below their lines.
        return float(y0 + (y1 - y0) * (torque - t0) / (t1 - t0) - 4)

    assert told["final"] == pytest.approx([at_x(angle_deg), at_y(torque_nm)], abs=0.3)
    left, top, width, height = told["window"]
    assert [left, left + width] == pytest.approx([at_x(20.0), at_x(110.0)], abs=0.3)
    assert [top + height, top] == pytest.approx([at_y(8.1), at_y(9.9)], abs=0.3)
    assert told["target"] == pytest.approx(at_y(9.0), abs=0.3)
    assert min(left, top) >= 0 and left + width <= told["frame"][0] and 3 <= len(told["across"]) <= 9


@pytest.mark.parametrize(("size", "language"), [("small", "en"), ("phone", "ja")])
def test_the_record_tells_everything(chromium: Browser, tmp_path: Path, size: str, language: str) -> None:
    """It should have every joint with verdict and curve, every override with person and reason, and what is lost."""
    desk = ScriptedDesk(now=screen_at(MIRROR, "record", language), kept=told_record(), curves=curves())
    with page_of(chromium, desk, f"/record?language={language}", size) as page:
        expect(page.locator("#print")).to_be_visible()
        expect(page.locator(".certificate .curve")).to_have_count(3)
        paper = page.locator(".certificate")
        expect(paper).to_contain_text("I stood beside it")
        expect(paper).to_contain_text("K. Mori")
        expect(paper).to_contain_text("the nut sat crooked")
        expect(paper).to_contain_text("4711-4713")
        expect(paper).to_contain_text(PHRASES.shown(language, "ui.verdict.reworked"))
        whole(page, tmp_path / f"record-{size}-{language}.png")
        page.emulate_media(media="print")
        expect(page.locator(".record-bar")).to_be_hidden()
        (tmp_path / f"record-{size}-{language}.pdf").write_bytes(page.pdf(format="A4", print_background=True))
        cut = page.eval_on_selector_all(
            ".certificate .curve svg", "all => all.filter(e => !e.getBoundingClientRect().width)"
        )
        assert not cut
    assert (tmp_path / f"record-{size}-{language}.pdf").read_bytes().startswith(b"%PDF")


def test_the_visitors_last_page_has_the_verdicts_too(chromium: Browser, tmp_path: Path) -> None:
    """It should tell visitors what became of their joints, without curves, and have no barrier."""
    desk = ScriptedDesk(now=screen_at(MIRROR, "record"), kept=told_record(), curves=curves())
    with page_of(chromium, desk, "/kiosk") as page:
        expect(page.locator("#paper")).to_contain_text("accepted by K. Mori: I stood beside it")
        expect(page.locator("#paper .curve")).to_have_count(0)
        whole(page, tmp_path / "kiosk-record.png")
