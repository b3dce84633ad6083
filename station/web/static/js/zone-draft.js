// The zones as they are being drawn: those of the station until something is changed, then a draft until it is saved or
// given up. Everything is in bench millimetres.

const FINE = 10;

export class ZoneDraft {
  #station = { zones: [], zones_sha256: "", zones_kept: false };
  #changed;
  zones = [];
  basedOn = "";
  dirty = false;
  selected = "";

  // `changed` is called whenever something is to be drawn anew.
  constructor(changed) {
    this.#changed = changed;
  }

  station(bench) {
    this.#station = bench;
    if (!this.dirty) this.discard();
  }

  get kept() {
    return this.#station.zones_kept;
  }

  // The zone that is selected; undefined when none is.
  get zone() {
    return this.zones.find(({ id }) => id === this.selected);
  }

  discard() {
    this.zones = structuredClone(this.#station.zones);
    this.basedOn = this.#station.zones_sha256;
    this.dirty = false;
    if (!this.zone) this.selected = "";
    this.#changed();
  }

  // What was sent is what the station has now; its own word follows.
  saved() {
    this.dirty = false;
    this.#changed();
  }

  select(id) {
    this.selected = id;
    this.#changed();
  }

  put(corner, x, y) {
    this.#edit((zone) => {
      zone.outline_mm[corner] = [fine(x), fine(y)];
    });
  }

  // A corner, or the whole zone without one.
  move(corner, dx, dy) {
    this.#edit((zone) => {
      const moved = ([x, y]) => [fine(x + dx), fine(y + dy)];
      zone.outline_mm = zone.outline_mm.map((point, index) => (corner === null || corner === index ? moved(point) : point));
    });
  }

  heights(low, high) {
    this.#edit((zone) => {
      zone.z_mm = [fine(low), fine(high)];
    });
  }

  // A new corner in the middle of the edge that begins at `corner`.
  split(corner) {
    this.#edit((zone) => {
      const [a, b] = [zone.outline_mm[corner], zone.outline_mm[(corner + 1) % zone.outline_mm.length]];
      zone.outline_mm.splice(corner + 1, 0, [fine((a[0] + b[0]) / 2), fine((a[1] + b[1]) / 2)]);
    });
  }

  drop(corner) {
    this.#edit((zone) => zone.outline_mm.splice(corner, 1));
  }

  add(id, [x, y], half) {
    const outline = [[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]];
    this.zones.push({ id, outline_mm: outline.map((corner) => corner.map(fine)), z_mm: [0, 150], used: false });
    this.dirty = true;
    this.select(id);
  }

  remove() {
    this.zones = this.zones.filter(({ id }) => id !== this.selected);
    this.dirty = true;
    this.select("");
  }

  // As the station takes it.
  message() {
    const zones = this.zones.map(({ id, outline_mm, z_mm }) => ({ id, outline_mm, z_mm }));
    return { do: "draw", zones, based_on: this.basedOn };
  }

  #edit(change) {
    if (!this.zone) return;
    change(this.zone);
    this.dirty = true;
    this.#changed();
  }
}

function fine(value) {
  return Math.round(value * FINE) / FINE;
}

export function middle(outline) {
  const sum = outline.reduce(([x, y], [u, v]) => [x + u, y + v], [0, 0]);
  return sum.map((value) => value / outline.length);
}
