// The robot's page for technicians: where it stands, what it says, who is near, and how it is served.

import { post } from "./act.js";
import { GestureList } from "./arm-gestures.js";
import { GapPanel } from "./arm-gap.js";
import { Jog } from "./arm-jog.js";
import { ArmPicture } from "./arm-picture.js";
import { fillIdentity, fillNotes, JointTable } from "./arm-state.js";
import { sureButton } from "./arm-sure.js";
import { $, refill, setText, show } from "./dom.js";
import { SignedFeed } from "./signed-feed.js";
import { TechnicianPage } from "./technician-page.js";

let words = {};
let language = "";
let view = null;
let now = null;
let scene = null;
let said = "";

const about = await (await fetch("/about.json")).json();
const feed = new SignedFeed({ token: () => page.signIn.token, message: fedWith, lost: unfed, signedOut: () => page.signedOut() });
const page = new TechnicianPage({ people: about.people, phrases: "arm", there: about.arm, title: () => words.arm, heard, sorted });
page.signIn.follow($("to-console"));
const picture = new ArmPicture($("picture"));
const gap = new GapPanel($("gap"));
const joints = new JointTable($("joints"));
const jog = new Jog($("jog"), { send: (message) => feed.send(JSON.stringify(message)), may: () => may() });
const gestures = new GestureList($("gestures"), $("postures"), { wish });

function heard(message) {
  if (message.kind === "words") {
    ({ words, language } = message);
    jog.words(words);
    buttons();
  } else {
    view = message.view;
  }
}

// The feed of a technician who looks, in the page's language.
function sorted(technician) {
  document.body.dataset.signed = String(technician);
  const wanted = technician && language && !document.hidden ? `/ws/arm?language=${language}` : "";
  if (wanted === feed.path) {
    if (now) draw();
    return;
  }
  jog.release();
  feed.want(wanted);
}

function fedWith(message) {
  if (message.kind === "scene") {
    scene = message;
    picture.scene(scene, words);
    joints.scene(scene);
    gestures.scene(scene, words);
  } else {
    now = message;
    document.body.dataset.fed = "true";
  }
  if (now && scene) draw();
}

function unfed() {
  jog.release();
  document.body.dataset.fed = "false";
}

function may() {
  return Boolean(now?.connected) && !now.refusal;
}

function draw() {
  if (!words.arm) return;
  document.body.dataset.mode = now.mode;
  setText($("mode"), now.mode_text);
  setText($("connection"), [now.connection, scene?.family].filter(Boolean).join(" · "));
  setText($("error"), now.error);
  show($("error"), Boolean(now.error));
  setText($("outcome"), outcome());
  const detail = now.refusal ? "" : (now.word?.detail ?? "");
  setText($("outcome-detail"), detail);
  show($("outcome-detail"), Boolean(detail));
  $("outcome").dataset.bad = String(Boolean(now.refusal || now.word));
  setText($("level"), now.gap.level_text);
  $("level").dataset.level = now.gap.level;
  for (const button of document.querySelectorAll(".serve")) button.disabled = !may();
  picture.now(now, words);
  gap.show(now.gap, words);
  joints.show(now, words);
  jog.show(now);
  gestures.show(now, words);
  fillNotes($("notes"), now, words);
  fillIdentity($("identity"), now, words);
}

// One sentence: why nothing can be asked now, what went wrong with the last wish, what is under way, what was kept.
function outcome() {
  if (now.refusal) return now.refusal;
  if (now.service === "announced") return words["arm.gesture.announced"];
  if (now.service === "gesture") return words["arm.gesture.under_way"].replace(GAP, now.gesture);
  return now.word ? now.word.text : said;
}

const GAP = "…";

async function wish(body, sentence = "") {
  const { good, text } = await page.wish(`/arm/wish?language=${language}`, body);
  page.say(text);
  said = good ? sentence : "";
  return good;
}

function buttons() {
  refill($("off"), [language], () => [
    sureButton(words["arm.off"], words["arm.off.warning"], words["arm.off.sure"], words["arm.cancel"], () => wish({ do: "off" })),
  ]);
  refill($("guide"), [language], () => {
    const on = sureButton(
      words["arm.guide.on"],
      words["arm.guide.warning"],
      words["arm.guide.held"],
      words["arm.cancel"],
      () => wish({ do: "guide", on: true }),
    );
    const off = document.createElement("button");
    off.type = "button";
    off.id = "guide-off";
    off.className = "quiet serve";
    off.textContent = words["arm.guide.off"];
    off.addEventListener("click", () => wish({ do: "guide", on: false }));
    return [on, off];
  });
}

$("pause").addEventListener("click", () => {
  jog.release();
  if (view?.phase === "running" && !view.paused) post("/act", { do: "pause" }, page.signIn.token);
  wish({ do: "let_go" });
});
$("ready").addEventListener("click", () => wish({ do: "ready" }));
$("grip-open").addEventListener("click", () => wish({ do: "grip", open_percent: 100 }));
$("grip-close").addEventListener("click", () => wish({ do: "grip", open_percent: 0 }));
$("teach").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("teach-name").value.trim();
  const there = scene?.gestures.some((gesture) => gesture.name === name && gesture.kind === "posture");
  const sentence = words["arm.gesture.taught"].replace(GAP, name);
  const teach = () => wish({ do: "teach", name, speed_percent: Number($("teach-speed").value) }, sentence);
  if (!there) return teach();
  const sure = sureButton("", words["arm.teach.again"].replace(GAP, name), words["arm.teach.keep"], words["arm.cancel"], teach);
  $("teach").querySelector(".sure")?.remove();
  $("teach").append(sure);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) jog.release();
  page.sort();
});
