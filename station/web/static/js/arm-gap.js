// The supervisor's figures: the distance now against the protective distance, term by term, and the reaction time.

import { figure, make, refill, setText, show } from "./dom.js";
import { shape } from "./shape.js";

const WIDTH = 600;
const COLOURS = 6;

export class GapPanel {
  #box;
  #built = null;
  #words = null;

  constructor(box) {
    this.#box = box;
  }

  show(gap, words) {
    if (this.#words !== words) this.#build(words);
    const parts = this.#built;
    setText(parts.reason, gap.reason || (gap.judged ? "" : gap.level === "off" ? "" : words["arm.gap.standing"]));
    show(parts.reason, Boolean(parts.reason.textContent));
    const seen = Boolean(gap.link);
    show(parts.nobody, gap.level !== "off" && !seen && !gap.reason);
    show(parts.figures, seen);
    show(parts.chart, seen);
    show(parts.terms, seen);
    if (seen) this.#figures(gap, words);
    this.#table(gap.parts, words);
  }

  #build(words) {
    this.#words = words;
    const built = {
      reason: make("p", { className: "gap-reason" }),
      nobody: make("p", { text: words["arm.gap.nobody"] }),
      figures: make("dl", { className: "figures" }),
      chart: make("div", { className: "gap-chart" }),
      terms: make("ul", { className: "terms" }),
      times: make("div"),
    };
    this.#built = built;
    this.#box.replaceChildren(...Object.values(built));
  }

  #figures(gap, words) {
    const rows = [
      ["now", `${figure(gap.distance_mm, 0)} mm`],
      ["protective", `${figure(gap.protective_mm, 0)} mm`],
      ["limit", `${gap.limit_percent} %`],
      ["link", words[`arm.link.${gap.link}`] ?? gap.link],
      ["camera", gap.camera],
      ["speed", `${figure(gap.speed_mm_s, 0)} mm/s`],
      ["reaction", `${figure(gap.reaction_ms, 0)} ms`],
      ["stopping", `${figure(gap.stopping_ms, 0)} ms`],
      ["ages", `${figure(gap.people_age_ms, 0)} ms · ${figure(gap.arm_age_ms, 0)} ms`],
    ];
    refill(this.#built.figures, rows, () =>
      rows.map(([key, text]) =>
        make("div", { data: { key } }, [make("dt", { text: words[`arm.gap.${key}`] }), make("dd", { text })]),
      ),
    );
    refill(this.#built.chart, [gap.distance_mm, gap.terms], () => [bar(gap, words)]);
    refill(this.#built.terms, gap.terms, () =>
      gap.terms.map(({ symbol, name, mm }, index) =>
        make("li", {}, [
          make("span", { className: `swatch term-${index % COLOURS}`, attributes: { "aria-hidden": "true" } }),
          make("strong", { text: symbol }),
          make("span", { text: name }),
          make("span", { className: "term-mm", text: `${figure(mm, 0)} mm` }),
        ]),
      ),
    );
  }

  #table(parts, words) {
    refill(this.#built.times, parts, () => {
      if (!parts.length) return [];
      const heads = ["part", "p50", "p99", "count", "used"].map((key) => make("th", { text: words[`arm.gap.${key}`], attributes: { scope: "col" } }));
      const rows = parts.map(({ name, p50_ms: p50, p99_ms: p99, count, used_ms: used }) =>
        make("tr", {}, [
          make("th", { text: name, attributes: { scope: "row" } }),
          ...[ms(p50), ms(p99), String(count), ms(used)].map((text) => make("td", { text })),
        ]),
      );
      return [
        make("table", { className: "times" }, [
          make("caption", { text: words["arm.gap.parts"] }),
          make("thead", {}, [make("tr", {}, heads)]),
          make("tbody", {}, rows),
        ]),
      ];
    });
  }
}

function ms(value) {
  return value === null ? "–" : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

// The terms one after another, and where the person is on the same scale.
function bar({ distance_mm: distance, terms, protective_mm: protective }, words) {
  const end = Math.max(distance ?? 0, protective ?? 0) * 1.08 || 1;
  const scale = (mm) => (mm / end) * WIDTH;
  let from = 0;
  const parts = terms.map(({ mm, symbol }, index) => {
    const part = [shape("rect", { class: `term-${index % COLOURS}`, x: scale(from).toFixed(1), y: 22, width: Math.max(0, scale(mm)).toFixed(1), height: 34 })];
    if (scale(mm) > 30) {
      const text = shape("text", { class: `bar-text on-${index % COLOURS}`, x: scale(from + mm / 2).toFixed(1), y: 45 });
      text.textContent = symbol;
      part.push(text);
    }
    from += mm;
    return part;
  });
  const at = scale(distance ?? 0);
  const mark = shape("path", { class: "now-mark", d: `M${at.toFixed(1)} 16V64M${(at - 7).toFixed(1)} 10h14l-7 9z` });
  const text = shape("text", { class: `now-text ${at > WIDTH / 2 ? "end" : ""}`, x: (at + (at > WIDTH / 2 ? -12 : 12)).toFixed(1), y: 15 });
  text.textContent = `${words["arm.gap.now"]} ${figure(distance, 0)} mm`;
  return shape("svg", { viewBox: `-8 0 ${WIDTH + 16} 70`, role: "img", "aria-label": words["arm.gap.bar"] }, [...parts.flat(), mark, text]);
}
