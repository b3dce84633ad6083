// The page of one camera's lens: where to hold the board, what is covered, and what comes of it.

import { $, make, refill, setText, show } from "./dom.js";
import { LensPicture } from "./lens-picture.js";
import { shape } from "./shape.js";
import { SignedFeed } from "./signed-feed.js";
import { TechnicianPage } from "./technician-page.js";

const OLD_MS = 2500;
const BARS = ["across", "down", "size", "skew"];
const BUTTONS = { idle: ["begin"], capturing: ["drop", "stop", "discard"], result: ["accept", "resume", "discard"], kept: ["begin"] };

let words = {};
let language = "";
let now = null;
let fedAt = -Infinity;
let picture = null;

const camera = decodeURIComponent(location.pathname.split("/").at(-1));
const about = await (await fetch("/about.json")).json();
const feed = new SignedFeed({ token: () => page.signIn.token, message: fedWith, lost: unfed, signedOut: () => page.signedOut() });
const page = new TechnicianPage({ people: about.people, phrases: "lens", title: () => `${words.lens} ${camera}`, heard, sorted });
page.signIn.follow($("to-console"));
page.signIn.follow($("to-calibration"));
setText($("camera"), camera);
setInterval(look, 200);

$("begin").addEventListener("click", () => wish({ do: "begin", board: $("board").value }));
for (const name of ["drop", "stop", "resume", "accept", "discard"]) $(name).addEventListener("click", () => wish({ do: name }));

function heard(message) {
  if (message.kind !== "words") return;
  ({ words, language } = message);
  $("held").setAttribute("aria-label", words["lens.held"]);
}

// The feed of a technician who looks, in the page's language.
function sorted(technician) {
  feed.want(technician && language && !document.hidden ? `/ws/calibrate/camera/${encodeURIComponent(camera)}?language=${language}` : "");
}

function fedWith(message) {
  now = message;
  fedAt = performance.now();
  if (!picture) {
    picture = new LensPicture(now);
    $("picture").append(picture.element);
  }
  look();
  draw();
}

function unfed() {
  fedAt = -Infinity;
  look();
}

// Guidance that is old is not shown as being so now.
function look() {
  document.body.dataset.fed = String(performance.now() - fedAt < OLD_MS);
}

function draw() {
  if (!words.lens) return;
  const { phase } = now;
  document.body.dataset.phase = phase;
  document.body.dataset.doing = now.doing;
  picture.show(now, words);
  const say = { idle: words["lens.idle"], kept: words["lens.kept"] }[phase] ?? [now.say, now.enough].join(" ").trim();
  setText($("say"), say);
  $("held").value = now.held;
  show($("held"), phase === "capturing");
  setText($("refusal"), phase === "capturing" ? now.refusal : "");
  show($("refusal"), Boolean($("refusal").textContent));
  setText($("good"), now.taken ? [words["lens.taken"].replace("…", now.taken), now.good].join(" ").trim() : "");
  refill($("bars"), [now.bars, words.lens], bars);
  refill($("doubts"), [now.doubts, words.lens], doubts);
  show($("doubts"), now.doubts.length > 1);
  refill($("left-out"), now.left_out, () => now.left_out.map((text) => make("li", { text })));
  refill($("result"), [now.result, words.lens], result);
  show($("result"), Boolean(now.result));
  buttons();
}

function buttons() {
  const shown = BUTTONS[now.phase];
  for (const name of ["begin", "drop", "stop", "resume", "accept", "discard"]) show($(name), shown.includes(name));
  $("begin").disabled = Boolean(now.why_not);
  $("drop").disabled = !now.taken;
  $("stop").disabled = !now.good;
  $("accept").disabled = !now.result?.good;
  setText($("why-not"), now.phase === "idle" || now.phase === "kept" ? now.why_not : "");
  show($("board-choice"), shown.includes("begin") && now.boards.length > 0);
  refill($("board"), now.boards, () => now.boards.map((name) => make("option", { text: name })));
}

function bars() {
  return BARS.filter((name) => name in now.bars).flatMap((name) => {
    const meter = make("meter", { attributes: { min: "0", max: "1", value: String(now.bars[name]), "aria-label": words[`lens.bar.${name}`] } });
    return [make("dt", { text: words[`lens.bar.${name}`] }), make("dd", {}, [meter])];
  });
}

// How the doubt fell from picture to picture, logarithmically: each factor of ten is as high as the next.
function doubts() {
  const values = now.doubts.map((value) => Math.log10(Math.max(value, 1e-4)));
  const [low, high] = [Math.min(...values), Math.max(...values, Math.min(...values) + 0.3)];
  const x = (index) => 6 + (288 * index) / Math.max(1, values.length - 1);
  const y = (value) => 54 - (48 * (value - low)) / (high - low);
  const points = values.map((value, index) => `${x(index)},${y(value)}`).join(" ");
  $("doubts").setAttribute("aria-label", words["lens.doubts"]);
  return [shape("polyline", { points }), ...values.map((value, index) => shape("circle", { cx: x(index), cy: y(value), r: 3 }))];
}

function result() {
  if (!now.result) return [];
  $("result").dataset.good = String(now.result.good);
  return [...now.result.lines.map((text) => make("p", { text })), make("code", { text: now.result.id })];
}

async function wish(body) {
  const { good, text } = await page.wish(`/calibrate/camera/wish?language=${language}`, { ...body, camera });
  $("outcome").dataset.bad = String(!good);
  setText($("outcome"), text);
}

document.addEventListener("visibilitychange", () => page.sort());
