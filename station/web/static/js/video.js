// A camera's live picture. One message carries header, what was seen, and JPEG (see station/web/feeds.py); the next one is
// asked for when this one is drawn. A picture that is older than half a second is covered, whatever the reason.

import { Link } from "./link.js";
import { drawOverlay } from "./overlay.js";

const OLD_MS = 500;

export class Video {
  #link;
  #freshUntil = 0;
  #canvas;
  #cover;
  #joints = [];
  #seq = -1;
  #paint;
  camera;

  // `paint` draws what was seen in a picture over it; without one, what visitors may see of it.
  constructor(canvas, cover, camera, paint = (context, overlay) => drawOverlay(context, overlay, this.#joints)) {
    this.#paint = paint;
    this.#canvas = canvas;
    this.#cover = cover;
    this.camera = camera;
    this.#link = new Link(`/ws/video/${encodeURIComponent(camera)}`, {
      binary: true,
      opened: () => this.#link.send("next"),
      message: (data) => this.#received(data, performance.now()),
    });
    setInterval(() => this.#look(), 100);
  }

  get seq() {
    return this.#seq;
  }

  set joints(joints) {
    this.#joints = joints;
  }

  switchTo(camera) {
    this.camera = camera;
    this.#freshUntil = 0;
    this.#look();
    this.#link.move(`/ws/video/${encodeURIComponent(camera)}`);
  }

  async #received(data, atMs) {
    try {
      const length = new DataView(data).getUint32(0);
      const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" }));
      if (header.camera === this.camera) {
        this.#draw(bitmap, header);
        this.#freshUntil = atMs + OLD_MS - header.age_ms;
        this.#look();
      }
      bitmap.close();
    } finally {
      this.#link.send("next");
    }
  }

  #draw(bitmap, header) {
    const canvas = this.#canvas;
    if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
    if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    context.save();
    context.scale(bitmap.width / header.overlay.width_px, bitmap.height / header.overlay.height_px);
    this.#paint(context, header.overlay);
    context.restore();
    this.#seq = header.seq;
    canvas.dataset.seq = header.seq;
  }

  #look() {
    const fresh = performance.now() < this.#freshUntil;
    if (this.#cover.hidden !== fresh) this.#cover.hidden = fresh;
  }
}
