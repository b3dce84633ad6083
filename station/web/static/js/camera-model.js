// A calibrated camera, as vision/geometry.py has it: a pinhole with OpenCV's five distortion coefficients.

const STEPS = 12;

export class CameraModel {
  #fx;
  #fy;
  #cx;
  #cy;
  #lens;
  #turn;
  #shift;

  // `matrix` and `rotation` row by row; `rotation` and `translation_mm` are camera_from_bench.
  constructor({ matrix, distortion, rotation, translation_mm: shift }) {
    [[this.#fx, , this.#cx], [, this.#fy, this.#cy]] = matrix;
    this.#lens = distortion;
    this.#turn = rotation;
    this.#shift = shift;
  }

  // Bench point in mm -> pixel; null when it is behind the camera.
  project(point) {
    const [x, y, z] = this.#turn.map((row, axis) => dot(row, point) + this.#shift[axis]);
    if (z <= 1) return null;
    const [u, v] = this.#bent(x / z, y / z);
    return [this.#fx * u + this.#cx, this.#fy * v + this.#cy];
  }

  // Pixel -> the bench point [x, y] where its ray meets the height `z` in mm.
  onPlane([u, v], z) {
    const wanted = [(u - this.#cx) / this.#fx, (v - this.#cy) / this.#fy];
    let [x, y] = wanted;
    for (let step = 0; step < STEPS; step++) {
      const [bentX, bentY] = this.#bent(x, y);
      [x, y] = [x + wanted[0] - bentX, y + wanted[1] - bentY];
    }
    const ray = this.#back([x, y, 1]);
    const lens = this.#back(this.#shift.map((value) => -value));
    const scale = (z - lens[2]) / ray[2];
    return [lens[0] + scale * ray[0], lens[1] + scale * ray[1]];
  }

  #back(vector) {
    return [0, 1, 2].map((column) => vector.reduce((sum, value, row) => sum + this.#turn[row][column] * value, 0));
  }

  #bent(x, y) {
    const [k1, k2, p1, p2, k3] = this.#lens;
    const r2 = x * x + y * y;
    const radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3));
    return [
      x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
      y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
    ];
  }
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
