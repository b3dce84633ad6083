// What is not as it should be, in a friendly way: what it is, what to do, and the one button that helps.

import { make, refill, show } from "./dom.js";

// What the card is about: a pause, or the most urgent thing that holds the work, or a notice.
function about(view) {
  if (view.phase !== "running") return null;
  if (view.paused) return { kind: "paused" };
  const fault = view.faults.find((each) => each.holds) ?? view.faults[0];
  return fault ? { kind: fault.holds ? "fault" : "note", fault } : null;
}

export function fillCard(card, view, words, tell) {
  const what = about(view);
  const isNote = what?.kind === "note";
  show(card, what !== null);
  card.dataset.kind = what?.kind ?? "";
  card.dataset.code = what?.fault?.code ?? "";
  // A notice holds nothing: the questions and the work go on below it.
  card.classList.toggle("note", isNote);
  refill(card, [what, view.language], () => {
    if (!what) return [];
    return what.kind === "paused" ? paused(words, tell) : fault(what.fault, isNote, words, tell);
  });
}

function button(text, action) {
  const element = make("button", { className: "main-button", text, attributes: { type: "button" } });
  element.addEventListener("click", action);
  return element;
}

function paused(words, tell) {
  return [
    make("p", { className: "card-sign", attributes: { "aria-hidden": "true" } }),
    make("h2", { text: words.paused }),
    make("p", { className: "card-text", text: words["paused.detail"] }),
    button(words.continue, () => tell({ do: "resume" })),
  ];
}

function fault(fault, isNote, words, tell) {
  const parts = [
    make("p", { className: "card-sign", attributes: { "aria-hidden": "true" } }),
    make("h2", { text: words["fault.title"] }),
    make("p", { className: "card-text", text: fault.visitor }),
  ];
  if (isNote) return parts.filter((part) => part.tagName !== "H2");
  if (fault.clear_by === "technician") {
    parts.push(make("p", { className: "card-more", text: words["fault.technician_coming"] }));
  }
  if (fault.clear_by === "itself") {
    parts.push(make("p", { className: "card-more", text: words["fault.clears_itself"] }));
  }
  if (fault.clear_by === "visitor" && fault.ready) {
    parts.push(button(words.acknowledge, () => tell({ do: "acknowledge", code: fault.code })));
  }
  parts.push(make("p", { className: "card-number", text: fault.number }));
  return parts;
}
