// A button whose press shows a warning first, with the button that does it and one that leaves it.

import { make } from "./dom.js";

// Without `text` the warning is there at once, and leaves with its answer.
export function sureButton(text, warning, yes, no, act) {
  const ask = make("button", { className: "quiet serve", text, attributes: { type: "button", "aria-expanded": "false" } });
  const does = make("button", { className: "quiet danger", text: yes, attributes: { type: "button" } });
  const leaves = make("button", { className: "quiet", text: no, attributes: { type: "button" } });
  const question = make("div", { className: "warning", attributes: { role: "alert" } }, [
    make("p", { text: warning }),
    make("div", { className: "buttons" }, [does, leaves]),
  ]);
  const box = make("div", { className: "sure" }, text ? [ask] : [question]);
  const open = (wanted) => {
    ask.setAttribute("aria-expanded", String(wanted));
    if (wanted) box.append(question);
    else question.remove();
    if (wanted) does.focus();
    else if (text) ask.focus();
    else box.remove();
  };
  ask.addEventListener("click", () => open(!question.isConnected));
  leaves.addEventListener("click", () => open(false));
  does.addEventListener("click", () => {
    open(false);
    act();
  });
  return box;
}
