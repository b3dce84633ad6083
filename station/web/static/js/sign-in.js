// Signing in with a PIN. The session lives in this page alone; following a link with `follow` hands it on, once.

import { post } from "./act.js";
import { $, make, setText, show } from "./dom.js";

const HANDED_ON = "session";

export class SignIn {
  token = "";
  role = "";
  #name = "";
  #words = {};
  #changed;
  #say;

  // `changed` is called whenever somebody has signed in or out, `say` with what went wrong with a PIN.
  constructor({ people, changed, say }) {
    this.#changed = changed;
    this.#say = say;
    $("sign-name").replaceChildren(...people.map((name) => make("option", { text: name })));
    $("sign-form").addEventListener("submit", (event) => this.#enter(event));
    $("sign-out").addEventListener("click", async () => {
      await post("/sign-out", {}, this.token);
      this.set("", "", "");
    });
    const handed = sessionStorage.getItem(HANDED_ON);
    sessionStorage.removeItem(HANDED_ON);
    if (handed) [this.token, this.#name, this.role] = JSON.parse(handed);
  }

  set(token, name, role) {
    [this.token, this.#name, this.role] = [token, name, role];
    this.show(this.#words);
    this.#changed();
  }

  show(words) {
    this.#words = words;
    setText($("signed-name"), this.#name && `${this.#name} · ${words[`console.role.${this.role}`]}`);
    show($("signed"), Boolean(this.token));
    show($("sign-form"), !this.token);
  }

  // A link to another page of technicians: the session goes with it.
  follow(link) {
    link.addEventListener("click", () => {
      if (this.token) sessionStorage.setItem(HANDED_ON, JSON.stringify([this.token, this.#name, this.role]));
    });
  }

  async #enter(event) {
    event.preventDefault();
    const asked = { name: $("sign-name").value, pin: $("sign-pin").value };
    $("sign-pin").value = "";
    const { status, body } = await post(`/sign-in?language=${document.documentElement.lang}`, asked);
    if (status === 200) this.set(body.token, body.name, body.role);
    this.#say(status === 200 ? "" : (body.text ?? this.#words.error));
  }
}
