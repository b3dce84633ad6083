// The certificate: the same on the kiosk's last page and on paper.

import { curveFigure, loadCurve } from "./curve.js";
import { figure, make } from "./dom.js";

export function certificate(record, words) {
  const facts = [
    [words["record.date"], record.date],
    [words["record.time"], `${record.minutes} min`],
    [words["record.vin"], record.vin],
    [words["record.visit"], record.visit],
    [words["record.procedure"], record.procedure],
  ];
  const head = make("header", { className: "certificate-head" }, [
    make("p", { className: "certificate-title", text: words.title }),
    make("h2", { className: "certificate-by", text: record.by }),
    make("p", { className: "certificate-car", text: record.car }),
  ]);
  const list = make(
    "dl",
    { className: "certificate-facts" },
    facts.map(([name, value]) => make("div", {}, [make("dt", { text: name }), make("dd", { text: value })])),
  );
  const parts = [head, list];
  if (record.joints.length) parts.push(table(record.joints, words));
  const steps = record.steps.map((step) => make("li", { text: step }));
  parts.push(make("ul", { className: "certificate-steps", attributes: { "aria-label": words["record.steps"] } }, steps));
  if (record.lost.length) parts.push(...section(words["record.lost"], record.lost.map((text) => make("li", { text }))));
  if (record.overrides.length) parts.push(...section(words["record.overrides"], record.overrides.map(overrideItem)));
  return make("article", { className: "certificate" }, parts);
}

// The small curves of all joints that have one, for paper.
export async function curvesOf(record, words) {
  const joints = record.joints.filter((joint) => joint.curve);
  const curves = await Promise.all(joints.map((joint) => loadCurve(joint.result)));
  const figures = joints.flatMap((joint, index) => {
    const curve = curves[index];
    return curve ? [curveFigure(curve, curve.angle_deg.length ? "angle" : "time", joint.name, words, true)] : [];
  });
  if (!figures.length) return [];
  const parts = [make("div", { className: "certificate-curves" }, figures)];
  return [make("h3", { text: words["record.curves"] }), ...parts, make("p", { className: "curve-legend", text: words["curve.legend"] })];
}

// One override: what, about what, by whom, and why.
export function overrideItem({ what, about, person, reason }) {
  return make("li", { className: "override" }, [
    make("strong", { text: what }),
    make("span", { text: about ? ` · ${about}` : "" }),
    make("p", { text: `${person}: ${reason}` }),
  ]);
}

function section(title, items) {
  return [make("h3", { text: title }), make("ul", { className: "certificate-notes" }, items)];
}

function table(joints, words) {
  const header = [words["record.tightenings"], words.torque, words.angle, words["record.attempts"]];
  const rows = joints.map((joint) =>
    make("tr", { data: { good: String(joint.good) } }, [
      make("th", { attributes: { scope: "row" } }, [
        make("span", { className: "joint-name", text: joint.name }),
        make("span", { className: "verdict", text: joint.verdict }),
      ]),
      make("td", { text: `${figure(joint.torque_nm, 2)} ${words.nm}` }),
      make("td", { text: `${figure(joint.angle_deg, 0)}${words.deg}` }),
      make("td", { text: String(joint.attempts) }),
    ]),
  );
  const head = make("tr", {}, header.map((text) => make("th", { text, attributes: { scope: "col" } })));
  return make("table", { className: "certificate-joints" }, [
    make("thead", {}, [head]),
    make("tbody", {}, rows),
  ]);
}
