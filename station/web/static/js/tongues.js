// The buttons that choose a technicians' page's language.

import { make } from "./dom.js";

export function fillTongues(box, languages, current, words, choose) {
  box.setAttribute("aria-label", words.language);
  box.replaceChildren(
    ...Object.entries(languages).map(([id, name]) => {
      const attributes = { type: "button", lang: id, "aria-pressed": String(id === current) };
      const button = make("button", { text: name, attributes });
      button.addEventListener("click", () => choose(id));
      return button;
    }),
  );
}
