// The certificate: the same on the kiosk's last page and on paper.

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
  return make("article", { className: "certificate" }, parts);
}

function table(joints, words) {
  const header = [words["record.tightenings"], words.torque, words.angle, words["record.attempts"]];
  const rows = joints.map((joint) =>
    make("tr", { data: { good: String(joint.good) } }, [
      make("th", { text: joint.name, attributes: { scope: "row" } }),
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
