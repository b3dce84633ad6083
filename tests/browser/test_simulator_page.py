"""The page of the lone simulated controller in a real browser, with a real client on its line."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from drivers.link import open_link
from drivers.torque_tool.open_protocol.framing import Carriage, Side, frame
from drivers.torque_tool.open_protocol.protocol import Message

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}


@contextmanager
def simulator() -> Iterator[tuple[str, str]]:
    """The address of its line, and of its page."""
    command = [sys.executable, "-m", "station.cli", "simulate", "tool", "--tcp", "127.0.0.1:0", "--view", "web"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline().split(" at ")[1].split(";")[0]
        yield line, process.stdout.readline().removeprefix("Its page: ").strip()
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_developer_watches_a_client_and_pushes_buttons(chromium: Browser) -> None:
    """It should show the session, mistakes, results and the curve, and do what is pushed; nobody is kept out."""
    with simulator() as (line, address):
        page = chromium.new_page(viewport={"width": 1360, "height": 900})
        problems: list[str] = []
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        link = open_link(line)
        try:
            page.goto(address)
            expect(page.locator("#facts")).to_contain_text("waiting for 0001")
            for message in (Message(mid=1, revision=6), Message(mid=60, revision=42), Message(mid=210)):
                link.write(frame(message, Carriage.TCP, Side.INTEGRATOR))
            expect(page.locator("#facts")).to_contain_text("open, revision 6 of 0002; pushes 0211")
            mistake = page.locator("#log [data-who=mistake]").filter(has_text="revision 42 is refused")
            expect(mistake).to_have_count(1)
            link.write(frame(Message(mid=212), Carriage.TCP, Side.INTEGRATOR))
            page.select_option("#joint", "crossed")
            page.click("text=Pull the trigger")
            expect(page.locator("#results tr")).to_have_text(re.compile("NOK.*high"), timeout=10_000)
            expect(page.locator("#curves .curve-line")).to_have_count(2)
            page.check("#inputs input[value='3']")
            expect(page.locator("#log")).to_contain_text("0211 inputs: high: 3")
            page.click("#alarm")
            expect(page.locator("#facts")).to_contain_text("locked: alarm")
            page.check("#only-mistakes")
            expect(page.locator("#log [data-who=client]")).to_have_count(0)
            found = Axe().run(page, options=RULES).response["violations"]
            assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == []
            assert problems == []
        finally:
            link.close()
            page.close()
