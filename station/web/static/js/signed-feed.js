// A stream that the station gives to who is signed in: it signs in by its first message, and tells when that no longer holds.

import { Link } from "./link.js";

const SIGNED_OUT = 4001;

export class SignedFeed {
  path = "";
  #link = null;
  #token;
  #message;
  #lost;
  #signedOut;

  // `token` gives the session's token; `lost` is called whenever the stream broke off, `signedOut` when the session had ended.
  constructor({ token, message, lost, signedOut }) {
    this.#token = token;
    this.#message = message;
    this.#lost = lost;
    this.#signedOut = signedOut;
  }

  // The stream that is wanted from now on; an empty path wants none.
  want(path) {
    if (path === this.path) return;
    this.path = path;
    if (!path) {
      this.#link?.end();
      this.#link = null;
    } else if (this.#link) {
      this.#link.move(path);
    } else {
      this.#link = new Link(path, { opened: () => this.#greet(), message: this.#message, lost: (code) => this.#ended(code) });
    }
  }

  send(value) {
    this.#link?.send(value);
  }

  #greet() {
    this.send(JSON.stringify({ do: "sign_in", token: this.#token() }));
  }

  #ended(code) {
    this.#lost();
    if (code === SIGNED_OUT) this.#signedOut();
  }
}
