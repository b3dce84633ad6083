// The bench seen from above, in its millimetres: zones to be drawn, and everything that is seen on it now. y goes up.

import { make, refill } from "./dom.js";
import { BONES } from "./overlay.js";
import { shape } from "./shape.js";
import { ZoneLayer } from "./zone-layer.js";

const MARGIN_MM = 90;
const GRID_MM = 100;
const AXIS_MM = 30;
const LEGEND = { parts: "part", tool: "tool", joints: "joint", hands: "hand", people: "person", tags: "tag" };

export class Plan {
  #svg;
  #grid = shape("g");
  #still = shape("g");
  #joints = shape("g");
  #people = shape("g", { class: "seen-people" });
  #bodies = shape("g");
  #links = shape("g");
  #hands = shape("g");
  #tool = shape("g");
  #zones;
  middle = [0, 0];

  constructor(box, draft) {
    this.#zones = new ZoneLayer(draft, {
      flat: ([x, y]) => [x, -y],
      bench: ([x, y]) => [x, -y],
      label: nameAt,
      handle: 9,
      keys: true,
    });
    const layers = [this.#grid, this.#still, this.#links, this.#people, this.#zones.element, this.#joints, this.#bodies, this.#tool, this.#hands];
    this.#svg = shape("svg", { class: "bench-plan", role: "group" }, layers);
    box.replaceChildren(this.#svg);
  }

  bench(bench) {
    const points = [...bench.zones.flatMap(({ outline_mm }) => outline_mm), ...bench.tags.flat(), ...bench.joints.map(({ at_mm }) => at_mm)];
    const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const [x0, x1, y0, y1] = [Math.min(...xs) - MARGIN_MM, Math.max(...xs) + MARGIN_MM, Math.min(...ys) - MARGIN_MM, Math.max(...ys) + MARGIN_MM];
    this.middle = [Math.round((x0 + x1) / 2), Math.round((y0 + y1) / 2)];
    this.#svg.setAttribute("viewBox", [x0, -y1, x1 - x0, y1 - y0].map((value) => value.toFixed(0)).join(" "));
    this.#grid.replaceChildren(grid(x0, y0, x1, y1));
    const tags = bench.tags.map((corners) => polygon("tag", corners));
    const checks = bench.checks.map(({ outline_mm: outline }) => polygon("check", outline));
    const joints = bench.joints.flatMap(({ id, at_mm: [x, y] }) => [shape("circle", { class: "joint", cx: x, cy: -y, r: 8 }), text(x + 11, -y + 6, id, "joint-name")]);
    this.#still.replaceChildren(...tags, ...checks);
    this.#joints.replaceChildren(...joints);
  }

  show(words, layers, busy) {
    this.#svg.setAttribute("aria-label", words["eyes.plan.text"]);
    for (const [layer, group] of Object.entries({ zones: this.#zones.element, people: this.#people, joints: this.#joints, parts: this.#bodies, tool: this.#tool, hands: this.#hands })) {
      group.classList.toggle("hidden", !layers.has(layer));
    }
    this.#zones.show(words, busy);
  }

  now({ bodies, hands, people, tool, links }, words) {
    this.#people.replaceChildren(...people.map(({ outline_mm: outline }) => polygon("person", outline)));
    this.#links.replaceChildren(...links.map(({ from_mm: a, to_mm: b, radius_mm: r }) => shape("path", { class: "arm-link", d: line([a, b]), "stroke-width": (2 * r).toFixed(1) })));
    this.#bodies.replaceChildren(...bodies.filter((body) => !body.tool).map((body, index, all) => this.#body(body, sameBefore(body, all, index), words)));
    this.#hands.replaceChildren(...hands.map((hand) => this.#hand(hand, words)));
    this.#tool.replaceChildren(...(tool ? this.#wrench(tool) : []));
  }

  // `row` is how many cameras have said the same part before.
  #body({ body, camera, at_mm: at, axes, ellipse_mm: ellipse, half_axes_mm: [long, short] }, row, words) {
    const ends = axes.map(([x, y]) => [at[0] + AXIS_MM * x, at[1] + AXIS_MM * y]);
    return shape("g", { class: "part" }, [
      polygon("doubt", ellipse),
      ...ends.map((end, index) => shape("path", { class: `axis axis-${index}`, d: line([at, end]) })),
      ...(row ? [] : [text(at[0] + 8, -at[1] + 22, body, "part-name")]),
      text(at[0] + 8, -at[1] + 40 + 17 * row, `${camera}: ${words["eyes.plan.doubt"].replace("…", long.toFixed(2)).replace("…", short.toFixed(2))}`, "part-doubt"),
    ]);
  }

  #hand({ points_mm: points, sigma_mm: sigma, cameras }, words) {
    const bones = BONES.map((bone) => shape("path", { class: "hand-bone", d: line(bone.map((index) => points[index])) }));
    const label = `${cameras.join(" + ")}: ${words["eyes.plan.hand"].replace("…", sigma.toFixed(0))}`;
    return shape("g", { class: "hand" }, [...bones, text(points[0][0] + 10, -points[0][1], label, "part-doubt")]);
  }

  #wrench({ tip_mm: tip, top_mm: top, joint_mm: joint, joint: name, distance_mm: distance, angle_deg: angle }) {
    const near = joint ? [shape("path", { class: "tool-near", d: line([tip, joint]) }), text(tip[0] + 10, -tip[1] - 10, `${name}: ${distance.toFixed(1)} mm, ${angle.toFixed(1)}°`, "part-doubt")] : [];
    return [...near, shape("path", { class: "tool-axis", d: line([tip, top]) }), shape("circle", { class: "tool-tip", cx: tip[0], cy: -tip[1], r: 6 })];
  }
}

export function fillLegend(list, words, times) {
  refill(list, [words.eyes, times], () => [
    ...Object.entries(LEGEND).map(([layer, kind]) =>
      make("li", {}, [make("span", { className: `swatch ${kind}`, attributes: { "aria-hidden": "true" } }), make("span", { text: words[`eyes.layer.${layer}`] })]),
    ),
    make("li", {}, [make("span", { className: "swatch doubt", attributes: { "aria-hidden": "true" } }), make("span", { text: words["eyes.plan.ellipse"].replace("…", times) })]),
  ]);
}

function sameBefore({ body }, all, index) {
  return all.slice(0, index).filter((other) => other.body === body).length;
}

// Zones lie on each other: their names stand at their upper and lower edges in turn.
function nameAt(outline, index) {
  const ys = outline.map(([, y]) => y);
  return [Math.min(...outline.map(([x]) => x)) + 16, index % 2 ? Math.min(...ys) + 8 : Math.max(...ys) - 24];
}

function line(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(1)} ${(-y).toFixed(1)}`).join("L")}`;
}

function polygon(names, points) {
  return shape("polygon", { class: names, points: points.map(([x, y]) => `${x.toFixed(1)},${(-y).toFixed(1)}`).join(" ") });
}

function text(x, y, words, names) {
  const element = shape("text", { class: names, x: x.toFixed(1), y: y.toFixed(1) });
  element.textContent = words;
  return element;
}

function grid(x0, y0, x1, y1) {
  const lines = [];
  for (let x = Math.ceil(x0 / GRID_MM) * GRID_MM; x <= x1; x += GRID_MM) lines.push(`M${x} ${-y1}V${-y0}`);
  for (let y = Math.ceil(y0 / GRID_MM) * GRID_MM; y <= y1; y += GRID_MM) lines.push(`M${x0} ${-y}H${x1}`);
  return shape("path", { class: "grid-lines", d: lines.join("") });
}
