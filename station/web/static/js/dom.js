// Small helpers for the page. Text goes in as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function setText(element, text) {
  // Only on change: a live region speaks up whenever its text is set.
  if (element.textContent !== text) element.textContent = text;
}

export function show(element, visible) {
  element.hidden = !visible;
}

export function make(tag, { text = "", className = "", data = {}, attributes = {} } = {}, children = []) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (className) element.className = className;
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Replaces the children only when `facts` differ from the last time, so that focus and screen readers stay put.
export function refill(element, facts, build) {
  const key = JSON.stringify(facts);
  if (element.dataset.facts === key) return;
  element.dataset.facts = key;
  element.replaceChildren(...build());
}

export function figure(value, digits) {
  return value === null || value === undefined ? "–" : value.toFixed(digits);
}
