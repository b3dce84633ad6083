// The results of the visit, newest first, and the curve of the one that is chosen: the newest, until a person chooses.

import { curveFigure, loadCurve } from "./curve.js";
import { figure, make, refill } from "./dom.js";
import { keepingFocus } from "./reason.js";

export class Rundowns {
  #list;
  #stage;
  #chosen = "";
  #rundowns = [];
  #words = {};
  #drawn = "";

  constructor(list, stage) {
    this.#list = list;
    this.#stage = stage;
  }

  show(rundowns, words, language) {
    this.#rundowns = rundowns;
    this.#words = words;
    if (!rundowns.some((each) => each.result === this.#chosen)) this.#chosen = "";
    const shown = this.#shown();
    refill(this.#list, [rundowns, shown?.result, language], () =>
      rundowns.length
        ? rundowns.toReversed().map((each) => this.#item(each, each === shown))
        : [make("li", { text: words["console.rundowns.none"] })],
    );
    void this.#draw(shown, language);
  }

  #shown() {
    return this.#rundowns.find((each) => each.result === this.#chosen) ?? this.#rundowns.at(-1);
  }

  #item(each, pressed) {
    const attributes = { type: "button", "aria-pressed": String(pressed) };
    const button = make("button", { data: { keep: each.result }, attributes }, [
      make("span", { className: "choice-name", text: each.name }),
      make("span", { text: measured(each, this.#words) }),
      make("span", { className: "choice-verdict", data: { good: String(each.good) }, text: each.verdict }),
    ]);
    button.addEventListener("click", () => this.#choose(each.result));
    return make("li", {}, [button]);
  }

  #choose(result) {
    this.#chosen = result;
    keepingFocus(() => this.show(this.#rundowns, this.#words, document.documentElement.lang));
  }

  async #draw(shown, language) {
    const key = JSON.stringify([shown, language]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const words = this.#words;
    const curve = shown?.curve ? await loadCurve(shown.result) : null;
    if (this.#drawn !== key) return;
    this.#stage.dataset.result = shown?.result ?? "";
    if (!shown) return this.#stage.replaceChildren();
    const title = make("h2", { text: `${shown.name} · ${measured(shown, words)} · ${shown.verdict}` });
    if (!curve) return this.#stage.replaceChildren(title, make("p", { text: words["curve.none"] }));
    const figures = [curveFigure(curve, "time", shown.name, words)];
    if (curve.angle_deg.length) figures.unshift(curveFigure(curve, "angle", shown.name, words));
    const legend = curve.angle_deg.length ? words["curve.legend"] : `${words["curve.no_angle"]} ${words["curve.legend"]}`;
    this.#stage.replaceChildren(
      title,
      make("div", { className: "curves" }, figures),
      make("p", { className: "curve-legend", text: legend }),
    );
  }
}

export function measured(each, words) {
  return `${figure(each.torque_nm, 2)} ${words.nm} · ${figure(each.angle_deg, 0)}${words.deg}`;
}
