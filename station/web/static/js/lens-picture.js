// The camera's live picture, and over it: where to hold the board, where it is seen, and which places are covered.

import { make, setText } from "./dom.js";
import { shape } from "./shape.js";
import { Video } from "./video.js";

export class LensPicture {
  #heat = shape("g", { class: "heat" });
  #target = shape("g", { class: "target" });
  #seen = shape("polygon", { class: "seen" });
  #cover = make("p", { className: "camera-cover" });
  #canvas;
  #size;
  #shown = "";

  constructor({ camera, width_px: width, height_px: height }) {
    this.#size = [width, height];
    this.#canvas = make("canvas", { attributes: { width, height, role: "img" } });
    const over = shape("svg", { class: "over-picture", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, [this.#heat, this.#target, this.#seen]);
    this.element = make("div", { className: "camera-frame" }, [this.#canvas, over, this.#cover]);
    new Video(this.#canvas, this.#cover, camera, () => {});
  }

  show({ camera, heat, target, outline, phase }, words) {
    setText(this.#cover, words["camera.old"]);
    this.#canvas.setAttribute("aria-label", `${words["camera.title"]} ${camera}`);
    this.#seen.setAttribute("points", phase === "capturing" ? flat(outline) : "");
    const aim = phase === "capturing" ? target : null;
    const key = JSON.stringify([heat, aim]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#heat.replaceChildren(...this.#cells(heat));
    this.#target.replaceChildren(...this.#aim(aim));
  }

  #cells(heat) {
    const [width, height] = this.#size;
    return heat.flatMap((row, y) =>
      row.map((share, x) =>
        shape("rect", {
          x: (x * width) / row.length,
          y: (y * height) / heat.length,
          width: width / row.length,
          height: height / heat.length,
          "fill-opacity": share ? 0.12 + 0.33 * share : 0,
        }),
      ),
    );
  }

  // A grid makes the tilt plain; the dot is the board's upper left corner.
  #aim(target) {
    if (!target) return [];
    const [a, b, c, d] = target;
    const lines = [0.25, 0.5, 0.75].flatMap((share) => [
      [mix(a, b, share), mix(d, c, share)],
      [mix(a, d, share), mix(b, c, share)],
    ]);
    return [
      shape("polygon", { points: flat(target) }),
      ...lines.map(([[x1, y1], [x2, y2]]) => shape("line", { x1, y1, x2, y2 })),
      shape("circle", { cx: a[0], cy: a[1], r: this.#size[0] / 90 }),
    ];
  }
}

const flat = (points) => (points ?? []).map((point) => point.join(",")).join(" ");
const mix = (one, other, share) => [0, 1].map((axis) => one[axis] * (1 - share) + other[axis] * share);
