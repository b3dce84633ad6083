"""When Chromium has drawn a state: noted inside the page, and told in the station's time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOTE_DRAWN = """
window.drawn = [];
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...from) {
    super(...from);
    if (!new URL(from[0], location.href).pathname.startsWith("/ws/state")) return;
    this.addEventListener("message", (event) => {
      const news = JSON.parse(event.data);
      if (news.kind !== "view") return;
      // The frame's callbacks run before it is drawn; a message posted from there arrives after that.
      requestAnimationFrame(() => {
        const after = new MessageChannel();
        after.port1.onmessage = () => window.drawn.push([news.version, performance.now()]);
        after.port2.postMessage(0);
      });
    });
  }
};
"""
"""For `add_init_script`. The page's own handler runs in the same turn, so the next frame shows what it has changed."""


class PageClock:
    """The page's clock in the station's time, by the exchange that took least."""

    def __init__(self, page: Page, now_s: Callable[[], float], *, tries: int = 60) -> None:
        self._offset_s, self.unsure_s = 0.0, float("inf")
        for _ in range(tries):
            before_s = now_s()
            page_s = page.evaluate("performance.now()") / 1000.0
            after_s = now_s()
            if (after_s - before_s) / 2 < self.unsure_s:
                self.unsure_s = (after_s - before_s) / 2
                self._offset_s = (before_s + after_s) / 2 - page_s

    def station_s(self, page_ms: float) -> float:
        """A moment of the page, `performance.now()`, in the station's time; wrong by at most `unsure_s`."""
        return page_ms / 1000.0 + self._offset_s


def drawn(page: Page, clock: PageClock) -> Callable[[int], float | None]:
    """Gives for a version when it, or the first one after it, was drawn; None when none was."""
    noted = sorted((int(version), clock.station_s(ms)) for version, ms in page.evaluate("window.drawn"))
    versions = [version for version, _ in noted]

    def when(version: int) -> float | None:
        at = bisect_left(versions, version)
        return noted[at][1] if at < len(noted) else None

    return when
