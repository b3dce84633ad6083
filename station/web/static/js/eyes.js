// The page of the eyes for technicians: what every camera sees, what is known, and the zones that are drawn there.

import { sureButton } from "./arm-sure.js";
import { $, make, refill, setText, show } from "./dom.js";
import { CameraView } from "./eyes-camera.js";
import { FactTable } from "./eyes-facts.js";
import { LAYERS } from "./eyes-layers.js";
import { fillLegend, Plan } from "./eyes-plan.js";
import { TeachPanels } from "./eyes-teach.js";
import { SignedFeed } from "./signed-feed.js";
import { TechnicianPage } from "./technician-page.js";
import { ZoneDraft } from "./zone-draft.js";
import { ZonePanel } from "./zone-panel.js";

const OLD_MS = 1000;
const HIDDEN_FIRST = ["tags"];

let words = {};
let language = "";
let bench = null;
let now = null;
let fedAt = -Infinity;
let views = [];

const about = await (await fetch("/about.json")).json();
const layers = new Set(LAYERS.filter((layer) => !HIDDEN_FIRST.includes(layer)));
const draft = new ZoneDraft(() => drawZones());
const plan = new Plan($("plan"), draft);
const panel = new ZonePanel($("zones"), draft, { save });
const facts = new FactTable($("facts"));
const lessons = new TeachPanels($("teach"), { wish, token: () => page.signIn.token });
const feed = new SignedFeed({ token: () => page.signIn.token, message: fedWith, lost: unfed, signedOut: () => page.signedOut() });
const page = new TechnicianPage({ people: about.people, phrases: "eyes", there: about.eyes, title: () => words.eyes, heard, sorted });
page.signIn.follow($("to-console"));
setInterval(look, 100);

function heard(message) {
  if (message.kind !== "words") return;
  ({ words, language } = message);
  fillLayers();
  refill($("empty"), [language], () => [
    sureButton(words["eyes.empty"], words["eyes.empty.warning"], words["eyes.empty.sure"], words.cancel, emptied),
  ]);
}

// The feed of a technician who looks, in the page's language.
function sorted(technician) {
  feed.want(technician && language && !document.hidden ? `/ws/eyes?language=${language}` : "");
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

function unfed() {
  fedAt = -Infinity;
  look();
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

function wish(body) {
  return page.wish(`/eyes/wish?language=${language}`, body);
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

document.addEventListener("visibilitychange", () => page.sort());
