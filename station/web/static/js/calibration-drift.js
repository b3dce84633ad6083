// The drift of each device since its reference: a dot a check, a line for the slow mean, and the limit at one.

import { make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [520, 190, 34, 14, 34];

export function fillDrift(lines, words) {
  if (!lines.length) return [make("p", { text: words["calibration.drift.none"] })];
  return lines.map((line) => {
    const last = line.checks.at(-1);
    const slow = line.slow.at(-1);
    const label = `${line.device}: ${last.value.toFixed(2)}${slow === undefined ? "" : ` · ${slow.toFixed(2)}`}`;
    const drifts = slow !== undefined && slow > 1;
    return make("figure", { data: { device: line.device, drifts: String(drifts) } }, [
      make("figcaption", {}, [
        make("span", { text: line.device }),
        ...(drifts ? [make("span", { className: "drifts", text: words["calibration.drift.drifts"] })] : []),
      ]),
      chart(line, label),
    ]);
  });
}

function chart(line, label) {
  const top = Math.max(1.25, 1.1 * Math.max(...line.checks.map(({ value }) => value), ...line.slow));
  const count = Math.max(line.checks.length - 1, 6);
  const x = (n) => LEFT + (n * (WIDTH - LEFT - 14)) / count;
  const y = (value) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const svg = part("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  svg.append(part("rect", { class: "inside", x: LEFT, y: y(1), width: WIDTH - LEFT, height: y(0) - y(1) }));
  for (const value of ticks(top)) {
    svg.append(part("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }));
    svg.append(text(LEFT - 6, y(value) + 4, String(value), "end"));
  }
  svg.append(part("line", { class: "limit", x1: LEFT, x2: WIDTH, y1: y(1), y2: y(1) }));
  line.checks.forEach(({ value }, n) => svg.append(part("line", { class: "stem", x1: x(n), x2: x(n), y1: y(0), y2: y(value) })));
  line.checks.forEach(({ value }, n) => svg.append(part("circle", { class: "check", cx: x(n), cy: y(value), r: 3.5 })));
  const offset = line.checks.length - line.slow.length;
  const points = line.slow.map((value, n) => `${x(n + offset)},${y(value)}`).join(" ");
  if (points) svg.append(part("polyline", { class: "slow", points }));
  const ends = line.checks.length > 1 ? [0, line.checks.length - 1] : [0];
  for (const n of ends) svg.append(text(Math.max(x(n), LEFT), HEIGHT - 10, line.checks[n].utc.slice(5, 10), n ? "end" : "start"));
  return svg;
}

function ticks(top) {
  const step = [0.5, 1, 2, 5, 10, 20, 50, 100].find((each) => top / each <= 4) ?? 10 ** Math.ceil(Math.log10(top / 4));
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, n) => Number((n * step).toFixed(2)));
}

function part(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function text(x, y, words, anchor) {
  const element = part("text", { x, y, "text-anchor": anchor });
  element.textContent = words;
  return element;
}
