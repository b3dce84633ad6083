// The space bar as the trigger of a simulated tool. While a visit runs it is nothing else on this page: no button is
// pressed with it (Enter still does that). Held is said again and again, so that a lost message lets go; so does a page
// that loses the focus or is hidden.

import { Link } from "./link.js";

const AGAIN_MS = 250;

export class TriggerKey {
  #link = new Link("/ws/trigger", { lost: () => this.#up() });
  #timer = 0;
  #swallowed = false;

  constructor(active) {
    const ours = (event) => event.code === "Space" && !event.target.closest?.("input, select, textarea, dialog");
    window.addEventListener(
      "keydown",
      (event) => {
        if (!ours(event) || !active()) return;
        event.preventDefault();
        event.stopPropagation();
        this.#swallowed = true;
        if (!event.repeat && !this.#timer) this.#down();
      },
      true,
    );
    // A button is clicked when the space bar comes up, so that is taken from it too.
    window.addEventListener(
      "keyup",
      (event) => {
        if (event.code !== "Space" || !this.#swallowed) return;
        event.preventDefault();
        event.stopPropagation();
        this.#swallowed = false;
        this.#up();
      },
      true,
    );
    window.addEventListener("blur", () => this.#up());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#up();
    });
  }

  #say(held) {
    this.#link.send(JSON.stringify({ held }));
  }

  #down() {
    document.body.dataset.trigger = "held";
    this.#say(true);
    this.#timer = setInterval(() => this.#say(true), AGAIN_MS);
  }

  #up() {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = 0;
    delete document.body.dataset.trigger;
    this.#say(false);
  }
}
