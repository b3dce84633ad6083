// What the arm can be asked to do: each gesture with its figures, a slow try, and a form for other figures.

import { make, refill, setText } from "./dom.js";

export class GestureList {
  #list;
  #postures;
  #wish;
  #scene = null;
  // Names of those whose form is open: a list that is drawn anew leaves it so.
  #open = new Set();

  constructor(list, postures, { wish }) {
    this.#list = list;
    this.#postures = postures;
    this.#wish = wish;
  }

  scene(scene, words) {
    this.#scene = scene;
    this.#fill(words);
  }

  show(now, words) {
    this.#fill(words);
    for (const item of this.#list.querySelectorAll("[data-gesture]")) {
      const { plan } = now;
      const mine = plan?.gesture === item.dataset.gesture;
      setText(item.querySelector(".plan"), mine ? planned(plan, words) : "");
      item.dataset.now = String(now.service === "gesture" && now.gesture === item.dataset.gesture);
    }
  }

  #fill(words) {
    const { gestures, postures } = this.#scene;
    refill(this.#postures, [postures, words.arm], () =>
      postures.map((name) => {
        const button = this.#try(name, words[`arm.posture.${name}`]);
        button.dataset.posture = name;
        return button;
      }),
    );
    refill(this.#list, [gestures, words.arm], () =>
      gestures.length ? gestures.map((gesture) => this.#item(gesture, words)) : [make("li", { text: words["arm.gestures.none"] })],
    );
  }

  #try(name, text) {
    const button = make("button", { className: "quiet serve", text, attributes: { type: "button" } });
    button.addEventListener("click", () => this.#wish({ do: "try", gesture: name }));
    return button;
  }

  #item(gesture, words) {
    const { name, kind, taught } = gesture;
    const attempt = this.#try(name, words["arm.gesture.try"]);
    attempt.setAttribute("aria-label", `${words["arm.gesture.try"]}: ${name}`);
    const more = make("div", {}, [...(taught ? [make("p", { className: "hint", text: taught })] : []), this.#form(gesture, words)]);
    const label = `${words["arm.gesture.edit"]}: ${name}`;
    const edit = make("button", {
      className: "quiet",
      text: words["arm.gesture.edit"],
      attributes: { type: "button", "aria-expanded": String(this.#open.has(name)), "aria-label": label },
    });
    more.hidden = !this.#open.has(name);
    edit.addEventListener("click", () => {
      more.hidden = !more.hidden;
      edit.setAttribute("aria-expanded", String(!more.hidden));
      if (more.hidden) this.#open.delete(name);
      else this.#open.add(name);
    });
    const head = [make("strong", { text: name }), make("span", { text: words[`arm.kind.${kind}`] }), attempt, edit];
    return make("li", { data: { gesture: name } }, [
      make("div", { className: "gesture-head" }, head),
      make("p", { className: "plan" }),
      more,
    ]);
  }

  #form({ name, figures }, words) {
    const fields = figures.map((each) => [each, field(each, words)]);
    const save = make("button", { className: "quiet serve", text: words["arm.gesture.save"], attributes: { type: "submit" } });
    const form = make("form", { className: "figures-form" }, [...fields.map(([, { label }]) => label), save]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const changed = fields.filter(([each, { input }]) => input && input.value.trim() !== written(each.value));
      if (!changed.length) return;
      const body = Object.fromEntries(changed.map(([each, { input }]) => [each.key, read(each.form, input.value)]));
      this.#wish({ do: "edit", gesture: name, figures: body }, words["arm.gesture.saved"].replace("…", name));
    });
    return form;
  }
}

function field({ key, value, form }, words) {
  const name = make("span", { text: words[`arm.figure.${key}`] ?? key });
  if (form === "fixed") return { label: make("p", {}, [name, make("span", { className: "hint", text: words["arm.figure.file"] })]) };
  const input = make("input", { attributes: { type: "text", autocomplete: "off", inputmode: form === "text" ? "text" : "decimal", maxlength: "120" }, data: { figure: key } });
  input.value = written(value);
  return { label: make("label", {}, [name, input]), input };
}

function written(value) {
  return value === null ? "" : Array.isArray(value) ? value.join(", ") : String(value);
}

// What is no number goes out as text: the station says what is wrong with it.
function read(form, text) {
  const parts = text.split(/[\s,]+/).filter(Boolean);
  if (!parts.length) return null;
  if (form === "text") return text.trim();
  const numbers = parts.map(Number);
  if (numbers.some(Number.isNaN)) return text.trim().slice(0, 60);
  return form === "number" && numbers.length === 1 ? numbers[0] : numbers;
}

function planned({ gesture, clearance_mm: clearance, between, duration_s: duration }, words) {
  const room = clearance === null ? "–" : clearance.toFixed(0);
  const gaps = [gesture, duration.toFixed(1), room, between.map((name) => words[`arm.link.${name}`] ?? name).join(" – ")];
  return gaps.reduce((text, each) => text.replace("…", each), words["arm.gesture.plan"]);
}
