// Zones over the plan or over a camera's picture: each as a prism; the selected one with handles to drag.

import { shape } from "./shape.js";
import { middle } from "./zone-draft.js";

const BITS = 6;
const STEP_MM = 1;
const LEAP_MM = 10;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class ZoneLayer {
  element = shape("g", { class: "zone-layer" });
  #draft;
  #how;
  #words = {};
  #built = "";

  // `how.flat` takes a bench point [x, y, z] to the drawing (null: not to be seen there), `how.bench` takes a point of the
  // drawing to [x, y] at a height; `how.handle` is a handle's radius; `how.keys`: handles can be moved by the keyboard.
  constructor(draft, how) {
    this.#draft = draft;
    this.#how = how;
  }

  show(words, busy) {
    const { zones, selected } = this.#draft;
    const key = JSON.stringify([selected, words.eyes, zones.map(({ id, outline_mm: outline }) => [id, outline.length])]);
    this.#words = words;
    if (key !== this.#built) this.#build(key, zones, selected);
    zones.forEach((zone, index) => this.#place(this.element.children[index], zone, busy, index));
    const handles = [...this.element.querySelectorAll(".zone-handle")];
    handles.forEach((handle) => this.#placeHandle(handle, this.#draft.zone));
  }

  #build(key, zones, selected) {
    this.#built = key;
    const held = this.element.querySelector(".zone-handle:focus")?.dataset.corner;
    const drawn = zones.map(({ id }) => this.#zone(id, id === selected));
    const zone = this.#draft.zone;
    const corners = zone ? [...zone.outline_mm.keys(), "all"] : [];
    this.element.replaceChildren(...drawn, ...corners.map((corner) => this.#handle(corner)));
    if (held !== undefined) this.element.querySelector(`.zone-handle[data-corner="${held}"]`)?.focus();
  }

  #zone(id, isSelected) {
    const group = shape("g", { class: `zone${isSelected ? " selected" : ""}` }, [
      shape("path", { class: "zone-floor" }),
      shape("path", { class: "zone-top" }),
      shape("path", { class: "zone-sides" }),
      shape("text", { class: "zone-name" }),
    ]);
    group.dataset.zone = id;
    group.children[3].textContent = id;
    group.addEventListener("pointerdown", (event) => {
      if (this.#draft.selected === id) this.#drag(event, group, null);
      else this.#draft.select(id);
    });
    return group;
  }

  #place(group, { id, outline_mm: outline, z_mm: [low, high] }, busy, index) {
    const [floor, top] = [low, high].map((z) => this.#path(outline, z));
    const sides = outline.map(([x, y]) => [this.#how.flat([x, y, low]), this.#how.flat([x, y, high])]);
    const upright = sides.filter(([a, b]) => a && b).map(([a, b]) => `M${point(a)}L${point(b)}`);
    group.dataset.busy = String(busy?.[id] ?? null);
    [floor, top, upright.join("")].forEach((d, part) => group.children[part].setAttribute("d", d));
    const at = this.#how.flat([...this.#how.label(outline, index), low]);
    group.children[3].setAttribute("visibility", at ? "visible" : "hidden");
    if (!at) return;
    group.children[3].setAttribute("x", at[0].toFixed(1));
    group.children[3].setAttribute("y", at[1].toFixed(1));
  }

  // A straight edge on the bench is a bent one in a picture: drawn in bits.
  #path(outline, z) {
    const points = outline.flatMap(([x, y], index) => {
      const [u, v] = outline[(index + 1) % outline.length];
      return Array.from({ length: BITS }, (_, bit) => [x + ((u - x) * bit) / BITS, y + ((v - y) * bit) / BITS, z]);
    });
    const flat = points.map((each) => this.#how.flat(each));
    return flat.every(Boolean) ? `M${flat.map(point).join("L")}Z` : "";
  }

  #handle(corner) {
    const whole = corner === "all";
    const mark = whole
      ? shape("path", { d: cross(this.#how.handle) })
      : shape("circle", { r: this.#how.handle });
    const handle = shape("g", { class: `zone-handle${whole ? " whole" : ""}` }, [mark]);
    handle.dataset.corner = String(corner);
    const index = whole ? null : corner;
    handle.addEventListener("pointerdown", (event) => this.#drag(event, handle, index));
    if (!this.#how.keys) return handle;
    handle.setAttribute("tabindex", "0");
    handle.setAttribute("role", "button");
    handle.setAttribute("aria-describedby", "zones-help");
    handle.addEventListener("keydown", (event) => {
      const [x, y] = KEYS[event.key] ?? [0, 0];
      if (!x && !y) return;
      event.preventDefault();
      const far = event.shiftKey ? LEAP_MM : STEP_MM;
      this.#draft.move(index, x * far, y * far);
    });
    return handle;
  }

  #placeHandle(handle, { id, outline_mm: outline, z_mm: [low] }) {
    const whole = handle.dataset.corner === "all";
    const [x, y] = whole ? middle(outline) : outline[Number(handle.dataset.corner)];
    const at = this.#how.flat([x, y, low]);
    handle.setAttribute("visibility", at ? "visible" : "hidden");
    if (at) handle.setAttribute("transform", `translate(${point(at)})`);
    if (!this.#how.keys) return;
    const name = whole ? this.#words["eyes.zones.whole"] : `${this.#words["eyes.zones.corner"]} ${Number(handle.dataset.corner) + 1}`;
    handle.setAttribute("aria-label", `${id}: ${name}, ${x.toFixed(0)}, ${y.toFixed(0)} mm`);
  }

  // A corner goes where the pointer is; the whole zone goes as far as the pointer goes.
  #drag(event, element, corner) {
    if (event.button !== 0 || !this.#draft.zone) return;
    event.preventDefault();
    event.stopPropagation();
    // The element of the pressed pointer may be built anew; the layer stays.
    const layer = this.element.ownerSVGElement;
    element.focus?.({ preventScroll: true });
    let before = this.#under(event);
    const move = (moved) => {
      const now = this.#under(moved);
      if (corner === null) this.#draft.move(null, Math.round(now[0] - before[0]), Math.round(now[1] - before[1]));
      else this.#draft.put(corner, Math.round(now[0]), Math.round(now[1]));
      if (corner === null) before = [before[0] + Math.round(now[0] - before[0]), before[1] + Math.round(now[1] - before[1])];
    };
    const end = () => {
      layer.removeEventListener("pointermove", move);
      layer.removeEventListener("pointerup", end);
      layer.removeEventListener("pointercancel", end);
    };
    layer.setPointerCapture(event.pointerId);
    layer.addEventListener("pointermove", move);
    layer.addEventListener("pointerup", end);
    layer.addEventListener("pointercancel", end);
  }

  #under({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.element.getScreenCTM().inverse());
    return this.#how.bench([x, y], this.#draft.zone.z_mm[0]);
  }
}

function point([x, y]) {
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}

function cross(size) {
  return `M${-size} 0H${size}M0 ${-size}V${size}`;
}
