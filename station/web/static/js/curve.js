// The curve of a rundown: torque over angle or over time, the window of the joint as a band, the target, the result.

import { figure, make } from "./dom.js";
import { shape } from "./shape.js";

const WIDE = { width: 440, height: 280, left: 46, right: 16, top: 32, bottom: 44, ticks: 6 };
const SMALL = { width: 320, height: 210, left: 44, right: 14, top: 32, bottom: 42, ticks: 4 };
// More of what came before the joint was snug would press the part that matters together.
const BEFORE_SHARE = 0.25;

export async function loadCurve(result) {
  const answer = await fetch(`/curve.json?result=${encodeURIComponent(result)}`);
  return answer.ok ? answer.json() : null;
}

// One drawing with its title. `over` is `angle` or `time`; `name` says whose it is.
export function curveFigure(curve, over, name, words, small = false) {
  const title = words[`curve.over_${over}`];
  const caption = `${name}: ${figure(curve.final.torque_nm, 2)} ${words.nm}, ${figure(curve.final.angle_deg, 0)}${words.deg}`;
  const drawing = draw(curve, over, words, small ? SMALL : WIDE);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `${title}. ${caption}`);
  return make("figure", { className: "curve", data: { over } }, [
    make("figcaption", { text: small ? caption : title }),
    drawing,
  ]);
}

function draw(curve, over, words, frame) {
  const { window, final } = curve;
  const end = over === "angle" ? final.angle_deg : endTime(curve);
  const across = over === "angle" ? curve.angle_deg : curve.torque_nm.map((_, index) => index * curve.every_s);
  const limits = window && over === "angle" && window.angle_max_deg > 0 ? window : null;
  const x = axis(lowest(across, end, over), highest([...across, end, limits?.angle_max_deg ?? 0]), frame.ticks);
  const y = axis(0, highest([...curve.torque_nm, final.torque_nm, window?.torque_max_nm ?? 0]), frame.ticks - 1);
  const right = frame.width - frame.right;
  const bottom = frame.height - frame.bottom;
  const atX = (value) => round(frame.left + ((value - x.from) / (x.to - x.from)) * (right - frame.left));
  const atY = (value) => round(bottom - ((value - y.from) / (y.to - y.from)) * (bottom - frame.top));
  const parts = [];
  if (window) {
    const [from, to] = limits ? [limits.angle_min_deg, limits.angle_max_deg] : [x.from, x.to];
    parts.push(band(atX(from), atX(to), atY(window.torque_max_nm), atY(window.torque_min_nm)));
  }
  for (const tick of x.ticks) parts.push(...mark(atX(tick), bottom, frame.top, label(tick, x.step)));
  for (const tick of y.ticks) parts.push(...rung(atY(tick), frame.left, right, label(tick, y.step)));
  if (window) {
    const height = atY(window.torque_target_nm);
    parts.push(shape("path", { class: "curve-target", d: `M${frame.left} ${height}H${right}` }));
    parts.push(text("curve-note end", right, 14, `${words["curve.target"]} ${figure(window.torque_target_nm, 1)}`));
  }
  const points = across.flatMap((value, index) => (value >= x.from ? [`${atX(value)} ${atY(curve.torque_nm[index])}`] : []));
  parts.push(shape("path", { class: "curve-line", d: `M${points.join("L")}` }));
  parts.push(shape("circle", { class: "curve-final", cx: atX(end), cy: atY(final.torque_nm), r: 6 }));
  const unit = over === "angle" ? `${words.angle} (${words.deg})` : `${words["curve.time"]} (${words.seconds})`;
  parts.push(text("curve-unit end", right, frame.height - 6, unit));
  parts.push(text("curve-unit", 4, 14, `${words.torque} (${words.nm})`));
  return shape("svg", { viewBox: `0 0 ${frame.width} ${frame.height}` }, parts);
}

// When the result was reached: the sample that is nearest to its torque.
function endTime({ torque_nm: torque, every_s: every, final }) {
  const off = (index) => Math.abs(torque[index] - final.torque_nm);
  return torque.reduce((best, _, index) => (off(index) < off(best) ? index : best), 0) * every;
}

function lowest(values, end, over) {
  if (over === "time") return 0;
  const least = values.reduce((low, value) => Math.min(low, value), 0);
  return end > 0 ? Math.max(least, -end * BEFORE_SHARE) : least;
}

function highest(values) {
  return values.reduce((high, value) => Math.max(high, value), 0);
}

// Round figures of 1, 2 or 5 times a power of ten, about `count` of them.
function axis(from, to, count) {
  const span = to - from || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const ticks = [];
  for (let tick = Math.ceil(from / step); tick * step <= to + span * 0.04; tick += 1) ticks.push(tick * step);
  return { from, to: Math.max(to + span * 0.04, ticks.at(-1)), step, ticks };
}

function label(tick, step) {
  return tick.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

function band(left, right, top, bottom) {
  return shape("rect", { class: "curve-window", x: left, y: top, width: right - left, height: bottom - top });
}

function mark(x, bottom, top, words) {
  return [
    shape("path", { class: "curve-grid", d: `M${x} ${bottom}V${top}` }),
    text("curve-tick middle", x, bottom + 17, words),
  ];
}

function rung(y, left, right, words) {
  return [shape("path", { class: "curve-grid", d: `M${left} ${y}H${right}` }), text("curve-tick end", left - 7, y + 4, words)];
}

function text(names, x, y, words) {
  const element = shape("text", { class: names, x, y });
  element.textContent = words;
  return element;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
