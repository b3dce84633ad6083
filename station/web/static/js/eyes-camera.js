// One camera: its live picture with what was seen in it, the zones as it sees them, and its state in words.

import { CameraModel } from "./camera-model.js";
import { make, setText } from "./dom.js";
import { drawLayers } from "./eyes-layers.js";
import { shape } from "./shape.js";
import { Video } from "./video.js";
import { ZoneLayer } from "./zone-layer.js";

export class CameraView {
  #name;
  #zones;
  #svg;
  #cover = make("p", { className: "camera-cover" });
  #state = make("p", { className: "camera-state" });
  #figures = make("p", { className: "camera-figures" });
  #canvas;

  constructor(camera, draft, layers) {
    this.#name = camera.name;
    const model = new CameraModel(camera);
    const { width_px: width, height_px: height } = camera;
    this.#canvas = make("canvas", { attributes: { width, height, role: "img" } });
    this.#zones = new ZoneLayer(draft, {
      flat: (point) => model.project(point),
      bench: (pixel, z) => model.onPlane(pixel, z),
      label: (outline, index) => outline[index % outline.length],
      handle: width / 90,
      keys: false,
    });
    // By keyboard, zones are drawn on the plan.
    this.#svg = shape("svg", { class: "over-picture", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, [this.#zones.element]);
    const frame = make("div", { className: "camera-frame" }, [this.#canvas, this.#svg, this.#cover]);
    const title = make("figcaption", {}, [make("strong", { text: camera.name }), this.#state, this.#figures]);
    this.figure = make("figure", { className: "view", data: { camera: camera.name } }, [frame, title]);
    new Video(this.#canvas, this.#cover, camera.name, (context, overlay) => drawLayers(context, overlay, layers));
  }

  show(words, layers, busy) {
    setText(this.#cover, words["camera.old"]);
    this.#canvas.setAttribute("aria-label", `${words["camera.title"]} ${this.#name}`);
    this.#svg.classList.toggle("hidden", !layers.has("zones"));
    this.#zones.show(words, busy);
  }

  now(camera, words) {
    this.figure.dataset.good = String(camera.good);
    this.figure.dataset.code = camera.code;
    setText(this.#state, camera.text);
    const counts = ["hands", "tags", "people"].map((kind) => {
      const count = camera[kind] ?? "?";
      return words[`eyes.count.${kind}`].replace("…", count);
    });
    const age = camera.age_s === null ? "–" : words["eyes.camera.age"].replace("…", Math.round(camera.age_s * 1000));
    const rate = words["eyes.camera.rate"].replace("…", camera.per_s.toFixed(1));
    setText(this.#figures, [age, rate, ...counts].join(" · "));
  }
}
