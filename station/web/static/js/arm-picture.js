// The bench as a drawing in two views, one under the other with the same x: from above, and from the visitor's side.
// Everything is in the bench's millimetres; y and z go up on the page.

import { make, refill } from "./dom.js";
import { shape } from "./shape.js";

const MARGIN_MM = 45;
const OVERHEAD_MM = 450;
const NEAR = 1.8;
const TABLE_MM = 36;
const GRID_MM = 100;
const LABEL_FROM_MM = 70;

export class ArmPicture {
  #box;
  #views = null;
  #bounds = null;
  #scene = null;

  constructor(box) {
    this.#box = box;
  }

  scene(scene, words) {
    this.#scene = scene;
    this.#bounds = bounds(scene);
    this.#views = { top: new View(top(), "top", words), front: new View(front(), "front", words) };
    for (const view of Object.values(this.#views)) view.still(scene, words);
    this.#fit();
    this.#box.replaceChildren(this.#views.top.figure, this.#views.front.figure, legend(words));
  }

  now(now, words) {
    if (!this.#views) return;
    if (this.#widened(now.links)) this.#fit();
    for (const view of Object.values(this.#views)) view.moving(now, words);
  }

  #fit() {
    const { x0, x1, y0, y1, z1 } = this.#bounds;
    this.#views.top.window(x0, y0, x1, y1);
    this.#views.front.window(x0, -TABLE_MM, x1, z1);
  }

  // An arm that reaches out of the drawing makes it larger; it never shrinks again.
  #widened(links) {
    let changed = false;
    const bound = this.#bounds;
    for (const { from_mm: from, to_mm: to, radius_mm: radius } of links) {
      for (const [x, y, z] of [from, to]) {
        const reach = radius + MARGIN_MM / 2;
        const wanted = { x0: x - reach, x1: x + reach, y0: y - reach, y1: y + reach, z1: z + reach };
        for (const [key, value] of Object.entries(wanted)) {
          if (key.endsWith("0") ? value < bound[key] : value > bound[key]) {
            bound[key] = value;
            changed = true;
          }
        }
      }
    }
    return changed;
  }
}

// Whether the arm may ever have to do with it: what is not is drawn as an outline only.
function isNear({ outline_mm: outline, z_mm: [low] }, { base_mm: base, reach_mm: reach }) {
  return low < OVERHEAD_MM && Math.min(...outline.map(([x, y]) => Math.hypot(x - base[0], y - base[1]))) < NEAR * reach;
}

// What is near the arm, and its own place.
function bounds({ base_mm: base, reach_mm: reach, obstacles }) {
  const near = obstacles.filter((box) => isNear(box, { base_mm: base, reach_mm: reach }));
  const xs = [base[0] - 90, base[0] + 90, ...near.flatMap(({ outline_mm }) => outline_mm.map(([x]) => x))];
  const ys = [base[1] - 90, base[1] + 90, ...near.flatMap(({ outline_mm }) => outline_mm.map(([, y]) => y))];
  return {
    x0: Math.min(...xs) - MARGIN_MM,
    x1: Math.max(...xs) + MARGIN_MM,
    y0: Math.min(...ys) - MARGIN_MM,
    y1: Math.max(...ys) + MARGIN_MM,
    z1: base[2] + 1.05 * reach,
  };
}

const top = () => ({
  flat: ([x, y]) => [x, -y],
  // What is higher covers what is lower.
  depth: ([, , z]) => z,
  body: ({ outline_mm }) => outline_mm,
  person: ({ outline_mm }) => outline_mm,
  boxDepth: ({ z_mm }) => z_mm[1],
});

const front = () => ({
  flat: ([x, , z]) => [x, -z],
  // What is nearer to the visitor covers what is behind it.
  depth: ([, y]) => -y,
  body: ({ outline_mm, z_mm }) => upright(outline_mm, z_mm),
  person: ({ outline_mm, top_mm }) => upright(outline_mm, [0, top_mm]),
  boxDepth: ({ outline_mm }) => -Math.min(...outline_mm.map(([, y]) => y)),
});

function upright(outline, [low, high]) {
  const xs = outline.map(([x]) => x);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  return [
    [left, 0, low],
    [right, 0, low],
    [right, 0, high],
    [left, 0, high],
  ];
}

class View {
  #how;
  #name;
  #svg;
  #grid = shape("g", { class: "grid" });
  #things = shape("g");
  #persons = shape("g");
  #halo = shape("g");
  #shade = shape("g", { class: "arm-shade" });
  #arm = shape("g");
  #scale = shape("g", { class: "scale" });

  constructor(how, name, words) {
    this.#how = how;
    this.#name = name;
    const label = `${words[`arm.picture.${name}`]}. ${words["arm.picture.text"]}`;
    const layers = [this.#grid, this.#things, this.#halo, this.#shade, this.#arm, this.#persons, this.#scale];
    this.#svg = shape("svg", { class: `bench-view from-${name}`, role: "img", "aria-label": label }, layers);
    this.figure = make("figure", {}, [make("figcaption", { text: words[`arm.picture.${name}`] }), this.#svg]);
  }

  // The window in bench millimetres: x and the view's own height.
  window(x0, low, x1, high) {
    this.#svg.setAttribute("viewBox", [x0, -high, x1 - x0, high - low].map((value) => value.toFixed(0)).join(" "));
    this.#grid.replaceChildren(...gridLines(x0, low, x1, high, this.#name));
    if (this.#name !== "top") return;
    const at = [x1 - 24 - GRID_MM, -low - 22];
    this.#scale.replaceChildren(
      shape("path", { d: `M${at[0]} ${at[1] - 7}v14M${at[0]} ${at[1]}h${GRID_MM}m0 -7v14` }),
      label(at[0] + GRID_MM / 2, at[1] - 10, "100 mm", "scale-text"),
    );
  }

  still(scene, words) {
    const { obstacles, visitor, joints, base_mm: base } = scene;
    const parts = [];
    if (visitor && this.#name === "top") parts.push(this.#body(visitor, "visitor", words["arm.legend.zone"]));
    const sorted = [...obstacles].sort((one, other) => this.#how.boxDepth(one) - this.#how.boxDepth(other));
    for (const box of sorted) parts.push(this.#body(box, isNear(box, scene) ? "box" : "box far", box.id));
    for (const { at_mm: at } of joints) {
      const [x, y] = this.#how.flat(at);
      parts.push(shape("circle", { class: "work-joint", cx: x, cy: y, r: 6 }));
    }
    const [x, y] = this.#how.flat(base);
    if (this.#name === "top") parts.push(shape("circle", { class: "arm-foot", cx: x, cy: y, r: 58 }));
    this.#things.replaceChildren(...parts);
  }

  moving({ links, persons, gap }) {
    const keep = gap.protective_mm;
    const deciding = keep === null ? [] : links.filter(({ decides }) => decides);
    refillWith(this.#halo, deciding.length, () => shape("path", { class: "halo" }));
    deciding.forEach((link, index) => this.#line(this.#halo.children[index], link, link.radius_mm + keep));
    this.#halo.dataset.level = gap.level;
    refillWith(this.#persons, persons.length, () => shape("polygon", { class: "person" }));
    persons.forEach((person, index) => {
      this.#persons.children[index].setAttribute("points", this.#points(this.#how.person(person)));
    });
    this.#links(links);
  }

  #links(links) {
    const middle = ({ from_mm: a, to_mm: b }) => this.#how.depth(a.map((value, index) => (value + b[index]) / 2));
    const sorted = [...links].sort((one, other) => middle(one) - middle(other));
    refillWith(this.#shade, this.#name === "top" ? links.length : 0, () => shape("path", { class: "shade-line" }));
    if (this.#name === "top") {
      links.forEach((link, index) => {
        const on = ([x, y, z]) => [x + 0.16 * z, y - 0.12 * z, 0];
        const cast = { ...link, from_mm: on(link.from_mm), to_mm: on(link.to_mm) };
        this.#line(this.#shade.children[index], cast, link.radius_mm);
      });
    }
    refillWith(this.#arm, sorted.length, () =>
      shape("g", {}, [shape("path", { class: "link-edge" }), shape("path", { class: "link-body" }), shape("path", { class: "link-gleam" })]),
    );
    sorted.forEach((link, index) => {
      const group = this.#arm.children[index];
      group.setAttribute("class", `link${link.decides ? " decides" : ""} ${link.name === "pointer" ? "tip" : ""}`);
      this.#line(group.children[0], link, link.radius_mm);
      this.#line(group.children[1], link, link.radius_mm - 2.5);
      this.#line(group.children[2], link, link.radius_mm * 0.35);
    });
  }

  #line(path, { from_mm: from, to_mm: to }, radius) {
    const [a, b] = [this.#how.flat(from), this.#how.flat(to)];
    // A line without length has no round end in every browser.
    const far = Math.hypot(a[0] - b[0], a[1] - b[1]) < 0.2 ? [a[0] + 0.2, a[1]] : b;
    path.setAttribute("d", `M${a[0].toFixed(1)} ${a[1].toFixed(1)}L${far[0].toFixed(1)} ${far[1].toFixed(1)}`);
    path.setAttribute("stroke-width", Math.max(1, 2 * radius).toFixed(1));
  }

  #body(box, names, text) {
    const outline = this.#how.body(box).map((point) => this.#how.flat(point));
    const xs = outline.map(([x]) => x);
    const ys = outline.map(([, y]) => y);
    const wide = Math.max(...xs) - Math.min(...xs) >= LABEL_FROM_MM && Math.max(...ys) - Math.min(...ys) >= 24;
    const parts = [shape("polygon", { points: outline.map((point) => point.join(",")).join(" ") })];
    if (wide && !names.includes("far")) {
      parts.push(label(Math.min(...xs) + 8, Math.min(...ys) + 20, text, "box-text"));
    }
    return shape("g", { class: names }, parts);
  }

  #points(outline) {
    return outline.map((point) => this.#how.flat(point).map((value) => value.toFixed(1)).join(",")).join(" ");
  }
}

function gridLines(x0, low, x1, high, name) {
  const lines = [];
  for (let x = Math.ceil(x0 / GRID_MM) * GRID_MM; x <= x1; x += GRID_MM) lines.push(`M${x} ${-high}V${-low}`);
  for (let y = Math.ceil(low / GRID_MM) * GRID_MM; y <= high; y += GRID_MM) lines.push(`M${x0} ${-y}H${x1}`);
  const parts = [shape("path", { class: "grid-lines", d: lines.join("") })];
  if (name === "front") parts.push(shape("rect", { class: "table", x: x0, y: 0, width: x1 - x0, height: -low }));
  return parts;
}

function label(x, y, text, names) {
  const element = shape("text", { class: names, x, y });
  element.textContent = text;
  return element;
}

function refillWith(group, count, build) {
  while (group.children.length > count) group.lastChild.remove();
  while (group.children.length < count) group.append(build());
}

function legend(words) {
  const list = make("ul", { className: "legend" });
  refill(list, [words.arm], () =>
    ["person", "zone", "keep", "link"].map((kind) =>
      make("li", {}, [make("span", { className: `swatch ${kind}`, attributes: { "aria-hidden": "true" } }), make("span", { text: words[`arm.legend.${kind}`] })]),
    ),
  );
  return list;
}
