// The drawings: one file for each picture of a procedure, put together from the things in art/things.svg.

const cache = new Map();
// Where a picture of the procedures looks different for another kind of part.
const INSTEAD = { "start-nuts wheel": "wheel" };

async function load(name) {
  if (!cache.has(name)) {
    const answer = await fetch(`/static/art/${encodeURIComponent(name)}.svg`);
    if (!answer.ok) return null;
    cache.set(name, new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement);
  }
  return document.importNode(cache.get(name), true);
}

export async function loadThings() {
  const things = await load("things");
  if (things) document.body.prepend(things);
}

export class Art {
  #figure;
  #shown = "";
  #wanted = "";

  constructor(figure) {
    this.#figure = figure;
  }

  // `part` is what the order asks for as a phrase key, e.g. `part.mirror.right-red`.
  async show({ picture, part, joints }) {
    const [, kind = "", variant = ""] = part.split(".");
    const name = INSTEAD[`${picture} ${kind}`] ?? picture;
    this.#wanted = name;
    if (name !== this.#shown) {
      const drawing = await load(name);
      if (this.#wanted !== name) return;
      drawing?.setAttribute("aria-hidden", "true");
      this.#figure.replaceChildren(...(drawing ? [drawing] : []));
      this.#figure.dataset.picture = name;
      this.#shown = name;
    }
    this.#figure.dataset.kind = kind;
    this.#figure.dataset.variant = variant;
    for (const use of this.#figure.querySelectorAll("[data-part]")) use.setAttribute("href", `#thing-${kind || "mirror"}`);
    this.#joints(joints);
  }

  #joints(joints) {
    for (const joint of joints) {
      this.#figure.querySelector(`[data-joint="${CSS.escape(joint.id)}"]`)?.setAttribute("data-status", joint.status);
    }
    for (const follower of this.#figure.querySelectorAll("[data-follow]")) {
      const wanted = follower.dataset.follow.split(" ");
      const target = joints.find((joint) => wanted.includes(joint.status));
      const place = target && this.#figure.querySelector(`[data-joint="${CSS.escape(target.id)}"]`);
      follower.toggleAttribute("data-away", !place);
      follower.dataset.status = target?.status ?? "";
      if (place) follower.setAttribute("transform", place.getAttribute("transform"));
    }
  }
}
