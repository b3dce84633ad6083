// What the tool needs before its trigger does something: small stations in their order, and at the first that is missing
// what to do now.

import { make, refill, show } from "./dom.js";
import { shape } from "./shape.js";

export function fillInterlock(list, stations, words) {
  show(list, stations.length > 0);
  list.setAttribute("aria-label", words.interlock);
  refill(list, stations, () => stations.map((station) => item(station, words)));
}

function item({ kind, status, text }, words) {
  const icon = shape("svg", { viewBox: "0 0 100 100", class: "interlock-icon", "aria-hidden": "true" }, [
    shape("use", { href: `#thing-lock-${kind}` }),
  ]);
  const state = make("span", { className: "interlock-state", text: words[`interlock.${status}`] });
  const label = make("span", { className: "interlock-text", text });
  const current = status === "now" || status === "go" ? { "aria-current": "step" } : {};
  return make("li", { data: { kind, status }, attributes: current }, [icon, make("p", {}, [state, label])]);
}
