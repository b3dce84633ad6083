// A WebSocket that comes back by itself: 200 ms after it was lost, then 1.5 times longer each time, up to 2 s.

const FIRST_MS = 200;
const FACTOR = 1.5;
const LONGEST_MS = 2000;

export class Link {
  #wait = FIRST_MS;
  #socket = null;
  #path;
  #on;
  #timer = 0;

  constructor(path, { opened = () => {}, message = () => {}, lost = () => {}, binary = false }) {
    this.#path = path;
    this.#on = { opened, message, lost, binary };
    this.#open();
  }

  send(value) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(value);
  }

  move(path) {
    this.#path = path;
    this.#wait = FIRST_MS;
    clearTimeout(this.#timer);
    const old = this.#socket;
    this.#open();
    old?.close();
  }

  // Close it for good.
  end() {
    clearTimeout(this.#timer);
    const old = this.#socket;
    this.#socket = null;
    old?.close();
  }

  #open() {
    const url = new URL(this.#path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = FIRST_MS;
      this.#on.opened();
    };
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#on.message(this.#on.binary ? event.data : JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#on.lost(event.code);
      if (socket !== this.#socket) return;
      this.#timer = setTimeout(() => this.#open(), this.#wait);
      this.#wait = Math.min(this.#wait * FACTOR, LONGEST_MS);
    };
  }
}
