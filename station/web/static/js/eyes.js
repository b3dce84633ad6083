// The page of the eyes for technicians: what every camera sees, what is known, and the zones that are drawn there.

import { post } from "./act.js";
import { sureButton } from "./arm-sure.js";
import { $, make, refill, setText, show } from "./dom.js";
import { CameraView } from "./eyes-camera.js";
import { FactTable } from "./eyes-facts.js";
import { LAYERS } from "./eyes-layers.js";
import { fillLegend, Plan } from "./eyes-plan.js";
import { TeachPanels } from "./eyes-teach.js";
import { Link } from "./link.js";
import { SignIn } from "./sign-in.js";
import { fillTongues } from "./tongues.js";
import { ZoneDraft } from "./zone-draft.js";
import { ZonePanel } from "./zone-panel.js";

const SIGNED_OUT = 4001;
const OLD_MS = 1000;
const HIDDEN_FIRST = ["tags"];

let words = {};
let language = "";
let bench = null;
let now = null;
let feed = null;
let fed = "";
let fedAt = -Infinity;
let views = [];

const about = await (await fetch("/about.json")).json();
const layers = new Set(LAYERS.filter((layer) => !HIDDEN_FIRST.includes(layer)));
const draft = new ZoneDraft(() => drawZones());
const plan = new Plan($("plan"), draft);
const panel = new ZonePanel($("zones"), draft, { save });
const facts = new FactTable($("facts"));
const lessons = new TeachPanels($("teach"), { wish, token: () => signIn.token });
const signIn = new SignIn({ people: about.people, changed: sorted, say });
signIn.follow($("to-console"));
const state = new Link("/ws/state?page=console", { message: heard, lost });
setInterval(look, 100);

function heard(message) {
  document.body.dataset.connected = "true";
  if ($("notice").dataset.kind === "lost") say("");
  if (message.kind !== "words") return;
  ({ words, language } = message);
  document.documentElement.lang = language;
  document.title = `${words.eyes} · ${words.title}`;
  for (const element of document.querySelectorAll("[data-word]")) setText(element, words[element.dataset.word]);
  fillTongues($("languages"), message.languages, language, words, (id) => state.move(`/ws/state?page=console&language=${id}`));
  signIn.show(words);
  fillLayers();
  refill($("empty"), [language], () => [
    sureButton(words["eyes.empty"], words["eyes.empty.warning"], words["eyes.empty.sure"], words.cancel, emptied),
  ]);
  sorted();
}

function lost() {
  document.body.dataset.connected = "false";
  if (words.eyes) say(words["connection.lost"], "lost");
}

function say(text, kind = "") {
  $("notice").dataset.kind = kind;
  setText($("notice"), text);
  show($("notice"), Boolean(text));
}

// What is shown to whom; and the feed of a technician who looks, in the page's language.
function sorted() {
  const technician = signIn.role === "technician" && about.eyes;
  show($("page"), technician);
  show($("closed"), !technician);
  const why = !about.eyes ? "eyes.none" : signIn.role ? "eyes.only_technicians" : "eyes.sign_in_first";
  $("closed").dataset.word = why;
  setText($("closed"), words[why] ?? "");
  const wanted = technician && language && !document.hidden ? `/ws/eyes?language=${language}` : "";
  if (wanted === fed) return;
  fed = wanted;
  if (!wanted) {
    feed?.end();
    feed = null;
  } else if (feed) {
    feed.move(wanted);
  } else {
    feed = new Link(wanted, { opened: greet, message: fedWith, lost: unfed });
  }
}

function greet() {
  feed.send(JSON.stringify({ do: "sign_in", token: signIn.token }));
}

function fedWith(message) {
  if (message.kind === "bench") {
    bench = message;
    if (!views.length) {
      views = bench.cameras.map((camera) => new CameraView(camera, draft, layers));
      $("views").replaceChildren(...views.map(({ figure }) => figure));
    }
    plan.bench(bench);
    draft.station(bench);
  } else {
    now = message;
    fedAt = performance.now();
    look();
    draw();
  }
}

function unfed(code) {
  fedAt = -Infinity;
  look();
  if (code !== SIGNED_OUT) return;
  signIn.set("", "", "");
  say(words["arm.signed_out"]);
}

// What is old is covered, whatever the reason.
function look() {
  document.body.dataset.fed = String(performance.now() - fedAt < OLD_MS);
}

function draw() {
  if (!words.eyes || !bench) return;
  now.cameras.forEach((camera, index) => views[index].now(camera, words));
  plan.now(now, words);
  facts.show(now.facts, words);
  show($("teach-panel"), now.taught.length > 0);
  lessons.show(now.taught, words);
  fillLegend($("legend"), words, bench.ellipse_times);
  setText($("refusal"), now.refusal);
  show($("refusal"), Boolean(now.refusal));
  drawZones();
}

function drawZones() {
  if (!words.eyes || !bench) return;
  const busy = now?.busy;
  plan.show(words, layers, busy);
  for (const view of views) view.show(words, layers, busy);
  panel.show(words, { may: !now?.refusal, middle: plan.middle });
}

function fillLayers() {
  const boxes = LAYERS.map((layer) => {
    const box = make("input", { attributes: { type: "checkbox" }, data: { layer } });
    box.checked = layers.has(layer);
    box.addEventListener("change", () => {
      if (box.checked) layers.add(layer);
      else layers.delete(layer);
      drawZones();
    });
    return make("label", {}, [box, make("span", { text: words[`eyes.layer.${layer}`] })]);
  });
  $("layers").replaceChildren($("layers").firstElementChild, ...boxes);
}

async function wish(body) {
  const { status, body: answer } = await post(`/eyes/wish?language=${language}`, body, signIn.token);
  if (status === 401) signIn.set("", "", "");
  const wrong = { 401: "arm.signed_out", 403: "eyes.only_technicians", 404: "eyes.none" }[status] ?? "error";
  return { good: status === 200, text: status === 200 ? "" : (answer.text ?? words[wrong]) };
}

async function save() {
  const { good, text } = await wish(draft.message());
  if (good) draft.saved();
  outcome(good ? words["eyes.zones.taken"] : text, !good);
}

async function emptied() {
  const { good, text } = await wish({ do: "empty" });
  $("emptied").dataset.bad = String(!good);
  setText($("emptied"), good ? words["eyes.empty.done"] : text);
}

function outcome(text, bad) {
  $("outcome").dataset.bad = String(bad);
  setText($("outcome"), text);
}

document.addEventListener("visibilitychange", sorted);
