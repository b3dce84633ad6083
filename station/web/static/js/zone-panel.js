// Zones by their figures: which there are, the corners and heights of the one that is selected, saving and giving up.

import { make, refill } from "./dom.js";

const HALF_MM = 50;

export class ZonePanel {
  #box;
  #draft;
  #save;
  #words = {};

  constructor(box, draft, { save }) {
    this.#box = box;
    this.#draft = draft;
    this.#save = save;
  }

  show(words, { may, middle }) {
    this.#words = words;
    const { zones, selected, dirty, kept, zone } = this.#draft;
    const shown = [words.eyes, zones.map(({ id, used }) => [id, used]), selected, zone?.outline_mm.length, kept];
    refill(this.#box, shown, () => [this.#list(), ...(zone ? [this.#figures(zone)] : []), this.#adding(middle), this.#saving()]);
    this.#fill(zone);
    for (const button of this.#box.querySelectorAll(".saves")) button.disabled = !dirty;
    this.#box.querySelector("#zones-save").disabled = !dirty || !may || !kept;
    this.#box.querySelector("#zones-state").textContent = dirty ? words["eyes.zones.unsaved"] : words["eyes.zones.saved"];
  }

  // The figures of the selected zone, where nobody is typing.
  #fill(zone) {
    if (!zone) return;
    const values = { "z-0": zone.z_mm[0], "z-1": zone.z_mm[1] };
    zone.outline_mm.forEach(([x, y], corner) => Object.assign(values, { [`x-${corner}`]: x, [`y-${corner}`]: y }));
    for (const input of this.#box.querySelectorAll("[data-figure]")) {
      if (input !== document.activeElement) input.value = String(values[input.dataset.figure]);
    }
  }

  #list() {
    const buttons = this.#draft.zones.map(({ id }) => {
      const pressed = id === this.#draft.selected;
      const button = make("button", { className: "quiet", text: id, data: { zone: id }, attributes: { type: "button", "aria-pressed": String(pressed) } });
      button.addEventListener("click", () => {
        this.#draft.select(pressed ? "" : id);
        this.#box.querySelector(`[data-zone="${CSS.escape(id)}"]`)?.focus();
      });
      return button;
    });
    return make("div", { className: "buttons zone-list", attributes: { role: "group", "aria-label": this.#words["eyes.zones"] } }, buttons);
  }

  #figures(zone) {
    const words = this.#words;
    const rows = zone.outline_mm.map((_, corner) => this.#corner(corner, zone));
    const heads = ["eyes.zones.corner", "x mm", "y mm", "eyes.zones.change"].map((key) =>
      make("th", { text: words[key] ?? key, attributes: { scope: "col" } }),
    );
    const low = this.#number("z-0", words["eyes.zones.low"], (value) => this.#draft.heights(value, this.#draft.zone.z_mm[1]));
    const high = this.#number("z-1", words["eyes.zones.high"], (value) => this.#draft.heights(this.#draft.zone.z_mm[0], value));
    const remove = zone.used
      ? make("p", { className: "hint", text: words["eyes.zones.used"] })
      : this.#button(words["eyes.zones.remove"], `${words["eyes.zones.remove"]}: ${zone.id}`, () => this.#draft.remove());
    const labels = [[words["eyes.zones.low"], low], [words["eyes.zones.high"], high]];
    return make("div", { className: "zone-figures" }, [
      make("table", {}, [make("thead", {}, [make("tr", {}, heads)]), make("tbody", {}, rows)]),
      make("div", { className: "heights" }, labels.map(([text, input]) => make("label", {}, [make("span", { text }), input]))),
      remove,
    ]);
  }

  #corner(corner, zone) {
    const words = this.#words;
    const name = `${words["eyes.zones.corner"]} ${corner + 1}`;
    const [x, y] = ["x", "y"].map((axis, index) =>
      this.#number(`${axis}-${corner}`, `${name}, ${axis} mm`, (value) => {
        const at = [...this.#draft.zone.outline_mm[corner]];
        at[index] = value;
        this.#draft.put(corner, at[0], at[1]);
      }),
    );
    const split = this.#button("+", `${words["eyes.zones.split"]}: ${name}`, () => this.#draft.split(corner));
    const drop = this.#button("−", `${words["eyes.zones.drop"]}: ${name}`, () => this.#draft.drop(corner));
    drop.disabled = zone.outline_mm.length <= 3;
    return make("tr", {}, [
      make("th", { text: String(corner + 1), attributes: { scope: "row" } }),
      make("td", {}, [x]),
      make("td", {}, [y]),
      make("td", { className: "corner-buttons" }, [split, drop]),
    ]);
  }

  #number(figure, label, changed) {
    const input = make("input", { data: { figure }, attributes: { type: "number", step: "1", "aria-label": label } });
    input.addEventListener("input", () => {
      if (Number.isFinite(input.valueAsNumber)) changed(input.valueAsNumber);
    });
    return input;
  }

  #adding(middle) {
    const words = this.#words;
    const name = make("input", { attributes: { id: "zone-name", type: "text", maxlength: "40", pattern: "[\\p{L}\\p{N}_][\\p{L}\\p{N}_ \\-]*", autocomplete: "off", required: "" } });
    const label = make("label", {}, [make("span", { text: words["eyes.zones.name"] }), name]);
    const add = make("button", { className: "quiet", text: words["eyes.zones.add"], attributes: { type: "submit" } });
    const form = make("form", { className: "zone-add" }, [label, add]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#draft.add(name.value.trim(), middle, HALF_MM);
    });
    return form;
  }

  #saving() {
    const words = this.#words;
    const save = make("button", { className: "main-button saves", text: words["eyes.zones.save"], attributes: { type: "button", id: "zones-save" } });
    const back = make("button", { className: "quiet saves", text: words["eyes.zones.discard"], attributes: { type: "button", id: "zones-discard" } });
    save.addEventListener("click", () => this.#save());
    back.addEventListener("click", () => this.#draft.discard());
    const hint = this.#draft.kept ? [] : [make("p", { className: "hint", text: words["eyes.refused.no_file"] })];
    return make("div", { className: "zone-saving" }, [make("p", { attributes: { id: "zones-state" } }), make("div", { className: "buttons" }, [save, back]), ...hint]);
  }

  #button(text, label, action) {
    const button = make("button", { className: "quiet small", text, attributes: { type: "button", "aria-label": label } });
    button.addEventListener("click", action);
    return button;
  }
}
