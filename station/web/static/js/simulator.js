// The page of a lone simulated controller: asks for its state a few times a second, and pushes its buttons.

import { post } from "./act.js";
import { curveFigure } from "./curve.js";
import { $, figure, make, refill, setText, show } from "./dom.js";

const EVERY_MS = 300;
const INPUTS = 8;
const LINES_KEPT = 500;
const WHO = { client: "client", controller: "tool", mistake: "mistake", note: "note" };
const WORDS = {
  nm: "N·m", deg: "°", torque: "Torque", angle: "Angle", seconds: "s",
  "curve.over_angle": "Torque over angle", "curve.over_time": "Torque over time",
  "curve.target": "target", "curve.time": "Time",
};

let lines = [];
let shown = null;
let drawn = -1;

async function refresh() {
  const after = lines.length ? lines.at(-1).number : 0;
  try {
    const answer = await fetch(`/state.json?after=${after}`);
    shown = await answer.json();
    show($("notice"), false);
  } catch (problem) {
    if (!(problem instanceof TypeError)) throw problem;
    setText($("notice"), "The simulator does not answer. Is it still running?");
    show($("notice"), true);
    return;
  }
  // The numbers begin anew with another run of the program.
  if (lines.length && shown.lines < lines.at(-1).number) lines = [];
  const last = lines.at(-1)?.number ?? 0;
  lines = [...lines, ...shown.log.filter((line) => line.number > last)].slice(-LINES_KEPT);
  draw(shown);
  if (shown.tightenings !== drawn) await drawCurves(shown.tightenings);
}

function draw(state) {
  setText($("title"), state.title);
  setText($("address"), state.address);
  const turning = state.tool === "turning" ? `, ${figure(state.torque_nm, 2)} N·m, ${figure(state.angle_deg, 0)}°` : "";
  const facts = [
    ["Session", state.session],
    ["Tool", state.tool + turning],
    ["Parameter set", state.pset],
    ["Batch", state.batch],
    ["Job", state.job],
    ["Identifier", state.identifier],
    ["Alarm", state.alarm || "none"],
    ["Client heard", state.bytes_in ? `${figure(state.silent_s, 0)} s ago, ${state.keep_alives} keep-alives` : "never"],
    ["Bytes", `${state.bytes_in} in, ${state.bytes_out} out`],
  ];
  refill($("facts"), facts, () => facts.flatMap(([name, value]) => [make("dt", { text: name }), make("dd", { text: value })]));
  choose($("joint"), state.joints, state.joint);
  choose($("fault"), state.faults, state.fault);
  setText($("alarm"), state.alarm ? "Acknowledge the alarm" : "Raise an alarm");
  for (const box of $("inputs").querySelectorAll("input")) box.checked = state.inputs.includes(Number(box.value));
  drawResults(state.results);
  setText($("mistakes"), `Mistakes and refusals: ${state.mistakes || "none yet"}`);
  drawLog();
}

function choose(select, words, word) {
  refill(select, words, () => words.map((each) => make("option", { text: each, attributes: { value: each } })));
  if (document.activeElement !== select) select.value = word;
}

function drawResults(results) {
  show($("no-results"), results.length === 0);
  refill($("results"), results, () => results.map((result) => {
    const more = [result.kind === "loosening" ? "loosening" : "", ...result.errors, result.spindles].filter(Boolean);
    return make("tr", { data: { ok: result.ok } }, [
      make("td", { text: String(result.tightening_id) }),
      make("td", { text: result.ok ? "OK" : "NOK", className: "verdict" }),
      make("td", { text: measured(result.torque_nm, 2, " N·m", result.torque_status) }),
      make("td", { text: measured(result.angle_deg, 0, "°", result.angle_status) }),
      make("td", { text: String(result.pset) }),
      make("td", { text: more.join(", ") }),
    ]);
  }));
}

function measured(value, digits, unit, status) {
  return `${figure(value, digits)}${unit}${status === "ok" ? "" : ` ${status}`}`;
}

function drawLog() {
  const log = $("log");
  const wanted = lines.filter((line) => !$("only-mistakes").checked || line.speaker === "mistake");
  const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  refill(log, wanted.map((line) => line.number), () => wanted.map((line) =>
    make("li", { data: { who: line.speaker } }, [
      make("span", { text: line.t_s.toFixed(1), className: "when" }),
      make("span", { text: WHO[line.speaker], className: "who" }),
      make("span", { text: line.text, className: "said" }),
    ])));
  if (below) log.scrollTop = log.scrollHeight;
}

async function drawCurves(tightenings) {
  const curve = await (await fetch("/curve.json")).json();
  drawn = tightenings;
  show($("no-curve"), curve === null);
  const name = curve ? `Rundown ${curve.id}` : "";
  $("curves").replaceChildren(...(curve ? ["angle", "time"].map((over) => curveFigure(curve, over, name, WORDS)) : []));
}

async function push(ask) {
  const { status } = await post("/act", ask);
  if (status !== 200) {
    setText($("notice"), "That did not work.");
    show($("notice"), true);
  }
  await refresh();
}

for (let number = 1; number <= INPUTS; number += 1) {
  const box = make("input", { attributes: { type: "checkbox", value: String(number) } });
  $("inputs").append(make("label", {}, [box, ` ${number}`]));
}
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => push({ do: button.dataset.do }));
}
$("joint").addEventListener("change", (event) => push({ do: "joint", word: event.target.value }));
$("fault").addEventListener("change", (event) => push({ do: "fault", word: event.target.value }));
$("alarm").addEventListener("click", () => push({ do: "alarm", on: !shown?.alarm }));
$("inputs").addEventListener("change", () => {
  const high = [...$("inputs").querySelectorAll("input:checked")].map((box) => Number(box.value));
  return push({ do: "inputs", inputs: high });
});
$("only-mistakes").addEventListener("change", drawLog);

async function forever() {
  if (!document.hidden) await refresh();
  setTimeout(forever, EVERY_MS);
}
forever();
