// Buttons that move the arm while they are held. Whatever ends the holding ends the motion: letting go, leaving the
// button, another window, a hidden page; and where nothing can be said any more, the station's silence ends it.

import { make, refill, setText } from "./dom.js";

const EVERY_MS = 80;
const FRAMES = ["joint", "tool", "bench"];
const KEYS = ["Enter", " "];

export class Jog {
  #box;
  #send;
  #may;
  #words = {};
  #frame = "joint";
  #speed = 5;
  #held = null;
  #timer = 0;
  #values = [];

  constructor(box, { send, may }) {
    this.#box = box;
    this.#send = send;
    this.#may = may;
    addEventListener("blur", () => this.release());
    addEventListener("pagehide", () => this.release());
  }

  words(words) {
    this.#words = words;
    this.#build();
  }

  show(now) {
    const free = this.#may() && !now.service && now.mode === "ready";
    for (const button of this.#box.querySelectorAll(".jog-button")) {
      // A held button stays as it is: one that is switched off never says that it was released.
      button.setAttribute("aria-disabled", String(!free && button !== this.#held));
    }
    this.#values.forEach((value, index) => {
      const angle = now.angles_deg[index];
      setText(value, this.#frame === "joint" && angle !== undefined ? `${angle.toFixed(1)}°` : "");
    });
  }

  release() {
    if (!this.#held) return;
    clearInterval(this.#timer);
    this.#held.classList.remove("held");
    this.#held = null;
    this.#send({ do: "let_go" });
  }

  #press(button, axis, direction) {
    if (this.#held || button.getAttribute("aria-disabled") === "true") return;
    this.#held = button;
    button.classList.add("held");
    this.#send({ do: "jog", frame: this.#frame, axis, direction, speed_percent: this.#speed });
    this.#timer = setInterval(() => this.#send({ do: "hold" }), EVERY_MS);
  }

  #build() {
    refill(this.#box, [this.#words["arm.jog"], this.#frame], () => [this.#frames(), this.#speeds(), this.#axes()]);
  }

  #frames() {
    const choices = FRAMES.map((frame) => {
      const pressed = String(frame === this.#frame);
      const attributes = { type: "button", "aria-pressed": pressed, "data-frame": frame };
      const button = make("button", { text: this.#words[`arm.jog.frame.${frame}`], attributes });
      button.addEventListener("click", () => {
        this.release();
        this.#frame = frame;
        this.#build();
        this.#box.querySelector(`[data-frame="${frame}"]`).focus();
      });
      return button;
    });
    return make("div", { className: "tongue", attributes: { role: "group", "aria-label": this.#words["arm.jog.frame"] } }, choices);
  }

  #speeds() {
    const shown = make("output", { text: `${this.#speed} %` });
    const attributes = { type: "range", min: "1", max: "10", step: "1", value: String(this.#speed), id: "jog-speed" };
    const input = make("input", { attributes });
    input.addEventListener("input", () => {
      this.#speed = Number(input.value);
      shown.textContent = `${this.#speed} %`;
    });
    return make("label", { className: "jog-speed" }, [make("span", { text: this.#words["arm.jog.speed"] }), input, shown]);
  }

  #axes() {
    this.#values = [];
    return make("div", { className: "jog-axes" }, [1, 2, 3, 4, 5, 6].map((axis) => this.#axis(axis)));
  }

  #axis(axis) {
    const letter = "xyz"[(axis - 1) % 3];
    const linear = this.#frame !== "joint" && axis <= 3;
    const about = this.#words["arm.jog.about"]?.replace("…", letter);
    const name = this.#frame === "joint" ? `${this.#words["arm.joints.joint"]} ${axis}` : linear ? letter : about;
    const value = make("span", { className: "jog-value" });
    this.#values.push(value);
    return make("div", { className: "jog-axis" }, [
      this.#button(name, axis, -1),
      make("span", { className: "jog-name" }, [make("span", { text: name }), value]),
      this.#button(name, axis, 1),
    ]);
  }

  #button(name, axis, direction) {
    const label = this.#words[direction < 0 ? "arm.jog.minus" : "arm.jog.plus"]?.replace("…", name);
    const attributes = { type: "button", "aria-label": label, "aria-describedby": "jog-help", "aria-disabled": "true" };
    const data = { axis: String(axis), direction: String(direction) };
    const button = make("button", { className: "jog-button", text: direction < 0 ? "−" : "+", data, attributes });
    const release = () => button === this.#held && this.release();
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      // A finger keeps what it has touched first; without that it never leaves the button.
      if (button.hasPointerCapture(event.pointerId)) button.releasePointerCapture(event.pointerId);
      this.#press(button, axis, direction);
    });
    for (const kind of ["pointerup", "pointercancel", "pointerleave", "blur"]) button.addEventListener(kind, release);
    button.addEventListener("keydown", (event) => {
      if (!KEYS.includes(event.key)) return;
      event.preventDefault();
      if (!event.repeat) this.#press(button, axis, direction);
    });
    button.addEventListener("keyup", (event) => KEYS.includes(event.key) && release());
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    return button;
  }
}
