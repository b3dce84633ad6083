// Teaching of checks: the region as it is seen now, examples taken state by state, training, and what came of it.

import { make, refill, setText, show } from "./dom.js";

const EVERY_MS = 500;
const KEY = "e";

export class TeachPanels {
  #box;
  #wish;
  #token;
  #panels = new Map();
  #built = "";
  // Example id -> its picture, fetched once.
  #pictures = new Map();

  // `wish` posts and answers { good, text }; `token` gives the session that pictures are fetched with.
  constructor(box, { wish, token }) {
    this.#box = box;
    this.#wish = wish;
    this.#token = token;
    setInterval(() => this.#patches(), EVERY_MS);
  }

  show(checks, words) {
    const key = JSON.stringify([words.eyes, checks.map(({ check, cameras, states }) => [check, cameras, states.map(({ state }) => state)])]);
    if (key !== this.#built) {
      this.#built = key;
      this.#panels = new Map(checks.map((check) => [check.check, new Panel(check, words, { wish: this.#wish, picture: (id) => this.#picture(id) })]));
      this.#box.replaceChildren(...[...this.#panels.values()].map(({ element }) => element));
    }
    for (const check of checks) this.#panels.get(check.check).show(check, words);
  }

  #patches() {
    if (document.hidden || document.body.dataset.fed !== "true") return;
    for (const panel of this.#panels.values()) {
      for (const patch of panel.patches) this.#refresh(patch);
    }
  }

  async #refresh(patch) {
    if (patch.busy) return;
    patch.busy = true;
    try {
      const url = await this.#fetched(`/eyes/patch?check=${encodeURIComponent(patch.check)}&camera=${encodeURIComponent(patch.camera)}`);
      URL.revokeObjectURL(patch.image.src);
      if (url) patch.image.src = url;
      else patch.image.removeAttribute("src");
      show(patch.image, Boolean(url));
      show(patch.cover, !url);
    } finally {
      patch.busy = false;
    }
  }

  #picture(id) {
    if (!this.#pictures.has(id)) this.#pictures.set(id, this.#fetched(`/eyes/example?example=${encodeURIComponent(id)}`));
    return this.#pictures.get(id);
  }

  // A picture's address within this page; empty where there is none.
  async #fetched(path) {
    try {
      const answer = await fetch(path, { headers: { Authorization: `Bearer ${this.#token()}` } });
      return answer.ok ? URL.createObjectURL(await answer.blob()) : "";
    } catch (problem) {
      if (problem instanceof TypeError) return "";
      throw problem;
    }
  }
}

class Panel {
  element;
  patches;
  #check;
  #words;
  #wish;
  #picture;
  #states;
  #chosen;
  #outcome = make("p", { className: "outcome", attributes: { role: "status" } });
  #results = make("ul", { className: "results" });
  #film = make("div", { className: "film" });
  #take;
  #train;
  #told;

  constructor({ check, kind, cameras, states }, words, { wish, picture }) {
    this.#check = check;
    this.#words = words;
    this.#wish = wish;
    this.#picture = picture;
    this.#chosen = states[0].state;
    this.patches = cameras.map((camera) => patchOf(check, camera, words));
    this.#told = new Map(cameras.map((camera) => [camera, make("p", { className: "told" })]));
    this.#take = button(words["eyes.teach.take"], () => this.#act({ do: "take", check, state: this.#chosen }, words["eyes.teach.taken"]));
    this.#take.setAttribute("aria-keyshortcuts", KEY);
    this.#train = button(words["eyes.teach.train"], () => this.#act({ do: "train", check }, ""));
    this.#states = new Map(states.map(({ state }) => [state, make("span", { className: "count" })]));
    const views = this.patches.map(({ figure, camera }) => {
      figure.append(this.#told.get(camera));
      return figure;
    });
    this.element = make("article", { className: "taught", data: { check } }, [
      make("h3", { text: `${check} · ${kind}` }),
      make("div", { className: "taught-now" }, [make("div", { className: "patches" }, views), this.#choices(states)]),
      this.#outcome,
      this.#results,
      this.#film,
    ]);
    this.element.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== KEY || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#take.click();
    });
  }

  show({ states, training, trained, told }, words) {
    for (const { state, examples } of states) setText(this.#states.get(state), String(examples.length));
    this.#train.disabled = training;
    setText(this.#train, words[training ? "eyes.teach.training" : "eyes.teach.train"]);
    for (const [camera, element] of this.#told) {
      setText(element, told.find((each) => each.camera === camera)?.text ?? words["eyes.teach.not_told"]);
    }
    refill(this.#results, [trained, words.eyes], () => trained.map(result));
    refill(this.#film, [states, words.eyes], () => states.filter(({ examples }) => examples.length).map((each) => this.#strip(each)));
  }

  #choices(states) {
    const name = `state-${this.#check}`;
    const radios = states.map(({ state }) => {
      const input = make("input", { attributes: { type: "radio", name, value: state } });
      input.checked = state === this.#chosen;
      input.addEventListener("change", () => {
        this.#chosen = state;
      });
      return make("label", {}, [input, make("span", { text: state }), this.#states.get(state)]);
    });
    const legend = make("legend", { text: this.#words["eyes.teach.state"] });
    const buttons = make("div", { className: "buttons" }, [this.#take, this.#train]);
    return make("div", { className: "choosing" }, [make("fieldset", {}, [legend, ...radios]), buttons]);
  }

  #strip({ state, examples }) {
    const thumbs = examples.map(({ id, camera }, index) => {
      const image = make("img", { attributes: { alt: `${state} ${index + 1}, ${camera}` } });
      this.#picture(id).then((url) => {
        if (url) image.src = url;
      });
      const label = `${this.#words["eyes.teach.discard"]}: ${state} ${index + 1}`;
      const away = make("button", { className: "quiet small", text: "✕", attributes: { type: "button", "aria-label": label } });
      away.addEventListener("click", () => this.#act({ do: "discard", example: id }, ""));
      return make("li", {}, [image, away]);
    });
    return make("div", {}, [make("h4", { text: state }), make("ul", { className: "thumbs" }, thumbs)]);
  }

  async #act(body, sentence) {
    const { good, text } = await this.#wish(body);
    this.#outcome.dataset.bad = String(!good);
    setText(this.#outcome, good ? sentence.replace("…", this.#chosen) : text);
  }
}

function patchOf(check, camera, words) {
  const image = make("img", { attributes: { alt: `${check}, ${camera}` } });
  const cover = make("p", { className: "patch-cover", text: words["eyes.teach.not_seen"] });
  image.hidden = true;
  const figure = make("figure", {}, [make("div", { className: "patch" }, [image, cover]), make("figcaption", { text: camera })]);
  return { check, camera, image, cover, figure, busy: false };
}

function result({ usable, verdict, why, confusions, model }) {
  return make("li", { data: { usable: String(usable) } }, [
    make("strong", { text: verdict }),
    make("p", { text: why }),
    ...confusions.map((text) => make("p", { text })),
    ...(model ? [make("code", { text: model })] : []),
  ]);
}

function button(text, action) {
  const element = make("button", { className: "quiet", text, attributes: { type: "button" } });
  element.addEventListener("click", action);
  return element;
}
