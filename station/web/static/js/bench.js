// The visitor's hand is the mouse: press to take what is under it, let go to put it down; hold the space bar or the right
// button to pull the tool's trigger.

import { $ } from "./dom.js";
import { Link } from "./link.js";

const canvas = $("camera");
const link = new Link("/ws/bench", { lost: () => pull(false) });
let pulling = false;
let waiting = null;

function send(message) {
  link.send(JSON.stringify(message));
}

function pull(pressed) {
  if (pulling === pressed) return;
  pulling = pressed;
  document.body.classList.toggle("pulling", pressed);
  send({ do: pressed ? "pull" : "let_go" });
}

function moved(event) {
  const box = canvas.getBoundingClientRect();
  const camera = $("camera-tabs").querySelector('[aria-pressed="true"]')?.dataset.camera;
  if (!camera) return;
  const message = {
    do: "move",
    x_px: ((event.clientX - box.left) / box.width) * canvas.width,
    y_px: ((event.clientY - box.top) / box.height) * canvas.height,
    camera,
  };
  // One message a picture of the display, the newest.
  if (waiting === null) requestAnimationFrame(flush);
  waiting = message;
}

function flush() {
  if (waiting !== null) send(waiting);
  waiting = null;
}

canvas.addEventListener("pointermove", moved);
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  moved(event);
  flush();
  if (event.button === 2) pull(true);
  else send({ do: "grab" });
});
canvas.addEventListener("pointerup", (event) => {
  moved(event);
  flush();
  if (event.button === 2) pull(false);
  else send({ do: "release" });
});
canvas.addEventListener("pointercancel", () => {
  send({ do: "release" });
  pull(false);
});
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("keydown", (event) => {
  if (event.code !== "Space" || event.target.closest?.("button, a, input, select")) return;
  event.preventDefault();
  pull(true);
});
addEventListener("keyup", (event) => {
  if (event.code === "Space") pull(false);
});
addEventListener("blur", () => pull(false));
