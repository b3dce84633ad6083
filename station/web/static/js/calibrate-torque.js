// The page of the torque tool's verification: which series, what to do now, each reading, and what comes of it.

import { $, make, refill, setText, show } from "./dom.js";
import { shape } from "./shape.js";
import { TechnicianPage } from "./technician-page.js";

const EVERY_MS = 300;
const OLD_MS = 2500;

let words = {};
let language = "";
let now = null;
let askedAt = -Infinity;

const about = await (await fetch("/about.json")).json();
const page = new TechnicianPage({ people: about.people, phrases: "verify", title: () => words.verify, heard, sorted: look });
page.signIn.follow($("to-console"));
setInterval(look, EVERY_MS);

$("reading-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = Number($("reading").value.trim().replace(",", "."));
  if (!(value > 0)) {
    outcome(words["verify.not_a_number"], true);
    return;
  }
  $("reading").value = "";
  wish({ do: "reading", value_nm: value });
});
$("out-form").addEventListener("submit", (event) => {
  event.preventDefault();
  wish({ do: "leave_out", why: $("why").value });
  $("why").value = "";
});
$("end").addEventListener("click", () => wish({ do: "end" }));
$("keep").addEventListener("click", () => wish({ do: "keep" }));

function heard(message) {
  if (message.kind === "words") ({ words, language } = message);
}

async function look() {
  document.body.dataset.fed = String(performance.now() - askedAt < OLD_MS);
  if (!language || $("page").hidden || document.hidden) return;
  try {
    const answer = await fetch(`/calibrate/torque/view?language=${language}`, { headers: { Authorization: `Bearer ${page.signIn.token}` } });
    if (answer.status === 401) page.signedOut();
    if (answer.status === 409) outcome((await answer.json()).text, true);
    if (!answer.ok) return;
    now = await answer.json();
  } catch (problem) {
    if (problem instanceof TypeError) return;
    throw problem;
  }
  askedAt = performance.now();
  document.body.dataset.fed = "true";
  draw();
}

function draw() {
  document.body.dataset.waits = now.waits_for;
  const active = now.series.find((each) => each.name === now.active);
  setText($("say"), now.say);
  setText($("guide"), active ? active.guide : "");
  const types = now.waits_for === "reading" && now.typed;
  const appears = types && $("reading-form").hidden;
  show($("reading-form"), types);
  if (appears) $("reading").focus();
  show($("out-form"), Boolean(active) && (active.pairs.length > 0 || now.waits_for === "reading"));
  show($("end"), Boolean(active));
  setText($("count"), active ? `${active.pairs.length} / ${active.readings}` : "");
  show($("plot-box"), Boolean(active?.pairs.length));
  refill($("plot"), [active?.name, active?.pairs, words.verify], () => plot(active));
  refill($("news"), now.news, () => now.news.map((text) => make("li", { text })));
  setText($("refusal"), now.refusal);
  show($("refusal"), Boolean(now.refusal));
  refill($("series"), [now.series, now.active, now.refusal, words.verify], () => now.series.map(series));
  $("keep").disabled = !now.judged || Boolean(now.active);
  refill($("kept"), [now.kept, words.verify], kept);
  show($("kept"), Boolean(now.kept));
}

// Each reading of the reference over its number, between the limits of the joint.
function plot(active) {
  if (!active) return [];
  const values = active.pairs.map(([reference]) => reference);
  const low = Math.min(active.low, ...values);
  const high = Math.max(active.high, ...values);
  const x = (index) => 30 + (360 * (index + 0.5)) / active.readings;
  const y = (value) => 148 - (136 * (value - low)) / (high - low);
  const line = (value, className) => shape("line", { x1: 30, x2: 395, y1: y(value), y2: y(value), class: className });
  const text = (value) => {
    const element = shape("text", { x: 26, y: y(value) + 4, "text-anchor": "end" });
    element.textContent = String(value);
    return element;
  };
  $("plot").setAttribute("aria-label", words["verify.plot"]);
  return [
    line(active.low, "limit"),
    line(active.target, "target"),
    line(active.high, "limit"),
    ...[active.low, active.target, active.high].map(text),
    ...values.map((value, index) => shape("circle", { cx: x(index), cy: y(value), r: 3.5, class: value < active.low || value > active.high ? "outside" : "inside" })),
  ];
}

function series(each) {
  const button = make("button", { className: "quiet", text: words[each.pairs.length && !each.verdict ? "verify.go_on" : "verify.begin"], attributes: { type: "button" }, data: { begin: each.name } });
  button.disabled = Boolean(now.active) || Boolean(now.refusal);
  button.addEventListener("click", () => wish({ do: "begin", series: each.name }));
  const verdict = each.verdict ? [make("p", { className: "verdict", text: each.verdict.text, data: { fit: String(each.verdict.fit) }, attributes: { lang: "en" } })] : [];
  const left = each.left_out.length ? [make("details", {}, [
    make("summary", { text: `${words["verify.left_out"]}: ${each.left_out.length}` }),
    make("ul", { attributes: { lang: "en" } }, each.left_out.map((text) => make("li", { text }))),
  ])] : [];
  return make("article", { data: { series: each.name } }, [
    make("h3", { text: each.title }),
    make("p", { className: "hint", text: `${each.name} · ${each.pairs.length} / ${each.readings}` }),
    ...verdict,
    ...left,
    button,
  ]);
}

function kept() {
  if (!now.kept) return [];
  $("kept").dataset.good = String(now.kept.fit_for_all);
  return [
    make("p", { text: words["verify.kept"] }),
    make("p", { text: [now.kept.text, now.kept.advice].join(" ").trim(), attributes: { lang: "en" } }),
    make("code", { text: now.kept.id }),
  ];
}

async function wish(body) {
  const { good, text } = await page.wish(`/calibrate/torque/wish?language=${language}`, body);
  outcome(text, !good);
  await look();
}

function outcome(text, bad) {
  $("outcome").dataset.bad = String(bad);
  setText($("outcome"), text);
}

document.addEventListener("visibilitychange", look);
