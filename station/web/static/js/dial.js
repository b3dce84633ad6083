// The torque dial: the joint that is due now, or the last one that was tightened.

import { figure, make, setText } from "./dom.js";
import { shape } from "./shape.js";

const START = -210;
const SWEEP = 240;
const RADIUS = 84;

function point(share, radius) {
  const angle = ((START + SWEEP * share) * Math.PI) / 180;
  return [100 + radius * Math.cos(angle), 100 + radius * Math.sin(angle)];
}

function arc(share) {
  const [x0, y0] = point(0, RADIUS);
  const [x1, y1] = point(Math.max(share, 0.001), RADIUS);
  return `M${x0} ${y0}A${RADIUS} ${RADIUS} 0 ${SWEEP * share > 180 ? 1 : 0} 1 ${x1} ${y1}`;
}

export class Dial {
  #arc;
  #value = make("span", { className: "dial-value" });
  #unit = make("span", { className: "dial-unit" });
  #name = make("p", { className: "dial-name" });
  #status = make("p", { className: "dial-status" });
  #box;

  constructor(box) {
    this.#box = box;
    const svg = shape("svg", { viewBox: "0 0 200 168", "aria-hidden": "true" });
    svg.append(shape("path", { class: "dial-track", d: arc(1) }));
    for (let tick = 0; tick <= 12; tick += 1) {
      const [x0, y0] = point(tick / 12, 66);
      const [x1, y1] = point(tick / 12, tick % 3 ? 61 : 57);
      svg.append(shape("path", { class: "dial-tick", d: `M${x0} ${y0}L${x1} ${y1}` }));
    }
    this.#arc = shape("path", { class: "dial-arc", d: arc(0) });
    svg.append(this.#arc);
    const middle = make("p", { className: "dial-middle" }, [this.#value, this.#unit]);
    box.replaceChildren(make("div", { className: "dial-face" }, [svg, middle]), this.#name, this.#status);
  }

  show(joints, unit) {
    const joint =
      joints.find((each) => each.status === "running" || each.status === "now") ??
      joints.filter((each) => each.torque_nm !== null).at(-1);
    this.#box.hidden = !joint;
    if (!joint) return;
    const torque = joint.status === "running" ? null : joint.torque_nm;
    // The scale's end is the next round figure, so that a good result stands at about two thirds.
    const end = torque === null ? 1 : Math.ceil((torque * 1.4) / 5) * 5 || 5;
    this.#box.dataset.status = joint.status;
    this.#arc.setAttribute("d", arc(torque === null ? (joint.status === "running" ? 1 : 0) : torque / end));
    setText(this.#value, torque === null ? "–" : figure(torque, torque < 100 ? 2 : 1));
    setText(this.#unit, unit);
    setText(this.#name, joint.name);
    setText(this.#status, joint.status_text);
  }
}
