// What only technicians may do asks for a reason: one field, and the buttons that wait until something is in it.

import { make } from "./dom.js";

let count = 0;
// What is being typed, by what it is about: a page that draws itself anew must not lose it.
const drafts = new Map();

// `choices` are [text of the button, what happens with the reason]; what happens says whether it was accepted.
export function reasoned(about, choices, words) {
  count += 1;
  const hint = make("span", { className: "hint", text: words["console.reason.first"], attributes: { id: `hint-${count}` } });
  const attributes = { type: "text", maxlength: "200", "aria-describedby": hint.id, autocomplete: "off" };
  const input = make("input", { data: { keep: about }, attributes });
  const buttons = choices.map(([text, act]) => {
    const button = make("button", { className: "quiet", text, attributes: { type: "button", "aria-describedby": hint.id } });
    button.addEventListener("click", async () => {
      if (!(await act(input.value.trim()))) return;
      drafts.delete(about);
      input.value = "";
      if (document.activeElement === button) input.focus();
      look();
    });
    return button;
  });
  input.value = drafts.get(about) ?? "";
  const look = () => {
    const empty = !input.value.trim();
    for (const button of buttons) button.disabled = empty;
    hint.hidden = !empty;
  };
  input.addEventListener("input", () => {
    drafts.set(about, input.value);
    look();
  });
  look();
  const label = make("label", {}, [make("span", { text: words["console.reason"] }), input]);
  return make("div", { className: "reason" }, [label, make("div", { className: "reason-buttons" }, buttons), hint]);
}

// Draw anew with the focus where it was: on what has the same `data-keep`.
export function keepingFocus(draw) {
  const before = document.activeElement;
  const keep = before?.dataset?.keep;
  const place = before?.selectionStart;
  draw();
  if (keep === undefined || before.isConnected) return;
  const again = document.querySelector(`[data-keep="${CSS.escape(keep)}"]`);
  again?.focus();
  if (again && typeof place === "number") again.setSelectionRange(place, place);
}
