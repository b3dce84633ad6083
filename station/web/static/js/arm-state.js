// What the arm says of itself: joints with their ranges, notes that stand, identity.

import { figure, make, refill, setText } from "./dom.js";
import { shape } from "./shape.js";

const BAR = 160;
const HOT_C = 60;

export class JointTable {
  #box;
  #rows = [];
  #limits = [];
  #words = null;

  constructor(box) {
    this.#box = box;
  }

  scene({ limits_deg: limits }) {
    this.#limits = limits;
    this.#words = null;
  }

  show(now, words) {
    if (this.#words !== words) this.#build(words);
    this.#rows.forEach((row, index) => {
      const angle = now.angles_deg[index];
      const temperature = now.temperatures_c[index];
      const [low, high] = this.#limits[index];
      setText(row.angle, angle === undefined ? "–" : `${angle.toFixed(1)}°`);
      setText(row.temperature, figure(temperature, 0));
      setText(row.voltage, figure(now.voltages_v[index], 1));
      setText(row.current, figure(now.currents_a[index], 2));
      row.temperature.dataset.hot = String(temperature >= HOT_C);
      row.mark.setAttribute("visibility", angle === undefined ? "hidden" : "visible");
      if (angle === undefined) return;
      const share = Math.min(1, Math.max(0, (angle - low) / (high - low)));
      row.mark.setAttribute("cx", (8 + share * (BAR - 16)).toFixed(1));
      row.line.dataset.near = String(share < 0.06 || share > 0.94);
    });
  }

  #build(words) {
    this.#words = words;
    this.#rows = this.#limits.map((pair, index) => rowOf(pair, index));
    const keys = ["joint", "angle", "range", "temperature", "voltage", "current"];
    const heads = keys.map((key) => make("th", { text: words[`arm.joints.${key}`], attributes: { scope: "col" } }));
    this.#box.replaceChildren(
      make("table", { className: "joints" }, [
        make("thead", {}, [make("tr", {}, heads)]),
        make("tbody", {}, this.#rows.map(({ line }) => line)),
      ]),
    );
  }
}

function rowOf([low, high], index) {
  const middle = 8 + ((0 - low) / (high - low)) * (BAR - 16);
  const mark = shape("circle", { class: "joint-mark", cy: 12, r: 7, cx: 8 });
  const bar = shape("svg", { viewBox: `0 0 ${BAR} 24`, class: "joint-bar", "aria-hidden": "true" }, [
    shape("path", { class: "joint-track", d: `M8 12H${BAR - 8}` }),
    shape("path", { class: "joint-zero", d: `M${middle.toFixed(1)} 5v14` }),
    mark,
  ]);
  const [angle, temperature, voltage, current] = Array.from({ length: 4 }, () => make("td"));
  const range = make("td", { className: "joint-range" }, [
    make("span", { text: `${low.toFixed(0)}°` }),
    bar,
    make("span", { text: `${high.toFixed(0)}°` }),
  ]);
  const head = make("th", { text: String(index + 1), attributes: { scope: "row" } });
  const line = make("tr", {}, [head, angle, range, temperature, voltage, current]);
  return { line, angle, temperature, voltage, current, mark };
}

export function fillNotes(list, { notes }, words) {
  refill(list, [notes, words.arm], () =>
    notes.length
      ? notes.map(({ code, text, detail }) =>
          make("li", { className: "note" }, [
            make("strong", { text: text || code }),
            make("p", { text: detail }),
            make("code", { text: code }),
          ]),
        )
      : [make("li", { text: words["arm.notes.none"] })],
  );
}

export function fillIdentity(list, now, words) {
  const rows = [...now.identity];
  if (now.speed_limit_percent !== null) rows.push([words["arm.speed_limit"], `${now.speed_limit_percent} %`]);
  if (now.gripper_percent !== null) rows.push([words["arm.gripper"], `${Math.round(now.gripper_percent)} %`]);
  if (now.flange.length === 6) {
    const [x, y, z, rx, ry, rz] = now.flange.map((value) => value.toFixed(1));
    rows.push([words["arm.flange"], `${x}, ${y}, ${z} mm · ${rx}, ${ry}, ${rz}°`]);
  }
  refill(list, [rows, words.arm], () =>
    rows.length
      ? rows.map(([name, value]) => make("div", {}, [make("dt", { text: name }), make("dd", { text: value })]))
      : [make("div", {}, [make("dt", { text: words["arm.identity"] }), make("dd", { text: words["arm.identity.none"] })])],
  );
}
