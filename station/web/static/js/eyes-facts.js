// The table of all facts: what each says now, since when, why nobody knows, and the figures behind it.

import { make, setText } from "./dom.js";

const COLUMNS = ["fact", "value", "since", "figures"];

export class FactTable {
  #box;
  #rows = new Map();
  #built = "";

  constructor(box) {
    this.#box = box;
  }

  show(facts, words) {
    const key = JSON.stringify([words.eyes, facts.map(({ fact }) => fact)]);
    if (key !== this.#built) this.#build(key, facts, words);
    for (const fact of facts) {
      const row = this.#rows.get(fact.fact);
      row.line.dataset.value = fact.value;
      setText(row.waited, fact.waited ? words["eyes.facts.waited"] : "");
      setText(row.value, [fact.value_text, fact.text].filter(Boolean).join(": "));
      setText(row.why, fact.why);
      setText(row.since, fact.since_s === null ? "–" : ago(fact.since_s, words));
      setText(row.figures, fact.figures.map(({ label, text }) => `${label} ${text}`).join(" · "));
    }
  }

  #build(key, facts, words) {
    this.#built = key;
    this.#rows = new Map(facts.map((fact) => [fact.fact, rowOf(fact)]));
    const heads = COLUMNS.map((column) => make("th", { text: words[`eyes.facts.${column}`], attributes: { scope: "col" } }));
    this.#box.replaceChildren(
      make("table", {}, [
        make("thead", {}, [make("tr", {}, heads)]),
        make("tbody", {}, [...this.#rows.values()].map(({ line }) => line)),
      ]),
    );
  }
}

function rowOf({ fact, name }) {
  const value = make("span", { className: "fact-value" });
  const [why, since, figures] = [make("span", { className: "fact-why" }), make("td", { className: "fact-since" }), make("td", { className: "fact-figures" })];
  const waited = make("span", { className: "fact-waited" });
  const head = make("th", { attributes: { scope: "row" } }, [make("span", { text: name }), waited, make("code", { text: fact })]);
  return { line: make("tr", { data: { fact } }, [head, make("td", {}, [value, why]), since, figures]), value, why, waited, since, figures };
}

function ago(seconds, words) {
  if (seconds < 90) return words["eyes.since.seconds"].replace("…", seconds.toFixed(seconds < 10 ? 1 : 0));
  return words["eyes.since.minutes"].replace("…", Math.round(seconds / 60));
}
